/* rendezvous/planes/limits: the one table of what is limited by which setting, for the start and
 * for a reload. */
#include "server-rendezvous/planes/limits.h"
#include "shared/base/macros.h"

#define ADDRESSES_MAX 65536
#define TARGETS_MAX 32768u
#define CALLERS_MAX 65536u /* of a target */

struct rate {
	struct hws_admit **admit;
	struct hws_admit_conf conf;
};

#define RATES 4

static void rates_of(struct rdv_limits *l, const struct rdv_config *c, struct rate ret[RATES])
{
	ret[0] = (struct rate){ &l->punch, { ADDRESSES_MAX, 0, c->punch_rate, c->punch_burst } };
	ret[1] = (struct rate){ &l->keys, { ADDRESSES_MAX, 0, c->key_rate, c->key_burst } };
	ret[2] = (struct rate){ &l->online, { ADDRESSES_MAX, 0, c->online_rate, c->online_burst } };
	ret[3] = (struct rate){ &l->changes,
		{ ADDRESSES_MAX, 0, c->register_rate, c->register_burst } };
}

int rdv_limits_init(struct rdv_limits *l, const struct rdv_config *c)
{
	struct hws_admit_conf clients = { .max_entries = ADDRESSES_MAX,
		.max_links = c->max_links_per_address,
		.max_total = c->max_links };
	uint32_t targets = HWS_MIN(TARGETS_MAX, c->max_links * 4);
	struct rate rate[RATES];
	int r = hws_admit_new(&clients, &l->clients);

	rates_of(l, c, rate);
	for (size_t i = 0; r == HWS_OK && i < RATES; i++)
		r = hws_admit_new(&rate[i].conf, rate[i].admit);
	if (r == HWS_OK)
		r = rdv_target_rate_new(targets, CALLERS_MAX, &l->target);
	if (r == HWS_OK)
		r = rdv_target_rate_new(targets, CALLERS_MAX, &l->relay);
	return r;
}

void rdv_limits_done(struct rdv_limits *l)
{
	hws_admit_free(l->clients);
	hws_admit_free(l->punch);
	hws_admit_free(l->keys);
	hws_admit_free(l->online);
	hws_admit_free(l->changes);
	rdv_target_rate_free(l->target);
	rdv_target_rate_free(l->relay);
}

void rdv_limits_reload(struct rdv_limits *l, const struct rdv_config *c)
{
	struct rate rate[RATES];

	rates_of(l, c, rate);
	for (size_t i = 0; i < RATES; i++)
		hws_admit_set_conf(*rate[i].admit, &rate[i].conf);
}
