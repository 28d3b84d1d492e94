-- How does each facet answer over all conversations: how many tell, and what of numbers?
SELECT
    name,
    any(type) AS type,
    count() AS conversation_count,
    countIf(bool_value IS NOT NULL OR number_value IS NOT NULL OR text_value IS NOT NULL) AS told_count,
    countIf(bool_value) AS true_count,
    if(told_count > 0 AND type = 'number', quantile(0.5)(number_value), NULL) AS median,
    if(told_count > 0 AND type = 'number', quantile(0.95)(number_value), NULL) AS p95,
    sum(number_value) AS total
FROM facets
WHERE ({tenant:Nullable(String)} IS NULL OR tenant = {tenant:Nullable(String)})
    AND ({service:String} = '' OR service_name = {service:String})
    AND ({name:String} = '' OR name = {name:String})
GROUP BY name
ORDER BY
    name
