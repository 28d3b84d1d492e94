-- How many spans arrived that no run of the analyzer has looked at?
SELECT count() AS span_count
FROM span_facts
WHERE source = 'span'
    AND written_ns > (SELECT max(watermark_ns) FROM run_log FINAL)
