/* admin/table_people: accounts, their groups, address books. */
#include "admin/cli/table_options.h"
#include "admin/cli/verbs.h"

#define ROLES "owner|admin|operator|auditor|read-only|user"
#define BOOK                                                                                       \
	{                                                                                          \
		"book", "NAME", ADM_TEXT, ADM_OWN, NULL, NULL, "the address book"                  \
	}

static const struct adm_option find[] = { ADM_OPT_FIND, ADM_END };

/* --- accounts --------------------------------------------------------------------------------- */

#define USER_FILTERS                                                                               \
	ADM_OPT_FIND, { "role", "ROLE", ADM_CHOICE, ADM_QUERY, NULL, ROLES, "of this role" },      \
			{ "status", "WORD", ADM_CHOICE, ADM_QUERY, NULL,                           \
				"active|disabled|invited", "in this state" },                      \
	{                                                                                          \
		"group", "NAME", ADM_REF, ADM_QUERY, NULL, "group", "in this group"                \
	}
#define USER_FIELDS                                                                                \
	{ "display-name", "TEXT", ADM_TEXT, ADM_BODY, NULL, NULL, "name as others see it" },       \
			{ "email", "ADDRESS", ADM_TEXT, ADM_BODY, NULL, NULL, "mail address" },    \
			{ "role", "ROLE", ADM_CHOICE, ADM_BODY, NULL, ROLES, "role: " ROLES },     \
			{ "status", "WORD", ADM_CHOICE, ADM_BODY, NULL, "active|disabled|invited", \
				"state: active|disabled|invited" },                                \
			{ "group", "NAME", ADM_REF, ADM_BODY, "group_guid", "group",               \
				"the group" },                                                     \
			{ "control-role", "NAME", ADM_REF, ADM_BODY, "control_role_guid", "role",  \
				"control role, or none" },                                         \
			{ "totp-required", "yes|no", ADM_YES, ADM_BODY, NULL, NULL,                \
				"must use one-time codes" },                                       \
			{ "mail-code", "yes|no", ADM_YES, ADM_BODY, NULL, NULL,                    \
				"asked for a code by mail, where there are no one-time codes" },   \
			{ "max-sessions", "N", ADM_NUMBER, ADM_BODY, NULL, NULL,                   \
				"sessions at a time, 0 = no limit" },                              \
			ADM_OPT_NOTE
#define PASSWORD                                                                                   \
	{ "password-file", "FILE", ADM_TEXT, ADM_OWN, NULL, NULL,                                  \
		"file (0600) with the password; - is standard input" },                            \
			{ "password-stdin", NULL, ADM_FLAG, ADM_OWN, NULL, NULL,                   \
				"read it from standard input" },                                   \
	{                                                                                          \
		"generate", NULL, ADM_FLAG, ADM_OWN, NULL, NULL, "make one, and print it"          \
	}

static const struct adm_option user_filters[] = { USER_FILTERS, ADM_END };
static const struct adm_option user_new[] = { USER_FIELDS, PASSWORD, ADM_OPT_IF_MISSING, ADM_END };
static const struct adm_option user_fields[] = { ADM_OPT_RENAME, USER_FIELDS, ADM_END };
static const struct adm_option user_password[] = { PASSWORD,
	{ "must-change", "yes|no", ADM_YES, ADM_BODY, NULL, NULL,
			"at the next login (default: yes)" },
	ADM_END };
static const struct adm_option import_user[] = { ADM_END };
static const struct adm_option user_token[] = { { "scope", "AREA=r|rw", ADM_PAIRS, ADM_BODY,
								"scopes", NULL,
								"what it may: device=rw,audit=r" },
	{ "expires", "TIME", ADM_UNTIL, ADM_BODY, "expires_at", NULL,
			"90d, a date or never (default: 90d)" },
	ADM_OPT_API_DATABASE, ADM_END };
static const struct adm_option user_link[] = { USER_FILTERS,
	{ "mail", NULL, ADM_FLAG, ADM_BODY, NULL, NULL, "mail it to them, and do not print it" },
	ADM_END };
static const struct adm_option setup_link[] = { ADM_OPT_API_DATABASE,
	{ "url", "URL", ADM_TEXT, ADM_OWN, NULL, NULL,
			"what the link begins with: https://NAME[:PORT]" },
	ADM_END };
static const struct adm_option break_glass[] = { ADM_OPT_API_DATABASE, PASSWORD, ADM_END };

#define MANY (ADM_CHANGES | ADM_MANY | ADM_FILTERS)

const struct adm_verb adm_verbs_people[] = {
	{ "user", "list", "", 0, 0, ADM_LISTS, "all accounts, or those that fit", adm_run_list,
			user_filters },
	{ "user", "show", "USER...", 1, ADM_ANY, ADM_MANY, "all about an account", adm_run_show,
			NULL },
	{ "user", "add", "NAME", 1, 1, ADM_CHANGES,
			"a new account; without a password it can only be invited or linked",
			adm_user_add, user_new },
	{ "user", "set", "USER...", 1, ADM_ANY, ADM_CHANGES | ADM_MANY, "change accounts",
			adm_run_set, user_fields },
	{ "user", "enable", "USER...", 0, ADM_ANY, MANY, "let accounts log in again", adm_run_act,
			user_filters, NULL, NULL, NULL, "enable", "enabled" },
	{ "user", "disable", "USER...", 0, ADM_ANY, MANY,
			"end the sessions of accounts and let them in no more", adm_run_act,
			user_filters, NULL, NULL, NULL, "disable", "disabled" },
	{ "user", "delete", "USER...", 0, ADM_ANY, MANY,
			"remove accounts, with their books and tokens", adm_run_act, user_filters,
			NULL, NULL, NULL, "delete", "deleted" },
	{ "user", "passwd", "USER", 1, 1, ADM_CHANGES,
			"set a password; asks for it unless a file is named", adm_user_password,
			user_password },
	{ "user", "link", "USER...", 0, ADM_ANY, MANY,
			"a link for each by which they choose their own password, once and within a day",
			adm_user_link, user_link },
	{ "user", "logout", "USER...", 0, ADM_ANY, MANY, "end all sessions of accounts",
			adm_run_act, user_filters, NULL, NULL, NULL, "logout", "logged out" },
	{ "user", "sessions", "USER", 1, 1, ADM_LISTS, "where an account is logged in",
			adm_run_inside, NULL, NULL, "/sessions" },
	{ "user", "2fa-require", "USER...", 0, ADM_ANY, MANY, "accounts must use one-time codes",
			adm_run_act, user_filters, NULL, NULL, NULL, "totp_require",
			"must use codes" },
	{ "user", "2fa-release", "USER...", 0, ADM_ANY, MANY, "take that back", adm_run_act,
			user_filters, NULL, NULL, NULL, "totp_release", "may do without codes" },
	{ "user", "2fa-reset", "USER...", 1, ADM_ANY, ADM_CHANGES | ADM_MANY,
			"take one-time codes away (a lost telephone)", adm_run_act, NULL, "DELETE",
			"/totp", NULL, NULL, "has no codes now" },
	{ "user", "import", "FILE", 1, 1, ADM_CHANGES,
			"add and change accounts by CSV: name,display_name,email,role,group",
			adm_users_import, import_user },
	{ "user", "export", "", 0, 0, 0, "all accounts as CSV that import takes", adm_export,
			user_filters, NULL, "name,display_name,email,role,group" },
	{ "user", "setup-link", "", 0, 0, ADM_LOCAL | ADM_PLAIN,
			"a link for the first owner, once and for a day; works while hawser-api is down",
			adm_user_setup_link, setup_link },
	{ "user", "token", "USER NAME", 2, 2, ADM_LOCAL | ADM_CHANGES | ADM_PLAIN,
			"a new token of an account, printed this once; works while hawser-api is down",
			adm_user_token, user_token },
	{ "user", "break-glass", "NAME", 1, 1, ADM_LOCAL | ADM_CHANGES,
			"make an account a local owner with a new password and no codes, whatever providers say; works while hawser-api is down",
			adm_user_break_glass, break_glass },

	{ "group", "list", "", 0, 0, ADM_LISTS, "all groups", adm_run_list, find },
	{ "group", "show", "GROUP...", 1, ADM_ANY, ADM_MANY, "all about a group", adm_run_show,
			NULL },
	{ "group", "add", "NAME", 1, 1, ADM_CHANGES, "a new group", adm_run_add,
			(const struct adm_option[]){
					{ "intra", "yes|no", ADM_YES, ADM_BODY, "intra_access",
							NULL,
							"members reach each other's devices" },
					ADM_OPT_NOTE, ADM_OPT_IF_MISSING, ADM_END } },
	{ "group", "set", "GROUP...", 1, ADM_ANY, ADM_CHANGES | ADM_MANY, "change groups",
			adm_run_set,
			(const struct adm_option[]){ ADM_OPT_RENAME,
					{ "intra", "yes|no", ADM_YES, ADM_BODY, "intra_access",
							NULL,
							"members reach each other's devices" },
					ADM_OPT_NOTE, ADM_END } },
	{ "group", "delete", "GROUP...", 1, ADM_ANY, ADM_CHANGES | ADM_MANY, "remove empty groups",
			adm_run_act, NULL, "DELETE", NULL, NULL, NULL, "deleted" },
	{ "group", "members", "GROUP", 1, 1, ADM_LISTS, "the accounts in a group",
			adm_group_members, NULL },
	{ "group", "add-member", "GROUP USER...", 2, ADM_ANY, ADM_CHANGES | ADM_MANY,
			"put accounts into a group, out of theirs", adm_group_move, NULL },
	{ "group", "remove-member", "GROUP USER...", 2, ADM_ANY, ADM_CHANGES | ADM_MANY,
			"put accounts back into the default group", adm_group_drop, NULL },

	{ "book", "list", "", 0, 0, ADM_LISTS, "all address books that you may see", adm_run_list,
			find },
	{ "book", "show", "BOOK...", 1, ADM_ANY, ADM_MANY, "all about a book", adm_run_show, NULL },
	{ "book", "add", "NAME", 1, 1, ADM_CHANGES, "a new book", adm_run_add,
			(const struct adm_option[]){
					{ "owner", "USER", ADM_REF, ADM_BODY, "owner_guid", "user",
							"whose it is" },
					ADM_OPT_NOTE, ADM_OPT_IF_MISSING, ADM_END } },
	{ "book", "set", "BOOK...", 1, ADM_ANY, ADM_CHANGES | ADM_MANY, "change books", adm_run_set,
			(const struct adm_option[]){ ADM_OPT_RENAME,
					{ "owner", "USER", ADM_REF, ADM_BODY, "owner_guid", "user",
							"whose it is" },
					ADM_OPT_NOTE, ADM_END } },
	{ "book", "delete", "BOOK...", 1, ADM_ANY, ADM_CHANGES | ADM_MANY,
			"remove books with their entries", adm_run_act, NULL, "DELETE", NULL, NULL,
			NULL, "deleted" },
	{ "book", "shares", "[BOOK]", 0, 1, ADM_LISTS, "who may use a book", adm_run_list,
			(const struct adm_option[]){ BOOK, ADM_END }, NULL, NULL, NULL, NULL, NULL,
			"share" },
	{ "book", "share", "BOOK WITH RIGHT", 3, 3, ADM_CHANGES,
			"WITH is user:NAME, group:NAME or everyone; RIGHT read, write or full",
			adm_book_share, NULL },
	{ "book", "unshare", "BOOK WITH", 2, 2, ADM_CHANGES, "take that back", adm_book_share,
			NULL },
	{ "book", "tags", "BOOK", 1, 1, ADM_LISTS, "tags of a book", adm_run_inside, NULL, NULL,
			"/tags" },
	{ "book", "tag", "BOOK TAG", 2, 2, ADM_CHANGES, "make, colour or rename a tag",
			adm_book_tag,
			(const struct adm_option[]){ { "color", "#RRGGBB", ADM_TEXT, ADM_BODY, NULL,
								     NULL, "its colour" },
					{ "rename", "TAG", ADM_TEXT, ADM_BODY, NULL, NULL,
							"another name" },
					ADM_END } },
	{ "book", "untag", "BOOK TAG", 2, 2, ADM_CHANGES, "take a tag off all entries",
			adm_book_tag, NULL },

#define ENTRY_FIELDS                                                                               \
	{ "alias", "NAME", ADM_TEXT, ADM_BODY, NULL, NULL, "name in the book" }, ADM_OPT_NOTE,     \
			{ "tags", "LIST", ADM_WORDS, ADM_BODY, NULL, NULL, "tags, with commas" },  \
			{ "login-name", "NAME", ADM_TEXT, ADM_BODY, NULL, NULL,                    \
				"account at the device" },                                         \
			{ "force-relay", "yes|no", ADM_YES, ADM_BODY, NULL, NULL,                  \
				"always by a relay" },                                             \
	{                                                                                          \
		"password-file", "FILE", ADM_SECRET, ADM_BODY, "password", NULL,                   \
				"file (0600) with its password; - is standard input"               \
	}
#define ENTRY_FILTERS                                                                              \
	BOOK, ADM_OPT_FIND, { "tag", "TAG", ADM_TEXT, ADM_QUERY, NULL, NULL, "with this tag" },    \
	{                                                                                          \
		"deleted", "yes|no", ADM_YES, ADM_QUERY, NULL, NULL, "those in the bin"            \
	}
	{ "entry", "list", "", 0, 0, ADM_LISTS, "entries of a book", adm_run_list,
			(const struct adm_option[]){ ENTRY_FILTERS, ADM_END } },
	{ "entry", "show", "ENTRY...", 1, ADM_ANY, ADM_MANY, "all about an entry", adm_run_show,
			(const struct adm_option[]){ BOOK, ADM_END } },
	{ "entry", "add", "ID", 1, 1, ADM_CHANGES, "a new entry", adm_run_add,
			(const struct adm_option[]){
					BOOK, ENTRY_FIELDS, ADM_OPT_IF_MISSING, ADM_END } },
	{ "entry", "set", "ENTRY...", 1, ADM_ANY, ADM_CHANGES | ADM_MANY, "change entries",
			adm_run_set, (const struct adm_option[]){ BOOK, ENTRY_FIELDS, ADM_END } },
	{ "entry", "delete", "ENTRY...", 0, ADM_ANY, MANY, "put entries into the bin", adm_run_act,
			(const struct adm_option[]){ ENTRY_FILTERS, ADM_END }, NULL, NULL, NULL,
			"delete", "deleted" },
	{ "entry", "restore", "ENTRY...", 0, ADM_ANY, MANY,
			"take entries out of the bin (--deleted yes)", adm_run_act,
			(const struct adm_option[]){ ENTRY_FILTERS, ADM_END }, NULL, NULL, NULL,
			"restore", "restored" },
	{ "entry", "import", "FILE", 1, 1, ADM_CHANGES,
			"add and change entries by CSV: id,alias,tags,note,login_name,force_relay,password",
			adm_entries_import, (const struct adm_option[]){ BOOK, ADM_END } },
	{ "entry", "export", "", 0, 0, 0, "entries as CSV that import takes; no passwords",
			adm_export, (const struct adm_option[]){ ENTRY_FILTERS, ADM_END }, NULL,
			"id,alias,tags,note,login_name,force_relay" },

	{ "token", "list", "", 0, 0, ADM_LISTS, "tokens", adm_run_list, find },
	{ "token", "add", "NAME", 1, 1, ADM_CHANGES, "a new token, printed this once",
			adm_token_add,
			(const struct adm_option[]){
					{ "scope", "AREA=r|rw", ADM_PAIRS, ADM_BODY, "scopes", NULL,
							"what it may: device=rw,audit=r" },
					{ "expires", "TIME", ADM_UNTIL, ADM_BODY, "expires_at",
							NULL,
							"90d, a date or never (default: 90d)" },
					ADM_END } },
	{ "token", "set", "TOKEN...", 1, ADM_ANY, ADM_CHANGES | ADM_MANY, "change tokens",
			adm_run_set,
			(const struct adm_option[]){ ADM_OPT_RENAME,
					{ "expires", "TIME", ADM_UNTIL, ADM_BODY, "expires_at",
							NULL, "90d, a date or never" },
					{ "enabled", "yes|no", ADM_YES, ADM_BODY, NULL, NULL,
							"whether it is taken" },
					ADM_END } },
	{ "token", "revoke", "TOKEN...", 1, ADM_ANY, ADM_CHANGES | ADM_MANY, "remove tokens",
			adm_run_act, NULL, "DELETE", NULL, NULL, NULL, "revoked" },
};
const size_t adm_verbs_people_count = HWS_COUNT(adm_verbs_people);
