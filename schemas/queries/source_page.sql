-- Which rows make the page of an hour that begins at this offset? The hash puts rows of equal time and ids in one order.
SELECT *
FROM {of:Identifier}.{name:Identifier}
WHERE Timestamp >= toDateTime64({hour:String}, 9, 'UTC')
    AND Timestamp < toDateTime64({hour:String}, 9, 'UTC') + INTERVAL 1 HOUR
ORDER BY
    Timestamp,
    TraceId,
    SpanId,
    cityHash64(*)
LIMIT {limit:UInt64} OFFSET {offset:UInt64}
