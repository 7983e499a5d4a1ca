-- Device events are kept too: everything is filled in anew from the event log.
DELETE FROM events;
DELETE FROM cursors;
