-- The indices of alarms hold all that alarms can be asked for and counted by: a search looks at
-- a hundred thousand of them, and reads the few rows that it tells.
DROP INDEX alarms_by_org;
DROP INDEX alarms_by_site;
DROP INDEX alarms_by_type;
DROP INDEX alarms_by_type_of_site;

CREATE INDEX alarms_by_org ON alarms
    (org_id, at, row, type, "group", severity, status, acked, ack_admin_name, site_id);
CREATE INDEX alarms_by_site ON alarms
    (site_id, at, row, type, "group", severity, status, acked, ack_admin_name, org_id);
CREATE INDEX alarms_by_type ON alarms
    (org_id, type, at, row, "group", severity, status, acked, ack_admin_name, site_id);
CREATE INDEX alarms_by_type_of_site ON alarms
    (site_id, type, at, row, "group", severity, status, acked, ack_admin_name, org_id);
