-- How many tokens did recent answers of a model have, by the form that was asked for?
SELECT
    form,
    avg(answer_tokens) AS answer_tokens,
    count() AS answer_count
FROM (
    SELECT
        form,
        answer_tokens
    FROM model_answers
    WHERE model = {model:String} AND status = 'good' AND answer_tokens > 0
    ORDER BY answered_ns DESC
    LIMIT 2000
)
GROUP BY form
ORDER BY form
