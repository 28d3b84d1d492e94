-- Which data do people ask for that is not there, how often, and who? The demand list of what is missing in the inventory.
CREATE OR REPLACE VIEW demand AS
SELECT
    f.tenant AS tenant,
    c.service_name AS service_name,
    f.demand_key AS demand_key,
    topK(1)(f.requested_object)[1] AS requested_object,
    count() AS ask_count,
    uniqExact(f.conversation_id) AS conversation_count,
    uniqExactIf(c.user_id, c.user_id != '') AS user_count,
    min(f.seen_at) AS first_seen_at,
    max(f.seen_at) AS last_seen_at,
    topK(3)(f.code) AS codes,
    argMax(f.quote, f.seen_at) AS last_quote,
    argMax(f.conversation_id, f.seen_at) AS last_conversation_id,
    argMax(f.turn, f.seen_at) AS last_turn
FROM findings AS f
INNER JOIN conversations AS c ON c.tenant = f.tenant AND c.conversation_id = f.conversation_id
WHERE f.family = 'missing_inventory'
    AND f.is_root
    AND NOT f.is_recovered
    AND f.demand_key != ''
GROUP BY
    tenant,
    service_name,
    demand_key
