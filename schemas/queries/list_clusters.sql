-- Which groups are shown, and which failures do the conversations of each meet? Parents come before their children.
SELECT
    c.tenant AS tenant,
    c.service_name AS service_name,
    c.kind AS kind,
    c.level AS level,
    c.cluster_id AS cluster_id,
    c.parent_id AS parent_id,
    c.name AS name,
    c.name_by AS name_by,
    c.terms AS terms,
    c.family AS family,
    c.issue_id AS issue_id,
    c.member_count AS member_count,
    c.conversation_count AS conversation_count,
    c.user_count AS user_count,
    c.badge AS badge,
    c.stability AS stability,
    c.stability_low AS stability_low,
    c.stability_high AS stability_high,
    met.families AS families
FROM clusters AS c
LEFT JOIN (
    SELECT
        tenant,
        intent_id,
        groupArray((family, conversation_count)) AS families
    FROM intents_by_family
    GROUP BY
        tenant,
        intent_id
) AS met ON met.tenant = c.tenant AND met.intent_id = c.cluster_id
WHERE c.kind = {kind:String}
    AND ({service:String} = '' OR c.service_name = {service:String})
    AND ({tenant:Nullable(String)} IS NULL OR c.tenant = {tenant:Nullable(String)})
ORDER BY
    c.tenant,
    c.service_name,
    c.level DESC,
    c.conversation_count DESC,
    c.cluster_id
