-- What was last answered to a question? A bad answer counts within the run that judged it; a later one asks again.
SELECT
    text,
    status,
    problem,
    run_id
FROM model_answers
WHERE question_hash = {question_hash:String}
ORDER BY answered_ns DESC
LIMIT 1
