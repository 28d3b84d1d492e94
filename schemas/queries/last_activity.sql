-- When did something arrive, reach the tables and get decided by people last, and when and up to what was it last analysed?
SELECT
    (SELECT max(received_ns) FROM span_facts) AS received_ns,
    greatest((SELECT max(written_ns) FROM span_facts), (SELECT max(written_ns) FROM feedback)) AS written_ns,
    toInt64(greatest((SELECT max(version) FROM issue_edit_log), (SELECT max(version) FROM issue_status_log))) AS decided_ns,
    (SELECT max(started_ns) FROM run_log FINAL) AS started_ns,
    (SELECT max(finished_ns) FROM run_log FINAL) AS analysed_ns,
    (SELECT max(watermark_ns) FROM run_log FINAL) AS watermark_ns
