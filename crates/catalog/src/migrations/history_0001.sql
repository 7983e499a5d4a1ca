CREATE TABLE cursors (
    partition INTEGER PRIMARY KEY,
    record INTEGER NOT NULL
) STRICT;

CREATE TABLE events (
    row INTEGER PRIMARY KEY,
    partition INTEGER NOT NULL,
    record INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    topic TEXT NOT NULL,
    org_id TEXT NOT NULL,
    site_id TEXT,
    at INTEGER NOT NULL,
    json TEXT NOT NULL,
    UNIQUE (partition, record, ordinal)
) STRICT;

CREATE INDEX events_by_org ON events (org_id, topic, at, row);
CREATE INDEX events_by_site ON events (site_id, topic, at, row);
CREATE INDEX events_by_time ON events (at);
