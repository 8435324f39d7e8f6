-- Version 7 of the tables of hawser-api, the same text for both engines, and something in each that outlives a restart.
-- Who may do what. Every key is a random UUID: clients see it in addresses, and numbers that count up would tell how many there are.
-- *_key is the folded form of a name (admin/data/name.h), so that names are unique however they are written.

-- A group of accounts; each account is in exactly one. intra_access: members reach each other's devices.
CREATE TABLE user_group (
	guid TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	name_key TEXT NOT NULL UNIQUE,
	note TEXT NOT NULL DEFAULT '',
	intra_access SMALLINT NOT NULL DEFAULT 1 CHECK (intra_access IN (0, 1)),
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);

-- What may be done while connected: perms is the word that hosts read, two bits for each permission.
-- builtin: the two that stand in when an account has none ('default') or there is no account ('not_logged').
CREATE TABLE control_role (
	guid TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	name_key TEXT NOT NULL UNIQUE,
	builtin TEXT NOT NULL DEFAULT '' CHECK (builtin IN ('', 'not_logged', 'default')),
	enabled SMALLINT NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
	perms BIGINT NOT NULL DEFAULT 0,
	note TEXT NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
INSERT INTO control_role (guid, name, name_key, builtin, created_at, updated_at) VALUES
	('00000000-0000-4000-8000-000000000001', 'Default', 'default', 'default', 0, 0),
	('00000000-0000-4000-8000-000000000002', 'Not logged in', 'not logged in', 'not_logged', 0, 0);

CREATE UNIQUE INDEX control_role_builtin ON control_role (builtin) WHERE builtin <> '';

-- status as clients read it: 1 normal, 0 disabled, -1 not verified yet. session_epoch: one more ends all sessions at once, without
-- touching them. pw_hash: Argon2id; none = only by an identity provider.
CREATE TABLE account (
	guid TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	name_key TEXT NOT NULL UNIQUE,
	display_name TEXT NOT NULL DEFAULT '',
	email TEXT NOT NULL DEFAULT '',
	email_key TEXT UNIQUE,
	note TEXT NOT NULL DEFAULT '',
	status SMALLINT NOT NULL DEFAULT 1 CHECK (status IN (-1, 0, 1)),
	role TEXT NOT NULL DEFAULT 'user' CHECK (role IN ('owner', 'admin', 'operator', 'auditor', 'user', 'readonly')),
	source TEXT NOT NULL DEFAULT 'local' CHECK (source IN ('local', 'ldap', 'oidc')),
	pw_hash TEXT,
	pw_changed_at BIGINT NOT NULL DEFAULT 0,
	must_change_pw SMALLINT NOT NULL DEFAULT 0 CHECK (must_change_pw IN (0, 1)),
	user_group_guid TEXT NOT NULL REFERENCES user_group (guid),
	control_role_guid TEXT REFERENCES control_role (guid),
	email_verification SMALLINT NOT NULL DEFAULT 0 CHECK (email_verification IN (0, 1)),
	email_alarm SMALLINT NOT NULL DEFAULT 0 CHECK (email_alarm IN (0, 1)),
	tfa_enforced SMALLINT NOT NULL DEFAULT 0 CHECK (tfa_enforced IN (0, 1)),
	session_epoch BIGINT NOT NULL DEFAULT 0,
	max_sessions INTEGER NOT NULL DEFAULT 0,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	last_login_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX account_by_group ON account (user_group_guid);
CREATE INDEX account_by_control_role ON account (control_role_guid);

-- A picture, as hex. Fetched without a login: the name is 128 random bits, and another one with each picture.
CREATE TABLE avatar (
	account_guid TEXT PRIMARY KEY REFERENCES account (guid) ON DELETE CASCADE,
	name TEXT NOT NULL UNIQUE,
	picture TEXT NOT NULL
);

-- An account elsewhere: by the stable subject of its provider, never by its mail address alone.
CREATE TABLE account_identity (
	provider TEXT NOT NULL,
	subject TEXT NOT NULL,
	account_guid TEXT NOT NULL REFERENCES account (guid) ON DELETE CASCADE,
	claims TEXT NOT NULL DEFAULT '{}',
	linked_at BIGINT NOT NULL,
	PRIMARY KEY (provider, subject)
);
CREATE INDEX account_identity_by_account ON account_identity (account_guid);
-- How an account proves itself. *_hash is SHA-256 of 256 random bits, or of a code that lives minutes and few tries; *_enc is sealed
-- under a key that is not in the database.

-- last_step: the newest time step that was accepted, so that a code serves once.
CREATE TABLE account_totp (
	account_guid TEXT PRIMARY KEY REFERENCES account (guid) ON DELETE CASCADE,
	secret_enc TEXT NOT NULL,
	last_step BIGINT NOT NULL DEFAULT 0,
	enabled_at BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE account_recovery_code (
	account_guid TEXT NOT NULL REFERENCES account (guid) ON DELETE CASCADE,
	code_hash TEXT NOT NULL,
	used_at BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (account_guid, code_hash)
);

-- Between the password and the second factor. Bound to the client that began.
CREATE TABLE login_challenge (
	secret_hash TEXT PRIMARY KEY,
	account_guid TEXT NOT NULL REFERENCES account (guid) ON DELETE CASCADE,
	kind TEXT NOT NULL CHECK (kind IN ('email_check', 'tfa_check')),
	device_id TEXT NOT NULL,
	device_uuid TEXT NOT NULL,
	code_hash TEXT NOT NULL DEFAULT '',
	tries INTEGER NOT NULL DEFAULT 0,
	via TEXT NOT NULL DEFAULT 'password',
	expires_at BIGINT NOT NULL
);
CREATE INDEX login_challenge_by_account ON login_challenge (account_guid);
CREATE INDEX login_challenge_by_end ON login_challenge (expires_at);

-- Where no second factor is asked for.
CREATE TABLE login_trust (
	account_guid TEXT NOT NULL REFERENCES account (guid) ON DELETE CASCADE,
	kind TEXT NOT NULL CHECK (kind IN ('ip', 'uuid')),
	data TEXT NOT NULL,
	info TEXT NOT NULL DEFAULT '{}',
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (account_guid, kind, data)
);

CREATE TABLE auth_session (
	guid TEXT PRIMARY KEY,
	token_hash TEXT NOT NULL UNIQUE,
	account_guid TEXT NOT NULL REFERENCES account (guid) ON DELETE CASCADE,
	epoch BIGINT NOT NULL,
	kind TEXT NOT NULL CHECK (kind IN ('client', 'browser', 'console')),
	device_id TEXT NOT NULL DEFAULT '',
	device_uuid TEXT NOT NULL DEFAULT '',
	os TEXT NOT NULL DEFAULT '',
	device_name TEXT NOT NULL DEFAULT '',
	ip TEXT NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL,
	last_used_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	life_ms BIGINT NOT NULL
);
CREATE INDEX auth_session_by_account ON auth_session (account_guid);
CREATE INDEX auth_session_by_end ON auth_session (expires_at);

-- For scripts. prefix: the first signs, so that a person knows it again in a list. expires_at 0 = never.
CREATE TABLE api_token (
	guid TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	token_hash TEXT NOT NULL UNIQUE,
	prefix TEXT NOT NULL,
	created_by TEXT NOT NULL REFERENCES account (guid) ON DELETE CASCADE,
	enabled SMALLINT NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
	expires_at BIGINT NOT NULL DEFAULT 0,
	last_used_at BIGINT NOT NULL DEFAULT 0,
	last_ip TEXT NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE INDEX api_token_by_account ON api_token (created_by);
CREATE TABLE api_token_scope (
	token_guid TEXT NOT NULL REFERENCES api_token (guid) ON DELETE CASCADE,
	area TEXT NOT NULL,
	access TEXT NOT NULL CHECK (access IN ('r', 'rw')),
	PRIMARY KEY (token_guid, area)
);

-- One-time links: the first set-up, invitations, a forgotten password.
CREATE TABLE one_time_link (
	token_hash TEXT PRIMARY KEY,
	kind TEXT NOT NULL CHECK (kind IN ('setup', 'invitation', 'password')),
	account_guid TEXT REFERENCES account (guid) ON DELETE CASCADE,
	email TEXT NOT NULL DEFAULT '',
	name TEXT NOT NULL DEFAULT '',
	user_group_guid TEXT REFERENCES user_group (guid) ON DELETE CASCADE,
	note TEXT NOT NULL DEFAULT '',
	made_by TEXT NOT NULL DEFAULT '',
	expires_at BIGINT NOT NULL,
	used_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX one_time_link_by_account ON one_time_link (account_guid);
CREATE INDEX one_time_link_by_group ON one_time_link (user_group_guid);
CREATE INDEX one_time_link_by_end ON one_time_link (expires_at);

-- Whom people may log in with. domains: addresses that may come in, comma separated, none = all. group_map: JSON, claim -> group or role.
CREATE TABLE oidc_provider (
	guid TEXT PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	title TEXT NOT NULL DEFAULT '',
	issuer TEXT NOT NULL,
	client_id TEXT NOT NULL,
	client_secret_enc TEXT NOT NULL DEFAULT '',
	scopes TEXT NOT NULL DEFAULT 'openid profile email',
	icon TEXT NOT NULL DEFAULT '',
	auto_create SMALLINT NOT NULL DEFAULT 0 CHECK (auto_create IN (0, 1)),
	domains TEXT NOT NULL DEFAULT '',
	group_map TEXT NOT NULL DEFAULT '{}',
	enabled SMALLINT NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);

-- A login that is under way at a provider. phase: begun; returned: the browser is back;
-- asking: the person is known, and shown who asks; agreed. consent_hash: of what only
-- the browser has that is shown the question; of the console, that which began.
CREATE TABLE oidc_flow (
	code_hash TEXT PRIMARY KEY,
	state_hash TEXT NOT NULL UNIQUE,
	provider_guid TEXT NOT NULL REFERENCES oidc_provider (guid) ON DELETE CASCADE,
	kind TEXT NOT NULL CHECK (kind IN ('client', 'browser', 'console')),
	phase TEXT NOT NULL DEFAULT 'begun' CHECK (phase IN ('begun', 'returned', 'asking', 'agreed')),
	nonce TEXT NOT NULL,
	verifier_enc TEXT NOT NULL,
	consent_hash TEXT NOT NULL DEFAULT '',
	redirect_uri TEXT NOT NULL,
	device_id TEXT NOT NULL DEFAULT '',
	device_uuid TEXT NOT NULL DEFAULT '',
	device_os TEXT NOT NULL DEFAULT '',
	device_name TEXT NOT NULL DEFAULT '',
	ip TEXT NOT NULL DEFAULT '',
	account_guid TEXT REFERENCES account (guid) ON DELETE CASCADE,
	error TEXT NOT NULL DEFAULT '',
	expires_at BIGINT NOT NULL
);
CREATE INDEX oidc_flow_by_end ON oidc_flow (expires_at);
CREATE INDEX oidc_flow_by_provider ON oidc_flow (provider_guid);
CREATE INDEX oidc_flow_by_account ON oidc_flow (account_guid);
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
-- Who may reach what, and what hosts are told.

-- Rules only allow; what none allows is refused. perms: as in control_role, 0 = as the account's role says; a control role of its own
-- goes before. When: days is a mask (1 = Monday ... 64 = Sunday), minutes of the day at utc_offset minutes or in a zone that has a name,
-- until 0 = no end; minute_from > minute_to goes past midnight.
CREATE TABLE access_rule (
	guid TEXT PRIMARY KEY,
	name TEXT NOT NULL DEFAULT '',
	name_key TEXT NOT NULL DEFAULT '',
	subj_kind TEXT NOT NULL CHECK (subj_kind IN ('user', 'user_group')),
	subj_guid TEXT NOT NULL,
	obj_kind TEXT NOT NULL CHECK (obj_kind IN ('user', 'user_group', 'device_group', 'device')),
	obj_guid TEXT NOT NULL,
	enabled SMALLINT NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
	perms BIGINT NOT NULL DEFAULT 0,
	control_role_guid TEXT REFERENCES control_role (guid),
	days SMALLINT NOT NULL DEFAULT 127 CHECK (days BETWEEN 0 AND 127),
	minute_from SMALLINT NOT NULL DEFAULT 0 CHECK (minute_from BETWEEN 0 AND 1439),
	minute_to SMALLINT NOT NULL DEFAULT 1440 CHECK (minute_to BETWEEN 1 AND 1440),
	utc_offset SMALLINT NOT NULL DEFAULT 0 CHECK (utc_offset BETWEEN -840 AND 840),
	zone TEXT NOT NULL DEFAULT '',
	valid_from BIGINT NOT NULL DEFAULT 0,
	valid_until BIGINT NOT NULL DEFAULT 0,
	note TEXT NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE INDEX access_rule_by_subject ON access_rule (subj_kind, subj_guid);
CREATE INDEX access_rule_by_object ON access_rule (obj_kind, obj_guid);
CREATE INDEX access_rule_by_name ON access_rule (name_key, guid);
CREATE INDEX access_rule_by_role ON access_rule (control_role_guid);

-- Settings for hosts. modified_at: from one counter (table counter), so that no two ever share a number: a host knows by it what it has.
CREATE TABLE strategy (
	guid TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	name_key TEXT NOT NULL UNIQUE,
	note TEXT NOT NULL DEFAULT '',
	enabled SMALLINT NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
	enforce SMALLINT NOT NULL DEFAULT 0 CHECK (enforce IN (0, 1)),
	is_default SMALLINT NOT NULL DEFAULT 0 CHECK (is_default IN (0, 1)),
	modified_at BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX strategy_default ON strategy (is_default) WHERE is_default = 1;
CREATE TABLE strategy_option (
	strategy_guid TEXT NOT NULL REFERENCES strategy (guid) ON DELETE CASCADE,
	okey TEXT NOT NULL,
	oval TEXT NOT NULL,
	PRIMARY KEY (strategy_guid, okey)
);
CREATE TABLE strategy_target (
	target_kind TEXT NOT NULL CHECK (target_kind IN ('device', 'user', 'device_group')),
	target_guid TEXT NOT NULL,
	strategy_guid TEXT NOT NULL REFERENCES strategy (guid) ON DELETE CASCADE,
	assigned_at BIGINT NOT NULL,
	PRIMARY KEY (target_kind, target_guid)
);
CREATE INDEX strategy_target_by_strategy ON strategy_target (strategy_guid);

-- Numbers that only grow, whatever the clock does.
CREATE TABLE counter (
	name TEXT PRIMARY KEY,
	value BIGINT NOT NULL
);
-- Address books: one personal for each account, and shared ones.

CREATE TABLE address_book (
	guid TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	name_key TEXT NOT NULL,
	owner_guid TEXT NOT NULL REFERENCES account (guid) ON DELETE CASCADE,
	personal SMALLINT NOT NULL DEFAULT 0 CHECK (personal IN (0, 1)),
	note TEXT NOT NULL DEFAULT '',
	password_enc TEXT NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX address_book_personal ON address_book (owner_guid) WHERE personal = 1;
CREATE UNIQUE INDEX address_book_shared_name ON address_book (name_key) WHERE personal = 0;
CREATE INDEX address_book_by_owner ON address_book (owner_guid);

-- deleted_at other than 0: in the bin. search: all that a list is searched for, folded. hash_enc is what a login proves to know: as good as the password.
CREATE TABLE ab_entry (
	guid TEXT PRIMARY KEY,
	ab_guid TEXT NOT NULL REFERENCES address_book (guid) ON DELETE CASCADE,
	id TEXT NOT NULL,
	alias TEXT NOT NULL DEFAULT '',
	note TEXT NOT NULL DEFAULT '',
	hash_enc TEXT NOT NULL DEFAULT '',
	password_enc TEXT NOT NULL DEFAULT '',
	username TEXT NOT NULL DEFAULT '',
	hostname TEXT NOT NULL DEFAULT '',
	platform TEXT NOT NULL DEFAULT '',
	force_relay SMALLINT NOT NULL DEFAULT 0 CHECK (force_relay IN (0, 1)),
	rdp_port TEXT NOT NULL DEFAULT '',
	rdp_username TEXT NOT NULL DEFAULT '',
	login_name TEXT NOT NULL DEFAULT '',
	device_group_name TEXT NOT NULL DEFAULT '',
	search TEXT NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	deleted_at BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX ab_entry_live ON ab_entry (ab_guid, id) WHERE deleted_at = 0;
CREATE INDEX ab_entry_bin ON ab_entry (ab_guid, deleted_at);
CREATE INDEX ab_entry_by_id ON ab_entry (id);

CREATE TABLE ab_tag (
	ab_guid TEXT NOT NULL REFERENCES address_book (guid) ON DELETE CASCADE,
	name TEXT NOT NULL,
	color BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (ab_guid, name)
);
CREATE TABLE ab_entry_tag (
	entry_guid TEXT NOT NULL REFERENCES ab_entry (guid) ON DELETE CASCADE,
	tag TEXT NOT NULL,
	PRIMARY KEY (entry_guid, tag)
);

-- rule as clients read it: 1 read, 2 read and write, 3 full control. The owner has it all.
CREATE TABLE ab_rule (
	guid TEXT PRIMARY KEY,
	ab_guid TEXT NOT NULL REFERENCES address_book (guid) ON DELETE CASCADE,
	subj_kind TEXT NOT NULL CHECK (subj_kind IN ('user', 'group', 'everyone')),
	subj_guid TEXT NOT NULL DEFAULT '',
	rule SMALLINT NOT NULL CHECK (rule IN (1, 2, 3)),
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	UNIQUE (ab_guid, subj_kind, subj_guid)
);
CREATE INDEX ab_rule_by_subject ON ab_rule (subj_kind, subj_guid);
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
INSERT INTO user_group (guid, name, name_key, note, intra_access, created_at, updated_at) VALUES ('10000000-0000-4000-8000-000000000001', 'Till staff', 'till staff', 'it''s theirs', 0, 1790000000000, 1790000000000);
INSERT INTO control_role (guid, name, name_key, perms, created_at, updated_at) VALUES ('10000000-0000-4000-8000-000000000002', 'Only look', 'only look', 5, 1790000000000, 1790000000000);
INSERT INTO account (guid, name, name_key, email, email_key, role, pw_hash, user_group_guid, created_at, updated_at) VALUES ('10000000-0000-4000-8000-000000000003', 'Anna', 'anna', 'anna@example.com', 'anna@example.com', 'owner', '$argon2id$v=19$m=16,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g', '10000000-0000-4000-8000-000000000001', 1790000000000, 1790000000000);
INSERT INTO account (guid, name, name_key, status, user_group_guid, control_role_guid, created_at, updated_at) VALUES ('10000000-0000-4000-8000-000000000004', 'Bert', 'bert', 0, '10000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000002', 1790000000000, 1790000000000);
INSERT INTO avatar (account_guid, name, picture) VALUES ('10000000-0000-4000-8000-000000000003', '9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b', '89504e47');
INSERT INTO account_identity (provider, subject, account_guid, linked_at) VALUES ('ldap', 'uid=bert', '10000000-0000-4000-8000-000000000004', 1790000000000);
INSERT INTO account_recovery_code (account_guid, code_hash) VALUES ('10000000-0000-4000-8000-000000000003', 'c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0');
INSERT INTO login_trust (account_guid, kind, data, expires_at) VALUES ('10000000-0000-4000-8000-000000000003', 'ip', '192.0.2.9', 4000000000000);
INSERT INTO auth_session (guid, token_hash, account_guid, epoch, kind, created_at, last_used_at, expires_at, life_ms) VALUES ('10000000-0000-4000-8000-000000000005', 'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', '10000000-0000-4000-8000-000000000003', 0, 'client', 1790000000000, 1790000000000, 4000000000000, 86400000);
INSERT INTO api_token (guid, name, token_hash, prefix, created_by, created_at, updated_at) VALUES ('10000000-0000-4000-8000-000000000006', 'backup', 'e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2', 'hwt_abcd', '10000000-0000-4000-8000-000000000003', 1790000000000, 1790000000000);
INSERT INTO api_token_scope (token_guid, area, access) VALUES ('10000000-0000-4000-8000-000000000006', 'devices', 'r');
INSERT INTO one_time_link (token_hash, kind, email, user_group_guid, expires_at) VALUES ('f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3', 'invitation', 'cleo@example.com', '10000000-0000-4000-8000-000000000001', 4000000000000);
INSERT INTO oidc_provider (guid, name, issuer, client_id, enabled, created_at, updated_at) VALUES ('10000000-0000-4000-8000-000000000007', 'corp', 'https://id.example.com', 'hawser', 0, 1790000000000, 1790000000000);
INSERT INTO device_group (guid, name, name_key, created_at, updated_at) VALUES ('10000000-0000-4000-8000-000000000008', 'Tills', 'tills', 1790000000000, 1790000000000);
INSERT INTO device (guid, id, uuid, owner_guid, device_group_guid, hostname, search, registered_at, created_at, updated_at) VALUES ('10000000-0000-4000-8000-000000000009', '123456789', 'bTE=', '10000000-0000-4000-8000-000000000003', '10000000-0000-4000-8000-000000000008', 'till-1', '123456789 till-1', 1790000000000, 1790000000000, 1790000000000);
INSERT INTO device (guid, id, uuid, status, registered_at, created_at, updated_at) VALUES ('10000000-0000-4000-8000-000000000010', '223456789', 'bTI=', 2, 1790000000000, 1790000000000, 1790000000000);
INSERT INTO device_id_history (old_id, device_guid, changed_at) VALUES ('987654321', '10000000-0000-4000-8000-000000000009', 1790000000000);
INSERT INTO device_tag (device_guid, tag) VALUES ('10000000-0000-4000-8000-000000000009', 'door');
INSERT INTO access_rule (guid, name, name_key, subj_kind, subj_guid, obj_kind, obj_guid, days, minute_from, minute_to, zone, created_at, updated_at) VALUES ('10000000-0000-4000-8000-000000000011', 'Staff', 'staff', 'user_group', '10000000-0000-4000-8000-000000000001', 'device_group', '10000000-0000-4000-8000-000000000008', 31, 480, 1080, 'Europe/Berlin', 1790000000000, 1790000000000);
INSERT INTO strategy (guid, name, name_key, modified_at, created_at, updated_at) VALUES ('10000000-0000-4000-8000-000000000012', 'Quiet', 'quiet', 1, 1790000000000, 1790000000000);
INSERT INTO strategy_option (strategy_guid, okey, oval) VALUES ('10000000-0000-4000-8000-000000000012', 'enable-audio', 'N');
INSERT INTO strategy_target (target_kind, target_guid, strategy_guid, assigned_at) VALUES ('device_group', '10000000-0000-4000-8000-000000000008', '10000000-0000-4000-8000-000000000012', 1790000000000);
INSERT INTO address_book (guid, name, name_key, owner_guid, created_at, updated_at) VALUES ('10000000-0000-4000-8000-000000000013', 'Shared', 'shared', '10000000-0000-4000-8000-000000000003', 1790000000000, 1790000000000);
INSERT INTO ab_entry (guid, ab_guid, id, alias, search, created_at, updated_at) VALUES ('10000000-0000-4000-8000-000000000014', '10000000-0000-4000-8000-000000000013', '123456789', 'Till 1 ü', '123456789 till 1', 1790000000000, 1790000000000);
INSERT INTO ab_tag (ab_guid, name, color) VALUES ('10000000-0000-4000-8000-000000000013', 'door', 4278190335);
INSERT INTO ab_entry_tag (entry_guid, tag) VALUES ('10000000-0000-4000-8000-000000000014', 'door');
INSERT INTO ab_rule (guid, ab_guid, subj_kind, rule, created_at, updated_at) VALUES ('10000000-0000-4000-8000-000000000015', '10000000-0000-4000-8000-000000000013', 'everyone', 1, 1790000000000, 1790000000000);
INSERT INTO relay (guid, name, name_key, host, weight, state, created_at, updated_at) VALUES ('10000000-0000-4000-8000-000000000016', 'Relay A', 'relay a', 'relay-a.example.com', 50, 'drain', 1790000000000, 1790000000000);
INSERT INTO recording (guid, device_id, file, state, format, key_name, stored, chain, started_at, created_at, updated_at) VALUES ('10000000-0000-4000-8000-000000000017', '123456789', 'a.webm', 'done', 'webm', 'k', 1, '00', 1790000000000, 1790000000000, 1790000000000);
UPDATE counter SET value = 1 WHERE name = 'strategy';
