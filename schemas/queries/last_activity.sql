-- When did something arrive last, and when was it last analysed?
SELECT
    (SELECT max(received_ns) FROM span_facts) AS received_ns,
    (SELECT max(finished_ns) FROM run_log FINAL) AS analysed_ns,
    (SELECT max(watermark_ns) FROM run_log FINAL) AS watermark_ns
