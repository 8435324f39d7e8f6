-- What can be reached.

CREATE TABLE device_group (
	guid TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	name_key TEXT NOT NULL UNIQUE,
	note TEXT NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);

-- status: 1 in use, 0 disabled, 2 waits for approval. uuid: what the device calls its machine; copies of an image share it.
-- *_override: what an administrator has set, stronger than what the device reports. search: all that a list is searched for, folded.
-- strategy_seen, strategy_keys: what the device has of a strategy, so that it can be taken back (strategies.h).
CREATE TABLE device (
	guid TEXT PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	uuid TEXT NOT NULL,
	pk TEXT NOT NULL DEFAULT '',
	status SMALLINT NOT NULL DEFAULT 1 CHECK (status IN (0, 1, 2)),
	owner_guid TEXT REFERENCES account (guid) ON DELETE SET NULL,
	device_group_guid TEXT REFERENCES device_group (guid) ON DELETE SET NULL,
	note TEXT NOT NULL DEFAULT '',
	hostname TEXT NOT NULL DEFAULT '',
	sys_username TEXT NOT NULL DEFAULT '',
	name_override TEXT NOT NULL DEFAULT '',
	user_override TEXT NOT NULL DEFAULT '',
	os TEXT NOT NULL DEFAULT '',
	cpu TEXT NOT NULL DEFAULT '',
	memory TEXT NOT NULL DEFAULT '',
	version TEXT NOT NULL DEFAULT '',
	version_num BIGINT NOT NULL DEFAULT 0,
	preset TEXT NOT NULL DEFAULT '{}',
	search TEXT NOT NULL DEFAULT '',
	sysinfo_at BIGINT NOT NULL DEFAULT 0,
	sysinfo_wanted SMALLINT NOT NULL DEFAULT 0 CHECK (sysinfo_wanted IN (0, 1)),
	strategy_seen BIGINT NOT NULL DEFAULT 0,
	strategy_keys TEXT NOT NULL DEFAULT '',
	last_ip TEXT NOT NULL DEFAULT '',
	last_online BIGINT NOT NULL DEFAULT 0,
	registered_at BIGINT NOT NULL,
	deployed_by TEXT NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE INDEX device_by_owner ON device (owner_guid, id);
CREATE INDEX device_by_group ON device (device_group_guid, id);
CREATE INDEX device_by_online ON device (last_online, id);
CREATE INDEX device_by_status ON device (status, id);
CREATE INDEX device_by_uuid ON device (uuid);

CREATE TABLE device_id_history (
	old_id TEXT NOT NULL,
	device_guid TEXT NOT NULL REFERENCES device (guid) ON DELETE CASCADE,
	changed_at BIGINT NOT NULL,
	PRIMARY KEY (old_id, changed_at)
);
CREATE INDEX device_id_history_by_device ON device_id_history (device_guid);

-- Labels of administrators, apart from those in address books.
CREATE TABLE device_tag (
	device_guid TEXT NOT NULL REFERENCES device (guid) ON DELETE CASCADE,
	tag TEXT NOT NULL,
	PRIMARY KEY (device_guid, tag)
);
CREATE INDEX device_tag_by_tag ON device_tag (tag);

-- Connections that a device reports, and those that it is to end.
CREATE TABLE device_conn (
	device_guid TEXT NOT NULL REFERENCES device (guid) ON DELETE CASCADE,
	conn_id INTEGER NOT NULL,
	first_seen BIGINT NOT NULL,
	last_seen BIGINT NOT NULL,
	PRIMARY KEY (device_guid, conn_id)
);
CREATE TABLE disconnect_request (
	device_guid TEXT NOT NULL REFERENCES device (guid) ON DELETE CASCADE,
	conn_id INTEGER NOT NULL,
	requested_by TEXT NOT NULL,
	requested_at BIGINT NOT NULL,
	sent_at BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (device_guid, conn_id)
);

-- A host that changes sides with its viewer: the viewer may come in once.
CREATE TABLE switch_grant (
	verifier TEXT PRIMARY KEY,
	device_id TEXT NOT NULL,
	expires_at BIGINT NOT NULL
);
