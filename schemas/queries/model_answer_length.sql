-- How many tokens did recent questions and answers have, and how often was each form asked for?
SELECT
    form,
    avg(prompt_tokens) AS mean_prompt_tokens,
    avg(answer_tokens) AS mean_answer_tokens,
    count() AS answer_count
FROM (
    SELECT
        form,
        prompt_tokens,
        answer_tokens
    FROM model_answers
    WHERE model = {model:String} AND status = 'good' AND answer_tokens > 0
    ORDER BY answered_ns DESC
    LIMIT 5000
)
GROUP BY form
ORDER BY form
