-- Which rows make the page of an hour that begins at this offset? The hash puts rows of equal time and ids in one order.
SELECT *
FROM {of:Identifier}.{name:Identifier}
WHERE Timestamp >= toDateTime({hour:String}, 'UTC')
    AND Timestamp < toDateTime({hour:String}, 'UTC') + INTERVAL 1 HOUR
ORDER BY
    Timestamp,
    TraceId,
    SpanId,
    cityHash64(*)
LIMIT {limit:UInt64} OFFSET {offset:UInt64}
