-- How is a new part of otel_logs written, and merged? As one file instead of hundreds, until it is large; in small blocks.
ALTER TABLE otel_logs
    MODIFY SETTING min_bytes_for_wide_part = 134217728, merge_max_block_size_bytes = 2097152
