/* rendezvous/planes/limits: the one table of what is limited by which setting, for the start and
 * for a reload. */
#include "server-rendezvous/planes/limits.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include <sys/resource.h>

#define ADDRESSES_MAX 65536
#define TARGETS_MAX 32768u
#define CALLERS_MAX 65536u /* of a target */
#define OWN_FILES 200u     /* descriptors besides those of links */
#define CALL_FILES 256u    /* of requests to the API server */

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

/* Who takes the last descriptor takes those of the control socket, too, and with it the answer
 * that this server is alive. */
static uint32_t links_of(const struct rdv_config *c)
{
	uint64_t own = OWN_FILES + (*c->api_socket ? CALL_FILES : 0), room;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return c->max_links;
	room = files.rlim_cur > 2 * own ? files.rlim_cur - own : files.rlim_cur / 2;
	if (*c->tls_cert) /* links that are handed on to a relay have two */
		room /= 2;
	if (room >= c->max_links)
		return c->max_links;
	hws_warn("few_descriptors", HWS_U64("max_links", c->max_links), HWS_U64("possible", room),
			HWS_STR("text", "raise the limit of open files (LimitNOFILE=; of a container: ulimits: nofile)"));
	return (uint32_t)room;
}

int rdv_limits_init(struct rdv_limits *l, const struct rdv_config *c)
{
	struct hws_admit_conf clients = { .max_entries = ADDRESSES_MAX,
		.max_links = c->max_links_per_address,
		.max_total = l->links = links_of(c) };
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
