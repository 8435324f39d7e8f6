/* admin/table_server: relays, notices, who else may log people in, settings: what the API keeps of
 * the servers themselves. */
#include "admin/cli/table_options.h"
#include "admin/cli/verbs.h"

#define ENABLED                                                                                    \
	{                                                                                          \
		"enabled", "yes|no", ADM_YES, ADM_BODY, NULL, NULL, "whether it is used"           \
	}
#define ALARMS                                                                                     \
	{                                                                                          \
		"alarms", "LIST", ADM_WORDS, ADM_BODY, NULL, NULL,                                 \
				"brute_force,new_device,relay_down,node_down,certificate,"         \
				"recordings"                                                       \
	}
#define ONE_OR_MANY (ADM_CHANGES | ADM_MANY)

static const struct adm_option find[] = { ADM_OPT_FIND, ADM_END };

#define RELAY_FIELDS                                                                               \
	{ "control", "SOCKET", ADM_TEXT, ADM_BODY, NULL, NULL,                                     \
		"its control socket, for figures" },                                               \
			{ "state", "WORD", ADM_CHOICE, ADM_BODY, NULL, "on|drain|off",             \
				"on|drain|off" },                                                  \
			{ "weight", "N", ADM_NUMBER, ADM_BODY, NULL, NULL,                         \
				"its share, 1 to 1000" },                                          \
			ADM_OPT_NOTE
#define ADDRESS                                                                                    \
	{                                                                                          \
		"address", "HOST[:PORT]", ADM_TEXT, ADM_BODY, NULL, NULL, "as clients reach it"    \
	}
#define WEBHOOK_FIELDS                                                                             \
	{ "url", "URL", ADM_TEXT, ADM_BODY, NULL, NULL, "what is called" }, ENABLED, ALARMS,       \
	{                                                                                          \
		"secret-file", "FILE", ADM_SECRET, ADM_BODY, "secret", NULL,                       \
				"file (0600) with what signs the calls; - is standard input"       \
	}
#define OIDC_FIELDS                                                                                \
	{ "title", "TEXT", ADM_TEXT, ADM_BODY, NULL, NULL, "as people see it" },                   \
			{ "issuer", "URL", ADM_TEXT, ADM_BODY, NULL, NULL,                         \
				"where it is: https://..." },                                      \
			{ "client-id", "TEXT", ADM_TEXT, ADM_BODY, NULL, NULL,                     \
				"what this server is called there" },                              \
			{ "client-secret-file", "FILE", ADM_SECRET, ADM_BODY, "client_secret",     \
				NULL, "file (0600) with its secret; - is standard input" },        \
			{ "scopes", "TEXT", ADM_TEXT, ADM_BODY, NULL, NULL, "what is asked for" }, \
			{ "auto-create", "yes|no", ADM_YES, ADM_BODY, NULL, NULL,                  \
				"unknown people get an account" },                                 \
			{ "domains", "LIST", ADM_WORDS, ADM_BODY, NULL, NULL,                      \
				"mail domains that may" },                                         \
			{ "group-map", "THEIRS=OURS", ADM_PAIRS, ADM_BODY, NULL, NULL,             \
				"groups there and here" },                                         \
			ENABLED

static const struct adm_option mail[] = { ENABLED,
	{ "host", "HOST", ADM_TEXT, ADM_BODY, NULL, NULL, "the mail server" },
	{ "port", "PORT", ADM_NUMBER, ADM_BODY, NULL, NULL, "its port" },
	{ "security", "WORD", ADM_CHOICE, ADM_BODY, NULL, "starttls|tls|none",
			"starttls|tls|none" },
	{ "user", "NAME", ADM_TEXT, ADM_BODY, NULL, NULL, "account there" },
	{ "password-file", "FILE", ADM_SECRET, ADM_BODY, "password", NULL,
			"file (0600) with its password; - is standard input" },
	{ "from", "ADDRESS", ADM_TEXT, ADM_BODY, NULL, NULL, "who sends" },
	{ "to", "LIST", ADM_WORDS, ADM_BODY, NULL, NULL, "who gets it, with commas" }, ALARMS,
	ADM_END };
static const struct adm_option ldap[] = { ENABLED,
	{ "url", "URL", ADM_TEXT, ADM_BODY, NULL, NULL, "ldap:// or ldaps://" },
	{ "starttls", "yes|no", ADM_YES, ADM_BODY, NULL, NULL, "TLS on an ldap:// address" },
	{ "bind-dn", "DN", ADM_TEXT, ADM_BODY, NULL, NULL, "who looks people up" },
	{ "password-file", "FILE", ADM_SECRET, ADM_BODY, "password", NULL,
			"file (0600) with the password of that; - is standard input" },
	{ "base", "DN", ADM_TEXT, ADM_BODY, NULL, NULL, "where people are" },
	{ "filter", "FILTER", ADM_TEXT, ADM_BODY, NULL, NULL, "which of them" },
	{ "name-attribute", "NAME", ADM_TEXT, ADM_BODY, NULL, NULL,
			"what they type as their name" },
	{ "auto-create", "yes|no", ADM_YES, ADM_BODY, NULL, NULL, "unknown people get an account" },
	{ "group-map", "THEIRS=OURS", ADM_PAIRS, ADM_BODY, NULL, NULL, "groups there and here" },
	ADM_END };
static const struct adm_option settings[] = { { "require-approval", "yes|no", ADM_YES, ADM_BODY,
							      NULL, NULL,
							      "new devices wait for an operator" },
	{ "require-login", "yes|no", ADM_YES, ADM_BODY, NULL, NULL,
			"only who is logged in reaches devices" },
	{ "require-totp", "yes|no", ADM_YES, ADM_BODY, NULL, NULL,
			"everybody uses one-time codes" },
	{ "accessible-lists", "yes|no", ADM_YES, ADM_BODY, NULL, NULL,
			"clients list what their users may reach" },
	{ "default-group", "NAME", ADM_REF, ADM_BODY, "default_group_guid", "group",
			"group of new accounts" },
	{ "session-hours", "N", ADM_NUMBER, ADM_BODY, NULL, NULL,
			"how long the console stays logged in" },
	{ "lockout-tries", "N", ADM_NUMBER, ADM_BODY, NULL, NULL,
			"wrong passwords before a pause" },
	{ "lockout-minutes", "N", ADM_NUMBER, ADM_BODY, NULL, NULL, "how long that pause is" },
	{ "audit-days", "N", ADM_NUMBER, ADM_BODY, NULL, NULL,
			"how long events are kept, 0 = for ever" },
	{ "recording-days", "N", ADM_NUMBER, ADM_BODY, NULL, NULL, "how long recordings are kept" },
	{ "forget-unseen-days", "N", ADM_NUMBER, ADM_BODY, NULL, NULL,
			"devices that are away for so long are forgotten" },
	{ "allowed-origins", "LIST", ADM_WORDS, ADM_BODY, NULL, NULL,
			"web sites that may use the API" },
	ADM_END };

const struct adm_verb adm_verbs_server[] = {
	{ "relay", "list", "", 0, 0, ADM_LISTS, "all relays, and how they are", adm_run_list,
			find },
	{ "relay", "show", "RELAY...", 1, ADM_ANY, ADM_MANY, "all about a relay", adm_run_show,
			NULL },
	{ "relay", "add", "NAME", 1, 1, ADM_CHANGES, "a new relay", adm_run_add,
			(const struct adm_option[]){
					ADDRESS, RELAY_FIELDS, ADM_OPT_IF_MISSING, ADM_END } },
	{ "relay", "set", "RELAY...", 1, ADM_ANY, ONE_OR_MANY, "change relays", adm_run_set,
			(const struct adm_option[]){
					ADM_OPT_RENAME, ADDRESS, RELAY_FIELDS, ADM_END } },
	{ "relay", "drain", "RELAY...", 1, ADM_ANY, ONE_OR_MANY,
			"no new sessions by these; without a name: see below", adm_run_set, NULL,
			NULL, NULL, "{\"state\":\"drain\"}" },
	{ "relay", "undrain", "RELAY...", 1, ADM_ANY, ONE_OR_MANY, "take that back", adm_run_set,
			NULL, NULL, NULL, "{\"state\":\"on\"}" },
	{ "relay", "off", "RELAY...", 1, ADM_ANY, ONE_OR_MANY, "do not use these at all",
			adm_run_set, NULL, NULL, NULL, "{\"state\":\"off\"}" },
	{ "relay", "delete", "RELAY...", 1, ADM_ANY, ONE_OR_MANY, "remove relays", adm_run_act,
			NULL, "DELETE", NULL, NULL, NULL, "deleted" },
	{ "relay", "test", "RELAY...", 1, ADM_ANY, ADM_MANY, "whether relays answer here",
			adm_relay_test, NULL },

	{ "notice", "list", "", 0, 0, ADM_LISTS, "all webhooks", adm_run_list, find, NULL, NULL,
			NULL, NULL, NULL, "webhook" },
	{ "notice", "show", "WEBHOOK...", 1, ADM_ANY, ADM_MANY, "all about a webhook", adm_run_show,
			NULL, NULL, NULL, NULL, NULL, NULL, "webhook" },
	{ "notice", "add", "NAME", 1, 1, ADM_CHANGES, "a new webhook", adm_run_add,
			(const struct adm_option[]){ WEBHOOK_FIELDS, ADM_OPT_IF_MISSING, ADM_END },
			NULL, NULL, NULL, NULL, NULL, "webhook" },
	{ "notice", "set", "WEBHOOK...", 1, ADM_ANY, ONE_OR_MANY, "change webhooks", adm_run_set,
			(const struct adm_option[]){ ADM_OPT_RENAME, WEBHOOK_FIELDS, ADM_END },
			NULL, NULL, NULL, NULL, NULL, "webhook" },
	{ "notice", "delete", "WEBHOOK...", 1, ADM_ANY, ONE_OR_MANY, "remove webhooks", adm_run_act,
			NULL, "DELETE", NULL, NULL, NULL, "deleted", "webhook" },
	{ "notice", "test", "WEBHOOK", 1, 1, 0, "call a webhook", adm_run_of, NULL, "POST", "/test",
			NULL, NULL, NULL, "webhook" },
	{ "notice", "mail", "", 0, 0, 0, "the mail server for notices", adm_run_get, NULL, NULL,
			"/notices/smtp" },
	{ "notice", "mail-set", "", 0, 0, ADM_CHANGES, "change it", adm_run_change, mail, NULL,
			"/notices/smtp" },
	{ "notice", "mail-test", "", 0, 0, ADM_CHANGES, "send a mail to yourself", adm_run_post,
			NULL, NULL, "/notices/smtp/test" },

	{ "oidc", "list", "", 0, 0, ADM_LISTS, "all providers", adm_run_list, find },
	{ "oidc", "show", "PROVIDER...", 1, ADM_ANY, ADM_MANY, "all about a provider", adm_run_show,
			NULL },
	{ "oidc", "add", "NAME", 1, 1, ADM_CHANGES, "a new provider", adm_run_add,
			(const struct adm_option[]){ OIDC_FIELDS, ADM_OPT_IF_MISSING, ADM_END } },
	{ "oidc", "set", "PROVIDER...", 1, ADM_ANY, ONE_OR_MANY, "change providers", adm_run_set,
			(const struct adm_option[]){ ADM_OPT_RENAME, OIDC_FIELDS, ADM_END } },
	{ "oidc", "enable", "PROVIDER...", 1, ADM_ANY, ONE_OR_MANY, "let people log in by these",
			adm_run_set, NULL, NULL, NULL, "{\"enabled\":true}" },
	{ "oidc", "disable", "PROVIDER...", 1, ADM_ANY, ONE_OR_MANY, "and no more", adm_run_set,
			NULL, NULL, NULL, "{\"enabled\":false}" },
	{ "oidc", "delete", "PROVIDER...", 1, ADM_ANY, ONE_OR_MANY, "remove providers", adm_run_act,
			NULL, "DELETE", NULL, NULL, NULL, "deleted" },

	{ "ldap", "show", "", 0, 0, 0, "the directory", adm_run_get, NULL, NULL, "/identity/ldap" },
	{ "ldap", "set", "", 0, 0, ADM_CHANGES, "change it", adm_run_change, ldap, NULL,
			"/identity/ldap" },
	{ "ldap", "test", "", 0, 0, ADM_CHANGES, "bind and search once", adm_run_post, NULL, NULL,
			"/identity/ldap/test" },

	{ "config", "show", "", 0, 0, 0, "settings that the API keeps", adm_run_get, NULL, NULL,
			"/settings" },
	{ "config", "set", "", 0, 0, ADM_CHANGES, "change them", adm_run_change, settings, NULL,
			"/settings" },
	{ "config", "rendezvous", "", 0, 0, ADM_LOCAL | ADM_PLAIN,
			"settings in force of hawser-rendezvous", adm_run_control, NULL, NULL,
			"config" },
	{ "config", "relay", "", 0, 0, ADM_LOCAL | ADM_PLAIN, "settings in force of hawser-relay",
			adm_run_control, NULL, "relay", "config" },
	{ "config", "api", "", 0, 0, ADM_LOCAL | ADM_PLAIN, "settings in force of hawser-api",
			adm_run_control, NULL, "api", "config" },
};
const size_t adm_verbs_server_count = HWS_COUNT(adm_verbs_server);
