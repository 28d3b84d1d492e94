-- Which batches still owe their answers, oldest first?
SELECT
    batch_key,
    batch_id,
    model,
    status,
    question_count,
    covers_version,
    sent_ns,
    run_id,
    version
FROM model_batches FINAL
WHERE status IN ('sending', 'sent')
ORDER BY
    sent_ns,
    batch_key
