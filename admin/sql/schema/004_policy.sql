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
