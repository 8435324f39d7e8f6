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
