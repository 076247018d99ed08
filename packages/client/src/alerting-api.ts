import type {
  Alert,
  AlertDetail,
  AlertRule,
  AlertRuleChange,
  AlertRuleInput,
  AlertStats,
  AlertStatsQuery,
  Channel,
  ChannelChange,
  ChannelInput,
  ChannelTest,
  ListAlertsQuery,
  ListChannelsQuery,
  ListRulesQuery,
  RecordListQuery,
  RulePreview,
  RulePreviewBody,
  Silence,
  SilenceAlertBody,
  SilenceInput,
} from '@streamflow/contracts';
import type { RecordPage } from './access-api.ts';
import { jsonBody, type Transport } from './transport.ts';

interface Envelope<T> {
  readonly data: T;
}

/** When to alert, and whom. Every method throws StreamFlowApiError. */
export interface RulesApi {
  list(query?: ListRulesQuery): Promise<RecordPage<AlertRule>>;
  get(id: string): Promise<AlertRule>;
  create(rule: AlertRuleInput): Promise<AlertRule>;
  /** Makes it another rule: what is left out has its default. */
  replace(id: string, rule: AlertRuleInput): Promise<AlertRule>;
  /** Changes the fields that are given. */
  update(id: string, change: AlertRuleChange): Promise<AlertRule>;
  delete(id: string): Promise<AlertRule>;
  /** What a rule would have done on stored events. */
  preview(body: RulePreviewBody): Promise<RulePreview>;
}

/** Rules that fire or fired. Every method throws StreamFlowApiError. */
export interface AlertsApi {
  list(query?: ListAlertsQuery): Promise<RecordPage<Alert>>;
  /** With its timeline. */
  get(id: string): Promise<AlertDetail>;
  stats(query?: AlertStatsQuery): Promise<AlertStats>;
  /** Takes it on: it does not escalate. */
  acknowledge(id: string, comment?: string): Promise<AlertDetail>;
  resolve(id: string, comment?: string): Promise<AlertDetail>;
  /** Silences its rule and group. */
  silence(id: string, silence: SilenceAlertBody): Promise<Silence>;
}

/** Where alerts go. Every method throws StreamFlowApiError. */
export interface ChannelsApi {
  list(query?: ListChannelsQuery): Promise<RecordPage<Channel>>;
  get(id: string): Promise<Channel>;
  create(channel: ChannelInput): Promise<Channel>;
  update(id: string, change: ChannelChange): Promise<Channel>;
  delete(id: string): Promise<Channel>;
  /** Sends a message that says that it is a test. */
  test(id: string): Promise<ChannelTest>;
}

/** Quiet for alerts that fit. Every method throws StreamFlowApiError. */
export interface SilencesApi {
  list(query?: RecordListQuery): Promise<RecordPage<Silence>>;
  get(id: string): Promise<Silence>;
  create(silence: SilenceInput): Promise<Silence>;
  /** Ends it now. */
  expire(id: string): Promise<Silence>;
}

/** Requests about the things at one path of the alerting service. */
function requests({ exchange }: Transport, path: string) {
  const of = (id: string, action = ''): string => `${path}/${encodeURIComponent(id)}${action}`;
  return {
    list: <T>(query: object): Promise<RecordPage<T>> =>
      exchange<RecordPage<T>>('alerting', 'GET', path, { query: { ...query } }),
    single: async <T>(method: string, at: string, body?: unknown): Promise<T> =>
      (
        await exchange<Envelope<T>>(
          'alerting',
          method,
          at,
          body === undefined ? {} : { body: jsonBody(body) },
        )
      ).data,
    of,
  };
}

export function createRulesApi(transport: Transport): RulesApi {
  const { list, single, of } = requests(transport, '/rules');
  return {
    list: (query = {}) => list(query),
    get: (id) => single('GET', of(id)),
    create: (rule) => single('POST', '/rules', rule),
    replace: (id, rule) => single('PUT', of(id), rule),
    update: (id, change) => single('PATCH', of(id), change),
    delete: (id) => single('DELETE', of(id)),
    preview: (body) => single('POST', '/rules/preview', body),
  };
}

export function createAlertsApi(transport: Transport): AlertsApi {
  const { list, single, of } = requests(transport, '/alerts');
  const commented = (comment: string | undefined) => (comment === undefined ? {} : { comment });
  return {
    list: (query = {}) => list(query),
    get: (id) => single('GET', of(id)),
    stats: async (query = {}) =>
      (
        await transport.exchange<Envelope<AlertStats>>('alerting', 'GET', '/alerts/stats', {
          query: { ...query },
        })
      ).data,
    acknowledge: (id, comment) => single('POST', of(id, '/acknowledge'), commented(comment)),
    resolve: (id, comment) => single('POST', of(id, '/resolve'), commented(comment)),
    silence: (id, silence) => single('POST', of(id, '/silence'), silence),
  };
}

export function createChannelsApi(transport: Transport): ChannelsApi {
  const { list, single, of } = requests(transport, '/channels');
  return {
    list: (query = {}) => list(query),
    get: (id) => single('GET', of(id)),
    create: (channel) => single('POST', '/channels', channel),
    update: (id, change) => single('PATCH', of(id), change),
    delete: (id) => single('DELETE', of(id)),
    test: (id) => single('POST', of(id, '/test')),
  };
}

export function createSilencesApi(transport: Transport): SilencesApi {
  const { list, single, of } = requests(transport, '/silences');
  return {
    list: (query = {}) => list(query),
    get: (id) => single('GET', of(id)),
    create: (silence) => single('POST', '/silences', silence),
    expire: (id) => single('DELETE', of(id)),
  };
}
