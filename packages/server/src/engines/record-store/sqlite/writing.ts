import type { Clock } from '../../../domain/clock.ts';
import { StreamFlowError } from '../../../domain/errors.ts';
import type { RecordBase, RecordKind, Stored } from '../../../domain/records/record-kind.ts';
import type { NewRecord, RecordRef, WriteOptions } from '../port.ts';
import { isUniqueViolation } from './failures.ts';
import type { Prepare, Reading } from './reading.ts';
import { columnsOf, type SqlValue, toSql } from './rows.ts';

/** The writes of the port on one connection, within a write transaction of the caller. */
export interface Writing {
  insert<T>(kind: RecordKind<T>, record: NewRecord<T>): Stored<T>;
  update<T>(
    kind: RecordKind<T>,
    ref: RecordRef,
    changes: Readonly<Partial<T>>,
    options?: WriteOptions,
  ): Stored<T>;
  delete<T>(kind: RecordKind<T>, ref: RecordRef, options?: WriteOptions): boolean;
}

export function createWriting(prepare: Prepare, reading: Reading, clock: Clock): Writing {
  /** The unique sets of which another record has the values already. */
  const takenFields = <T>(kind: RecordKind<T>, record: Stored<T>): string[] =>
    kind.unique
      .filter((set) => {
        const sql = set.map((name) => `${name} = ?`).join(' and ');
        const values = sqlValues(kind, record, set);
        const other = prepare(`select * from ${kind.name} where ${sql} and not (project = ? and id = ?)`);
        return other.get(...values, record.project, record.id) !== undefined;
      })
      .flat();

  const write = <T>(kind: RecordKind<T>, record: Stored<T>, run: () => void): Stored<T> => {
    if (!kind.is(record)) throw new TypeError(`What is to be written is not of the shape of ${kind.name}`);
    try {
      run();
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      const fields = takenFields(kind, record);
      throw conflict(
        fields.length > 0
          ? `There is another of ${kind.name} with this ${fields.join(', ')}`
          : `There is ${record.id} in ${kind.name} already`,
        { fields: fields.length > 0 ? fields : ['id'] },
      );
    }
    return record;
  };

  return {
    insert(kind, record) {
      const now = clock.now();
      const stored = { ...record, version: 1, created_at: now, updated_at: now };
      const names = [...baseNames, ...columnsOf(kind).map(([name]) => name)];
      return write(kind, stored, () => {
        prepare(
          `insert into ${kind.name} (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`,
        ).run(...sqlValues(kind, stored, names));
      });
    },

    update(kind, ref, changes, options) {
      const current = reading.get(kind, ref);
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
      const written = [...names, 'version', 'updated_at'];
      return write(kind, stored, () => {
        prepare(
          `update ${kind.name} set ${written.map((name) => `${name} = ?`).join(', ')} where project = ? and id = ?`,
        ).run(...sqlValues(kind, stored, written), ref.project, ref.id);
      });
    },

    delete(kind, ref, options) {
      const current = reading.get(kind, ref);
      if (current === null) return false;
      expectVersion(kind.name, current, options);
      prepare(`delete from ${kind.name} where project = ? and id = ?`).run(ref.project, ref.id);
      return true;
    },
  };
}

const baseNames = ['project', 'id', 'version', 'created_at', 'updated_at'] as const;

const conflict = (message: string, details: Record<string, unknown>): StreamFlowError =>
  new StreamFlowError('Conflict', message, { details });

function expectVersion(kind: string, current: RecordBase, options: WriteOptions | undefined): void {
  if (options?.version === undefined || options.version === current.version) return;
  throw conflict(`${current.id} in ${kind} was changed meanwhile: it has version ${current.version}`, {
    version: current.version,
  });
}

function sqlValues<T>(kind: RecordKind<T>, record: Stored<T>, names: readonly string[]): SqlValue[] {
  const values: Readonly<Record<string, unknown>> = { ...record };
  const types = new Map(columnsOf(kind));
  return names.map((name) => toSql(types.get(name) ?? 'text', values[name]));
}
