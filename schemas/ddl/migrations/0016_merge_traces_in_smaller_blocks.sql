-- How much of otel_traces does a merge hold of each part that it reads? Half of what it did.
ALTER TABLE otel_traces
    MODIFY SETTING merge_max_block_size_bytes = 1048576
