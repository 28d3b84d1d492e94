-- Which batches of a model still owe their answers, oldest first?
SELECT
    batch_key,
    batch_id,
    status,
    question_count,
    sent_ns
FROM model_batches FINAL
WHERE model = {model:String} AND status IN ('sending', 'sent')
ORDER BY
    sent_ns,
    batch_key
