-- Remove a table, if it is there, before going on.
DROP TABLE IF EXISTS {name:Identifier} SYNC
