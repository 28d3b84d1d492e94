-- How many ratings and comments are on these answers of a model, and not on one of these traces?
SELECT count() AS row_count
FROM feedback
WHERE tenant = {tenant:String}
    AND trace_id NOT IN {trace_ids:Array(String)}
    AND response_id IN {response_ids:Array(String)}
