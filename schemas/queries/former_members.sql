-- To which group did each finding or conversation of a service belong, and where did it stand on the map?
SELECT
    item_id,
    cluster_id,
    is_assigned,
    x,
    y
FROM cluster_member_log FINAL
WHERE tenant = {tenant:String}
    AND service_name = {service:String}
    AND kind = {kind:String}
ORDER BY item_id
