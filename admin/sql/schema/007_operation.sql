-- The service itself.

CREATE TABLE setting (
	skey TEXT PRIMARY KEY,
	sval TEXT NOT NULL,
	secret SMALLINT NOT NULL DEFAULT 0 CHECK (secret IN (0, 1)),
	updated_at BIGINT NOT NULL,
	updated_by TEXT NOT NULL DEFAULT ''
);

-- state drain: no new sessions.
CREATE TABLE relay (
	guid TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	name_key TEXT NOT NULL UNIQUE,
	host TEXT NOT NULL,
	port INTEGER NOT NULL DEFAULT 21117 CHECK (port BETWEEN 1 AND 65535),
	control TEXT NOT NULL DEFAULT '',
	weight INTEGER NOT NULL DEFAULT 100,
	state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'drain', 'off')),
	note TEXT NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);

-- What only one of several nodes of this service does at a time. fence: grows with each holder.
CREATE TABLE lease (
	name TEXT PRIMARY KEY,
	holder TEXT NOT NULL,
	fence BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);

-- Sessions that a viewer keeps alive, for limits on how many there may be.
CREATE TABLE live_session (
	token TEXT PRIMARY KEY,
	account_guid TEXT NOT NULL DEFAULT '',
	device_id TEXT NOT NULL,
	node_guid TEXT NOT NULL,
	started_at BIGINT NOT NULL,
	beat_at BIGINT NOT NULL
);
CREATE INDEX live_session_by_account ON live_session (account_guid);

-- Mails and calls of webhooks that wait, were sent (state 1) or given up (2). rcpt: an address, or the guid of a webhook. next_at is also
-- the claim of who sends it: it is put forward first, so that of several nodes one does. body_enc: there may be a code in it.
CREATE TABLE notice (
	guid TEXT PRIMARY KEY,
	way TEXT NOT NULL CHECK (way IN ('mail', 'webhook')),
	rcpt TEXT NOT NULL,
	kind TEXT NOT NULL,
	subject TEXT NOT NULL,
	body_enc TEXT NOT NULL,
	state SMALLINT NOT NULL DEFAULT 0 CHECK (state IN (0, 1, 2)),
	tries INTEGER NOT NULL DEFAULT 0,
	next_at BIGINT NOT NULL,
	sent_at BIGINT NOT NULL DEFAULT 0,
	last_error TEXT NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL
);
CREATE INDEX notice_waiting ON notice (next_at) WHERE state = 0;
CREATE INDEX notice_by_time ON notice (created_at);

-- alarms: names with blanks around each, as in ' relay_down node_down '.
CREATE TABLE webhook (
	guid TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	name_key TEXT NOT NULL UNIQUE,
	url TEXT NOT NULL,
	secret_enc TEXT NOT NULL,
	enabled SMALLINT NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
	alarms TEXT NOT NULL DEFAULT ' ',
	failures INTEGER NOT NULL DEFAULT 0,
	last_at BIGINT NOT NULL DEFAULT 0,
	last_text TEXT NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);

-- When an alarm was last told of, and how often it has come again since.
CREATE TABLE alarm_said (
	kind TEXT NOT NULL,
	about TEXT NOT NULL,
	said_at BIGINT NOT NULL,
	held_back BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (kind, about)
);

-- What changed, so that other nodes forget what they remember of it.
CREATE TABLE change_log (
	seq BIGINT PRIMARY KEY,
	kind TEXT NOT NULL,
	ref TEXT NOT NULL,
	at BIGINT NOT NULL
);

INSERT INTO counter (name, value) VALUES ('strategy', 0), ('change', 0), ('owners', 0), ('login', 0);
