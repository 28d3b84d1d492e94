-- Lets conversations that no model was asked about say why.
ALTER TABLE conversation_log
    UPDATE state = {state:String}
    WHERE reading_hash = ''
        AND NOT startsWith(state, 'failed')
        AND state != {state:String}
    SETTINGS mutations_sync = 1
