-- Which missing data is asked for most?
SELECT *
FROM demand
WHERE ({tenant:Nullable(String)} IS NULL OR tenant = {tenant:Nullable(String)})
    AND ({service:String} = '' OR service_name = {service:String})
ORDER BY
    conversation_count DESC,
    last_seen_at DESC,
    demand_key
LIMIT {limit:UInt64}
