-- What was last answered to a question, was it of use, and how many answers in this run were not? No row: it was never asked.
SELECT
    argMax(status, answered_ns) AS last_status,
    argMax(text, answered_ns) AS last_text,
    argMax(problem, if(status = 'bad', answered_ns, 0)) AS last_problem,
    countIf(status = 'bad' AND run_id = {run_id:String}) AS bad_count
FROM model_answers
WHERE question_hash = {question_hash:String} AND status IN ('good', 'bad')
HAVING count() > 0
