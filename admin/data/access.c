/* admin/data/access: the order is: what forbids to all, what is one's own, rules, what nobody
 * has. */
#include "admin/data/access.h"

#define DAY_MINUTES 1440u
#define MINUTE_MS (60ll * 1000)
#define OFFSET_MAX 840

bool dat_perms_valid(uint64_t perms)
{
	if (perms & ~DAT_PERMS_MASK)
		return false;
	return !(perms & (perms >> 1) & (DAT_PERMS_MASK / 3));
}

uint64_t dat_perms_over(uint64_t base, uint64_t over)
{
	uint64_t set = (over | over >> 1) & (DAT_PERMS_MASK / 3);

	return (base & ~(set * 3)) | over;
}

uint64_t dat_perms_widest(uint64_t a, uint64_t b)
{
	uint64_t r = 0;

	for (unsigned i = 0; i < DAT_PERMISSIONS; i++) {
		unsigned x = a >> (2 * i) & 3, y = b >> (2 * i) & 3;

		if (x == 2 || y == 2)
			r |= 2ull << (2 * i);
		else if (x == 1 && y == 1)
			r |= 1ull << (2 * i);
	}
	return r;
}

bool dat_when_valid(const struct dat_when *w)
{
	return w->days <= 127 && w->minute_from < DAY_MINUTES && w->minute_to >= 1 &&
			w->minute_to <= DAY_MINUTES && w->utc_offset >= -OFFSET_MAX &&
			w->utc_offset <= OFFSET_MAX && w->valid_from >= 0 && w->valid_until >= 0;
}

static bool has_day(const struct dat_when *w, int64_t day)
{
	/* the first day of Unix time was a Thursday */
	return w->days >> ((day % 7 + 7 + 3) % 7) & 1;
}

bool dat_when_open(const struct dat_when *w, int64_t now)
{
	int64_t local = now / MINUTE_MS + w->utc_offset, day;
	unsigned minute;

	if (now < w->valid_from || (w->valid_until && now >= w->valid_until) || now < 0)
		return false;
	day = local / DAY_MINUTES - (local < 0 ? 1 : 0);
	minute = (unsigned)(local - day * DAY_MINUTES);
	if (w->minute_from < w->minute_to)
		return has_day(w, day) && minute >= w->minute_from && minute < w->minute_to;
	if (minute >= w->minute_from)
		return has_day(w, day);
	return minute < w->minute_to && has_day(w, day - 1);
}

static struct dat_access refuse(enum dat_access_why why)
{
	return (struct dat_access){ .why = why };
}

static struct dat_access allow(enum dat_access_why why, uint64_t perms)
{
	return (struct dat_access){ .allowed = true, .why = why, .perms = perms };
}

/* What forbids it whatever else speaks for it; DAT_WHY_RULE = nothing. */
static enum dat_access_why forbidden(const struct dat_access_facts *f)
{
	if (f->logged_in && !f->viewer_enabled)
		return DAT_WHY_ACCOUNT_OFF;
	if (f->device_known && f->device_pending)
		return DAT_WHY_DEVICE_PENDING;
	if (f->device_known && !f->device_enabled)
		return DAT_WHY_DEVICE_OFF;
	if (f->owned && !f->owner_enabled)
		return DAT_WHY_OWNER_OFF;
	return DAT_WHY_RULE;
}

static bool nobodys(const struct dat_access_facts *f)
{
	return !f->owned && !f->grouped && !f->closed;
}

struct dat_access dat_access_decide(const struct dat_access_facts *f,
		const struct dat_access_rule *rules, size_t n, int64_t now)
{
	enum dat_access_why no = forbidden(f);
	struct dat_access by_rule = { .allowed = true, .why = DAT_WHY_RULE };
	bool later = false, found = false;

	if (no != DAT_WHY_RULE)
		return refuse(no);
	if (!f->logged_in)
		return f->strangers && nobodys(f) ? allow(DAT_WHY_STRANGERS, f->role_perms)
						  : refuse(DAT_WHY_LOG_IN);
	if (f->own)
		return allow(DAT_WHY_OWNER, f->role_perms);
	if (f->same_group)
		return allow(DAT_WHY_GROUP, f->role_perms);
	for (size_t i = 0; i < n; i++) {
		uint64_t one = dat_perms_over(f->role_perms, rules[i].perms);

		if (!rules[i].enabled)
			continue;
		if (!dat_when_open(&rules[i].when, now)) {
			later = true;
			continue;
		}
		if (!found)
			by_rule.rule = i;
		by_rule.perms = found ? dat_perms_widest(by_rule.perms, one) : one;
		found = true;
	}
	if (found)
		return by_rule;
	if (nobodys(f) && (f->unowned_open || f->strangers))
		return allow(DAT_WHY_UNOWNED, f->role_perms);
	return refuse(later ? DAT_WHY_NOT_NOW : DAT_WHY_NO_RULE);
}

const char *dat_access_text(enum dat_access_why why)
{
	switch (why) {
	case DAT_WHY_NO_RULE:
		return "No rule of this server lets you reach that device.";
	case DAT_WHY_NOT_NOW:
		return "The rules of this server do not let you reach that device at this time.";
	case DAT_WHY_LOG_IN:
		return "Log in to reach that device.";
	case DAT_WHY_ACCOUNT_OFF:
		return "Your account is disabled.";
	case DAT_WHY_DEVICE_OFF:
		return "That device is disabled by its administrator.";
	case DAT_WHY_DEVICE_PENDING:
		return "That device waits for the approval of an administrator.";
	case DAT_WHY_OWNER_OFF:
		return "The account that the device belongs to is disabled.";
	case DAT_WHY_OWNER:
	case DAT_WHY_GROUP:
	case DAT_WHY_RULE:
	case DAT_WHY_UNOWNED:
	case DAT_WHY_STRANGERS:
		break;
	}
	return "";
}
