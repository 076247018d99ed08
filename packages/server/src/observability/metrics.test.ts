import { describe, expect, it } from 'vitest';
import { createMetrics } from './metrics.ts';

const create = () => createMetrics({ processMetrics: false });

describe('createMetrics', () => {
  it('has every documented name', async () => {
    const metrics = create();
    metrics.route('storage', 'GET', '/events')(200, 0.002);
    metrics.watchQueue('events.storage', async () => ({ batches: 7, bytes: 700 }));
    const text = await metrics.render();
    for (const name of [
      'streamflow_events_total',
      'streamflow_events_duration_seconds',
      'streamflow_active_connections',
      'streamflow_queue_depth',
      'streamflow_alerts_fired_total',
      'streamflow_http_requests_total',
      'streamflow_http_request_duration_seconds',
    ])
      expect(text).toMatch(new RegExp(`^# TYPE ${name} (counter|gauge|histogram)$`, 'm'));
    expect(text).toContain('streamflow_queue_depth{queue="events.storage"} 7');
    expect(text).toContain('streamflow_queue_bytes{queue="events.storage"} 700');
  });

  it('counts requests by route and status, with a histogram whose buckets add up', async () => {
    const metrics = create();
    const record = metrics.route('ingestion', 'POST', '/events');
    for (const seconds of [0.0005, 0.001, 0.002, 0.3, 20]) record(201, seconds);
    metrics.route('ingestion', 'POST', '/events')(422, 0.0001);
    const text = await metrics.render();
    const labels = 'service="ingestion",method="POST",route="/events"';
    expect(text).toContain(`streamflow_http_requests_total{${labels},status="201"} 5`);
    expect(text).toContain(`streamflow_http_requests_total{${labels},status="422"} 1`);
    const bucket = (le: string) => `streamflow_http_request_duration_seconds_bucket{le="${le}",${labels}}`;
    expect(text).toContain(`${bucket('0.001')} 3`);
    expect(text).toContain(`${bucket('0.25')} 4`);
    expect(text).toContain(`${bucket('10')} 5`);
    expect(text).toContain(`${bucket('+Inf')} 6`);
    expect(text).toContain(`streamflow_http_request_duration_seconds_count{${labels}} 6`);
  });

  it('keeps the number of labels bounded however many types clients make up', async () => {
    const metrics = create();
    for (let i = 0; i < 500; i += 1) metrics.ingestion.accepted(`custom.t${i}`, 2);
    const text = await metrics.render();
    expect(text.match(/^streamflow_events_total\{/gm)).toHaveLength(101);
    expect(text).toContain('streamflow_events_total{type="custom.t99"} 2');
    expect(text).toContain('streamflow_events_total{type="other"} 800');
  });

  it('leaves out a queue whose depth cannot be had, and shows the others', async () => {
    const metrics = create();
    metrics.watchQueue('a', () => Promise.reject(new Error('away')));
    metrics.watchQueue('b', async () => ({ batches: 1, bytes: 1 }));
    const text = await metrics.render();
    expect(text).not.toContain('queue="a"');
    expect(text).toContain('streamflow_queue_depth{queue="b"} 1');
  });

  it('reports what storage and sockets tell', async () => {
    const metrics = create();
    metrics.storage.onAppended({ stored: 5, textOnly: 4, setAside: 3, duplicates: 2, conflicts: 1 });
    metrics.storage.onQueryable(0.2);
    metrics.storage.onRedelivered();
    metrics.connections('ingestion', 1);
    metrics.connections('ingestion', 1);
    metrics.connections('ingestion', -1);
    const text = await metrics.render();
    expect(text).toContain('streamflow_storage_appended_total 5');
    expect(text).toContain('streamflow_storage_text_only_total 4');
    expect(text).toContain('streamflow_storage_set_aside_total 3');
    expect(text).toContain('streamflow_storage_duplicates_total 2');
    expect(text).toContain('streamflow_storage_id_conflicts_total 1');
    expect(text).toContain('streamflow_storage_redelivered_total 1');
    expect(text).toContain('streamflow_events_duration_seconds_sum 0.2');
    expect(text).toContain('streamflow_active_connections{service="ingestion"} 1');
  });

  it('says what runs, and how the connections to the database are used at the moment of the scrape', async () => {
    const metrics = createMetrics({ processMetrics: false, version: '1.2.3' });
    let busy = 1;
    metrics.watchDatabase(() => ({ busy, idle: 4, waiting: 2 }));
    busy = 3;
    const text = await metrics.render();
    expect(text).toContain(`streamflow_build_info{version="1.2.3",node_version="${process.version}"} 1`);
    expect(text).toContain('streamflow_database_connections{state="busy"} 3');
    expect(text).toContain('streamflow_database_connections{state="idle"} 4');
    expect(text).toContain('streamflow_database_waiting 2');
  });

  it('is in the format that Prometheus reads: one HELP and TYPE a metric, no line without a value', async () => {
    const metrics = createMetrics();
    metrics.route('storage', 'GET', '/a"b\\c')(200, 1);
    const lines = (await metrics.render()).split('\n').filter((line) => line !== '');
    const types = lines.filter((line) => line.startsWith('# TYPE ')).map((line) => line.split(' ')[2]);
    expect(new Set(types).size).toBe(types.length);
    for (const line of lines)
      if (!line.startsWith('#'))
        expect(line).toMatch(/^[a-z_][a-z0-9_]*(\{([a-z_]+="([^"\\]|\\.)*",?)*\})? \S+$/i);
  });
});
