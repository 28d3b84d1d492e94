-- How many rows of one segment does a table hold?
SELECT
    count() AS row_count
FROM {table:Identifier}
WHERE {column:Identifier} = {segment:String}
