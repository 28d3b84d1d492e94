-- Which tool results said of themselves that the call failed? Of those stored before, none is known to.
ALTER TABLE message_bodies
    ADD COLUMN IF NOT EXISTS is_error Bool DEFAULT false AFTER name
