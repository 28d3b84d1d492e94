-- Takes what is about one of these traces, conversations, users or findings out of a table; returns when it is gone.
ALTER TABLE {table:Identifier}
    DELETE WHERE {tenant_column:Identifier} = {tenant:String}
        AND (
            {trace_column:Identifier} IN {trace_ids:Array(String)}
            OR {conversation_column:Identifier} IN {conversation_ids:Array(String)}
            OR {user_column:Identifier} IN {user_ids:Array(String)}
            OR {finding_column:Identifier} IN {finding_ids:Array(String)}
        )
    SETTINGS mutations_sync = 2
