-- When tokens were last used, to the minute.
CREATE TABLE token_uses (
    token TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
