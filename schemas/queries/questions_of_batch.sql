-- Which questions were handed over in a batch?
SELECT DISTINCT
    question_hash,
    tenant,
    conversation_id,
    form
FROM model_answers
WHERE batch_key = {batch_key:String} AND status = 'pending'
ORDER BY question_hash
