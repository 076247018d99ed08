import { eventTypePattern } from '@streamflow/contracts';
import Type from 'typebox';
import { gigabyte, kilobyte, megabyte } from '../bytes.ts';
import { choice, integer, list } from '../setting.ts';

/* What is an acceptable event. */

/** An event type, or all types below a prefix: `shop.order`, `shop.*`. */
export const eventTypes = new RegExp(`${eventTypePattern.slice(0, -1)}(\\.\\*)?$`);

export const events = Type.Object({
  types: list({
    env: 'EVENTS_TYPES',
    description: 'Event types that are accepted beside the built-in ones.',
    isItem: (item) => eventTypes.test(item),
    items: 'names like shop.order or patterns like shop.*',
    default: [],
  }),
  accept: choice({
    env: 'EVENTS_ACCEPT',
    description: 'Accepts the listed types alone, or any well-formed name.',
    values: ['listed', 'any'],
    default: 'listed',
  }),
});

export const limits = Type.Object({
  max_body_bytes: integer({
    env: 'LIMITS_MAX_BODY_BYTES',
    description: 'Largest request body, counted after decompression.',
    unit: 'bytes',
    default: 5 * megabyte,
    minimum: kilobyte,
    maximum: gigabyte,
  }),
  max_batch_events: integer({
    env: 'LIMITS_MAX_BATCH_EVENTS',
    description: 'Most events in a batch.',
    default: 1000,
    minimum: 1,
    maximum: 100_000,
  }),
  max_event_bytes: integer({
    env: 'LIMITS_MAX_EVENT_BYTES',
    description: 'Largest event, as JSON.',
    unit: 'bytes',
    default: 64 * kilobyte,
    minimum: 256,
    maximum: 16 * megabyte,
  }),
  max_json_depth: integer({
    env: 'LIMITS_MAX_JSON_DEPTH',
    description: 'Deepest nesting of lists and objects.',
    default: 32,
    minimum: 4,
    maximum: 64,
  }),
  max_tags: integer({
    env: 'LIMITS_MAX_TAGS',
    description: 'Most tags of an event.',
    default: 64,
    minimum: 0,
    maximum: 1000,
  }),
  max_future_seconds: integer({
    env: 'LIMITS_MAX_FUTURE_SECONDS',
    description: 'How far ahead of our clock a timestamp may be.',
    unit: 'seconds',
    default: 300,
    minimum: 0,
    maximum: 86_400,
  }),
});
