/* api/v1_tables: the subjects of the server's own API, one row for each file. */
#include "admin/api/v1.h"
#include "shared/base/macros.h"

extern const struct adi_calls adi_v1_audit;
extern const struct adi_calls adi_v1_avatar;
extern const struct adi_calls adi_v1_basic;
extern const struct adi_calls adi_v1_books;
extern const struct adi_calls adi_v1_device_why;
extern const struct adi_calls adi_v1_devices;
extern const struct adi_calls adi_v1_devices_bulk;
extern const struct adi_calls adi_v1_directory;
extern const struct adi_calls adi_v1_entries;
extern const struct adi_calls adi_v1_groups;
extern const struct adi_calls adi_v1_identity;
extern const struct adi_calls adi_v1_links;
extern const struct adi_calls adi_v1_live;
extern const struct adi_calls adi_v1_login;
extern const struct adi_calls adi_v1_me;
extern const struct adi_calls adi_v1_names;
extern const struct adi_calls adi_v1_notices;
extern const struct adi_calls adi_v1_recordings;
extern const struct adi_calls adi_v1_relays;
extern const struct adi_calls adi_v1_roles;
extern const struct adi_calls adi_v1_rules;
extern const struct adi_calls adi_v1_settings;
extern const struct adi_calls adi_v1_setup;
extern const struct adi_calls adi_v1_strategies;
extern const struct adi_calls adi_v1_tokens;
extern const struct adi_calls adi_v1_users;
extern const struct adi_calls adi_v1_users_csv;
extern const struct adi_calls adi_v1_users_many;

const struct adi_calls *const adi_v1_tables[] = {
	&adi_v1_audit,
	&adi_v1_avatar,
	&adi_v1_basic,
	&adi_v1_books,
	&adi_v1_device_why,
	&adi_v1_devices,
	&adi_v1_devices_bulk,
	&adi_v1_directory,
	&adi_v1_entries,
	&adi_v1_groups,
	&adi_v1_identity,
	&adi_v1_links,
	&adi_v1_live,
	&adi_v1_login,
	&adi_v1_me,
	&adi_v1_names,
	&adi_v1_notices,
	&adi_v1_recordings,
	&adi_v1_relays,
	&adi_v1_roles,
	&adi_v1_rules,
	&adi_v1_settings,
	&adi_v1_setup,
	&adi_v1_strategies,
	&adi_v1_tokens,
	&adi_v1_users,
	&adi_v1_users_csv,
	&adi_v1_users_many,
};
const size_t adi_v1_tables_count = HWS_COUNT(adi_v1_tables);
