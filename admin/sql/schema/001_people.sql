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
