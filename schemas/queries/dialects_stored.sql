-- Which dialects do the stored spans speak, and for how many model calls was nothing said?
SELECT
    if(dialect = '', '(none)', dialect) AS dialect,
    uniqExact(trace_id, span_id) AS span_count,
    uniqExactIf((trace_id, span_id), role = 'llm') AS model_call_count,
    uniqExactIf((trace_id, span_id), role = 'llm' AND empty(input_hashes) AND empty(output_hashes)) AS silent_call_count,
    sum(is_truncated) AS cut_count,
    sum(dropped_attributes_count) AS dropped_attributes_count
FROM span_facts
WHERE source = 'span' AND received_ns >= {since_ns:Int64}
GROUP BY dialect
ORDER BY span_count DESC
