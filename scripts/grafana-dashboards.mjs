// Writes the dashboards of deploy/grafana from the table below: a panel is a title, a unit and queries.
const datasource = { type: 'prometheus', uid: 'prometheus' };

const panel = (title, unit, queries, options = {}) => ({ title, unit, queries, ...options });
const stat = (title, unit, query) => panel(title, unit, { '': query }, { type: 'stat', width: 6, height: 4 });

const http = (filter) => [
  panel('Requests by status', 'reqps', {
    '{{status}}': `sum by (status) (rate(streamflow_http_requests_total{${filter}}[$__rate_interval]))`,
  }),
  panel('Requests by route', 'reqps', {
    '{{method}} {{route}}': `sum by (method, route) (rate(streamflow_http_requests_total{${filter}}[$__rate_interval]))`,
  }),
  panel(
    'Duration of requests, 50 %, 95 % and 99 %',
    's',
    Object.fromEntries(
      [0.5, 0.95, 0.99].map((quantile) => [
        `${quantile * 100} %`,
        `histogram_quantile(${quantile}, sum by (le) (rate(streamflow_http_request_duration_seconds_bucket{${filter}}[$__rate_interval])))`,
      ]),
    ),
  ),
  panel('Open WebSockets', 'short', {
    '{{service}}': `sum by (service) (streamflow_active_connections{${filter}})`,
  }),
];

const dashboards = {
  overview: {
    title: 'StreamFlow: overview',
    panels: [
      stat('Events a second', 'short', 'streamflow:events:rate5m'),
      stat('Refused', 'percentunit', 'streamflow:events_refused:ratio5m or vector(0)'),
      stat('Until queries see it, 99 %', 's', 'streamflow:events_duration:p99_5m'),
      stat('Processes that answer', 'short', 'sum(up{job="streamflow"})'),
      panel('Events by type', 'short', {
        '{{type}}': 'topk(10, sum by (type) (rate(streamflow_events_total[$__rate_interval])))',
      }),
      panel('Refused events by reason', 'short', {
        '{{reason}}': 'sum by (reason) (rate(streamflow_events_refused_total[$__rate_interval]))',
      }),
      panel('Answers with 5xx', 'percentunit', { '{{service}}': 'streamflow:http_errors:ratio5m' }),
      panel('Duration of requests, 99 %', 's', { '{{service}}': 'streamflow:http_duration:p99_5m' }),
      panel('Versions', 'short', {
        '{{version}} on {{node_version}}': 'count by (version, node_version) (streamflow_build_info)',
      }),
    ],
  },
  pipeline: {
    title: 'StreamFlow: pipeline',
    panels: [
      panel('Accepted and stored', 'short', {
        accepted: 'streamflow:events:rate5m',
        stored: 'streamflow:storage_appended:rate5m',
      }),
      panel('Queues', 'short', { '{{queue}}': 'streamflow:queue_depth:max' }),
      panel('Bytes in queues', 'bytes', { '{{queue}}': 'max by (queue) (streamflow_queue_bytes)' }),
      panel('Age of the oldest event that is not stored', 's', {
        '{{instance}}': 'streamflow_storage_lag_seconds',
      }),
      panel('Events that storage holds', 'short', { '{{instance}}': 'streamflow_storage_waiting_events' }),
      panel(
        'Time of an append',
        's',
        Object.fromEntries(
          [0.5, 0.99].map((quantile) => [
            `${quantile * 100} %`,
            `histogram_quantile(${quantile}, sum by (le) (rate(streamflow_storage_append_duration_seconds_bucket[$__rate_interval])))`,
          ]),
        ),
      ),
      panel('Duplicates, conflicts and redeliveries', 'short', {
        duplicates: 'sum(rate(streamflow_storage_duplicates_total[$__rate_interval]))',
        'id conflicts': 'sum(rate(streamflow_storage_id_conflicts_total[$__rate_interval]))',
        'redelivered batches': 'sum(rate(streamflow_storage_redelivered_total[$__rate_interval]))',
      }),
      panel('What could not be stored as it was', 'short', {
        'as text alone': 'sum(rate(streamflow_storage_text_only_total[$__rate_interval]))',
        'set aside': 'sum(rate(streamflow_storage_set_aside_total[$__rate_interval]))',
        'dead letters': 'sum(rate(streamflow_storage_dead_letters_total[$__rate_interval]))',
      }),
      panel('Removed by retention', 'short', {
        events: 'sum(rate(streamflow_retention_removed_events_total[$__rate_interval]))',
      }),
      panel('Free space and watermark', 'bytes', {
        'free, {{instance}}': 'streamflow_disk_free_bytes',
        'watermark, {{instance}}': 'streamflow_disk_watermark_bytes',
      }),
      panel('Connections to the database', 'short', {
        '{{instance}}, {{state}}': 'streamflow_database_connections',
        '{{instance}}, callers waiting': 'streamflow_database_waiting',
      }),
      panel('Limits without Redis', 'short', {
        'decisions, {{instance}}': 'rate(streamflow_rate_limiter_fallback_decisions_total[$__rate_interval])',
        'alone, {{instance}}': 'streamflow_rate_limiter_fallback',
      }),
      panel('Spans', 'short', {
        '{{outcome}}': 'sum by (outcome) (rate(streamflow_trace_spans_total[$__rate_interval]))',
      }),
    ],
  },
  alerts: {
    title: 'StreamFlow: alerts',
    panels: [
      panel('Alerts of StreamFlow fired, by level', 'short', {
        '{{level}}': 'sum by (level) (increase(streamflow_alerts_fired_total[$__rate_interval]))',
      }),
      panel('Alerts of Prometheus about StreamFlow', 'short', {
        '{{alertname}}': 'sum by (alertname) (ALERTS{alertname=~"StreamFlow.*", alertstate="firing"})',
      }),
      ...http('service="alerting"'),
    ],
  },
  service: {
    title: 'StreamFlow: one service',
    variables: ['service'],
    panels: [
      ...http('service="$service"'),
      panel('CPU', 'percentunit', {
        '{{instance}}': 'rate(process_cpu_seconds_total{job="streamflow"}[$__rate_interval])',
      }),
      panel('Memory', 'bytes', { '{{instance}}': 'process_resident_memory_bytes{job="streamflow"}' }),
      panel('Event loop lag, 99 %', 's', {
        '{{instance}}': 'nodejs_eventloop_lag_p99_seconds{job="streamflow"}',
      }),
      panel('Heap', 'bytes', { '{{instance}}': 'nodejs_heap_size_used_bytes{job="streamflow"}' }),
      panel('Garbage collection', 'percentunit', {
        '{{instance}}, {{kind}}': 'rate(nodejs_gc_duration_seconds_sum{job="streamflow"}[$__rate_interval])',
      }),
    ],
  },
};

/** Two panels in a row unless they say how wide they are; Grafana's grid has 24 columns. */
function place(panels) {
  let [x, y, rowHeight] = [0, 0, 0];
  return panels.map(({ title, unit, queries, type = 'timeseries', width = 12, height = 8 }, index) => {
    if (x + width > 24) [x, y, rowHeight] = [0, y + rowHeight, 0];
    const gridPos = { x, y, w: width, h: height };
    [x, rowHeight] = [x + width, Math.max(rowHeight, height)];
    return {
      id: index + 1,
      title,
      type,
      datasource,
      gridPos,
      fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
      targets: Object.entries(queries).map(([legendFormat, expr], position) => ({
        refId: String.fromCharCode(65 + position),
        datasource,
        expr,
        legendFormat,
      })),
    };
  });
}

const variable = (name) => ({
  name,
  type: 'query',
  datasource,
  query: { query: `label_values(streamflow_http_requests_total, ${name})`, refId: name },
  refresh: 2,
  sort: 1,
});

/** The files, by their path from the root of the repository. */
export const grafanaDashboards = () =>
  Object.fromEntries(
    Object.entries(dashboards).map(([name, { title, panels, variables = [] }]) => [
      `deploy/grafana/dashboards/${name}.json`,
      `${JSON.stringify(
        {
          uid: `streamflow-${name}`,
          title,
          tags: ['streamflow'],
          timezone: 'browser',
          schemaVersion: 39,
          version: 1,
          refresh: '30s',
          time: { from: 'now-1h', to: 'now' },
          templating: { list: variables.map(variable) },
          panels: place(panels),
        },
        null,
        2,
      )}\n`,
    ]),
  );
