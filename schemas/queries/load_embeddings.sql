-- Which vectors are known of these texts?
SELECT
    text_hash,
    vector
FROM embeddings FINAL
WHERE model = {model:String} AND text_hash IN {text_hashes:Array(String)}
