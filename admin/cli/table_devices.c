/* admin/table_devices: devices, their groups, sessions and recordings. */
#include "admin/cli/table_options.h"
#include "admin/cli/verbs.h"

#define MANY (ADM_CHANGES | ADM_MANY | ADM_FILTERS)
#define DEVICE_FILTERS                                                                             \
	ADM_OPT_FIND,                                                                              \
			{ "online", "yes|no", ADM_YES, ADM_QUERY, NULL, NULL,                      \
				"that are, or are not, online" },                                  \
			{ "status", "WORD", ADM_CHOICE, ADM_QUERY, NULL,                           \
				"active|disabled|pending", "in this state" },                      \
			{ "group", "NAME", ADM_REF, ADM_QUERY, NULL, "dgroup", "in this group" },  \
			{ "owner", "USER", ADM_REF, ADM_QUERY, NULL, "user", "of this account" },  \
			{ "tag", "TAG", ADM_TEXT, ADM_QUERY, NULL, NULL, "with this tag" },        \
			{ "os", "TEXT", ADM_TEXT, ADM_QUERY, NULL, NULL,                           \
				"with this in the system's name" },                                \
	{                                                                                          \
		"offline", "DAYS", ADM_DAYS, ADM_QUERY, "unseen_days", NULL,                       \
				"not seen for so long: 30d"                                        \
	}

static const struct adm_option filters[] = { DEVICE_FILTERS, ADM_END };
static const struct adm_option find[] = { ADM_OPT_FIND, ADM_END };
static const struct adm_option fields[] = { { "name", "NAME", ADM_TEXT, ADM_BODY, NULL, NULL,
							    "what you call it" },
	{ "owner", "USER", ADM_REF, ADM_BODY, "owner_guid", "user", "whose it is, or none" },
	{ "group", "NAME", ADM_REF, ADM_BODY, "group_guid", "dgroup", "its group, or none" },
	{ "tags", "LIST", ADM_WORDS, ADM_BODY, NULL, NULL, "its tags, with commas" },
	{ "closed", "yes|no", ADM_YES, ADM_BODY, NULL, NULL,
			"not open to all while nobody owns it" },
	ADM_OPT_NOTE, ADM_END };
static const struct adm_option assigned[] = { { "owner", "USER", ADM_REF, ADM_BODY, "owner_guid",
							      "user", "whose it is, or none" },
	{ "group", "NAME", ADM_REF, ADM_BODY, "group_guid", "dgroup", "its group, or none" },
	{ "name", "NAME", ADM_TEXT, ADM_BODY, NULL, NULL, "what you call it" }, ADM_OPT_NOTE,
	{ "strategy", "NAME", ADM_TEXT, ADM_OWN, NULL, NULL, "its own strategy" }, ADM_END };
static const struct adm_option session_filters[] = { { "device", "ID", ADM_TEXT, ADM_QUERY, NULL,
								     NULL, "of this device" },
	{ "user", "USER", ADM_REF, ADM_QUERY, NULL, "user", "of this account" }, ADM_END };
static const struct adm_option recording_filters[] = { { "device", "ID", ADM_TEXT, ADM_QUERY, NULL,
								       NULL, "of this device" },
	{ "user", "USER", ADM_REF, ADM_QUERY, NULL, "user", "of this account" },
	{ "since", "TIME", ADM_SINCE, ADM_QUERY, "from", NULL, "7d, or a date" },
	{ "until", "TIME", ADM_SINCE, ADM_QUERY, "to", NULL, "1d, or a date" }, ADM_END };

static const struct adm_option recording_key[] = {
	{ "name", "NAME", ADM_TEXT, ADM_OWN, NULL, NULL,
			"what lists call the key (default: auditor)" },
	ADM_END
};
static const struct adm_option recording_open[] = {
	{ "key", "FILE", ADM_TEXT, ADM_OWN, NULL, NULL, "the secret key" }, ADM_END
};

const struct adm_verb adm_verbs_devices[] = {
	{ "device", "list", "", 0, 0, ADM_LISTS, "all devices, or those that fit", adm_run_list,
			filters },
	{ "device", "show", "DEVICE...", 0, ADM_ANY, ADM_MANY | ADM_FILTERS, "all about a device",
			adm_run_show, filters },
	{ "device", "set", "DEVICE...", 1, ADM_ANY, ADM_CHANGES | ADM_MANY, "change devices",
			adm_run_set, fields },
	{ "device", "assign", "DEVICE...", 1, ADM_ANY, ADM_CHANGES | ADM_MANY,
			"owner, group, name, note and strategy in one go", adm_strategy_assign,
			assigned },
	{ "device", "approve", "DEVICE...", 0, ADM_ANY, MANY, "let new devices in", adm_run_act,
			filters, NULL, NULL, NULL, "approve", "approved" },
	{ "device", "enable", "DEVICE...", 0, ADM_ANY, MANY, "let devices be reached again",
			adm_run_act, filters, NULL, NULL, NULL, "enable", "enabled" },
	{ "device", "disable", "DEVICE...", 0, ADM_ANY, MANY,
			"devices may neither register nor be reached; sessions end", adm_run_act,
			filters, NULL, NULL, NULL, "disable", "disabled" },
	{ "device", "delete", "DEVICE...", 0, ADM_ANY, MANY, "forget devices", adm_run_act, filters,
			NULL, NULL, NULL, "delete", "deleted" },
	{ "device", "kick", "DEVICE...", 0, ADM_ANY, MANY, "end all sessions of devices",
			adm_run_act, filters, NULL, NULL, NULL, "kick", "sessions ended" },
	{ "device", "tag", "TAG DEVICE...", 1, ADM_ANY, MANY, "give devices a tag", adm_device_tag,
			filters, NULL, NULL, NULL, "tag_add", "tagged" },
	{ "device", "untag", "TAG DEVICE...", 1, ADM_ANY, MANY, "take a tag away", adm_device_tag,
			filters, NULL, NULL, NULL, "tag_remove", "untagged" },
	{ "device", "tags", "", 0, 0, ADM_LISTS, "all tags, and how many devices have each",
			adm_audit_list, find, NULL, "/tags" },
	{ "device", "why", "DEVICE", 1, 1, 0, "why the latest session took the way it took",
			adm_run_of, NULL, NULL, "/why" },
	{ "device", "strategy", "DEVICE", 1, 1, 0, "the strategy that holds for a device",
			adm_run_of, NULL, NULL, "/strategy" },
	{ "device", "import", "FILE", 1, 1, ADM_CHANGES,
			"change devices by CSV: id,name,owner,group,tags,note", adm_devices_import,
			NULL },
	{ "device", "export", "", 0, 0, 0, "devices as CSV that import takes", adm_export, filters,
			NULL, "id,name,owner,group,tags,note" },

	{ "dgroup", "list", "", 0, 0, ADM_LISTS, "all groups of devices", adm_run_list, find },
	{ "dgroup", "show", "GROUP...", 1, ADM_ANY, ADM_MANY, "all about a group", adm_run_show,
			NULL },
	{ "dgroup", "add", "NAME", 1, 1, ADM_CHANGES, "a new group of devices", adm_run_add,
			(const struct adm_option[]){ ADM_OPT_NOTE, ADM_OPT_IF_MISSING, ADM_END } },
	{ "dgroup", "set", "GROUP...", 1, ADM_ANY, ADM_CHANGES | ADM_MANY, "change groups",
			adm_run_set,
			(const struct adm_option[]){ { "name", "NAME", ADM_TEXT, ADM_BODY, NULL,
								     NULL, "another name" },
					ADM_OPT_NOTE, ADM_END } },
	{ "dgroup", "delete", "GROUP...", 1, ADM_ANY, ADM_CHANGES | ADM_MANY,
			"remove groups; devices stay", adm_run_act, NULL, "DELETE", NULL, NULL,
			NULL, "deleted" },
	{ "dgroup", "members", "GROUP", 1, 1, ADM_LISTS, "the devices in a group",
			adm_group_members, NULL },
	{ "dgroup", "add-member", "GROUP DEVICE...", 2, ADM_ANY, ADM_CHANGES | ADM_MANY,
			"put devices into a group, out of theirs", adm_group_move, NULL },
	{ "dgroup", "remove-member", "GROUP DEVICE...", 2, ADM_ANY, ADM_CHANGES | ADM_MANY,
			"take devices out of a group", adm_group_drop, NULL },

	{ "session", "list", "", 0, 0, ADM_LISTS, "sessions that run now", adm_run_list,
			session_filters },
	{ "session", "end", "SESSION...", 0, ADM_ANY, MANY,
			"end sessions, named by guid or the viewer's id", adm_run_act,
			session_filters, "POST", "/end", NULL, NULL, "ended" },

	{ "recording", "list", "", 0, 0, ADM_LISTS, "recordings, latest first", adm_run_list,
			recording_filters },
	{ "recording", "get", "RECORDING FILE", 2, 2, 0,
			"the sealed recording into a file (- is standard output); the auditor's key opens it",
			adm_recording_get, NULL },
	{ "recording", "key", "SECRET PUBLIC", 2, 2, ADM_LOCAL | ADM_PLAIN,
			"make the auditor's pair of keys: two files, of which the first stays with him",
			adm_recording_key, recording_key },
	{ "recording", "open", "SEALED FILM", 2, 2, ADM_LOCAL | ADM_PLAIN,
			"open a sealed recording with the auditor's secret key", adm_recording_open,
			recording_open },
	{ "recording", "delete", "RECORDING...", 0, ADM_ANY, MANY,
			"remove recordings before their time", adm_run_act, recording_filters,
			"DELETE", NULL, NULL, NULL, "deleted" },
};
const size_t adm_verbs_devices_count = HWS_COUNT(adm_verbs_devices);
