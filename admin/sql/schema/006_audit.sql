-- What happened. Without references: it must outlive what it speaks of, so names are copied in.

-- Every event in one chain: mac is made of the row and of the mac before it, so that a row that is taken out or changed shows.
-- seq counts without gaps. What a subject needs to search for is in its own table, whose rows name their event.
CREATE TABLE audit_event (
	seq BIGINT PRIMARY KEY,
	at BIGINT NOT NULL,
	kind TEXT NOT NULL,
	actor_guid TEXT NOT NULL DEFAULT '',
	actor_name TEXT NOT NULL DEFAULT '',
	via TEXT NOT NULL DEFAULT '',
	target_kind TEXT NOT NULL DEFAULT '',
	target_guid TEXT NOT NULL DEFAULT '',
	target_name TEXT NOT NULL DEFAULT '',
	ip TEXT NOT NULL DEFAULT '',
	info TEXT NOT NULL DEFAULT '{}',
	mac TEXT NOT NULL
);
CREATE INDEX audit_event_by_time ON audit_event (at);
CREATE INDEX audit_event_by_kind ON audit_event (kind, seq);
CREATE INDEX audit_event_by_actor ON audit_event (actor_guid, seq);
CREATE INDEX audit_event_by_target ON audit_event (target_guid, seq);
CREATE INDEX audit_event_by_name ON audit_event (target_name, seq);
CREATE INDEX audit_event_by_ip ON audit_event (ip, seq);

-- The two ends of the chain; one row. What retention has taken away in front is vouched for by first_*.
CREATE TABLE audit_head (
	one SMALLINT PRIMARY KEY CHECK (one = 1),
	seq BIGINT NOT NULL,
	mac TEXT NOT NULL,
	first_seq BIGINT NOT NULL,
	first_mac TEXT NOT NULL,
	seal TEXT NOT NULL
);

-- session_id is a full unsigned 64-bit number: kept as text.
CREATE TABLE audit_conn (
	guid TEXT PRIMARY KEY,
	device_id TEXT NOT NULL,
	device_uuid TEXT NOT NULL,
	conn_id INTEGER NOT NULL,
	session_id TEXT NOT NULL DEFAULT '0',
	conn_type SMALLINT NOT NULL DEFAULT -1,
	peer_id TEXT NOT NULL DEFAULT '',
	peer_name TEXT NOT NULL DEFAULT '',
	account_guid TEXT NOT NULL DEFAULT '',
	account_name TEXT NOT NULL DEFAULT '',
	ip TEXT NOT NULL DEFAULT '',
	primary_auth SMALLINT NOT NULL DEFAULT 0,
	two_factor SMALLINT NOT NULL DEFAULT 0,
	note TEXT NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL,
	authed_at BIGINT NOT NULL DEFAULT 0,
	end_at BIGINT NOT NULL DEFAULT 0,
	end_reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX audit_conn_open ON audit_conn (device_id, conn_id) WHERE end_at = 0;
CREATE INDEX audit_conn_by_time ON audit_conn (created_at);
CREATE INDEX audit_conn_by_peer ON audit_conn (peer_id, created_at);
CREATE INDEX audit_conn_by_device ON audit_conn (device_id, created_at);
CREATE INDEX audit_conn_by_session ON audit_conn (session_id);

CREATE TABLE audit_file (
	guid TEXT PRIMARY KEY,
	conn_guid TEXT NOT NULL DEFAULT '',
	device_id TEXT NOT NULL,
	peer_id TEXT NOT NULL,
	peer_name TEXT NOT NULL DEFAULT '',
	account_guid TEXT NOT NULL DEFAULT '',
	ip TEXT NOT NULL DEFAULT '',
	direction SMALLINT NOT NULL,
	path TEXT NOT NULL,
	is_file SMALLINT NOT NULL,
	num INTEGER NOT NULL,
	files TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX audit_file_by_device ON audit_file (device_id, created_at);
CREATE INDEX audit_file_by_time ON audit_file (created_at);

CREATE TABLE audit_alarm (
	guid TEXT PRIMARY KEY,
	typ SMALLINT NOT NULL,
	device_id TEXT NOT NULL DEFAULT '',
	account_guid TEXT NOT NULL DEFAULT '',
	peer_id TEXT NOT NULL DEFAULT '',
	ip TEXT NOT NULL DEFAULT '',
	info TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX audit_alarm_by_time ON audit_alarm (created_at);

-- Failures by name and by net (an address, of IPv6 the first 64 bits), for the brakes on guessing.
CREATE TABLE audit_login (
	guid TEXT PRIMARY KEY,
	account_guid TEXT NOT NULL DEFAULT '',
	name_tried TEXT NOT NULL,
	via TEXT NOT NULL,
	ok SMALLINT NOT NULL CHECK (ok IN (0, 1)),
	reason TEXT NOT NULL DEFAULT '',
	ip TEXT NOT NULL,
	net TEXT NOT NULL,
	device_id TEXT NOT NULL DEFAULT '',
	device_uuid TEXT NOT NULL DEFAULT '',
	os TEXT NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL
);
CREATE INDEX audit_login_by_name ON audit_login (name_tried, created_at);
CREATE INDEX audit_login_by_net ON audit_login (net, created_at);
CREATE INDEX audit_login_by_time ON audit_login (created_at);

-- Reports that came already: a client sends one again when it saw no answer.
CREATE TABLE audit_nonce (
	nonce TEXT PRIMARY KEY,
	seen_at BIGINT NOT NULL
);
CREATE INDEX audit_nonce_by_time ON audit_nonce (seen_at);

-- Ties a connection that a host reports to the account of the viewer.
CREATE TABLE audit_ref (
	ref TEXT PRIMARY KEY,
	account_guid TEXT NOT NULL,
	session_guid TEXT NOT NULL,
	device_id TEXT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX audit_ref_by_end ON audit_ref (expires_at);

CREATE TABLE recording (
	guid TEXT PRIMARY KEY,
	device_id TEXT NOT NULL,
	file TEXT NOT NULL,
	viewer_id TEXT NOT NULL DEFAULT '',
	account_guid TEXT NOT NULL DEFAULT '',
	account_name TEXT NOT NULL DEFAULT '',
	state TEXT NOT NULL CHECK (state IN ('open', 'done')),
	format TEXT NOT NULL CHECK (format IN ('webm', 'mp4')),
	key_name TEXT NOT NULL,
	bytes BIGINT NOT NULL DEFAULT 0,
	stored BIGINT NOT NULL,
	parts BIGINT NOT NULL DEFAULT 0,
	chain TEXT NOT NULL,
	seconds BIGINT NOT NULL DEFAULT 0,
	started_at BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	UNIQUE (device_id, file)
);
CREATE INDEX recording_by_time ON recording (started_at, guid);
