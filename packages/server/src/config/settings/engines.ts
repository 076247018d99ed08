import Type from 'typebox';
import { gigabyte, megabyte } from '../bytes.ts';
import { address, choice, integer, numbersByName, optionalText, secret, text, toggle } from '../setting.ts';
import { eventTypes } from './events.ts';

/* The engines, built in or servers. */

const exchange = (name: string) =>
  text({
    env: `RABBITMQ_EXCHANGE_${name.toUpperCase()}`,
    description: `Name of the ${name} exchange.`,
    default: name,
    pattern: /^[\w.:-]{1,127}$/,
    expected: 'a name of letters, digits, and . _ : -',
    needs: 'rabbitmq.url',
  });

export const database = Type.Object({
  url: address({
    env: 'DATABASE_URL',
    description:
      'PostgreSQL for records, and for events unless `clickhouse.url` is set. The embedded engines without it.',
    schemes: ['postgresql', 'postgres'],
    rewrite: (url) => url.replace(/^(postgres(?:ql)?)\+[a-z0-9]+:\/\//, '$1://'),
  }),
  pool_size: integer({
    env: 'DATABASE_POOL_SIZE',
    description: 'Connections to PostgreSQL.',
    default: 20,
    minimum: 1,
    maximum: 1000,
    needs: 'database.url',
  }),
  max_overflow: integer({
    env: 'DATABASE_MAX_OVERFLOW',
    description: 'Further connections under load.',
    default: 30,
    minimum: 0,
    maximum: 1000,
    needs: 'database.url',
    remark: 'the pool has one limit: it is database.pool_size and database.max_overflow together',
  }),
  echo: toggle({
    env: 'DATABASE_ECHO',
    description: 'Logs every statement, at DEBUG.',
    default: false,
    needs: 'database.url',
  }),
});

export const clickhouse = Type.Object({
  url: address({
    env: 'CLICKHOUSE_URL',
    description: 'ClickHouse server for events. The embedded engine, or PostgreSQL, without it.',
    schemes: ['http', 'https'],
  }),
  user: optionalText({
    env: 'CLICKHOUSE_USER',
    description: 'User at that server, when the URL names none.',
    needs: 'clickhouse.url',
  }),
  password: secret({
    env: 'CLICKHOUSE_PASSWORD',
    description: 'Password of that user, when the URL holds none.',
    expected: 'a password',
    needs: 'clickhouse.url',
  }),
  ca_file: optionalText({
    env: 'CLICKHOUSE_CA_FILE',
    description:
      'File of the certificates, PEM, by which the server is known; those of the system without it.',
    needs: 'clickhouse.url',
  }),
  database: text({
    env: 'CLICKHOUSE_DATABASE',
    description: 'Database for the events; made when it is not there.',
    default: 'streamflow',
    pattern: /^[A-Za-z_]\w{0,63}$/,
    expected: 'a name of letters, digits and _',
    needs: 'clickhouse.url',
  }),
  cluster: optionalText({
    env: 'CLICKHOUSE_CLUSTER',
    description:
      'Name of the cluster in the configuration of the server, for tables that are replicated over all of it. A single server without it.',
    pattern: /^[A-Za-z_][\w.-]{0,63}$/,
    expected: 'a name of letters, digits, and _ . -',
    needs: 'clickhouse.url',
  }),
});

export const rabbitmq = Type.Object({
  url: address({
    env: 'RABBITMQ_URL',
    description: 'RabbitMQ broker. The embedded bus without it.',
    schemes: ['amqp', 'amqps'],
  }),
  exchanges: Type.Object({
    events: exchange('events'),
    analytics: exchange('analytics'),
    alerts: exchange('alerts'),
  }),
  prefix: text({
    env: 'RABBITMQ_PREFIX',
    description:
      'Stands before the name of every exchange and queue, so that installations can share a broker.',
    default: '',
    pattern: /^[\w.:-]{0,64}$/,
    expected: 'at most 64 letters, digits, and . _ : -',
    needs: 'rabbitmq.url',
  }),
  max_connections: integer({
    env: 'RABBITMQ_MAX_CONNECTIONS',
    description: 'Most connections to the broker.',
    default: 10,
    minimum: 1,
    maximum: 1000,
    needs: 'rabbitmq.url',
    remark: 'a process opens two connections, one that publishes and one that consumes, and never more',
  }),
  heartbeat: integer({
    env: 'RABBITMQ_HEARTBEAT',
    description: 'A broker that is silent for so long is taken as gone.',
    unit: 'seconds',
    default: 60,
    minimum: 0,
    maximum: 3600,
    needs: 'rabbitmq.url',
  }),
  prefetch: integer({
    env: 'RABBITMQ_PREFETCH',
    description:
      'Most messages that the broker sends a consumer ahead of its answers; fewer when they are large.',
    default: 4000,
    minimum: 1,
    maximum: 65_535,
    needs: 'rabbitmq.url',
  }),
  in_flight_bytes: integer({
    env: 'RABBITMQ_IN_FLIGHT_BYTES',
    description: 'What may wait for a confirm of the broker at a time; more is refused with 503 at once.',
    unit: 'bytes',
    default: 64 * megabyte,
    minimum: megabyte,
    maximum: gigabyte,
    needs: 'rabbitmq.url',
  }),
  max_messages: integer({
    env: 'RABBITMQ_MAX_MESSAGES',
    description:
      'Messages after which `events.storage` is full, and events are refused with 503. The queue keeps the value that it was made with.',
    default: 100_000,
    minimum: 1,
    maximum: 1_000_000_000,
    needs: 'rabbitmq.url',
  }),
  max_bytes: integer({
    env: 'RABBITMQ_MAX_BYTES',
    description:
      'Bytes after which `events.storage` is full. The queue keeps the value that it was made with.',
    unit: 'bytes',
    default: 4 * gigabyte,
    minimum: megabyte,
    maximum: 1024 * gigabyte,
    needs: 'rabbitmq.url',
  }),
  delivery_limit: integer({
    env: 'RABBITMQ_DELIVERY_LIMIT',
    description:
      'Deliveries after which the broker gives a message up to the dead letters. The queues keep the value that they were made with.',
    default: 10_000,
    minimum: 1,
    maximum: 1_000_000_000,
    needs: 'rabbitmq.url',
  }),
});

export const redis = Type.Object({
  url: address({
    env: 'REDIS_URL',
    description: 'Redis for rate limits that hold over all processes. Limits of each process without it.',
    schemes: ['redis', 'rediss'],
  }),
  max_connections: integer({
    env: 'REDIS_MAX_CONNECTIONS',
    description: 'Most connections to Redis.',
    default: 50,
    minimum: 1,
    maximum: 10_000,
    needs: 'redis.url',
    remark: 'commands of a process share one pipelined connection',
  }),
  prefix: text({
    env: 'REDIS_PREFIX',
    description: 'Stands before every key, so that installations can share a server.',
    default: 'streamflow:',
    pattern: /^[\w.:-]{0,64}$/,
    expected: 'at most 64 letters, digits, and . _ : -',
    needs: 'redis.url',
  }),
});

export const bus = Type.Object({
  max_bytes: integer({
    env: 'BUS_MAX_BYTES',
    description: 'What the embedded bus holds for storage on disk; full, events are refused with 503.',
    unit: 'bytes',
    default: 2 * gigabyte,
    minimum: 16 * megabyte,
    maximum: 1024 * gigabyte,
  }),
  backlog_bytes: integer({
    env: 'BUS_BACKLOG_BYTES',
    description:
      'While the embedded bus holds more than this for storage, acknowledgements come at the pace of storage, each at most a second later.',
    unit: 'bytes',
    default: 32 * megabyte,
    minimum: megabyte,
    maximum: 1024 * gigabyte,
  }),
  min_free_bytes: integer({
    env: 'BUS_MIN_FREE_BYTES',
    description:
      'Events are refused with 503 while the disk of the data directory has less than this free, so that what was accepted can always be stored. Of a disk smaller than ten times this, a tenth. 0 switches it off.',
    unit: 'bytes',
    default: gigabyte,
    minimum: 0,
    maximum: 1024 * gigabyte,
  }),
  publish_timeout_ms: integer({
    env: 'BUS_PUBLISH_TIMEOUT_MS',
    description: 'How long a request waits for its events to be durable before it is answered 503.',
    unit: 'milliseconds',
    default: 5000,
    minimum: 100,
    maximum: 60_000,
  }),
});

/** A hundred years, days. */
const longestRetention = 36_500;
export const storage = Type.Object({
  partition_by: choice({
    env: 'STORAGE_PARTITION_BY',
    description: 'What a partition of recent events holds in PostgreSQL; older ones hold more.',
    values: ['month', 'day'],
    default: 'month',
    needs: 'database.url',
  }),
  index_properties: toggle({
    env: 'STORAGE_INDEX_PROPERTIES',
    description:
      'Whether PostgreSQL indexes all properties of `data` (GIN): finding rare values is fast, storing is slower.',
    default: false,
    needs: 'database.url',
  }),
  id_horizon_days: integer({
    env: 'STORAGE_ID_HORIZON_DAYS',
    description:
      'How long PostgreSQL knows an id whatever the timestamp that it is sent again with; with the same timestamp it knows it for ever. ClickHouse knows ids for ever. Both know the id of an event that retention removed for so long.',
    unit: 'days',
    default: 7,
    minimum: 1,
    maximum: 3650,
  }),
  retention_days: integer({
    env: 'STORAGE_RETENTION_DAYS',
    description:
      'How long events are kept, by their timestamp and whole days in UTC; older ones are removed within the hour. 0 keeps them for ever.',
    unit: 'days',
    default: 0,
    minimum: 0,
    maximum: longestRetention,
  }),
  retention_days_by_type: numbersByName({
    env: 'STORAGE_RETENTION_DAYS_BY_TYPE',
    description:
      'The same for some types, in place of `storage.retention_days`: by type, or by `prefix.*` for all types below; the longest name that fits counts.',
    unit: 'days',
    isName: (name) => eventTypes.test(name),
    names: 'names like shop.order or patterns like shop.*',
    minimum: 0,
    maximum: longestRetention,
  }),
  block_rows: integer({
    env: 'STORAGE_BLOCK_ROWS',
    description: 'Most events that are stored together.',
    default: 20_000,
    minimum: 1,
    maximum: 1_000_000,
  }),
  block_bytes: integer({
    env: 'STORAGE_BLOCK_BYTES',
    description: 'Most bytes that are stored together.',
    unit: 'bytes',
    default: 16 * megabyte,
    minimum: megabyte,
    maximum: gigabyte,
  }),
  block_wait_ms: integer({
    env: 'STORAGE_BLOCK_WAIT_MS',
    description: 'Longest time that an event waits for others to be stored with.',
    unit: 'milliseconds',
    default: 200,
    minimum: 0,
    maximum: 10_000,
  }),
});
