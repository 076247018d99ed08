import Type from 'typebox';
import { defineRecordKind } from './record-kind.ts';

const SettingFields = Type.Object({
  /** Any JSON value. */
  value: Type.Unknown(),
});

/** What StreamFlow remembers about itself; the id is the name of the setting. */
export const settings = defineRecordKind(SettingFields, {
  name: 'settings',
  columns: { value: 'json' },
  unique: [],
  filters: [],
  orders: [],
  unversioned: [],
});
