-- What time is it, by the clock of the database?
SELECT toUnixTimestamp64Nano(now64(9)) AS now_ns
