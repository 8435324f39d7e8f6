/* import/layout: each kind, as it is on the disks of operators. Versions differ in columns; what a
 * later one has added is optional here. */
#include "admin/import/layout.h"
#include "shared/base/macros.h"

#define HAS(field, expr)                                                                           \
	{                                                                                          \
		field, expr, NULL, NULL                                                            \
	}
#define MAY(field, column)                                                                         \
	{                                                                                          \
		field, "\"" column "\"", column, NULL                                              \
	}
#define ROWS(columns) columns, HWS_COUNT(columns)

/* --- lejianwen/rustdesk-api ------------------------------------------------------------------- */

static const struct imp_column go_groups[] = { HAS(IMP_F_KEY, "id"), HAS(IMP_F_NAME, "name") };
/* An address is made up of the name where nobody gave one. */
static const struct imp_column go_users[] = {
	HAS(IMP_F_KEY, "id"),
	HAS(IMP_F_NAME, "username"),
	MAY(IMP_F_DISPLAY, "nickname"),
	{ IMP_F_EMAIL, "CASE WHEN email = username || '@example.com' THEN '' ELSE email END",
			"email", NULL },
	MAY(IMP_F_NOTE, "remark"),
	HAS(IMP_F_STATUS, "status = 1"),
	HAS(IMP_F_ADMIN, "is_admin"),
	HAS(IMP_F_GROUP, "group_id"),
};
static const struct imp_column go_devices[] = {
	HAS(IMP_F_ID, "id"),
	HAS(IMP_F_UUID, "uuid"),
	HAS(IMP_F_HOSTNAME, "hostname"),
	HAS(IMP_F_USERNAME, "username"),
	HAS(IMP_F_OS, "os"),
	HAS(IMP_F_CPU, "cpu"),
	HAS(IMP_F_MEMORY, "memory"),
	HAS(IMP_F_VERSION, "version"),
	HAS(IMP_F_OWNER, "CASE WHEN user_id > 0 THEN user_id END"),
	{ IMP_F_GROUP, "CASE WHEN group_id > 0 THEN group_id END", "group_id", NULL },
	MAY(IMP_F_ALIAS, "alias"),
};
static const struct imp_column go_books[] = {
	HAS(IMP_F_KEY, "id"),
	HAS(IMP_F_NAME, "name"),
	HAS(IMP_F_OWNER, "user_id"),
};
static const struct imp_column go_rules[] = {
	HAS(IMP_F_BOOK, "collection_id"),
	HAS(IMP_F_SUBJECT_KIND, "CASE type WHEN 1 THEN 'user' WHEN 2 THEN 'group' END"),
	HAS(IMP_F_SUBJECT, "to_id"),
	HAS(IMP_F_RIGHT, "rule"),
};
#define GO_BOOK                                                                                    \
	{                                                                                          \
		IMP_F_BOOK, "CASE WHEN collection_id > 0 THEN collection_id END", "collection_id", \
				NULL                                                               \
	}
static const struct imp_column go_tags[] = {
	HAS(IMP_F_NAME, "name"),
	HAS(IMP_F_OWNER, "user_id"),
	HAS(IMP_F_COLOR, "color"),
	GO_BOOK,
};
static const struct imp_column go_entries[] = {
	HAS(IMP_F_ID, "id"),
	HAS(IMP_F_OWNER, "user_id"),
	GO_BOOK,
	HAS(IMP_F_ALIAS, "alias"),
	HAS(IMP_F_USERNAME, "username"),
	HAS(IMP_F_HOSTNAME, "hostname"),
	HAS(IMP_F_PLATFORM, "platform"),
	HAS(IMP_F_HASH, "hash"),
	HAS(IMP_F_PASSWORD, "password"),
	HAS(IMP_F_FORCE_RELAY, "force_always_relay"),
	HAS(IMP_F_TAGS, "tags"),
};
static const struct imp_table go_tables[] = {
	{ IMP_USER_GROUP, "groups", .column = ROWS(go_groups) },
	{ IMP_USER, "users", .column = ROWS(go_users) },
	{ IMP_DEVICE_GROUP, "device_groups", .column = ROWS(go_groups) },
	{ IMP_DEVICE, "peers", .column = ROWS(go_devices) },
	{ IMP_BOOK, "address_book_collections", .column = ROWS(go_books) },
	{ IMP_RULE, "address_book_collection_rules", .column = ROWS(go_rules) },
	{ IMP_TAG, "tags", .column = ROWS(go_tags) },
	{ IMP_ENTRY, "address_books", .column = ROWS(go_entries) },
};

/* --- lantongxue/rustdesk-api-server-pro ------------------------------------------------------- */

static const struct imp_column pro_users[] = {
	HAS(IMP_F_KEY, "id"),
	HAS(IMP_F_NAME, "username"),
	MAY(IMP_F_DISPLAY, "name"),
	MAY(IMP_F_EMAIL, "email"),
	MAY(IMP_F_NOTE, "note"),
	HAS(IMP_F_STATUS, "status = 1"),
	MAY(IMP_F_ADMIN, "is_admin"),
};
static const struct imp_column pro_devices[] = {
	HAS(IMP_F_ID, "rustdesk_id"),
	HAS(IMP_F_UUID, "uuid"),
	HAS(IMP_F_HOSTNAME, "hostname"),
	HAS(IMP_F_USERNAME, "username"),
	HAS(IMP_F_OS, "os"),
	HAS(IMP_F_CPU, "cpu"),
	HAS(IMP_F_MEMORY, "memory"),
	HAS(IMP_F_VERSION, "version"),
	HAS(IMP_F_OWNER, "CASE WHEN user_id > 0 THEN user_id END"),
};
/* A book that is not shared is its owner's own, whatever its name. */
static const struct imp_column pro_books[] = {
	HAS(IMP_F_KEY, "id"),
	HAS(IMP_F_NAME, "name"),
	MAY(IMP_F_NOTE, "note"),
	HAS(IMP_F_OWNER, "user_id"),
	HAS(IMP_F_PERSONAL, "COALESCE(shared, 0) = 0"),
};
/* What is shared there is everybody's. */
static const struct imp_column pro_rules[] = {
	HAS(IMP_F_BOOK, "id"),
	HAS(IMP_F_SUBJECT_KIND, "'everyone'"),
	HAS(IMP_F_RIGHT, "rule"),
};
static const struct imp_column pro_tags[] = {
	HAS(IMP_F_NAME, "tag"),
	HAS(IMP_F_OWNER, "user_id"),
	HAS(IMP_F_COLOR, "color"),
};
static const struct imp_column pro_book_tags[] = {
	HAS(IMP_F_NAME, "name"),
	HAS(IMP_F_OWNER, "user_id"),
	HAS(IMP_F_BOOK, "CASE WHEN ab_id > 0 THEN ab_id END"),
	HAS(IMP_F_COLOR, "color"),
};
static const struct imp_column pro_entries[] = {
	{ IMP_F_ID, "rustdesk_id", "rustdesk_id", "peer_id" },
	HAS(IMP_F_OWNER, "user_id"),
	{ IMP_F_BOOK, "CASE WHEN ab_id > 0 THEN ab_id END", "ab_id", NULL },
	HAS(IMP_F_ALIAS, "alias"),
	MAY(IMP_F_NOTE, "note"),
	HAS(IMP_F_USERNAME, "username"),
	HAS(IMP_F_HOSTNAME, "hostname"),
	HAS(IMP_F_PLATFORM, "platform"),
	HAS(IMP_F_HASH, "hash"),
	MAY(IMP_F_PASSWORD, "password"),
	MAY(IMP_F_FORCE_RELAY, "forceAlwaysRelay"),
	HAS(IMP_F_TAGS, "tags"),
};
static const struct imp_table pro_tables[] = {
	{ IMP_USER, "user", .column = ROWS(pro_users) },
	{ IMP_DEVICE, "device", .column = ROWS(pro_devices) },
	{ IMP_BOOK, "address_book", .column = ROWS(pro_books) },
	{ IMP_RULE, "address_book", .where = "shared <> 0", .column = ROWS(pro_rules) },
	{ IMP_TAG, "tag", .column = ROWS(pro_tags) },
	{ IMP_TAG, "address_book_tag", .column = ROWS(pro_book_tags) },
	{ IMP_ENTRY, "peer", .column = ROWS(pro_entries) },
};

/* --- kingmo888/rustdesk-api-server (Django) --------------------------------------------------- */

static const struct imp_column django_users[] = {
	HAS(IMP_F_KEY, "id"),
	HAS(IMP_F_NAME, "username"),
	HAS(IMP_F_STATUS, "is_active"),
	HAS(IMP_F_ADMIN, "is_admin"),
};
static const struct imp_column django_devices[] = {
	HAS(IMP_F_ID, "rid"),
	HAS(IMP_F_UUID, "uuid"),
	HAS(IMP_F_HOSTNAME, "hostname"),
	HAS(IMP_F_USERNAME, "username"),
	HAS(IMP_F_OS, "os"),
	HAS(IMP_F_CPU, "cpu"),
	HAS(IMP_F_MEMORY, "memory"),
	HAS(IMP_F_VERSION, "version"),
	MAY(IMP_F_OWNER, "owner"),
};
static const struct imp_column django_tags[] = {
	HAS(IMP_F_NAME, "tag_name"),
	HAS(IMP_F_OWNER, "uid"),
	HAS(IMP_F_COLOR, "tag_color"),
};
static const struct imp_column django_entries[] = {
	HAS(IMP_F_ID, "rid"),
	HAS(IMP_F_OWNER, "uid"),
	HAS(IMP_F_ALIAS, "alias"),
	HAS(IMP_F_USERNAME, "username"),
	HAS(IMP_F_HOSTNAME, "hostname"),
	HAS(IMP_F_PLATFORM, "platform"),
	HAS(IMP_F_HASH, "rhash"),
	HAS(IMP_F_TAGS, "tags"),
};
static const struct imp_table django_tables[] = {
	{ IMP_USER, "api_userprofile", .column = ROWS(django_users) },
	{ IMP_DEVICE, "api_rustdesdevice", .column = ROWS(django_devices) },
	{ IMP_TAG, "api_rustdesktag", .column = ROWS(django_tags) },
	{ IMP_ENTRY, "api_rustdeskpeer", .column = ROWS(django_entries) },
};

/* --- sctgdesk-api-server: keys are bytes, details are JSON ------------------------------------ */

#define OF_JSON(member) "CASE WHEN json_valid(e.info) THEN json_extract(e.info, '$." member "') END"
static const struct imp_column sctg_groups[] = {
	HAS(IMP_F_KEY, "hex(guid)"),
	HAS(IMP_F_NAME, "name"),
	HAS(IMP_F_NOTE, "note"),
};
static const struct imp_column sctg_users[] = {
	HAS(IMP_F_KEY, "hex(guid)"),
	HAS(IMP_F_NAME, "name"),
	HAS(IMP_F_EMAIL, "email"),
	HAS(IMP_F_NOTE, "note"),
	HAS(IMP_F_STATUS, "status = 1"),
	HAS(IMP_F_ADMIN, "role = 1"),
	HAS(IMP_F_GROUP, "hex(grp)"),
};
static const struct imp_column sctg_devices[] = {
	HAS(IMP_F_ID, "id"),
	HAS(IMP_F_UUID_HEX, "hex(uuid)"),
	{ IMP_F_OWNER, "CASE WHEN length(\"user\") = 16 THEN hex(\"user\") END", "user", NULL },
	MAY(IMP_F_NOTE, "note"),
	HAS(IMP_F_STATUS, "status <> 0"),
	HAS(IMP_F_HOSTNAME, OF_JSON("hostname")),
	HAS(IMP_F_USERNAME, OF_JSON("username")),
	HAS(IMP_F_OS, OF_JSON("os")),
	HAS(IMP_F_CPU, OF_JSON("cpu")),
	HAS(IMP_F_MEMORY, OF_JSON("memory")),
	HAS(IMP_F_VERSION, OF_JSON("version")),
};
static const struct imp_column sctg_books[] = {
	HAS(IMP_F_KEY, "hex(guid)"),
	HAS(IMP_F_NAME, "name"),
	HAS(IMP_F_NOTE, "note"),
	HAS(IMP_F_OWNER, "hex(owner)"),
	HAS(IMP_F_PERSONAL, "personal"),
};
static const struct imp_column sctg_rules[] = {
	HAS(IMP_F_BOOK, "hex(ab)"),
	HAS(IMP_F_SUBJECT_KIND,
			"CASE WHEN length(\"user\") > 0 THEN 'user' WHEN length(grp) > 0 THEN "
			"'group' ELSE 'everyone' END"),
	HAS(IMP_F_SUBJECT, "hex(CASE WHEN length(\"user\") > 0 THEN \"user\" ELSE grp END)"),
	HAS(IMP_F_RIGHT, "rule"),
};
static const struct imp_column sctg_tags[] = {
	HAS(IMP_F_BOOK, "hex(ab)"),
	HAS(IMP_F_NAME, "name"),
	HAS(IMP_F_COLOR, "color"),
};
static const struct imp_column sctg_entries[] = {
	HAS(IMP_F_BOOK, "hex(e.ab)"),
	HAS(IMP_F_ID, "COALESCE(e.id, p.id)"),
	HAS(IMP_F_NOTE, "e.note"),
	HAS(IMP_F_ALIAS, OF_JSON("alias")),
	HAS(IMP_F_USERNAME, OF_JSON("username")),
	HAS(IMP_F_HOSTNAME, OF_JSON("hostname")),
	HAS(IMP_F_PLATFORM, OF_JSON("platform")),
	HAS(IMP_F_HASH, OF_JSON("hash")),
	HAS(IMP_F_PASSWORD, OF_JSON("password")),
	HAS(IMP_F_TAGS, OF_JSON("tags")),
};
static const struct imp_table sctg_tables[] = {
	{ IMP_USER_GROUP, "grp", .column = ROWS(sctg_groups) },
	{ IMP_USER, "user", .column = ROWS(sctg_users) },
	{ IMP_DEVICE, "peer", .from = "peer e", .column = ROWS(sctg_devices) },
	{ IMP_BOOK, "ab", .column = ROWS(sctg_books) },
	{ IMP_RULE, "ab_rule", .column = ROWS(sctg_rules) },
	{ IMP_TAG, "ab_tag", .column = ROWS(sctg_tags) },
	{ IMP_ENTRY, "ab_peer", .from = "ab_peer e LEFT JOIN peer p ON p.guid = e.peer",
			.where = "e.deleted_at IS NULL", .column = ROWS(sctg_entries) },
};

/* --- hbbs: devices alone ---------------------------------------------------------------------- */

static const struct imp_column hbbs_devices[] = {
	HAS(IMP_F_ID, "id"),
	HAS(IMP_F_UUID_HEX, "hex(uuid)"),
	MAY(IMP_F_NOTE, "note"),
};
static const struct imp_table hbbs_tables[] = {
	{ IMP_DEVICE, "peer", .column = ROWS(hbbs_devices) },
};

/* What is told from others by more comes first. */
const struct imp_layout imp_layouts[] = {
	{ "rustdesk-api", "lejianwen/rustdesk-api: data/rustdeskapi.db",
			"users.username address_books.user_id peers.row_id", ROWS(go_tables) },
	{ "sctgdesk", "sctgdesk-api-server: db_v2.sqlite3", "user.grp ab_peer.ab grp.team",
			ROWS(sctg_tables) },
	{ "api-server-pro", "lantongxue/rustdesk-api-server-pro: server.db",
			"user.username device.rustdesk_id peer.user_id", ROWS(pro_tables) },
	{ "kingmo888", "kingmo888/rustdesk-api-server: db.sqlite3",
			"api_userprofile.username api_rustdeskpeer.rid", ROWS(django_tables) },
	{ "hbbs", "the ID server's own db_v2.sqlite3: devices alone",
			"peer.guid peer.id peer.uuid peer.pk", ROWS(hbbs_tables) },
};
const size_t imp_layout_count = HWS_COUNT(imp_layouts);
