-- Alarms are kept too, one row each: everything is filled in anew from the event log.
CREATE TABLE alarms (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    org_id TEXT NOT NULL,
    site_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    "group" TEXT NOT NULL,
    severity TEXT NOT NULL,
    status TEXT,
    acked INTEGER NOT NULL DEFAULT 0,
    acked_time INTEGER,
    ack_admin_id TEXT,
    ack_admin_name TEXT,
    note TEXT,
    json TEXT NOT NULL
) STRICT;

CREATE INDEX alarms_by_org ON alarms (org_id, at, row);
CREATE INDEX alarms_by_site ON alarms (site_id, at, row);
CREATE INDEX alarms_by_type ON alarms (org_id, type, at, row);
CREATE INDEX alarms_by_type_of_site ON alarms (site_id, type, at, row);
CREATE INDEX alarms_by_time ON alarms (at);

DELETE FROM events;
DELETE FROM cursors;
