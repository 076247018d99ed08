import type { Clock } from '../../../domain/clock.ts';
import { StreamFlowError } from '../../../domain/errors.ts';
import type { RecordBase, RecordKind, Stored } from '../../../domain/records/record-kind.ts';
import type { RecordReader, RecordTransaction, WriteOptions } from '../port.ts';
import type { Dialect, Execute } from './dialect.ts';
import { baseNames, columnsOf } from './rows.ts';
import { Values } from './values.ts';

export interface WritingOptions {
  readonly dialect: Dialect;
  /** Runs in a serialisable transaction of the caller: what is looked up holds until the write. */
  readonly execute: Execute;
  readonly reading: RecordReader;
  readonly clock: Clock;
}

/** The writes of the port on one connection. */
export function createWriting({
  dialect,
  execute,
  reading,
  clock,
}: WritingOptions): Pick<RecordTransaction, 'insert' | 'update' | 'delete'> {
  /** Refuses values of unique sets that another record has; only sets with one of the changed fields can clash. */
  const refuseTaken = async <T>(
    kind: RecordKind<T>,
    record: Stored<T>,
    changed: readonly string[],
  ): Promise<void> => {
    const fields: Readonly<Record<string, unknown>> = { ...record };
    const taken: string[] = [];
    for (const set of kind.unique) {
      // An empty value clashes with none.
      if (!set.some((name) => changed.includes(name)) || set.some((name) => fields[name] === null)) continue;
      const values = new Values(dialect, kind);
      const same = set.map((name) => values.equals(name, fields[name])).join(' and ');
      const sql = `select id from ${kind.name} where ${same} and not (${values.ref(record)})`;
      const [other] = await execute({ sql, values: values.all });
      if (other !== undefined) taken.push(...set);
    }
    if (taken.length > 0)
      throw conflict(`There is another of ${kind.name} with this ${taken.join(', ')}`, { fields: taken });
  };

  return {
    async insert(kind, record) {
      const now = clock.now();
      const stored = { ...record, version: 1, created_at: now, updated_at: now };
      refuseStrange(kind, stored);
      const names = [...baseNames, ...columnsOf(kind).map(([name]) => name)];
      await refuseTaken(kind, stored, names);
      if ((await reading.get(kind, stored)) !== null)
        throw conflict(`There is ${stored.id} in ${kind.name} already`, { fields: ['id'] });
      const fields: Readonly<Record<string, unknown>> = { ...stored };
      const values = new Values(dialect, kind);
      const list = names.map((name) => values.add(name, fields[name])).join(', ');
      await execute({
        sql: `insert into ${kind.name} (${names.join(', ')}) values (${list})`,
        values: values.all,
      });
      return stored;
    },

    async update(kind, ref, changes, options) {
      const current = await reading.get(kind, ref);
      if (current === null) throw new StreamFlowError('NotFound', `There is no ${ref.id} in ${kind.name}`);
      expectVersion(kind.name, current, options);
      const names: string[] = Object.keys(changes);
      const undeclared = names.filter((name) => !(name in kind.columns));
      if (undeclared.length > 0) throw new TypeError(`${kind.name} has no ${undeclared.join(', ')}`);
      const counts = names.some((name) => !kind.unversioned.some((field) => field === name));
      const base: Pick<RecordBase, 'version' | 'updated_at'> = counts
        ? { version: current.version + 1, updated_at: clock.now() }
        : { version: current.version, updated_at: current.updated_at };
      const stored = { ...current, ...changes, ...base };
      refuseStrange(kind, stored);
      await refuseTaken(kind, stored, names);
      const fields: Readonly<Record<string, unknown>> = { ...stored };
      const values = new Values(dialect, kind);
      const set = [...names, 'version', 'updated_at'].map(
        (name) => `${name} = ${values.add(name, fields[name])}`,
      );
      const sql = `update ${kind.name} set ${set.join(', ')} where ${values.ref(ref)}`;
      await execute({ sql, values: values.all });
      return stored;
    },

    async delete(kind, ref, options) {
      const current = await reading.get(kind, ref);
      if (current === null) return false;
      expectVersion(kind.name, current, options);
      const values = new Values(dialect, kind);
      await execute({ sql: `delete from ${kind.name} where ${values.ref(ref)}`, values: values.all });
      return true;
    },
  };
}

function refuseStrange<T>(kind: RecordKind<T>, record: Stored<T>): void {
  if (!kind.is(record)) throw new TypeError(`What is to be written is not of the shape of ${kind.name}`);
}

const conflict = (message: string, details: Record<string, unknown>): StreamFlowError =>
  new StreamFlowError('Conflict', message, { details });

function expectVersion(kind: string, current: RecordBase, options: WriteOptions | undefined): void {
  if (options?.version === undefined || options.version === current.version) return;
  throw conflict(`${current.id} in ${kind} was changed meanwhile: it has version ${current.version}`, {
    version: current.version,
  });
}
