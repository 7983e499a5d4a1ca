-- What somebody did, wherever that was.
CREATE INDEX events_by_doer ON events (json ->> '$.admin_id', at, row) WHERE topic = 'audits';
