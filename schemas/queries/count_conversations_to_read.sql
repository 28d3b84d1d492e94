-- How many conversations wait for a model, how many did it fail on too often, and how many were read otherwise?
SELECT
    countIf(state != 'analysed' AND attempt_count < {attempt_limit:UInt8}) AS waiting_count,
    countIf(state != 'analysed' AND attempt_count >= {attempt_limit:UInt8}) AS given_up_count,
    countIf(state = 'analysed') AS otherwise_count
FROM conversation_log FINAL
WHERE reading_hash != {reading_hash:String}
