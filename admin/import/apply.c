/* import/apply: people, groups and devices. Whatever could fail in the database is looked up
 * before: on PostgreSQL a statement that fails ends the whole transaction. */
#include "admin/import/apply.h"
#include "admin/data/accounts.h"
#include "admin/data/devices.h"
#include "admin/data/groups.h"
#include "admin/data/name.h"
#include "admin/import/text.h"
#include "shared/base/num.h"
#include "shared/base/str.h"

#include <string.h>

static const char *const what_names[IMP_WHATS] = {
	[IMP_USER_GROUP] = "group",
	[IMP_USER] = "user",
	[IMP_DEVICE_GROUP] = "device-group",
	[IMP_DEVICE] = "device",
	[IMP_BOOK] = "book",
	[IMP_RULE] = "rule",
	[IMP_TAG] = "tag",
	[IMP_ENTRY] = "entry",
};

const char *imp_what_name(enum imp_what what)
{
	return what_names[what];
}

bool imp_truth(const char *text)
{
	bool yes = false;

	return hws_parse_bool(text, &yes) == HWS_OK && yes;
}

int imp_told(struct imp_applying *a, enum imp_verb verb, const char *name, const char *why)
{
	const struct imp_line line = { what_names[a->what], verb, name, why };
	struct imp_report *r = a->report;

	r->added += verb == IMP_ADD;
	r->changed += verb == IMP_CHANGE;
	r->same += verb == IMP_SAME;
	r->refused += verb == IMP_REFUSE;
	if (a->job->say)
		a->job->say(&line, a->job->arg);
	return HWS_OK;
}

void imp_take_name(const struct imp_row *row, enum imp_field field, char name[DAT_NAME_TEXT])
{
	char key[DAT_NAME_KEY_TEXT];

	imp_clean(row->v[field], name, DAT_NAME_TEXT, false);
	if (dat_name_key(name, key) < 0)
		name[0] = '\0';
}

/* A text that is searched for by its folded form: one that grows too much by folding is left
 * out. */
static void take_text(const struct imp_row *row, enum imp_field field, char *text, size_t size)
{
	char folded[2 * DAT_NOTE_TEXT];

	imp_clean(row->v[field], text, size, size == DAT_NOTE_TEXT);
	if (dat_fold(text, folded, HWS_MIN(2 * size, sizeof(folded))) < 0)
		text[0] = '\0';
}

static int remember(struct imp_applying *a, const struct imp_row *row, const char *guid)
{
	return imp_map_add(&a->map[a->what], row->v[IMP_F_KEY], guid);
}

/* --- groups ----------------------------------------------------------------------------------- */

static enum dat_group_kind group_kind(enum imp_what what)
{
	return what == IMP_USER_GROUP ? DAT_USER_GROUP : DAT_DEVICE_GROUP;
}

static int apply_group(struct imp_applying *a, const struct imp_row *row)
{
	char name[DAT_NAME_TEXT], note[DAT_NOTE_TEXT];
	struct dat_group g;
	int r;

	imp_take_name(row, IMP_F_NAME, name);
	if (!*name)
		return imp_told(a, IMP_REFUSE, "(no name)", "a group must have a name");
	imp_clean(row->v[IMP_F_NOTE], note, sizeof(note), true);
	r = dat_group_find(a->c, group_kind(a->what), name, &g);
	if (r == HWS_OK) {
		r = remember(a, row, g.guid);
		return r == HWS_OK ? imp_told(a, IMP_SAME, name, "") : r;
	}
	if (r == HWS_ERR_NOTFOUND)
		r = dat_group_add(a->c, group_kind(a->what), name, note, a->job->now, g.guid);
	if (r == HWS_OK)
		r = remember(a, row, g.guid);
	return r == HWS_OK ? imp_told(a, IMP_ADD, name, "") : r;
}

int imp_find_group(struct imp_applying *a, enum imp_what what, const char *text,
		char ret_guid[DAT_GUID_TEXT])
{
	const char *known = *text ? imp_map_find(&a->map[what], text) : NULL;
	char name[DAT_NAME_TEXT];
	struct dat_group g;
	int r;

	if (known)
		return hws_str_copy(ret_guid, DAT_GUID_TEXT, known);
	imp_clean(text, name, sizeof(name), false);
	if (!*name)
		return HWS_ERR_NOTFOUND;
	r = dat_group_find(a->c, group_kind(what), name, &g);
	return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, g.guid) : r;
}

/* --- people ----------------------------------------------------------------------------------- */

struct person {
	char name[DAT_NAME_TEXT], display[DAT_NAME_TEXT];
	char email[DAT_EMAIL_TEXT], note[DAT_NOTE_TEXT];
	char group[DAT_GUID_TEXT];
	bool grouped, off, admin;
	char why[200];
};

static void say_more(struct person *p, const char *what)
{
	char all[sizeof(p->why)];

	if (hws_fmt(all, sizeof(all), "%s%s%s", p->why, *p->why ? "; " : "", what) == HWS_OK)
		memcpy(p->why, all, sizeof(all));
}

/* An address that another has stays with it; so does one that is none. */
static int take_email(struct imp_applying *a, const struct imp_row *row, struct person *p)
{
	struct dat_account other;
	int r;

	take_text(row, IMP_F_EMAIL, p->email, sizeof(p->email));
	if (!*p->email)
		return HWS_OK;
	if (!strchr(p->email, '@') || strpbrk(p->email, " <>,;\"\t\r\n")) {
		say_more(p, "its mail address is none");
		p->email[0] = '\0';
		return HWS_OK;
	}
	r = dat_account_find_email(a->c, p->email, &other);
	if (r == HWS_OK && !hws_str_equal(other.name, p->name)) {
		say_more(p, "its mail address is another's here");
		p->email[0] = '\0';
	}
	return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
}

static int take_person(struct imp_applying *a, const struct imp_row *row, struct person *p)
{
	int r;

	imp_clean(row->v[IMP_F_DISPLAY], p->display, sizeof(p->display), false);
	imp_clean(row->v[IMP_F_NOTE], p->note, sizeof(p->note), true);
	p->off = *row->v[IMP_F_STATUS] && !imp_truth(row->v[IMP_F_STATUS]);
	p->admin = imp_truth(row->v[IMP_F_ADMIN]);
	if (strcmp(p->name, row->v[IMP_F_NAME]) != 0)
		say_more(p, "its name had signs or a length that are not possible here");
	r = take_email(a, row, p);
	if (r == HWS_OK)
		r = imp_find_group(a, IMP_USER_GROUP, row->v[IMP_F_GROUP], p->group);
	p->grouped = r == HWS_OK;
	return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
}

static int add_person(struct imp_applying *a, const struct imp_row *row, struct person *p)
{
	const struct dat_account_new in = {
		.name = p->name,
		.email = p->email,
		.display_name = p->display,
		.note = p->note,
		.group_guid = p->grouped ? p->group : NULL,
		.role = p->admin && a->job->take_rights ? DAT_ROLE_ADMIN : DAT_ROLE_USER,
		.status = p->off ? DAT_DISABLED : DAT_ENABLED,
		.must_change_pw = true,
	};
	char guid[DAT_GUID_TEXT];
	int r = dat_account_add(a->c, &in, a->job->now, guid);

	if (r == HWS_OK)
		r = remember(a, row, guid);
	if (r < 0)
		return r;
	say_more(p, "without a password: give a set-up link");
	if (p->admin && !a->job->take_rights)
		say_more(p, "an administrator there, a user here");
	a->report->without_password++;
	return imp_told(a, IMP_ADD, p->name, p->why);
}

/* Fills in what is empty here. */
static int fill_person(struct imp_applying *a, const struct imp_row *row, struct person *p,
		const struct dat_account *here)
{
	struct dat_account_change ch = { DAT_ACCOUNT_CHANGE };
	int r = HWS_OK;

	if (!*here->display_name && *p->display)
		ch.display_name = p->display;
	if (!*here->email && *p->email)
		ch.email = p->email;
	if (!*here->note && *p->note)
		ch.note = p->note;
	if (ch.display_name || ch.email || ch.note) {
		r = dat_account_change(a->c, here->guid, &ch, a->job->now);
		if (r == HWS_OK)
			r = imp_told(a, IMP_CHANGE, p->name, p->why);
	} else {
		r = imp_told(a, IMP_SAME, p->name, p->why);
	}
	return r == HWS_OK ? remember(a, row, here->guid) : r;
}

static int apply_user(struct imp_applying *a, const struct imp_row *row)
{
	struct person p = { 0 };
	struct dat_account here;
	int r;

	imp_take_name(row, IMP_F_NAME, p.name);
	if (!*p.name)
		return imp_told(a, IMP_REFUSE, "(no name)", "a user must have a name");
	r = take_person(a, row, &p);
	if (r == HWS_OK)
		r = dat_account_find(a->c, p.name, &here);
	if (r == HWS_ERR_NOTFOUND)
		return add_person(a, row, &p);
	return r == HWS_OK ? fill_person(a, row, &p, &here) : r;
}

int imp_find_user(struct imp_applying *a, const char *text, char ret_guid[DAT_GUID_TEXT])
{
	const char *known = *text ? imp_map_find(&a->map[IMP_USER], text) : NULL;
	char name[DAT_NAME_TEXT];
	struct dat_account here;
	int r;

	if (known)
		return hws_str_copy(ret_guid, DAT_GUID_TEXT, known);
	imp_clean(text, name, sizeof(name), false);
	r = *name ? dat_account_find(a->c, name, &here) : HWS_ERR_NOTFOUND;
	return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, here.guid) : r;
}

/* --- devices ---------------------------------------------------------------------------------- */

struct machine {
	char id[DAT_ID_TEXT], uuid[DAT_UUID_TEXT];
	char hostname[DAT_NAME_TEXT], username[DAT_NAME_TEXT];
	char os[DAT_OS_TEXT], cpu[DAT_OS_TEXT];
	char memory[DAT_SHORT_TEXT], version[DAT_SHORT_TEXT];
	char alias[DAT_NAME_TEXT], note[DAT_NOTE_TEXT];
	char owner[DAT_GUID_TEXT], group[DAT_GUID_TEXT];
};

static int take_machine(struct imp_applying *a, const struct imp_row *row, struct machine *m)
{
	int r;

	imp_clean(row->v[IMP_F_UUID], m->uuid, sizeof(m->uuid), false);
	if (!*m->uuid)
		imp_hex_to_base64(row->v[IMP_F_UUID_HEX], m->uuid, sizeof(m->uuid));
	take_text(row, IMP_F_HOSTNAME, m->hostname, sizeof(m->hostname));
	take_text(row, IMP_F_USERNAME, m->username, sizeof(m->username));
	take_text(row, IMP_F_OS, m->os, sizeof(m->os));
	imp_clean(row->v[IMP_F_CPU], m->cpu, sizeof(m->cpu), false);
	imp_clean(row->v[IMP_F_MEMORY], m->memory, sizeof(m->memory), false);
	imp_clean(row->v[IMP_F_VERSION], m->version, sizeof(m->version), false);
	take_text(row, IMP_F_ALIAS, m->alias, sizeof(m->alias));
	take_text(row, IMP_F_NOTE, m->note, sizeof(m->note));
	r = imp_find_user(a, row->v[IMP_F_OWNER], m->owner);
	if (r == HWS_ERR_NOTFOUND)
		r = HWS_OK;
	if (r == HWS_OK)
		r = imp_find_group(a, IMP_DEVICE_GROUP, row->v[IMP_F_GROUP], m->group);
	return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
}

static int fill_machine(struct imp_applying *a, const struct machine *m,
		const struct dat_device *here, bool *ret_changed)
{
	const struct dat_sysinfo info = { m->hostname, m->username, m->os, m->cpu, m->memory,
		m->version };
	struct dat_device_change ch = { 0 };
	bool told = *m->hostname || *m->username || *m->os || *m->cpu || *m->memory || *m->version;
	int r = HWS_OK;

	*ret_changed = false;
	if (!here->sysinfo_at && told) {
		*ret_changed = true;
		r = dat_device_sysinfo(a->c, m->id, m->uuid, &info, a->job->now);
	}
	if (!*here->owner_guid && *m->owner)
		ch.owner_guid = m->owner;
	if (!*here->group_guid && *m->group)
		ch.group_guid = m->group;
	if (!*here->note && *m->note)
		ch.note = m->note;
	/* A name of the administrator's; what the device itself reports is in the other. */
	if (!*here->name && *m->alias)
		ch.name = m->alias;
	if (r == HWS_OK && (ch.owner_guid || ch.group_guid || ch.note || ch.name)) {
		*ret_changed = true;
		r = dat_device_change(a->c, here->guid, &ch, a->job->now);
	}
	return r;
}

static int add_machine(struct imp_applying *a, const struct imp_row *row, const struct machine *m)
{
	struct dat_device fresh = { 0 };
	bool changed;
	int r = dat_device_register(a->c, m->id, m->uuid, false, a->job->now, fresh.guid);

	if (r == HWS_OK)
		r = fill_machine(a, m, &fresh, &changed);
	if (r == HWS_OK && *row->v[IMP_F_STATUS] && !imp_truth(row->v[IMP_F_STATUS]))
		r = dat_device_set_status(a->c, fresh.guid, DAT_DEVICE_OFF, a->job->now);
	return r == HWS_OK ? imp_told(a, IMP_ADD, m->id, "") : r;
}

static int apply_device(struct imp_applying *a, const struct imp_row *row)
{
	struct machine m = { 0 };
	struct dat_device here;
	bool changed = false;
	int r = HWS_OK;

	if (imp_clean(row->v[IMP_F_ID], m.id, sizeof(m.id), false) || !*m.id)
		return imp_told(a, IMP_REFUSE, m.id, "no possible ID");
	r = take_machine(a, row, &m);
	if (r == HWS_OK)
		r = dat_device_find(a->c, m.id, &here);
	if (r == HWS_ERR_NOTFOUND && !*m.uuid)
		return imp_told(a, IMP_REFUSE, m.id,
				"it has no machine id: it comes by itself when it registers");
	if (r == HWS_ERR_NOTFOUND)
		return add_machine(a, row, &m);
	if (r < 0)
		return r;
	if (*m.uuid && !hws_str_equal(m.uuid, here.uuid))
		return imp_told(a, IMP_REFUSE, m.id, "the ID is another machine's here");
	memcpy(m.uuid, here.uuid, sizeof(m.uuid));
	r = fill_machine(a, &m, &here, &changed);
	return r == HWS_OK ? imp_told(a, changed ? IMP_CHANGE : IMP_SAME, m.id, "") : r;
}

/* ---------------------------------------------------------------------------------------------- */

int imp_apply(const struct imp_row *row, void *applying)
{
	struct imp_applying *a = applying;

	switch (a->what) {
	case IMP_USER_GROUP:
	case IMP_DEVICE_GROUP:
		return apply_group(a, row);
	case IMP_USER:
		return apply_user(a, row);
	case IMP_DEVICE:
		return apply_device(a, row);
	case IMP_BOOK:
		return imp_apply_book(a, row);
	case IMP_RULE:
		return imp_apply_rule(a, row);
	case IMP_TAG:
		return imp_apply_tag(a, row);
	case IMP_ENTRY:
		return imp_apply_entry(a, row);
	case IMP_WHATS:
		break;
	}
	return HWS_ERR_INVAL;
}
