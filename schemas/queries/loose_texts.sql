-- What was said that belongs to no group yet, most often first, and how much of all is that?
SELECT
    tenant,
    service_name,
    text,
    uniqExact(conversation_id) AS conversation_count,
    any(loose_count) AS loose_count,
    any(item_count) AS item_count
FROM
(
    SELECT
        member.tenant AS tenant,
        member.service_name AS service_name,
        member.conversation_id AS conversation_id,
        if(member.kind = 'intents', conversation.request, finding.subject) AS text,
        member.cluster_id = '' AS is_loose,
        countIf(member.cluster_id = '') OVER (PARTITION BY member.tenant, member.service_name) AS loose_count,
        count() OVER (PARTITION BY member.tenant, member.service_name) AS item_count
    FROM
    (
        SELECT
            tenant,
            service_name,
            kind,
            item_id,
            conversation_id,
            cluster_id
        FROM cluster_member_log FINAL
        WHERE kind = {kind:String}
            AND ({service:String} = '' OR service_name = {service:String})
            AND ({tenant:Nullable(String)} IS NULL OR tenant = {tenant:Nullable(String)})
    ) AS member
    LEFT JOIN
    (
        SELECT
            tenant,
            conversation_id,
            request
        FROM conversation_log FINAL
    ) AS conversation ON conversation.tenant = member.tenant AND conversation.conversation_id = member.item_id
    LEFT JOIN
    (
        SELECT
            tenant,
            finding_id,
            subject
        FROM finding_log FINAL
    ) AS finding ON finding.tenant = member.tenant AND finding.finding_id = member.item_id
)
WHERE is_loose AND text != ''
GROUP BY
    tenant,
    service_name,
    text
ORDER BY
    conversation_count DESC,
    text
LIMIT {limit:UInt64}
