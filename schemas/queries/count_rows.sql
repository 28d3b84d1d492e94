-- How many rows of a table are about one of these traces, conversations, users or findings? See delete_rows.
SELECT count() AS row_count
FROM {table:Identifier}
WHERE {tenant_column:Identifier} = {tenant:String}
    AND (
        {trace_column:Identifier} IN {trace_ids:Array(String)}
        OR {conversation_column:Identifier} IN {conversation_ids:Array(String)}
        OR {user_column:Identifier} IN {user_ids:Array(String)}
        OR {finding_column:Identifier} IN {finding_ids:Array(String)}
    )
