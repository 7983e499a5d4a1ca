CREATE TABLE admins (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL
) STRICT;

-- Sessions, tokens and invites are kept by the hash of what their owner presents.
CREATE TABLE sessions (
    hash BLOB PRIMARY KEY,
    admin_id TEXT NOT NULL,
    passed INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_admin ON sessions (admin_id);
CREATE INDEX sessions_by_expiry ON sessions (expires);

CREATE TABLE admin_tokens (
    id TEXT PRIMARY KEY,
    admin_id TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    hint TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;

CREATE INDEX admin_tokens_by_admin ON admin_tokens (admin_id);

CREATE TABLE invites (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    body TEXT NOT NULL,
    expires INTEGER NOT NULL
) STRICT;

CREATE INDEX invites_by_org ON invites (org_id);
