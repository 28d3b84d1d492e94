-- Takes out the ratings and comments on these answers of a model, and not on one of these traces; returns when they are gone.
ALTER TABLE feedback
    DELETE WHERE tenant = {tenant:String}
        AND trace_id NOT IN {trace_ids:Array(String)}
        AND response_id IN {response_ids:Array(String)}
    SETTINGS mutations_sync = 2
