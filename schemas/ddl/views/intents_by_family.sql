-- Which wishes meet which failures? Conversations by intent and family; `none` are those without a finding.
CREATE OR REPLACE VIEW intents_by_family AS
SELECT
    member.tenant AS tenant,
    member.service_name AS service_name,
    member.cluster_id AS intent_id,
    any(cluster.title) AS intent,
    family,
    uniqExact(member.conversation_id) AS conversation_count,
    any(cluster.conversation_count) AS intent_conversation_count
FROM
(
    SELECT
        tenant,
        service_name,
        cluster_id,
        conversation_id
    FROM cluster_member_log FINAL
    WHERE kind = 'intents' AND cluster_id != ''
) AS member
INNER JOIN
(
    SELECT
        tenant,
        cluster_id,
        title,
        conversation_count
    FROM cluster_log FINAL
    WHERE kind = 'intents' AND NOT is_held_back
) AS cluster ON cluster.tenant = member.tenant AND cluster.cluster_id = member.cluster_id
LEFT JOIN
(
    SELECT
        tenant,
        conversation_id,
        groupUniqArray(family) AS families
    FROM findings
    GROUP BY
        tenant,
        conversation_id
) AS found ON found.tenant = member.tenant AND found.conversation_id = member.conversation_id
ARRAY JOIN if(empty(found.families), ['none'], found.families) AS family
GROUP BY
    tenant,
    service_name,
    intent_id,
    family
ORDER BY
    tenant,
    service_name,
    intent_conversation_count DESC,
    intent_id,
    conversation_count DESC,
    family
