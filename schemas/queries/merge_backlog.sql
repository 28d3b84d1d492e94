-- How much is there to merge: the parts of the partition that has most, and mutations that wait?
SELECT
    (
        SELECT max(part_count)
        FROM
        (
            SELECT count() AS part_count
            FROM system.parts
            WHERE active AND database = currentDatabase()
            GROUP BY
                table,
                partition_id
        )
    ) AS part_count,
    (
        SELECT count()
        FROM system.mutations
        WHERE NOT is_done AND database = currentDatabase()
    ) AS mutation_count
