-- Of which traces was anything written since a moment, and which conversations and scopes do they speak of?
SELECT
    tenant,
    trace_id,
    max(written_ns) AS last_written_ns,
    groupUniqArrayIf(conversation_id, conversation_id != '') AS conversation_ids,
    groupUniqArrayIf(scope, scope != '') AS scopes,
    groupUniqArrayIf(response_id, response_id != '') AS response_ids
FROM (
    SELECT
        tenant,
        trace_id,
        written_ns,
        conversation_id,
        scope,
        response_id
    FROM span_facts
    WHERE written_ns >= {since_ns:Int64}
    UNION ALL
    SELECT
        tenant,
        trace_id,
        written_ns,
        '' AS conversation_id,
        '' AS scope,
        '' AS response_id
    FROM tool_executions
    WHERE written_ns >= {since_ns:Int64}
    UNION ALL
    SELECT
        tenant,
        trace_id,
        written_ns,
        '' AS conversation_id,
        '' AS scope,
        '' AS response_id
    FROM retrievals
    WHERE written_ns >= {since_ns:Int64}
    UNION ALL
    SELECT
        tenant,
        trace_id,
        written_ns,
        '' AS conversation_id,
        '' AS scope,
        '' AS response_id
    FROM exceptions
    WHERE written_ns >= {since_ns:Int64}
    UNION ALL
    SELECT
        tenant,
        trace_id,
        written_ns,
        conversation_id,
        '' AS scope,
        response_id
    FROM feedback
    WHERE written_ns >= {since_ns:Int64}
)
GROUP BY
    tenant,
    trace_id
ORDER BY
    last_written_ns,
    tenant,
    trace_id
