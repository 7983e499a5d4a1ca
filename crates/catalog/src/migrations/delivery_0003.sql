-- What went to and fro, of attempts that failed.
ALTER TABLE deliveries ADD COLUMN request_url TEXT;
ALTER TABLE deliveries ADD COLUMN request_headers TEXT;
ALTER TABLE deliveries ADD COLUMN response_headers TEXT;

-- The body of a delivery is the same in all its attempts; `at` is the last that failed.
CREATE TABLE payloads (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE INDEX payloads_by_time ON payloads (at);
