-- Registered devices. WITHOUT ROWID: the id is the key of every access.
CREATE TABLE peer (
	id TEXT PRIMARY KEY NOT NULL,
	uuid BLOB NOT NULL,
	pk BLOB,
	ip TEXT NOT NULL,
	created_s INTEGER NOT NULL,
	seen_s INTEGER NOT NULL
) WITHOUT ROWID;

-- Lists, groups and rules that operators change at run time.
CREATE TABLE entry (
	kind TEXT NOT NULL,
	key TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (kind, key)
) WITHOUT ROWID;
