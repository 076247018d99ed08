import type { TSchema } from 'typebox';
import { configSchema } from './schema.ts';
import { Setting } from './setting.ts';

/** A setting with its dotted key, `security.jwt.secret_key`. */
export interface KeyedSetting {
  readonly key: string;
  readonly setting: Setting;
}

/** All settings, in the order of the schema. */
export function listSettings(schema: TSchema = configSchema, prefix = ''): readonly KeyedSetting[] {
  if (!('properties' in schema) || typeof schema.properties !== 'object' || schema.properties === null)
    return [];
  return Object.entries(schema.properties).flatMap(([name, property]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    if (typeof property !== 'object' || property === null) return [];
    if ('setting' in property && property.setting instanceof Setting)
      return [{ key, setting: property.setting }];
    return listSettings(property, key);
  });
}
