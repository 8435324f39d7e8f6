/* admin/table_policy: who may reach what, what is pushed to hosts, and what happened. */
#include "admin/cli/table_options.h"
#include "admin/cli/verbs.h"

#define ENABLED                                                                                    \
	{                                                                                          \
		"enabled", "yes|no", ADM_YES, ADM_BODY, NULL, NULL, "whether it holds"             \
	}

static const struct adm_option find[] = { ADM_OPT_FIND, ADM_END };
static const struct adm_option find_enabled[] = { ADM_OPT_FIND,
	{ "enabled", "yes|no", ADM_YES, ADM_QUERY, NULL, NULL, "that are, or are not, in force" },
	ADM_END };

#define RULE_FIELDS                                                                                \
	{ "role", "NAME", ADM_REF, ADM_BODY, "control_role_guid", "role",                          \
		"what may be done, or none" },                                                     \
			{ "days", "DAYS", ADM_TEXT, ADM_OWN, NULL, NULL, "mon-fri, or any" },      \
			{ "hours", "FROM-TO", ADM_TEXT, ADM_OWN, NULL, NULL,                       \
				"08:00-18:00, or any" },                                           \
			{ "zone", "ZONE", ADM_TEXT, ADM_OWN, NULL, NULL,                           \
				"Europe/Berlin (default: UTC)" },                                  \
			{ "until", "TIME", ADM_UNTIL, ADM_BODY, "expires_at", NULL,                \
				"90d, a date or never" },                                          \
			ENABLED, ADM_OPT_NOTE
#define RULE_ENDS                                                                                  \
	{ "from", "WHO", ADM_TEXT, ADM_OWN, NULL, NULL, "user:NAME or group:NAME" },               \
	{                                                                                          \
		"to", "WHAT", ADM_TEXT, ADM_OWN, NULL, NULL,                                       \
				"device:ID, dgroup:NAME, or group:NAME (devices of its members)"   \
	}
#define ROLE_FIELDS                                                                                \
	{ "allow", "LIST", ADM_TEXT, ADM_OWN, NULL, NULL,                                          \
		"keyboard,printer,clipboard,file,audio,camera,terminal,tunnel,restart,"            \
		"recording,block_input,remote_modify,privacy_mode" },                              \
			{ "deny", "LIST", ADM_TEXT, ADM_OWN, NULL, NULL, "the same" },             \
			{ "leave", "LIST", ADM_TEXT, ADM_OWN, NULL, NULL, "left to the host" },    \
			ENABLED, ADM_OPT_NOTE
#define STRATEGY_FIELDS                                                                            \
	{ "option", "NAME=VALUE", ADM_PAIRS, ADM_BODY, "options", NULL,                            \
		"a setting; may be given again" },                                                 \
			{ "enforce", "yes|no", ADM_YES, ADM_BODY, NULL, NULL,                      \
				"local changes are undone" },                                      \
			ENABLED, ADM_OPT_NOTE
#define AUDIT_FILTERS                                                                              \
	ADM_OPT_FIND, { "since", "TIME", ADM_SINCE, ADM_QUERY, "from", NULL, "7d, or a date" },    \
			{ "until", "TIME", ADM_SINCE, ADM_QUERY, "to", NULL, "1d, or a date" },    \
			{ "device", "ID", ADM_TEXT, ADM_QUERY, NULL, NULL, "of this device" },     \
			{ "actor", "NAME", ADM_TEXT, ADM_QUERY, NULL, NULL, "of this account" },   \
	{                                                                                          \
		"address", "IP", ADM_TEXT, ADM_QUERY, NULL, NULL, "from this address"              \
	}
#define FOLLOW                                                                                     \
	{                                                                                          \
		"follow", NULL, ADM_FLAG, ADM_OWN, NULL, NULL, "go on with those that come"        \
	}
#define KINDS "connection|file|alarm|console|login"
#define ASSIGN_OPTIONS                                                                             \
	{ "devices", "LIST", ADM_TEXT, ADM_OWN, NULL, NULL,                                        \
		"devices, with commas; patterns too" },                                            \
			{ "users", "LIST", ADM_TEXT, ADM_OWN, NULL, NULL, "accounts" },            \
	{                                                                                          \
		"dgroups", "LIST", ADM_TEXT, ADM_OWN, NULL, NULL, "groups of devices"              \
	}

static const struct adm_option audit_filters[] = { AUDIT_FILTERS, FOLLOW, ADM_END };
static const struct adm_option assign[] = { ASSIGN_OPTIONS, ADM_END };
#define MANY (ADM_CHANGES | ADM_MANY | ADM_FILTERS)

const struct adm_verb adm_verbs_policy[] = {
	{ "rule", "list", "", 0, 0, ADM_LISTS, "all rules; what none allows is refused",
			adm_run_list, find_enabled },
	{ "rule", "show", "RULE...", 1, ADM_ANY, ADM_MANY, "all about a rule", adm_run_show, NULL },
	{ "rule", "add", "NAME", 1, 1, ADM_CHANGES, "let --from reach --to", adm_rule_add,
			(const struct adm_option[]){
					RULE_ENDS, RULE_FIELDS, ADM_OPT_IF_MISSING, ADM_END } },
	{ "rule", "set", "RULE...", 1, ADM_ANY, ADM_CHANGES | ADM_MANY, "change rules",
			adm_rule_set,
			(const struct adm_option[]){
					ADM_OPT_RENAME, RULE_ENDS, RULE_FIELDS, ADM_END } },
	{ "rule", "enable", "RULE...", 0, ADM_ANY, MANY, "put rules in force", adm_run_act,
			find_enabled, NULL, NULL, NULL, "enable", "enabled" },
	{ "rule", "disable", "RULE...", 0, ADM_ANY, MANY, "take rules out of force", adm_run_act,
			find_enabled, NULL, NULL, NULL, "disable", "disabled" },
	{ "rule", "delete", "RULE...", 0, ADM_ANY, MANY, "remove rules", adm_run_act, find_enabled,
			NULL, NULL, NULL, "delete", "deleted" },
	{ "rule", "test", "USER DEVICE-ID", 2, 2, 0,
			"whether a user, or none, may reach a device, and which rule says so; exit status 4: may not",
			adm_rule_test,
			(const struct adm_option[]){ { "at", "TIME", ADM_UNTIL, ADM_BODY, NULL,
								     NULL, "then, instead of now" },
					ADM_END } },

	{ "role", "list", "", 0, 0, ADM_LISTS, "all control roles", adm_run_list, find },
	{ "role", "show", "ROLE...", 1, ADM_ANY, ADM_MANY, "all about a role", adm_run_show, NULL },
	{ "role", "add", "NAME", 1, 1, ADM_CHANGES, "a new role", adm_role_add,
			(const struct adm_option[]){ ROLE_FIELDS, ADM_OPT_IF_MISSING, ADM_END } },
	{ "role", "set", "ROLE...", 1, ADM_ANY, ADM_CHANGES | ADM_MANY, "change roles",
			adm_role_set,
			(const struct adm_option[]){ ADM_OPT_RENAME, ROLE_FIELDS, ADM_END } },
	{ "role", "delete", "ROLE...", 1, ADM_ANY, ADM_CHANGES | ADM_MANY, "remove roles",
			adm_run_act, NULL, "DELETE", NULL, NULL, NULL, "deleted" },

	{ "strategy", "list", "", 0, 0, ADM_LISTS, "all strategies", adm_run_list, find_enabled },
	{ "strategy", "show", "STRATEGY...", 1, ADM_ANY, ADM_MANY, "all about a strategy",
			adm_run_show, NULL },
	{ "strategy", "add", "NAME", 1, 1, ADM_CHANGES, "a new strategy", adm_run_add,
			(const struct adm_option[]){
					STRATEGY_FIELDS, ADM_OPT_IF_MISSING, ADM_END } },
	{ "strategy", "set", "STRATEGY...", 1, ADM_ANY, ADM_CHANGES | ADM_MANY,
			"change strategies; --option adds to those that are there",
			adm_strategy_set,
			(const struct adm_option[]){ ADM_OPT_RENAME, STRATEGY_FIELDS, ADM_END } },
	{ "strategy", "unset", "STRATEGY OPTION...", 2, ADM_ANY, ADM_CHANGES,
			"take options out of a strategy", adm_strategy_set, NULL },
	{ "strategy", "enable", "STRATEGY...", 1, ADM_ANY, ADM_CHANGES | ADM_MANY,
			"put strategies in force", adm_run_set, NULL, NULL, NULL,
			"{\"enabled\":true}" },
	{ "strategy", "disable", "STRATEGY...", 1, ADM_ANY, ADM_CHANGES | ADM_MANY,
			"take strategies out of force", adm_run_set, NULL, NULL, NULL,
			"{\"enabled\":false}" },
	{ "strategy", "delete", "STRATEGY...", 1, ADM_ANY, ADM_CHANGES | ADM_MANY,
			"remove strategies", adm_run_act, NULL, "DELETE", NULL, NULL, NULL,
			"deleted" },
	{ "strategy", "targets", "STRATEGY", 1, 1, ADM_LISTS, "whom a strategy holds for",
			adm_run_inside, NULL, NULL, "/targets" },
	{ "strategy", "assign", "STRATEGY", 1, 1, ADM_CHANGES | ADM_MANY, "let it hold for these",
			adm_strategy_assign, assign },
	{ "strategy", "unassign", "STRATEGY", 1, 1, ADM_CHANGES | ADM_MANY, "take that back",
			adm_strategy_assign, assign },
	{ "strategy", "effective", "DEVICE", 1, 1, 0, "the strategy that holds for a device",
			adm_run_of, NULL, NULL, "/strategy", NULL, NULL, NULL, "device" },
	{ "strategy", "options", "", 0, 0, ADM_LISTS, "the settings that a strategy may push",
			adm_audit_list, NULL, NULL, "/strategies/options" },

	{ "audit", "list", "", 0, 0, ADM_LISTS, "events, latest first", adm_audit_list,
			(const struct adm_option[]){ { "kind", "WORD", ADM_CHOICE, ADM_QUERY, NULL,
								     KINDS, "of this kind" },
					AUDIT_FILTERS, FOLLOW, ADM_END } },
	{ "audit", "conn", "", 0, 0, ADM_LISTS, "connections", adm_audit_list, audit_filters,
			"connection" },
	{ "audit", "file", "", 0, 0, ADM_LISTS, "transfers of files", adm_audit_list, audit_filters,
			"file" },
	{ "audit", "alarm", "", 0, 0, ADM_LISTS, "alarms", adm_audit_list, audit_filters, "alarm" },
	{ "audit", "console", "", 0, 0, ADM_LISTS, "what operators changed", adm_audit_list,
			audit_filters, "console" },
	{ "audit", "login", "", 0, 0, ADM_LISTS, "logins, and those that failed", adm_audit_list,
			audit_filters, "login" },
	{ "audit", "export", "", 0, 0, ADM_PLAIN,
			"all events that fit, as they come from the server", adm_audit_export,
			(const struct adm_option[]){
					{ "as", "WORD", ADM_CHOICE, ADM_QUERY, "format",
							"csv|jsonl", "csv|jsonl (default: jsonl)" },
					{ "kind", "WORD", ADM_CHOICE, ADM_QUERY, NULL, KINDS,
							"of this kind" },
					AUDIT_FILTERS, ADM_END } },
	{ "audit", "verify", "", 0, 0, 0,
			"whether the chain of hashes is whole; exit status 1: it is not",
			adm_audit_verify, NULL },
};
const size_t adm_verbs_policy_count = HWS_COUNT(adm_verbs_policy);
