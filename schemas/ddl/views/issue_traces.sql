-- What proves an issue? Its verbatim quotes with trace and conversation.
CREATE OR REPLACE VIEW issue_traces AS
SELECT
    tenant,
    issue_id,
    conversation_id,
    trace_id,
    span_id,
    message_index,
    turn,
    quote,
    statement,
    confidence,
    is_root,
    is_recovered,
    seen_at
FROM findings
WHERE issue_id != ''
