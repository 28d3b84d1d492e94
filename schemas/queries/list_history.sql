-- What became of the groups lately, latest first? An empty cluster is every one.
SELECT *
FROM cluster_history
WHERE ({cluster:String} = '' OR cluster_id = {cluster:String} OR has(related_ids, {cluster:String}))
    AND ({tenant:Nullable(String)} IS NULL OR tenant = {tenant:Nullable(String)})
LIMIT {limit:UInt64}
