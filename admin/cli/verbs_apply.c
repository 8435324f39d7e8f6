/* admin/verbs_apply: a file says how groups, roles, users, address books and rules are to be; what
 * is missing is made, what differs is changed, and nothing is taken away. The same file again
 * changes nothing. */
#include "admin/cli/body.h"
#include "admin/cli/share.h"
#include "admin/cli/targets.h"
#include "admin/cli/things.h"
#include "admin/cli/verbs.h"
#include "shared/base/str.h"
#include <string.h>

#define FILE_MAX (8u << 20)
/* Stands in a dry run for what is still to be made. */
#define TO_BE "00000000-0000-0000-0000-000000000000"

struct applying {
	struct adm_call *call;
	json_t *guids; /* "group:Support" -> guid, of those in the file */
	struct adm_rows *out;
	struct adm_tally tally;
};

/* A member of the file that is the name of another thing, which the API knows by its guid. */
struct reference {
	const char *member, *sent, *noun;
};

struct section {
	const char *name, *noun;
	const struct reference *references; /* up to one without a member; NULL = none */
	/* What else is its own; takes members out of `item` and puts others into `body`. */
	int (*more)(struct applying *a, json_t *item, json_t *body);
	/* Behind the thing itself, whose guid it gets; TO_BE: it is not there yet. */
	int (*after)(struct applying *a, const char *guid, const json_t *item);
};

/* --- names ------------------------------------------------------------------------------------ */

static int guid_of(struct applying *a, const char *noun, const char *name, char guid[40])
{
	char key[700];
	const char *known;

	if (hws_fmt(key, sizeof(key), "%s:%s", noun, name) < 0)
		return adm_complain(ADM_USAGE, "a name is too long");
	known = json_string_value(json_object_get(a->guids, key));
	if (known)
		return hws_str_copy(guid, 40, known) == HWS_OK ? ADM_DONE : ADM_FAILED;
	return adm_ref(a->call, noun, name, guid);
}

static void keep_guid(struct applying *a, const char *noun, const char *name, const char *guid)
{
	char key[700];

	if (hws_fmt(key, sizeof(key), "%s:%s", noun, name) == HWS_OK)
		json_object_set_new(a->guids, key, json_string(guid));
}

/* "user:ann": its kind by the API's word, and its guid. `kinds`: pairs of prefix and noun. */
static int subject(struct applying *a, const char *word, const char *const *kinds, char kind[16],
		char guid[40])
{
	for (size_t i = 0; kinds[i]; i += 3) {
		if (!hws_str_starts(word, kinds[i]))
			continue;
		if (hws_str_copy(kind, 16, kinds[i + 1]) < 0)
			return ADM_FAILED;
		return guid_of(a, kinds[i + 2], word + strlen(kinds[i]), guid);
	}
	return adm_complain(
			ADM_USAGE, "'%s' is not KIND:NAME of a kind that may stand there", word);
}

/* --- what sections have of their own ---------------------------------------------------------- */

static const char *const from_kinds[] = { "user:", "user", "user", "group:", "group", "group",
	NULL };
static const char *const to_kinds[] = { "group:", "group", "group", "dgroup:", "device_group",
	"dgroup", "device:", "device", "device", NULL };

static int rule_end(struct applying *a, json_t *item, json_t *body, const char *member,
		const char *sent, const char *const *kinds)
{
	const char *word = json_string_value(json_object_get(item, member));
	char kind[16], guid[40] = "", name[32];
	int status = word ? subject(a, word, kinds, kind, guid)
			  : adm_complain(ADM_USAGE, "a rule says \"from\" and \"to\"");

	if (status)
		return status;
	(void)snprintf(name, sizeof(name), "%s_kind", sent);
	json_object_set_new(body, name, json_string(kind));
	(void)snprintf(name, sizeof(name), "%s_guid", sent);
	json_object_set_new(body, name, json_string(guid));
	json_object_del(item, member);
	return ADM_DONE;
}

static int rule_ends(struct applying *a, json_t *item, json_t *body)
{
	int status = rule_end(a, item, body, "from", "subject", from_kinds);

	return status ? status : rule_end(a, item, body, "to", "object", to_kinds);
}

static int one_share(struct applying *a, const char *book, const json_t *share)
{
	const char *to = json_string_value(json_object_get(share, "to"));
	const char *right = json_string_value(json_object_get(share, "right")), *now;
	char kind[16] = "everyone", guid[40] = "", path[120];
	json_t *found = NULL, *row;
	int status;

	if (!to || !right)
		return adm_complain(ADM_USAGE, "a share says \"to\" and \"right\"");
	status = strcmp(to, "everyone") == 0 ? ADM_DONE : subject(a, to, from_kinds, kind, guid);
	if (status == ADM_DONE && hws_fmt(path, sizeof(path), "/books/%s/shares", book) < 0)
		status = ADM_FAILED;
	if (status == ADM_DONE && strcmp(book, TO_BE) != 0)
		status = adm_share_find(a->call, path, kind, guid, &found);
	now = json_string_value(json_object_get(found, "right"));
	if (status == ADM_DONE && !(now && strcmp(now, right) == 0)) {
		if (!a->call->dry_run)
			status = adm_share_put(a->call, path, found, kind, guid, right);
		row = json_pack("{s:s,s:s}", "guid", book, "name", to);
		if (status == ADM_DONE)
			adm_tell(a->call, a->out, adm_thing_find("book"), row, "shared");
		json_decref(row);
	}
	json_decref(found);
	return status;
}

static int shares(struct applying *a, const char *guid, const json_t *item)
{
	const json_t *list = json_object_get(item, "shares"), *share;
	int status = ADM_DONE;
	size_t i;

	json_array_foreach (list, i, share) {
		if (status == ADM_DONE)
			status = one_share(a, guid, share);
	}
	return status;
}

static int book(struct applying *a, json_t *item, json_t *body)
{
	const json_t *list = json_object_get(item, "shares");

	(void)a;
	(void)body;
	if (list && !json_is_array(list))
		return adm_complain(ADM_USAGE, "\"shares\" is a list");
	json_object_del(item, "shares");
	return ADM_DONE;
}

/* --- one thing -------------------------------------------------------------------------------- */

static const struct reference of_users[] = { { "group", "group_guid", "group" },
	{ "control_role", "control_role_guid", "role" }, { NULL, NULL, NULL } };
static const struct reference of_rules[] = { { "control_role", "control_role_guid", "role" },
	{ NULL, NULL, NULL } };
static const struct reference of_books[] = { { "owner", "owner_guid", "user" },
	{ NULL, NULL, NULL } };

/* In this order: what others name comes first. */
static const struct section sections[] = {
	{ "groups", "group", NULL, NULL, NULL },
	{ "device_groups", "dgroup", NULL, NULL, NULL },
	{ "control_roles", "role", NULL, NULL, NULL },
	{ "users", "user", of_users, NULL, NULL },
	{ "books", "book", of_books, book, shares },
	{ "rules", "rule", of_rules, rule_ends, NULL },
};

/* As the API takes it: names of others become their guids. */
static int body_of(struct applying *a, const struct section *s, const json_t *item, json_t **ret)
{
	json_t *left = json_copy((json_t *)(uintptr_t)item), *body = json_object();
	int status = ADM_DONE;

	for (const struct reference *r = s->references; r && r->member && status == ADM_DONE; r++) {
		const json_t *named = json_object_get(left, r->member);
		char guid[40] = "";

		if (!named)
			continue;
		if (!json_is_null(named) && !json_is_string(named))
			status = adm_complain(ADM_USAGE, "\"%s\" is a name, or null", r->member);
		else if (json_is_string(named))
			status = guid_of(a, r->noun, json_string_value(named), guid);
		json_object_set_new(body, r->sent, *guid ? json_string(guid) : json_null());
		json_object_del(left, r->member);
	}
	if (status == ADM_DONE && s->more)
		status = s->more(a, left, body);
	json_object_update(body, left);
	json_decref(left);
	if (status == ADM_DONE)
		*ret = body;
	else
		json_decref(body);
	return status;
}

/* As it is now, or NULL. */
static int find(struct applying *a, const struct adm_thing *thing, const char *name, json_t **ret)
{
	char word[700];
	char *words[] = { word };
	json_t *rows = NULL;
	int status;

	/* a name that looks like a pattern is a name here */
	if (hws_fmt(word, sizeof(word), "name:%s", name) < 0)
		return adm_complain(ADM_USAGE, "a name is too long");
	a->call->may_miss = true;
	status = adm_targets_find(a->call, thing, words, 1, "", true, &rows);
	a->call->may_miss = false;
	if (status == ADM_DONE && json_array_size(rows) > 1)
		status = adm_complain(
				ADM_CONFLICT, "%zu are called '%s'", json_array_size(rows), name);
	if (status == ADM_DONE)
		*ret = json_incref(json_array_get(rows, 0));
	json_decref(rows);
	return status;
}

/* What a new account needs and nobody has said: it is invited, in the usual group. */
static int complete(struct applying *a, json_t *body)
{
	char guid[40];
	int status = ADM_DONE;

	if (!json_object_get(body, "group_guid")) {
		status = adm_default_group(a->call, guid);
		json_object_set_new(body, "group_guid", json_string(status ? "" : guid));
	}
	if (!json_object_get(body, "role"))
		json_object_set_new(body, "role", json_string("user"));
	if (!json_object_get(body, "status"))
		json_object_set_new(body, "status", json_string("invited"));
	return status;
}

static int make(struct applying *a, const struct adm_thing *thing, json_t *body, char guid[40])
{
	json_t *made = NULL;
	int status = strcmp(thing->noun, "user") == 0 ? complete(a, body) : ADM_DONE;
	const char *got;

	if (status == ADM_DONE && !a->call->dry_run)
		status = adm_rest_call(a->call, "POST", thing->path, body, &made);
	got = made ? json_string_value(json_object_get(made, "guid")) : TO_BE;
	if (status == ADM_DONE && (!got || hws_str_copy(guid, 40, got) < 0))
		status = ADM_FAILED;
	if (status == ADM_DONE)
		adm_tell(a->call, a->out, thing, made ? made : body, "added");
	json_decref(made);
	return status;
}

static int apply_one(struct applying *a, const struct section *s, const json_t *item)
{
	const struct adm_thing *thing = adm_thing_find(s->noun);
	const char *name = json_string_value(json_object_get(item, "name"));
	json_t *now = NULL, *body = NULL;
	char guid[40] = "";
	int status;

	if (!name || !*name)
		return adm_complain(ADM_USAGE, "%s: each has a \"name\"", s->name);
	status = body_of(a, s, item, &body);
	if (status == ADM_DONE)
		status = find(a, thing, name, &now);
	if (status == ADM_DONE && now)
		status = hws_str_copy(guid, sizeof(guid), adm_row_guid(now)) < 0
				? ADM_FAILED
				: adm_patch(a->call, thing, now, body, a->out);
	else if (status == ADM_DONE)
		status = make(a, thing, body, guid);
	if (status == ADM_DONE)
		keep_guid(a, s->noun, name, guid);
	if (status == ADM_DONE && s->after)
		status = s->after(a, guid, item);
	if (status && a->call->err.text[0])
		adm_complain(status, "%s '%s': %s", s->noun, name, a->call->err.text);
	a->call->err.text[0] = 0;
	json_decref(now);
	json_decref(body);
	return status;
}

/* --- the file --------------------------------------------------------------------------------- */

static bool is_section(const char *key)
{
	for (size_t i = 0; i < HWS_COUNT(sections); i++)
		if (strcmp(sections[i].name, key) == 0)
			return true;
	return false;
}

/* Before anything is sent. */
static int check(const json_t *file)
{
	const char *key;
	json_t *value, *item;
	size_t i;

	if (!json_is_object(file))
		return adm_complain(ADM_USAGE, "the file is no JSON object");
	json_object_foreach ((json_t *)(uintptr_t)file, key, value) {
		if (!is_section(key) || !json_is_array(value))
			return adm_complain(ADM_USAGE,
					"'%s' is no list of groups, device_groups, control_roles, "
					"users, books or rules",
					key);
		json_array_foreach (value, i, item) {
			if (!json_is_object(item))
				return adm_complain(ADM_USAGE, "%s: each is an object", key);
		}
	}
	return ADM_DONE;
}

static int read_file(struct adm_call *call, json_t **ret)
{
	struct hws_buf text;
	struct hws_bytes bytes;
	json_error_t wrong;
	int status = ADM_DONE;

	hws_buf_init(&text, FILE_MAX);
	if (adm_read_input(call->args[0], &text, &call->err) < 0) {
		hws_buf_done_wiped(&text);
		return adm_complain_of(call, ADM_USAGE);
	}
	bytes = hws_buf_bytes(&text);
	*ret = json_loadb((const char *)bytes.ptr, bytes.len, JSON_REJECT_DUPLICATES, &wrong);
	if (!*ret)
		status = adm_complain(ADM_USAGE, "%s, line %d: %s", call->args[0], wrong.line,
				wrong.text);
	hws_buf_done_wiped(&text);
	return status ? status : check(*ret);
}

int adm_apply(struct adm_call *call)
{
	struct applying a = { .call = call };
	json_t *file = NULL, *item;
	int status = read_file(call, &file);
	size_t k;

	if (status == ADM_DONE)
		status = adm_tell_begin(call, &a.out);
	if (status) {
		json_decref(file);
		return status;
	}
	a.guids = json_object();
	for (size_t i = 0; i < HWS_COUNT(sections); i++) {
		json_array_foreach (json_object_get(file, sections[i].name), k, item)
			adm_tally(&a.tally, apply_one(&a, &sections[i], item));
	}
	json_decref(a.guids);
	json_decref(file);
	return adm_tell_end(call, a.out, adm_tally_status(&a.tally));
}
