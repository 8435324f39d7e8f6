-- Version 1 of the tables of hawser-rendezvous on sqlite, as they were written, and what a server had in them.
PRAGMA application_id = 1213682514;
PRAGMA user_version = 1;
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
INSERT INTO peer (id, uuid, pk, ip, created_s, seen_s) VALUES
	('123456789', x'6d31', x'8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f', '192.0.2.7', 1600000000, 1700000000),
	('223456789', x'6d32', NULL, '2001:db8::7', 1600000001, 1700000001),
	('my-till', x'00ff', x'0000000000000000000000000000000000000000000000000000000000000000', '', 1, 2);
INSERT INTO entry (kind, key, value) VALUES
	('block-ip', '192.0.2.0/24', 'note'),
	('name', '123456789', 'the till at the door, ''A'''),
	('block', '987654321', '');
