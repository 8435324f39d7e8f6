/* admin/table_local: what is done on the server itself: control sockets, databases, and what is
 * about hawser-admin. */
#include "admin/cli/table_options.h"
#include "admin/cli/verbs.h"

#define HERE (ADM_LOCAL | ADM_PLAIN)
#define FORCE                                                                                      \
	{                                                                                          \
		"force", NULL, ADM_FLAG, ADM_OWN, NULL, NULL, "enter what is not there yet"        \
	}

static const struct adm_option force[] = { FORCE, ADM_END };
#define DATABASE                                                                                   \
	{ "config", "FILE", ADM_TEXT, ADM_OWN, NULL, NULL, "settings of hawser-rendezvous" },      \
			{ "state-dir", "DIR", ADM_TEXT, ADM_OWN, NULL, NULL, "its state folder" }, \
	{                                                                                          \
		"store", "WHERE", ADM_TEXT, ADM_OWN, NULL, NULL,                                   \
				"its database, as hawser-rendezvous takes it"                      \
	}
static const struct adm_option database[] = { DATABASE, ADM_END };
static const struct adm_option restore[] = { DATABASE,
	{ "force", NULL, ADM_FLAG, ADM_OWN, NULL, NULL, "replace what is there" }, ADM_END };
static const struct adm_option hbbs[] = { DATABASE,
	{ "key-file", "FILE", ADM_TEXT, ADM_OWN, NULL, NULL, "the key is elsewhere" },
	{ "no-key", NULL, ADM_FLAG, ADM_OWN, NULL, NULL, "the present key stays" }, ADM_END };
static const struct adm_option api_database[] = { ADM_OPT_API_DATABASE, ADM_END };
static const struct adm_option take_over[] = {
	{ "from", "KIND", ADM_TEXT, ADM_OWN, NULL, NULL,
			"auto, rustdesk-api, api-server-pro, kingmo888, sctgdesk, hbbs or csv "
			"(default: auto)" },
	{ "take-rights", NULL, ADM_FLAG, ADM_OWN, NULL, NULL,
			"administrators there are administrators here, else users" },
	ADM_OPT_API_DATABASE, ADM_END
};
static const struct adm_option which[] = { { "of", "SERVER", ADM_CHOICE, ADM_OWN, NULL,
							   "rendezvous|relay|api",
							   "rendezvous|relay|api" },
	ADM_END };
static const struct adm_option doctor[] = {
	{ "host", "HOST", ADM_TEXT, ADM_OWN, NULL, NULL,
			"try the ports of this host from here, as its users do" },
	ADM_END
};

const struct adm_verb adm_verbs_local[] = {
	{ "peer", "list", "[LIMIT] [AFTER]", 0, 2, HERE, "devices that are online", adm_run_control,
			NULL, NULL, "peers" },
	{ "peer", "known", "[LIMIT] [AFTER]", 0, 2, HERE,
			"devices in the database, those that are off line too", adm_run_control,
			NULL, NULL, "devices" },
	{ "peer", "show", "ID", 1, 1, HERE, "one device: address, key, last seen", adm_run_control,
			NULL, NULL, "peer" },
	{ "peer", "why", "ID", 1, 1, HERE, "what became of the last connection attempts",
			adm_run_control, NULL, NULL, "why" },
	{ "peer", "kick", "ID", 1, 1, HERE | ADM_CHANGES, "forget that a device is online",
			adm_run_control, NULL, NULL, "kick" },
	{ "peer", "name", "ID NAME", 2, 2, HERE | ADM_CHANGES, "your name for a device",
			adm_run_control, NULL, NULL, "name" },
	{ "peer", "remove", "ID", 1, 1, HERE | ADM_CHANGES, "forget a device", adm_run_control,
			NULL, NULL, "remove" },
	{ "peer", "enrol", "ID", 1, 1, HERE | ADM_CHANGES,
			"let it register where only enrolled ones may", adm_run_control, NULL, NULL,
			"enrol" },
	{ "peer", "unenrol", "ID", 1, 1, HERE | ADM_CHANGES, "take that back", adm_run_control,
			NULL, NULL, "unenrol" },
	{ "peer", "block", "NET", 1, 1, HERE | ADM_CHANGES,
			"serve this address, network or device no more", adm_run_control, force,
			NULL, "block" },
	{ "peer", "unblock", "NET", 1, 1, HERE | ADM_CHANGES, "take that back", adm_run_control,
			NULL, NULL, "unblock" },
	{ "peer", "allow", "NET", 1, 1, HERE | ADM_CHANGES,
			"serve this address or network whatever is blocked", adm_run_control, NULL,
			NULL, "allow" },
	{ "peer", "unallow", "NET", 1, 1, HERE | ADM_CHANGES, "take that back", adm_run_control,
			NULL, NULL, "unallow" },
	{ "peer", "rules", "", 0, 0, HERE, "all that is blocked, allowed and ruled here",
			adm_run_control, NULL, NULL, "rules" },

	{ "key", "show", "", 0, 0, HERE, "the public key that clients are given", adm_key_show,
			NULL },

	{ "db", "status", "", 0, 0, HERE, "devices and settings in the database", adm_db,
			database },
	{ "db", "backup", "FILE", 1, 1, HERE,
			"a copy of hawser-rendezvous' database as of now; the server may run",
			adm_db, database },
	{ "db", "backup-api", "FILE", 1, 1, HERE,
			"a copy of hawser-api's database as of now; its keys belong to it",
			adm_db_backup_api, api_database },
	{ "db", "restore", "FILE", 1, 1, HERE, "read a backup into an empty database", adm_db,
			restore },
	{ "db", "import-hbbs", "FILE", 1, 1, HERE, "take over the database and the key of hbbs",
			adm_db, hbbs },

	{ "db", "import", "FILE", 1, 1, ADM_LOCAL | ADM_LISTS | ADM_CHANGES,
			"take over people, groups, devices and books of another API server into the "
			"database of hawser-api; twice changes nothing",
			adm_db_take_over, take_over },

	{ "server", "status", "", 0, 0, HERE, "counters and table sizes", adm_run_control, which,
			NULL, "stats" },
	{ "server", "config", "", 0, 0, HERE, "settings in force", adm_run_control, which, NULL,
			"config" },
	{ "server", "log-level", "LEVEL", 1, 1, HERE | ADM_CHANGES,
			"error, warn, info, debug or trace, until the next start", adm_run_control,
			which, NULL, "log-level" },
	{ "server", "reload", "", 0, 0, HERE | ADM_CHANGES, "read the settings of hawser-api again",
			adm_run_control, NULL, "api", "reload" },
	{ "server", "drain", "", 0, 0, HERE | ADM_CHANGES, "end after the work at hand",
			adm_run_control, which, NULL, "drain" },
	{ "server", "nodes", "", 0, 0, HERE, "the other nodes on the same database",
			adm_run_control, NULL, NULL, "nodes" },
	{ "server", "doctor", "", 0, 0, 0, "test all, and say what to do", adm_doctor, doctor },

	{ "apply", "", "FILE", 1, 1, ADM_CHANGES,
			"make what a file of JSON names and is not there, change what differs, take nothing away",
			adm_apply, NULL },
	{ "doctor", "", "", 0, 0, 0, "the same", adm_doctor, doctor },
	{ "why", "", "ID", 1, 1, HERE,
			"what became of the last connection attempts to a device, as the rendezvous server saw them",
			adm_run_control, NULL, NULL, "why" },
	{ "status", "", "", 0, 0, 0, "how all is, on one page", adm_status, NULL },
	{ "completion", "", "bash|zsh|fish", 1, 1, HERE, "print words for your shell",
			adm_completion, NULL },
	{ "man", "", "", 0, 0, HERE | ADM_HIDDEN, "print the manual page", adm_manual, NULL },
};
const size_t adm_verbs_local_count = HWS_COUNT(adm_verbs_local);
