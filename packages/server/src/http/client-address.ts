import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Tells the address of the client of a request. */
export type ClientAddress = (raw: IncomingMessage) => string;

/** A dual-stack listener reports IPv4 peers as `::ffff:a.b.c.d`. */
const plain = (address: string): string => (address.startsWith('::ffff:') ? address.slice(7) : address);

/**
 * Believes `X-Forwarded-For` as far as the proxies that are trusted wrote it: read from the right, the first address
 * that is not a trusted proxy is the client. `trusted` holds addresses and CIDR ranges, already validated.
 */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  if (trusted.length === 0) return (raw) => plain(raw.socket.remoteAddress ?? '');
  const proxies = new BlockList();
  for (const entry of trusted) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(prefix), family);
  }
  const isProxy = (address: string): boolean =>
    isIP(address) !== 0 && proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

  return (raw) => {
    let address = plain(raw.socket.remoteAddress ?? '');
    const forwarded = raw.headers['x-forwarded-for'];
    if (forwarded === undefined || !isProxy(address)) return address;
    const hops = String(forwarded).split(',');
    for (let hop = hops.pop(); hop !== undefined; hop = hops.pop()) {
      const next = plain(hop.trim());
      // Anything else than an address was not written by a sane proxy: the last believable hop stands.
      if (isIP(next) === 0) return address;
      address = next;
      if (!isProxy(address)) return address;
    }
    return address;
  };
}

/** The key under which an address is limited: an IPv6 client owns its whole /64. */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  if (tail !== undefined) {
    const after = tail.split(':').filter((group) => group !== '');
    while (groups.length + after.length < 8) groups.push('0');
    groups.push(...after);
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}
