-- Which traces may belong to one conversation with these: by conversation id, by link, or by the same beginning near in time?
SELECT
    s.tenant AS tenant,
    s.trace_id AS trace_id,
    min(s.start_ns) AS start_ns,
    groupUniqArrayIf(s.conversation_id, s.conversation_id != '') AS conversation_ids,
    groupUniqArrayIf(s.scope, startsWith(s.scope, 'first:')) AS scopes,
    groupUniqArrayArray(s.linked_trace_ids) AS linked_trace_ids
FROM span_facts AS s
WHERE s.trace_id IN {trace_ids:Array(String)}
    OR (s.conversation_id != '' AND s.conversation_id IN {conversation_ids:Array(String)})
    OR (s.scope IN {scopes:Array(String)} AND s.start_ns BETWEEN {from_ns:Int64} AND {to_ns:Int64})
    OR hasAny(s.linked_trace_ids, {trace_ids:Array(String)})
GROUP BY
    s.tenant,
    s.trace_id
ORDER BY
    tenant,
    start_ns,
    trace_id
