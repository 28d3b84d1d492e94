-- How many tokens did answers take since a moment, and what did they cost? Those of a batch count once they are there.
SELECT
    sum(prompt_tokens + answer_tokens) AS token_count,
    sum(spent_usd) AS spent_usd
FROM model_answers
WHERE answered_ns >= {since_ns:Int64}
