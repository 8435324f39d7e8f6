-- Version 1 of the tables of hawser-rendezvous on postgres, as they were written, and what a server had in them.
CREATE SCHEMA hawser;
SET search_path TO hawser;
CREATE TABLE version (step int NOT NULL);
INSERT INTO version VALUES (1);
-- Registered devices. Ids compare as bytes, as in memory.
CREATE TABLE peer (
	id text COLLATE "C" PRIMARY KEY,
	uuid bytea NOT NULL,
	pk bytea,
	ip text NOT NULL,
	created_s bigint NOT NULL,
	seen_s bigint NOT NULL
);

-- Lists, groups and rules that operators change at run time.
CREATE TABLE entry (
	kind text COLLATE "C" NOT NULL,
	key text COLLATE "C" NOT NULL,
	value text NOT NULL,
	PRIMARY KEY (kind, key)
);

-- Nodes that share this database, and when each said last that it lives. `boot` is a number of its own for each run of
-- the server, so that what an earlier run left behind means nothing.
CREATE TABLE node (
	name text COLLATE "C" PRIMARY KEY,
	boot bigint NOT NULL UNIQUE,
	seen timestamptz NOT NULL
);

-- Which node holds a device now.
CREATE TABLE location (
	id text COLLATE "C" PRIMARY KEY,
	boot bigint NOT NULL
);
CREATE INDEX location_boot ON location (boot);
INSERT INTO peer (id, uuid, pk, ip, created_s, seen_s) VALUES
	('123456789', '\x6d31', '\x8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f', '192.0.2.7', 1600000000, 1700000000),
	('223456789', '\x6d32', NULL, '2001:db8::7', 1600000001, 1700000001),
	('my-till', '\x00ff', '\x0000000000000000000000000000000000000000000000000000000000000000', '', 1, 2);
INSERT INTO entry (kind, key, value) VALUES
	('block-ip', '192.0.2.0/24', 'note'),
	('name', '123456789', 'the till at the door, ''A'''),
	('block', '987654321', '');
INSERT INTO node VALUES ('a', 4711, '2026-01-01 00:00:00+00');
INSERT INTO location VALUES ('123456789', 4711);
