-- How is a new part of otel_logs written? As one file instead of hundreds, until merges have made it large.
ALTER TABLE otel_logs
    MODIFY SETTING min_bytes_for_wide_part = 134217728
