-- What does otel_logs lack where the OpenTelemetry Collector made it?
ALTER TABLE otel_logs
    ADD COLUMN IF NOT EXISTS EventName String CODEC(ZSTD(1)) AFTER LogAttributes,
    ADD COLUMN IF NOT EXISTS Tenant LowCardinality(String) DEFAULT '' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS Segment String DEFAULT '' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS ReceivedAt DateTime64(9) DEFAULT now64(9) CODEC(Delta(8), ZSTD(1)),
    ADD COLUMN IF NOT EXISTS ObservedTimestamp DateTime64(9) DEFAULT toDateTime64(0, 9) CODEC(Delta(8), ZSTD(1)),
    ADD COLUMN IF NOT EXISTS Flags UInt32 DEFAULT TraceFlags CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS AttributeTypes Map(LowCardinality(String), LowCardinality(String)) DEFAULT map() CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS DroppedAttributesCount UInt32 DEFAULT 0 CODEC(ZSTD(1)),
    ADD INDEX IF NOT EXISTS idx_segment Segment TYPE minmax GRANULARITY 1,
    ADD INDEX IF NOT EXISTS idx_received_at ReceivedAt TYPE minmax GRANULARITY 1,
    MODIFY SETTING non_replicated_deduplication_window = 10000
