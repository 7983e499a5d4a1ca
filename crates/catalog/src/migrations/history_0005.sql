-- Alarms of other servers are kept too: they may be of no site, say less of themselves, and have
-- ids that another org or site has as well.
CREATE TABLE alarms_of_all (
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

INSERT INTO alarms_of_all
SELECT row, id, org_id, site_id, at, type, "group", severity, status, acked, acked_time,
       ack_admin_id, ack_admin_name, note, json
FROM alarms;
DROP TABLE alarms;
ALTER TABLE alarms_of_all RENAME TO alarms;

CREATE UNIQUE INDEX alarms_by_id ON alarms (id, org_id, coalesce(site_id, ''));
CREATE INDEX alarms_by_org ON alarms (org_id, at, row);
CREATE INDEX alarms_by_site ON alarms (site_id, at, row);
CREATE INDEX alarms_by_type ON alarms (org_id, type, at, row);
CREATE INDEX alarms_by_type_of_site ON alarms (site_id, type, at, row);
CREATE INDEX alarms_by_time ON alarms (at);
