-- Takes out the messages in these scopes that no trace but these says; returns when they are gone.
ALTER TABLE message_bodies
    DELETE WHERE tenant = {tenant:String}
        AND scope IN {scopes:Array(String)}
        AND (scope, hash) NOT IN (
            SELECT
                scope,
                arrayJoin(arrayConcat(input_hashes, output_hashes))
            FROM span_facts
            WHERE tenant = {tenant:String}
                AND scope IN {scopes:Array(String)}
                AND trace_id NOT IN {trace_ids:Array(String)}
        )
    SETTINGS mutations_sync = 2, allow_nondeterministic_mutations = 1
