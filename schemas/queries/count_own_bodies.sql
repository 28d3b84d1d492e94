-- How many messages in these scopes are said by no trace but these?
SELECT count() AS row_count
FROM message_bodies
WHERE tenant = {tenant:String}
    AND scope IN {scopes:Array(String)}
    AND (scope, hash) NOT IN (
        SELECT
            scope,
            arrayJoin(arrayConcat(input_hashes, output_hashes))
        FROM span_facts
        WHERE tenant = {tenant:String}
            AND scope IN {scopes:Array(String)}
            AND trace_id NOT IN {trace_ids:Array(String)}
    )
