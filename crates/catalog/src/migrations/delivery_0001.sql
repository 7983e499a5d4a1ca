CREATE TABLE lanes (
    webhook_id TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    org_id TEXT NOT NULL,
    cursor TEXT NOT NULL,
    previous TEXT,
    idle INTEGER NOT NULL,
    open BLOB NOT NULL,
    PRIMARY KEY (webhook_id, topic, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE watermarks (
    class TEXT NOT NULL,
    partition INTEGER NOT NULL,
    record INTEGER NOT NULL,
    PRIMARY KEY (class, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    webhook_id TEXT NOT NULL,
    org_id TEXT NOT NULL,
    site_id TEXT,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    at INTEGER NOT NULL,
    fate TEXT NOT NULL,
    status_code INTEGER,
    error TEXT,
    latency_us INTEGER NOT NULL,
    request_bytes INTEGER NOT NULL,
    response TEXT,
    events INTEGER NOT NULL,
    first_key TEXT NOT NULL,
    last_key TEXT NOT NULL
) STRICT;

CREATE INDEX deliveries_by_webhook ON deliveries (webhook_id, at, row);
CREATE INDEX deliveries_by_time ON deliveries (at);

CREATE TABLE projections (
    name TEXT NOT NULL,
    partition INTEGER NOT NULL,
    version INTEGER NOT NULL,
    cursor TEXT NOT NULL,
    PRIMARY KEY (name, partition)
) STRICT, WITHOUT ROWID;
