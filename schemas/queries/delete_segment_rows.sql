-- Takes the rows of one segment out of a table, before they are written anew; returns when they are gone.
ALTER TABLE {table:Identifier}
    DELETE WHERE {column:Identifier} = {segment:String}
    SETTINGS mutations_sync = 2
