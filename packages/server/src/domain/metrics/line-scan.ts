import { eventLineLayout } from '@streamflow/contracts';
import type { BuiltInMeasures } from './built-in-measures.ts';
import type { KnownTexts } from './known-texts.ts';
import { responseTimeProperties } from './response-time.ts';
import { hashAscii, hashText, type TextHash } from './text-hash.ts';

/*
 * Reads what the built-in metrics measure from the bytes of an event line, in one pass and without parsing it: the keys
 * of a line stand in a fixed order, and of `data` the properties on its first level are enough. A line that is not as
 * expected is left to the parser.
 */

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;
const nine = 0x39;
const openingBracket = 0x5b;
const openingBrace = 0x7b;
const closingBracket = 0x5d;
const closingBrace = 0x7d;
/** So many digits make an integer that is exact, and with a power of ten of as many digits the nearest quotient. */
const mostDigits = 15;

const isOpening = (byte: number | undefined): boolean => byte === openingBrace || byte === openingBracket;
const isClosing = (byte: number | undefined): boolean => byte === closingBrace || byte === closingBracket;

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');
const severityKey = ascii(',"severity":');
const correlationKey = ascii(',"correlation_id":');
const sessionKey = ascii(',"session_id":');
const userKey = ascii(',"user_id":');
const tagsKey = ascii(',"tags":');
const metadataKey = ascii(',"metadata":');
const dataKey = ascii(',"data":');
const nothing = ascii('null');

const responseTimeKeys = responseTimeProperties.map(({ path: [name = ''], perSecond }) => ({
  name: ascii(name),
  perSecond,
}));
const statusKeys = [ascii('status'), ascii('status_code')];

/** Where a value stands that is not what was expected: the line is left to the parser. */
const none = -1;

/** Reads lines of one project and type. */
export class LineScan {
  private readonly texts: KnownTexts;
  private readonly type: string;
  private readonly afterReceivedAt: Buffer;
  private readonly isAnswer: boolean;
  private bytes: Buffer = Buffer.alloc(0);
  /** The place where reading goes on. */
  private at = 0;
  private isAscii = true;
  private isServerError = false;
  /** Seconds by the place of their property in `responseTimeProperties`; NaN where there is none. */
  private readonly times = responseTimeKeys.map(() => Number.NaN);

  constructor(project: string, type: string, texts: KnownTexts) {
    this.type = type;
    this.texts = texts;
    this.afterReceivedAt = Buffer.from(
      `","project":${JSON.stringify(project)},"type":${JSON.stringify(type)},"source":`,
      'utf8',
    );
    this.isAnswer = type === 'api.response';
  }

  /** The line that begins at `start`; null when it has to be parsed. */
  read(bytes: Buffer, start: number): BuiltInMeasures | null {
    this.bytes = bytes;
    this.at = start + eventLineLayout.receivedAt.end;
    if (!this.pass(this.afterReceivedAt)) return null;
    const source = this.text();
    if (source === null || !this.pass(severityKey)) return null;
    const severity = this.text();
    if (severity === null || !this.pass(correlationKey)) return null;
    if (!this.passId() || !this.pass(sessionKey)) return null;
    const session = this.hash();
    if (session === undefined || !this.pass(userKey)) return null;
    const user = this.hash();
    if (user === undefined || !this.pass(tagsKey)) return null;
    if (!this.skip() || !this.pass(metadataKey)) return null;
    if (!this.skip() || !this.pass(dataKey)) return null;
    if (!this.readData()) return null;
    const { type, times } = this;
    const isError = type === 'error' || (this.isAnswer && this.isServerError);
    const responseTime = times.find((time) => time >= 0) ?? null;
    return { type, source, severity, user, session, isError, responseTime };
  }

  private pass(literal: Buffer): boolean {
    const { bytes, at } = this;
    for (let i = 0; i < literal.length; i += 1) if (bytes[at + i] !== literal[i]) return false;
    this.at = at + literal.length;
    return true;
  }

  /** Behind a string without escapes that begins here; `none` where there is no such. */
  private stringEnd(): number {
    const { bytes } = this;
    if (bytes[this.at] !== quote) return none;
    let bits = 0;
    for (let i = this.at + 1; i < bytes.length; i += 1) {
      const byte = bytes[i] ?? 0;
      if (byte === quote) {
        this.isAscii = bits < 0x80;
        return i;
      }
      if (byte === backslash) return none;
      bits |= byte;
    }
    return none;
  }

  private text(): string | null {
    const end = this.stringEnd();
    if (end === none) return null;
    const text = this.texts.read(this.bytes, this.at + 1, end);
    this.at = end + 1;
    return text;
  }

  private passId(): boolean {
    const end = this.stringEnd();
    if (end === none) return this.pass(nothing);
    this.at = end + 1;
    return true;
  }

  /** Of a string; null where `null` stands, undefined where neither does. */
  private hash(): TextHash | null | undefined {
    const end = this.stringEnd();
    if (end === none) return this.pass(nothing) ? null : undefined;
    const start = this.at + 1;
    this.at = end + 1;
    return this.isAscii
      ? hashAscii(this.bytes, start, end)
      : hashText(this.bytes.toString('utf8', start, end));
  }

  /** Passes a list or an object. */
  private skip(): boolean {
    const { bytes } = this;
    if (!isOpening(bytes[this.at])) return false;
    let depth = 0;
    for (let i = this.at; i < bytes.length; i += 1) {
      const byte = bytes[i];
      if (byte === quote) i = this.endOfString(i);
      else if (isOpening(byte)) depth += 1;
      else if (isClosing(byte)) depth -= 1;
      if (depth === 0) {
        this.at = i + 1;
        return true;
      }
    }
    return false;
  }

  /** The closing quote of the string that begins at the place. */
  private endOfString(start: number): number {
    const { bytes } = this;
    let i = start + 1;
    while (i < bytes.length && bytes[i] !== quote) i += bytes[i] === backslash ? 2 : 1;
    return i;
  }

  /** Reads the properties that are measured. */
  private readData(): boolean {
    const { bytes, times } = this;
    times.fill(Number.NaN);
    this.isServerError = false;
    if (bytes[this.at] !== openingBrace) return false;
    let depth = 0;
    for (let i = this.at; i < bytes.length; i += 1) {
      const byte = bytes[i];
      if (byte === quote) {
        const end = this.endOfString(i);
        if (depth === 1 && bytes[end + 1] === colon) this.property(i + 1, end);
        i = end;
      } else if (isOpening(byte)) depth += 1;
      else if (isClosing(byte)) {
        depth -= 1;
        if (depth === 0) return true;
      }
    }
    return false;
  }

  /** A property on the first level of `data`, by the place of its name; its value stands behind a quote and a colon. */
  private property(start: number, end: number): void {
    for (let i = 0; i < responseTimeKeys.length; i += 1) {
      const key = responseTimeKeys[i];
      if (key !== undefined && this.isName(key.name, start, end))
        this.times[i] = this.numberAt(end + 2) / key.perSecond;
    }
    if (
      this.isAnswer &&
      statusKeys.some((name) => this.isName(name, start, end)) &&
      this.numberAt(end + 2) >= 500
    )
      this.isServerError = true;
  }

  private isName(name: Buffer, start: number, end: number): boolean {
    if (end - start !== name.length) return false;
    for (let i = 0; i < name.length; i += 1) if (this.bytes[start + i] !== name[i]) return false;
    return true;
  }

  /** NaN where no number stands. */
  private numberAt(at: number): number {
    const { bytes } = this;
    const first = bytes[at] ?? 0;
    if (first !== minus && (first < zero || first > nine)) return Number.NaN;
    let digits = 0;
    let decimals = 0;
    let isFraction = false;
    let whole = 0;
    for (let i = at; ; i += 1) {
      const byte = bytes[i] ?? closingBrace;
      if (byte >= zero && byte <= nine) {
        whole = whole * 10 + (byte - zero);
        digits += 1;
        if (isFraction) decimals += 1;
      } else if (byte === point) isFraction = true;
      else if ((byte === comma || byte === closingBrace) && digits <= mostDigits)
        return whole / 10 ** decimals;
      else return this.slowNumberAt(at);
    }
  }

  /** Of one with a sign, an exponent or many digits. */
  private slowNumberAt(at: number): number {
    const { bytes } = this;
    let end = at;
    while (end < bytes.length && bytes[end] !== comma && bytes[end] !== closingBrace) end += 1;
    return Number(bytes.toString('latin1', at, end));
  }
}
