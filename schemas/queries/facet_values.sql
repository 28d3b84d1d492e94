-- Which answers does a facet with choices or texts have, the commonest first?
SELECT
    name,
    text_value AS value,
    count() AS conversation_count
FROM facets
WHERE text_value IS NOT NULL
    AND ({tenant:Nullable(String)} IS NULL OR tenant = {tenant:Nullable(String)})
    AND ({service:String} = '' OR service_name = {service:String})
    AND ({name:String} = '' OR name = {name:String})
GROUP BY
    name,
    value
ORDER BY
    name,
    conversation_count DESC,
    value
LIMIT {limit:UInt64} BY name
