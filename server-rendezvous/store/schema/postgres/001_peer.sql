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
