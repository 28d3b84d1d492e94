-- In which scopes are the messages of these traces stored, and which answers of models are in them?
SELECT
    groupUniqArrayIf(scope, scope != '') AS scopes,
    groupUniqArrayIf(response_id, response_id != '') AS response_ids
FROM span_facts
WHERE tenant = {tenant:String}
    AND trace_id IN {trace_ids:Array(String)}
