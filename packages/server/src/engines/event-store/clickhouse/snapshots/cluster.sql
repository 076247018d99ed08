SELECT version() AS version 
FORMAT JSONEachRow;
--   wait_end_of_query = 1
--   cancel_http_readonly_queries_on_client_close = 1
--   max_execution_time = 10
--   max_memory_usage = 100000000
--   max_bytes_before_external_group_by = 50000000
--   max_bytes_before_external_sort = 50000000
--   max_threads = 1
--   output_format_json_quote_64bit_integers = 0
--   output_format_json_quote_denormals = 0

SELECT uniqExact(shard_num) AS shards, count() AS replicas FROM system.clusters WHERE cluster = {cluster:String} 
FORMAT JSONEachRow;
--   param_cluster = analytics
--   wait_end_of_query = 1
--   cancel_http_readonly_queries_on_client_close = 1
--   max_execution_time = 10
--   max_memory_usage = 100000000
--   max_bytes_before_external_group_by = 50000000
--   max_bytes_before_external_sort = 50000000
--   max_threads = 1
--   output_format_json_quote_64bit_integers = 0
--   output_format_json_quote_denormals = 0

CREATE DATABASE IF NOT EXISTS streamflow ON CLUSTER 'analytics';
--   insert_quorum = auto
--   insert_quorum_parallel = 0
--   insert_quorum_timeout = 20000
--   distributed_ddl_task_timeout = 60
--   distributed_ddl_output_mode = throw

CREATE TABLE IF NOT EXISTS schema_migrations ON CLUSTER 'analytics' (version UInt32, name String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}') ORDER BY version
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800;
--   insert_quorum = auto
--   insert_quorum_parallel = 0
--   insert_quorum_timeout = 20000
--   distributed_ddl_task_timeout = 60
--   distributed_ddl_output_mode = throw

SELECT version FROM schema_migrations 
FORMAT JSONEachRow;
--   wait_end_of_query = 1
--   cancel_http_readonly_queries_on_client_close = 1
--   max_execution_time = 30
--   max_memory_usage = 500000000
--   max_bytes_before_external_group_by = 250000000
--   max_bytes_before_external_sort = 250000000
--   max_threads = 2
--   output_format_json_quote_64bit_integers = 0
--   output_format_json_quote_denormals = 0
--   select_sequential_consistency = 1

CREATE TABLE IF NOT EXISTS events ON CLUSTER 'analytics' (
  project LowCardinality(String),
  id UUID,
  timestamp DateTime64(3, 'UTC') CODEC(T64, LZ4),
  received_at DateTime64(3, 'UTC') CODEC(DoubleDelta, LZ4),
  type LowCardinality(String),
  source LowCardinality(String),
  severity LowCardinality(String),
  correlation_id Nullable(String),
  session_id Nullable(String),
  user_id Nullable(String),
  tags Array(LowCardinality(String)),
  data String CODEC(ZSTD(1)),
  metadata String CODEC(ZSTD(1)),
  simple UInt8 MATERIALIZED isValidJSON(data),
  is_error UInt8 MATERIALIZED type = 'error' OR (type = 'api.response' AND greatest(
    ifNull(if(match(JSONExtractRaw(data, 'status'), '^[-0-9]'), toNullable(JSONExtractFloat(JSONExtractRaw(data, 'status'))), NULL), 0), ifNull(if(match(JSONExtractRaw(data, 'status_code'), '^[-0-9]'), toNullable(JSONExtractFloat(JSONExtractRaw(data, 'status_code'))), NULL), 0)) >= 500),
  text_page LowCardinality(String) MATERIALIZED multiIf(startsWith(JSONExtractRaw(data, 'page'), '"'), if(position(JSONExtractRaw(data, 'page'), '\\') = 0, substring(JSONExtractRaw(data, 'page'), 2, length(JSONExtractRaw(data, 'page')) - 2), JSONExtractString(JSONExtractRaw(data, 'page'))), JSONExtractRaw(data, 'page') = '' OR startsWith(JSONExtractRaw(data, 'page'), '{') OR startsWith(JSONExtractRaw(data, 'page'), '['), 'null', position(JSONExtractRaw(data, 'page'), 'e') = 0 OR JSONExtractRaw(data, 'page') IN ('true', 'false'), JSONExtractRaw(data, 'page'), replaceRegexpOne(JSONExtractRaw(data, 'page'), 'e([0-9])', 'e+\\1')),
  kind_page UInt8 MATERIALIZED multiIf(startsWith(JSONExtractRaw(data, 'page'), '"'), 1, JSONExtractRaw(data, 'page') IN ('true', 'false'), 3, JSONExtractRaw(data, 'page') = 'null', 4, JSONExtractRaw(data, 'page') = '' OR startsWith(JSONExtractRaw(data, 'page'), '{') OR startsWith(JSONExtractRaw(data, 'page'), '['), 0, 2),
  text_path LowCardinality(String) MATERIALIZED multiIf(startsWith(JSONExtractRaw(data, 'path'), '"'), if(position(JSONExtractRaw(data, 'path'), '\\') = 0, substring(JSONExtractRaw(data, 'path'), 2, length(JSONExtractRaw(data, 'path')) - 2), JSONExtractString(JSONExtractRaw(data, 'path'))), JSONExtractRaw(data, 'path') = '' OR startsWith(JSONExtractRaw(data, 'path'), '{') OR startsWith(JSONExtractRaw(data, 'path'), '['), 'null', position(JSONExtractRaw(data, 'path'), 'e') = 0 OR JSONExtractRaw(data, 'path') IN ('true', 'false'), JSONExtractRaw(data, 'path'), replaceRegexpOne(JSONExtractRaw(data, 'path'), 'e([0-9])', 'e+\\1')),
  kind_path UInt8 MATERIALIZED multiIf(startsWith(JSONExtractRaw(data, 'path'), '"'), 1, JSONExtractRaw(data, 'path') IN ('true', 'false'), 3, JSONExtractRaw(data, 'path') = 'null', 4, JSONExtractRaw(data, 'path') = '' OR startsWith(JSONExtractRaw(data, 'path'), '{') OR startsWith(JSONExtractRaw(data, 'path'), '['), 0, 2),
  text_url LowCardinality(String) MATERIALIZED multiIf(startsWith(JSONExtractRaw(data, 'url'), '"'), if(position(JSONExtractRaw(data, 'url'), '\\') = 0, substring(JSONExtractRaw(data, 'url'), 2, length(JSONExtractRaw(data, 'url')) - 2), JSONExtractString(JSONExtractRaw(data, 'url'))), JSONExtractRaw(data, 'url') = '' OR startsWith(JSONExtractRaw(data, 'url'), '{') OR startsWith(JSONExtractRaw(data, 'url'), '['), 'null', position(JSONExtractRaw(data, 'url'), 'e') = 0 OR JSONExtractRaw(data, 'url') IN ('true', 'false'), JSONExtractRaw(data, 'url'), replaceRegexpOne(JSONExtractRaw(data, 'url'), 'e([0-9])', 'e+\\1')),
  kind_url UInt8 MATERIALIZED multiIf(startsWith(JSONExtractRaw(data, 'url'), '"'), 1, JSONExtractRaw(data, 'url') IN ('true', 'false'), 3, JSONExtractRaw(data, 'url') = 'null', 4, JSONExtractRaw(data, 'url') = '' OR startsWith(JSONExtractRaw(data, 'url'), '{') OR startsWith(JSONExtractRaw(data, 'url'), '['), 0, 2),
  text_endpoint LowCardinality(String) MATERIALIZED multiIf(startsWith(JSONExtractRaw(data, 'endpoint'), '"'), if(position(JSONExtractRaw(data, 'endpoint'), '\\') = 0, substring(JSONExtractRaw(data, 'endpoint'), 2, length(JSONExtractRaw(data, 'endpoint')) - 2), JSONExtractString(JSONExtractRaw(data, 'endpoint'))), JSONExtractRaw(data, 'endpoint') = '' OR startsWith(JSONExtractRaw(data, 'endpoint'), '{') OR startsWith(JSONExtractRaw(data, 'endpoint'), '['), 'null', position(JSONExtractRaw(data, 'endpoint'), 'e') = 0 OR JSONExtractRaw(data, 'endpoint') IN ('true', 'false'), JSONExtractRaw(data, 'endpoint'), replaceRegexpOne(JSONExtractRaw(data, 'endpoint'), 'e([0-9])', 'e+\\1')),
  kind_endpoint UInt8 MATERIALIZED multiIf(startsWith(JSONExtractRaw(data, 'endpoint'), '"'), 1, JSONExtractRaw(data, 'endpoint') IN ('true', 'false'), 3, JSONExtractRaw(data, 'endpoint') = 'null', 4, JSONExtractRaw(data, 'endpoint') = '' OR startsWith(JSONExtractRaw(data, 'endpoint'), '{') OR startsWith(JSONExtractRaw(data, 'endpoint'), '['), 0, 2),
  text_method LowCardinality(String) MATERIALIZED multiIf(startsWith(JSONExtractRaw(data, 'method'), '"'), if(position(JSONExtractRaw(data, 'method'), '\\') = 0, substring(JSONExtractRaw(data, 'method'), 2, length(JSONExtractRaw(data, 'method')) - 2), JSONExtractString(JSONExtractRaw(data, 'method'))), JSONExtractRaw(data, 'method') = '' OR startsWith(JSONExtractRaw(data, 'method'), '{') OR startsWith(JSONExtractRaw(data, 'method'), '['), 'null', position(JSONExtractRaw(data, 'method'), 'e') = 0 OR JSONExtractRaw(data, 'method') IN ('true', 'false'), JSONExtractRaw(data, 'method'), replaceRegexpOne(JSONExtractRaw(data, 'method'), 'e([0-9])', 'e+\\1')),
  kind_method UInt8 MATERIALIZED multiIf(startsWith(JSONExtractRaw(data, 'method'), '"'), 1, JSONExtractRaw(data, 'method') IN ('true', 'false'), 3, JSONExtractRaw(data, 'method') = 'null', 4, JSONExtractRaw(data, 'method') = '' OR startsWith(JSONExtractRaw(data, 'method'), '{') OR startsWith(JSONExtractRaw(data, 'method'), '['), 0, 2),
  text_status LowCardinality(String) MATERIALIZED multiIf(startsWith(JSONExtractRaw(data, 'status'), '"'), if(position(JSONExtractRaw(data, 'status'), '\\') = 0, substring(JSONExtractRaw(data, 'status'), 2, length(JSONExtractRaw(data, 'status')) - 2), JSONExtractString(JSONExtractRaw(data, 'status'))), JSONExtractRaw(data, 'status') = '' OR startsWith(JSONExtractRaw(data, 'status'), '{') OR startsWith(JSONExtractRaw(data, 'status'), '['), 'null', position(JSONExtractRaw(data, 'status'), 'e') = 0 OR JSONExtractRaw(data, 'status') IN ('true', 'false'), JSONExtractRaw(data, 'status'), replaceRegexpOne(JSONExtractRaw(data, 'status'), 'e([0-9])', 'e+\\1')),
  kind_status UInt8 MATERIALIZED multiIf(startsWith(JSONExtractRaw(data, 'status'), '"'), 1, JSONExtractRaw(data, 'status') IN ('true', 'false'), 3, JSONExtractRaw(data, 'status') = 'null', 4, JSONExtractRaw(data, 'status') = '' OR startsWith(JSONExtractRaw(data, 'status'), '{') OR startsWith(JSONExtractRaw(data, 'status'), '['), 0, 2),
  text_status_code LowCardinality(String) MATERIALIZED multiIf(startsWith(JSONExtractRaw(data, 'status_code'), '"'), if(position(JSONExtractRaw(data, 'status_code'), '\\') = 0, substring(JSONExtractRaw(data, 'status_code'), 2, length(JSONExtractRaw(data, 'status_code')) - 2), JSONExtractString(JSONExtractRaw(data, 'status_code'))), JSONExtractRaw(data, 'status_code') = '' OR startsWith(JSONExtractRaw(data, 'status_code'), '{') OR startsWith(JSONExtractRaw(data, 'status_code'), '['), 'null', position(JSONExtractRaw(data, 'status_code'), 'e') = 0 OR JSONExtractRaw(data, 'status_code') IN ('true', 'false'), JSONExtractRaw(data, 'status_code'), replaceRegexpOne(JSONExtractRaw(data, 'status_code'), 'e([0-9])', 'e+\\1')),
  kind_status_code UInt8 MATERIALIZED multiIf(startsWith(JSONExtractRaw(data, 'status_code'), '"'), 1, JSONExtractRaw(data, 'status_code') IN ('true', 'false'), 3, JSONExtractRaw(data, 'status_code') = 'null', 4, JSONExtractRaw(data, 'status_code') = '' OR startsWith(JSONExtractRaw(data, 'status_code'), '{') OR startsWith(JSONExtractRaw(data, 'status_code'), '['), 0, 2),
  text_action LowCardinality(String) MATERIALIZED multiIf(startsWith(JSONExtractRaw(data, 'action'), '"'), if(position(JSONExtractRaw(data, 'action'), '\\') = 0, substring(JSONExtractRaw(data, 'action'), 2, length(JSONExtractRaw(data, 'action')) - 2), JSONExtractString(JSONExtractRaw(data, 'action'))), JSONExtractRaw(data, 'action') = '' OR startsWith(JSONExtractRaw(data, 'action'), '{') OR startsWith(JSONExtractRaw(data, 'action'), '['), 'null', position(JSONExtractRaw(data, 'action'), 'e') = 0 OR JSONExtractRaw(data, 'action') IN ('true', 'false'), JSONExtractRaw(data, 'action'), replaceRegexpOne(JSONExtractRaw(data, 'action'), 'e([0-9])', 'e+\\1')),
  kind_action UInt8 MATERIALIZED multiIf(startsWith(JSONExtractRaw(data, 'action'), '"'), 1, JSONExtractRaw(data, 'action') IN ('true', 'false'), 3, JSONExtractRaw(data, 'action') = 'null', 4, JSONExtractRaw(data, 'action') = '' OR startsWith(JSONExtractRaw(data, 'action'), '{') OR startsWith(JSONExtractRaw(data, 'action'), '['), 0, 2),
  number_duration Nullable(Float64) MATERIALIZED if(match(JSONExtractRaw(data, 'duration'), '^[-0-9]'), toNullable(JSONExtractFloat(JSONExtractRaw(data, 'duration'))), NULL),
  number_duration_ms Nullable(Float64) MATERIALIZED if(match(JSONExtractRaw(data, 'duration_ms'), '^[-0-9]'), toNullable(JSONExtractFloat(JSONExtractRaw(data, 'duration_ms'))), NULL),
  number_response_time Nullable(Float64) MATERIALIZED if(match(JSONExtractRaw(data, 'response_time'), '^[-0-9]'), toNullable(JSONExtractFloat(JSONExtractRaw(data, 'response_time'))), NULL),
  number_value Nullable(Float64) MATERIALIZED if(match(JSONExtractRaw(data, 'value'), '^[-0-9]'), toNullable(JSONExtractFloat(JSONExtractRaw(data, 'value'))), NULL),
  INDEX simple_range simple TYPE minmax GRANULARITY 1,
  INDEX user_id_filter user_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX session_id_filter session_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX correlation_id_filter correlation_id TYPE bloom_filter(0.01) GRANULARITY 1,
  PROJECTION by_id (SELECT _part_offset ORDER BY toUInt128(id)),
  CONSTRAINT timestamp_in_range CHECK timestamp >= '1900-01-01 00:00:00.000' AND timestamp <= '2299-12-31 23:59:59.999'
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY multiIf(
  (toYear(received_at) * 12 + toMonth(received_at)) - (toYear(timestamp) * 12 + toMonth(timestamp)) BETWEEN -1 AND 12, toYYYYMM(timestamp),
  (toYear(received_at) * 12 + toMonth(received_at)) - (toYear(timestamp) * 12 + toMonth(timestamp)) BETWEEN 12 AND 240, toUInt32(toYear(timestamp)),
  toUInt32(0))
ORDER BY (project, timestamp, toUInt128(id))
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800,
  index_granularity = 2048;
--   insert_quorum = auto
--   insert_quorum_parallel = 0
--   insert_quorum_timeout = 20000
--   distributed_ddl_task_timeout = 60
--   distributed_ddl_output_mode = throw

CREATE TABLE IF NOT EXISTS unreadable_lines ON CLUSTER 'analytics' (
  stored_at DateTime64(3, 'UTC'),
  reason String,
  line String
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
ORDER BY stored_at
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800;
--   insert_quorum = auto
--   insert_quorum_parallel = 0
--   insert_quorum_timeout = 20000
--   distributed_ddl_task_timeout = 60
--   distributed_ddl_output_mode = throw

INSERT INTO schema_migrations (version, name) SELECT {version:UInt32}, {name:String};
--   param_version = 1
--   param_name = events
--   insert_quorum = auto
--   insert_quorum_parallel = 0
--   insert_quorum_timeout = 20000
--   distributed_ddl_task_timeout = 60
--   distributed_ddl_output_mode = throw

CREATE TABLE IF NOT EXISTS writer_claims ON CLUSTER 'analytics' (
  number UInt64,
  holder String,
  claimed_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
ORDER BY number
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800;
--   insert_quorum = auto
--   insert_quorum_parallel = 0
--   insert_quorum_timeout = 20000
--   distributed_ddl_task_timeout = 60
--   distributed_ddl_output_mode = throw

INSERT INTO schema_migrations (version, name) SELECT {version:UInt32}, {name:String};
--   param_version = 2
--   param_name = writer claims
--   insert_quorum = auto
--   insert_quorum_parallel = 0
--   insert_quorum_timeout = 20000
--   distributed_ddl_task_timeout = 60
--   distributed_ddl_output_mode = throw

CREATE TABLE IF NOT EXISTS removed_ids ON CLUSTER 'analytics' (
  project LowCardinality(String),
  id UUID,
  received_at DateTime64(3, 'UTC'),
  forget_at DateTime('UTC')
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMMDD(forget_at)
ORDER BY toUInt128(id)
TTL forget_at
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800, ttl_only_drop_parts = 1;
--   insert_quorum = auto
--   insert_quorum_parallel = 0
--   insert_quorum_timeout = 20000
--   distributed_ddl_task_timeout = 60
--   distributed_ddl_output_mode = throw

ALTER TABLE events ON CLUSTER 'analytics' MODIFY SETTING lightweight_mutation_projection_mode = 'rebuild';
--   insert_quorum = auto
--   insert_quorum_parallel = 0
--   insert_quorum_timeout = 20000
--   distributed_ddl_task_timeout = 60
--   distributed_ddl_output_mode = throw

INSERT INTO schema_migrations (version, name) SELECT {version:UInt32}, {name:String};
--   param_version = 3
--   param_name = removals
--   insert_quorum = auto
--   insert_quorum_parallel = 0
--   insert_quorum_timeout = 20000
--   distributed_ddl_task_timeout = 60
--   distributed_ddl_output_mode = throw

SELECT number, holder, dateDiff('millisecond', claimed_at, now64(3)) AS age FROM writer_claims ORDER BY number DESC LIMIT 1 
FORMAT JSONEachRow;
--   wait_end_of_query = 1
--   cancel_http_readonly_queries_on_client_close = 1
--   max_execution_time = 30
--   max_memory_usage = 500000000
--   max_bytes_before_external_group_by = 250000000
--   max_bytes_before_external_sort = 250000000
--   max_threads = 2
--   output_format_json_quote_64bit_integers = 0
--   output_format_json_quote_denormals = 0
--   select_sequential_consistency = 1
--   use_query_condition_cache = 0

INSERT INTO writer_claims (number, holder) FORMAT JSONEachRow;
--   async_insert = 0
--   insert_deduplicate = 1
--   insert_quorum = auto
--   insert_quorum_parallel = 0
--   insert_quorum_timeout = 20000

SELECT holder, (SELECT max(number) FROM writer_claims) AS newest FROM writer_claims WHERE number = {number:UInt64} 
FORMAT JSONEachRow;
--   param_number = 1
--   wait_end_of_query = 1
--   cancel_http_readonly_queries_on_client_close = 1
--   max_execution_time = 30
--   max_memory_usage = 500000000
--   max_bytes_before_external_group_by = 250000000
--   max_bytes_before_external_sort = 250000000
--   max_threads = 2
--   output_format_json_quote_64bit_integers = 0
--   output_format_json_quote_denormals = 0
--   select_sequential_consistency = 1
--   use_query_condition_cache = 0

SELECT count() AS running FROM clusterAllReplicas('analytics', system.processes) WHERE current_database = {database:String} AND startsWith(Settings['log_comment'], {prefix:String}) AND Settings['log_comment'] != {own:String} 
FORMAT JSONEachRow;
--   param_own = streamflow writer this process
--   param_database = streamflow
--   param_prefix = streamflow writer 
--   wait_end_of_query = 1
--   cancel_http_readonly_queries_on_client_close = 1
--   max_execution_time = 30
--   max_memory_usage = 500000000
--   max_bytes_before_external_group_by = 250000000
--   max_bytes_before_external_sort = 250000000
--   max_threads = 2
--   output_format_json_quote_64bit_integers = 0
--   output_format_json_quote_denormals = 0
--   select_sequential_consistency = 1
--   use_query_condition_cache = 0

KILL QUERY ON CLUSTER 'analytics' WHERE current_database = {database:String} AND startsWith(Settings['log_comment'], {prefix:String}) AND Settings['log_comment'] != {own:String} ASYNC;
--   param_own = streamflow writer this process
--   param_database = streamflow
--   param_prefix = streamflow writer 
--   insert_quorum = auto
--   insert_quorum_parallel = 0
--   insert_quorum_timeout = 20000
--   distributed_ddl_task_timeout = 60
--   distributed_ddl_output_mode = throw

SELECT count() AS running FROM clusterAllReplicas('analytics', system.processes) WHERE current_database = {database:String} AND startsWith(Settings['log_comment'], {prefix:String}) AND Settings['log_comment'] != {own:String} 
FORMAT JSONEachRow;
--   param_own = streamflow writer this process
--   param_database = streamflow
--   param_prefix = streamflow writer 
--   wait_end_of_query = 1
--   cancel_http_readonly_queries_on_client_close = 1
--   max_execution_time = 30
--   max_memory_usage = 500000000
--   max_bytes_before_external_group_by = 250000000
--   max_bytes_before_external_sort = 250000000
--   max_threads = 2
--   output_format_json_quote_64bit_integers = 0
--   output_format_json_quote_denormals = 0
--   select_sequential_consistency = 1
--   use_query_condition_cache = 0

INSERT INTO writer_claims (number, holder) FORMAT JSONEachRow;
--   async_insert = 0
--   insert_deduplicate = 1
--   insert_quorum = auto
--   insert_quorum_parallel = 0
--   insert_quorum_timeout = 20000

SELECT holder, (SELECT max(number) FROM writer_claims) AS newest FROM writer_claims WHERE number = {number:UInt64} 
FORMAT JSONEachRow;
--   param_number = 2
--   wait_end_of_query = 1
--   cancel_http_readonly_queries_on_client_close = 1
--   max_execution_time = 30
--   max_memory_usage = 500000000
--   max_bytes_before_external_group_by = 250000000
--   max_bytes_before_external_sort = 250000000
--   max_threads = 2
--   output_format_json_quote_64bit_integers = 0
--   output_format_json_quote_denormals = 0
--   select_sequential_consistency = 1
--   use_query_condition_cache = 0

INSERT INTO events FORMAT JSONEachRow;
--   async_insert = 0
--   max_threads = 1
--   max_insert_threads = 1
--   input_format_parallel_parsing = 0
--   input_format_json_read_objects_as_strings = 1
--   input_format_skip_unknown_fields = 0
--   date_time_input_format = best_effort
--   max_partitions_per_insert_block = 0
--   insert_deduplicate = 1
--   max_execution_time = 30
--   insert_quorum = auto
--   insert_quorum_parallel = 0
--   insert_quorum_timeout = 20000

SELECT toString(id) AS event_id, type, source, toUnixTimestamp64Milli(timestamp) AS time, severity, data, metadata, correlation_id, session_id, user_id, tags, toUnixTimestamp64Milli(received_at) AS received FROM events WHERE project = {project:String} AND toUInt128(id) = toUInt128({id:UUID}) LIMIT 1 
FORMAT JSONEachRow;
--   param_project = default
--   param_id = name
--   wait_end_of_query = 1
--   cancel_http_readonly_queries_on_client_close = 1
--   max_execution_time = 30
--   max_memory_usage = 500000000
--   max_bytes_before_external_group_by = 250000000
--   max_bytes_before_external_sort = 250000000
--   max_threads = 2
--   output_format_json_quote_64bit_integers = 0
--   output_format_json_quote_denormals = 0
--   select_sequential_consistency = 1

SELECT DISTINCT type FROM events WHERE timestamp < fromUnixTimestamp64Milli({p1:Int64}, 'UTC') ORDER BY type 
FORMAT JSONEachRow;
--   param_p1 = 1704067200000
--   wait_end_of_query = 1
--   cancel_http_readonly_queries_on_client_close = 1
--   max_execution_time = 30
--   max_memory_usage = 500000000
--   max_bytes_before_external_group_by = 250000000
--   max_bytes_before_external_sort = 250000000
--   max_threads = 2
--   output_format_json_quote_64bit_integers = 0
--   output_format_json_quote_denormals = 0
--   select_sequential_consistency = 1
--   use_query_condition_cache = 0

SELECT DISTINCT _partition_id AS partition FROM events WHERE ((timestamp < fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND type IN {p2:Array(String)})) ORDER BY partition 
FORMAT JSONEachRow;
--   param_p1 = 1704067200000
--   param_p2 = ['web.click']
--   wait_end_of_query = 1
--   cancel_http_readonly_queries_on_client_close = 1
--   max_execution_time = 30
--   max_memory_usage = 500000000
--   max_bytes_before_external_group_by = 250000000
--   max_bytes_before_external_sort = 250000000
--   max_threads = 2
--   output_format_json_quote_64bit_integers = 0
--   output_format_json_quote_denormals = 0
--   select_sequential_consistency = 1
--   use_query_condition_cache = 0

SELECT DISTINCT type FROM events WHERE timestamp < fromUnixTimestamp64Milli({p1:Int64}, 'UTC') ORDER BY type 
FORMAT JSONEachRow;
--   param_p1 = 1704067200000
--   wait_end_of_query = 1
--   cancel_http_readonly_queries_on_client_close = 1
--   max_execution_time = 30
--   max_memory_usage = 500000000
--   max_bytes_before_external_group_by = 250000000
--   max_bytes_before_external_sort = 250000000
--   max_threads = 2
--   output_format_json_quote_64bit_integers = 0
--   output_format_json_quote_denormals = 0
--   select_sequential_consistency = 1
--   use_query_condition_cache = 0

SELECT project, intDiv(toUnixTimestamp64Milli(received_at), 60000) AS minute, count() AS lines FROM events WHERE _partition_id = {p3:String} AND ((timestamp < fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND type IN {p2:Array(String)})) GROUP BY project, minute ORDER BY project, minute 
FORMAT JSONEachRow;
--   param_p1 = 1704067200000
--   param_p2 = ['web.click']
--   param_p3 = 202301
--   wait_end_of_query = 1
--   cancel_http_readonly_queries_on_client_close = 1
--   max_execution_time = 30
--   max_memory_usage = 500000000
--   max_bytes_before_external_group_by = 250000000
--   max_bytes_before_external_sort = 250000000
--   max_threads = 2
--   output_format_json_quote_64bit_integers = 0
--   output_format_json_quote_denormals = 0
--   select_sequential_consistency = 1
--   use_query_condition_cache = 0

SELECT project, intDiv(toUnixTimestamp64Milli(received_at), 60000) AS minute, count() AS lines FROM events WHERE _partition_id = {p4:String} AND ((timestamp < fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND type IN {p2:Array(String)})) GROUP BY project, minute ORDER BY project, minute 
FORMAT JSONEachRow;
--   param_p1 = 1704067200000
--   param_p2 = ['web.click']
--   param_p3 = 202301
--   param_p4 = 202301
--   wait_end_of_query = 1
--   cancel_http_readonly_queries_on_client_close = 1
--   max_execution_time = 30
--   max_memory_usage = 500000000
--   max_bytes_before_external_group_by = 250000000
--   max_bytes_before_external_sort = 250000000
--   max_threads = 2
--   output_format_json_quote_64bit_integers = 0
--   output_format_json_quote_denormals = 0
--   select_sequential_consistency = 1
--   use_query_condition_cache = 0

SELECT count() AS ids FROM events WHERE _partition_id = {p6:String} AND ((timestamp < fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND type IN {p2:Array(String)})) AND received_at >= fromUnixTimestamp64Milli({p5:Int64}, 'UTC') 
FORMAT JSONEachRow;
--   param_p1 = 1704067200000
--   param_p2 = ['web.click']
--   param_p3 = 202301
--   param_p4 = 202301
--   param_p5 = 1766620800000
--   param_p6 = 202301
--   wait_end_of_query = 1
--   cancel_http_readonly_queries_on_client_close = 1
--   max_execution_time = 30
--   max_memory_usage = 500000000
--   max_bytes_before_external_group_by = 250000000
--   max_bytes_before_external_sort = 250000000
--   max_threads = 2
--   output_format_json_quote_64bit_integers = 0
--   output_format_json_quote_denormals = 0
--   select_sequential_consistency = 1
--   use_query_condition_cache = 0

INSERT INTO removed_ids SELECT project, id, received_at, toDateTime(received_at, 'UTC') + {p7:UInt32} FROM events WHERE _partition_id = {p6:String} AND ((timestamp < fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND type IN {p2:Array(String)})) AND received_at >= fromUnixTimestamp64Milli({p5:Int64}, 'UTC');
--   param_p1 = 1704067200000
--   param_p2 = ['web.click']
--   param_p3 = 202301
--   param_p4 = 202301
--   param_p5 = 1766620800000
--   param_p6 = 202301
--   param_p7 = 604800
--   insert_quorum = auto
--   insert_quorum_parallel = 0
--   insert_quorum_timeout = 20000
--   distributed_ddl_task_timeout = 60
--   distributed_ddl_output_mode = throw

DELETE FROM events ON CLUSTER 'analytics' IN PARTITION ID '202301' WHERE ((timestamp < fromUnixTimestamp64Milli({p1:Int64}, 'UTC') AND type IN {p2:Array(String)})) AND 'name' != '';
--   param_p1 = 1704067200000
--   param_p2 = ['web.click']
--   param_p3 = 202301
--   param_p4 = 202301
--   param_p5 = 1766620800000
--   param_p6 = 202301
--   param_p7 = 604800
--   insert_quorum = auto
--   insert_quorum_parallel = 0
--   insert_quorum_timeout = 20000
--   distributed_ddl_task_timeout = 60
--   distributed_ddl_output_mode = throw
--   lightweight_deletes_sync = 2
--   alter_sync = 2

SELECT count() AS found, countIf(NOT is_done) AS unfinished, anyIf(latest_fail_reason, NOT is_done) AS reason FROM clusterAllReplicas('analytics', system.mutations) WHERE table = 'events' AND database = {p1:String} AND position(command, {p2:String}) > 0 
FORMAT JSONEachRow;
--   param_p1 = streamflow
--   param_p2 = name
--   wait_end_of_query = 1
--   cancel_http_readonly_queries_on_client_close = 1
--   max_execution_time = 30
--   max_memory_usage = 500000000
--   max_bytes_before_external_group_by = 250000000
--   max_bytes_before_external_sort = 250000000
--   max_threads = 2
--   output_format_json_quote_64bit_integers = 0
--   output_format_json_quote_denormals = 0
--   select_sequential_consistency = 1
--   use_query_condition_cache = 0

SELECT DISTINCT partition_id AS partition FROM system.parts WHERE active AND has_lightweight_delete AND table = 'events' AND database = {p1:String} ORDER BY partition 
FORMAT JSONEachRow;
--   param_p1 = streamflow
--   wait_end_of_query = 1
--   cancel_http_readonly_queries_on_client_close = 1
--   max_execution_time = 30
--   max_memory_usage = 500000000
--   max_bytes_before_external_group_by = 250000000
--   max_bytes_before_external_sort = 250000000
--   max_threads = 2
--   output_format_json_quote_64bit_integers = 0
--   output_format_json_quote_denormals = 0
--   select_sequential_consistency = 1
--   use_query_condition_cache = 0

SELECT count() AS kept FROM events WHERE _partition_id = {p1:String} 
FORMAT JSONEachRow;
--   param_p1 = 202301
--   wait_end_of_query = 1
--   cancel_http_readonly_queries_on_client_close = 1
--   max_execution_time = 30
--   max_memory_usage = 500000000
--   max_bytes_before_external_group_by = 250000000
--   max_bytes_before_external_sort = 250000000
--   max_threads = 2
--   output_format_json_quote_64bit_integers = 0
--   output_format_json_quote_denormals = 0
--   select_sequential_consistency = 1
--   use_query_condition_cache = 0

ALTER TABLE events ON CLUSTER 'analytics' DROP PARTITION ID '202301';
--   insert_quorum = auto
--   insert_quorum_parallel = 0
--   insert_quorum_timeout = 20000
--   distributed_ddl_task_timeout = 60
--   distributed_ddl_output_mode = throw
--   lightweight_deletes_sync = 2
--   alter_sync = 2

INSERT INTO writer_claims (number, holder) FORMAT JSONEachRow;
--   async_insert = 0
--   insert_deduplicate = 1
--   insert_quorum = auto
--   insert_quorum_parallel = 0
--   insert_quorum_timeout = 20000
