-- Pictures of objects; they go with them.
CREATE TABLE images (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    media TEXT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
