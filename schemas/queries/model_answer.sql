-- What was answered to a question, latest first, and was it of use? Two rows tell what is known and what failed twice.
SELECT
    status,
    text,
    problem,
    run_id
FROM model_answers
WHERE question_hash = {question_hash:String} AND status IN ('good', 'bad')
ORDER BY answered_ns DESC
LIMIT 2
