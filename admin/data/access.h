/* admin/data/access: the decision who may reach whom, with what permissions, when. Pure: no
 * database, no clock. Rules only allow; nothing that speaks for it means no. An administrator has
 * no right to connect by being one. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Two bits for each permission, as hosts read them: 0 leave it as the host has it, 1 off, 2 on. */
#define DAT_PERMISSIONS 13u
#define DAT_PERMS_MASK ((1ull << (2 * DAT_PERMISSIONS)) - 1)
/* A field that is 3 means nothing to a host. */
bool dat_perms_valid(uint64_t perms);
/* What `over` says, and where it leaves a permission alone what `base` says. */
uint64_t dat_perms_over(uint64_t base, uint64_t over);
/* Of two that both allow, the wider: on before as it is, before off. */
uint64_t dat_perms_widest(uint64_t a, uint64_t b);

struct dat_when {
	unsigned days; /* 1 = Monday ... 64 = Sunday */
	unsigned minute_from,
			minute_to; /* of the day, to is outside; from >= to goes past midnight:
					  * the part after it belongs to the day before */
	int utc_offset;            /* minutes */
	int64_t valid_from, valid_until; /* Unix milliseconds; until 0 = no end */
};
#define DAT_ALWAYS ((struct dat_when){ .days = 127, .minute_to = 1440 })
bool dat_when_valid(const struct dat_when *w);
bool dat_when_open(const struct dat_when *w, int64_t now);

/* A rule that speaks of both ends already. */
struct dat_access_rule {
	bool enabled;
	uint64_t perms;
	struct dat_when when;
};

/* What is known of both ends. */
struct dat_access_facts {
	bool logged_in, viewer_enabled;
	bool device_known, device_enabled, device_pending;
	bool owned, owner_enabled; /* the device has an owner */
	bool grouped;              /* it is in a group of devices */
	bool closed;     /* it had an owner or a group that was removed: it is not open by that */
	bool own;        /* the owner is the viewer */
	bool same_group; /* owner and viewer are in one group whose members reach each other */
	uint64_t role_perms; /* of the viewer's control role */
	/* Settings. */
	bool strangers;    /* who is not logged in may reach what nobody owns */
	bool unowned_open; /* who is logged in may reach what nobody owns and no group has */
};

enum dat_access_why {
	DAT_WHY_OWNER, /* those that allow first */
	DAT_WHY_GROUP,
	DAT_WHY_RULE,
	DAT_WHY_UNOWNED,
	DAT_WHY_STRANGERS,
	DAT_WHY_NO_RULE, /* and those that refuse */
	DAT_WHY_NOT_NOW, /* a rule would allow it at another time */
	DAT_WHY_LOG_IN,
	DAT_WHY_ACCOUNT_OFF,
	DAT_WHY_DEVICE_OFF,
	DAT_WHY_DEVICE_PENDING,
	DAT_WHY_OWNER_OFF,
};

struct dat_access {
	bool allowed;
	enum dat_access_why why;
	uint64_t perms; /* when allowed */
	size_t rule;    /* of DAT_WHY_RULE: the place of the first that allows it */
};

struct dat_access dat_access_decide(const struct dat_access_facts *f,
		const struct dat_access_rule *rules, size_t n, int64_t now);
/* A sentence for who is refused; "" for what allows. */
const char *dat_access_text(enum dat_access_why why);
