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
