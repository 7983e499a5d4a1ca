-- Alarms are kept too, one row each: everything is filled in anew from the event log. Those of
-- other servers may be of no site, say less of themselves, and have ids that another org or site
-- has as well.
CREATE TABLE alarms (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    org_id TEXT NOT NULL,
    site_id TEXT,
    at INTEGER NOT NULL,
    type TEXT,
    "group" TEXT,
    severity TEXT,
    status TEXT,
    acked INTEGER NOT NULL DEFAULT 0,
    acked_time INTEGER,
    ack_admin_id TEXT,
    ack_admin_name TEXT,
    note TEXT,
    json TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX alarms_by_id ON alarms (id, org_id, coalesce(site_id, ''));
CREATE INDEX alarms_by_time ON alarms (at);

-- These hold all that alarms can be asked for and counted by: a search looks at a hundred thousand
-- of them, and reads the few rows that it tells.
CREATE INDEX alarms_by_org ON alarms
    (org_id, at, row, type, "group", severity, status, acked, ack_admin_name, site_id);
CREATE INDEX alarms_by_site ON alarms
    (site_id, at, row, type, "group", severity, status, acked, ack_admin_name, org_id);
CREATE INDEX alarms_by_type ON alarms
    (org_id, type, at, row, "group", severity, status, acked, ack_admin_name, site_id);
CREATE INDEX alarms_by_type_of_site ON alarms
    (site_id, type, at, row, "group", severity, status, acked, ack_admin_name, org_id);

DELETE FROM events;
DELETE FROM cursors;
