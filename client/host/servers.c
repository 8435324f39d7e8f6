/* All servers of the list are registered at, not the first that works: a viewer that knows one of
 * them finds the host there without a wait, and there is nothing to go back to when a better one
 * returns. It costs a datagram every 15 s for each.
 *
 * The ID is one for all. A server where it belongs to another computer refuses it and is left so:
 * another ID would take the host away from those who know it by this one at other servers. Only
 * when all servers say so is another one drawn, as with one server. */
#include "client/host/servers.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/net/net_watch.h"
#include <stdlib.h>

#define MEETINGS_SHIFT 56 /* the number of the server stands above those of its meetings */

struct hws_servers {
	struct hws_servers_conf conf;
	struct hws_net_watch *watch; /* NULL: the system does not tell */
	size_t count;
	struct hws_online *online[HWS_SERVERS_MAX];
	bool taken[HWS_SERVERS_MAX]; /* the ID is another computer's there */
};

static void draw_id(struct hws_servers *s, char *buf, size_t size)
{
	struct hws_whoami *w = s->conf.whoami;
	struct hws_error err = { 0 };

	hws_whoami_draw_id(buf, size);
	hws_warn("id.changed", HWS_STR("from", w->id), HWS_STR("to", buf),
			HWS_STR("why", "the server knows the old one with another machine"));
	if (hws_whoami_set_id(w, buf, &err) < 0)
		hws_error_log("id.not_stored", HWS_STR("why", err.text));
}

static bool all_taken(const struct hws_servers *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (!s->taken[i])
			return false;
	}
	return true;
}

/* `buf`: the ID that the server refused. */
static bool on_new_id(struct hws_online *o, char *buf, size_t size, void *arg)
{
	struct hws_servers *s = arg;

	/* drawn since that one was told it */
	if (!hws_str_equal(buf, s->conf.whoami->id))
		return hws_str_copy(buf, size, s->conf.whoami->id) == HWS_OK;
	for (size_t i = 0; i < s->count; i++)
		s->taken[i] = s->online[i] == o
				? true
				: s->taken[i] && !hws_online_registered(s->online[i]);
	if (!all_taken(s))
		return false;
	draw_id(s, buf, size);
	for (size_t i = 0; i < s->count; i++) {
		s->taken[i] = false;
		if (s->online[i] != o)
			hws_online_wake(s->online[i]); /* it waits with the old one */
	}
	return true;
}

static int on_viewer(struct hws_host_session_conf *conf, void *arg)
{
	struct hws_servers *s = arg;

	return s->conf.admit(conf, s->conf.arg);
}

static void on_met(uint64_t meeting, int r, void *arg)
{
	struct hws_servers *s = arg;

	s->conf.met(meeting, r, s->conf.arg);
}

/* The server is told at once where this host is now: it would send viewers to where it was. */
static void on_net(enum hws_net_change what, void *arg)
{
	struct hws_servers *s = arg;

	hws_info("network.changed",
			HWS_STR("what",
					what == HWS_NET_WOKE ? "the machine slept"
							     : "addresses or routes"));
	for (size_t i = 0; i < s->count; i++)
		hws_online_wake(s->online[i]);
}

static void watch_net(struct hws_servers *s, struct hws_loop *loop)
{
	int r = hws_net_watch_new(loop, on_net, s, &s->watch);

	if (r < 0)
		hws_warn("network.unwatched", HWS_ERR("why", r),
				HWS_STR("text",
						"this host hears of changes of the network only by "
						"the server's silence"));
}

int hws_servers_new(struct hws_loop *loop, const struct hws_servers_conf *conf,
		struct hws_servers **ret, struct hws_error *err)
{
	struct hws_servers *s = calloc(1, sizeof(*s));
	struct hws_server_list list;
	int r;

	if (!s)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	s->conf = *conf;
	r = hws_server_list_parse(conf->settings->server, conf->settings->key, &list, err);
	if (r == HWS_OK && list.count == 0)
		r = hws_error_set(err, HWS_ERR_INVAL, "'server' names none");
	for (size_t i = 0; r == HWS_OK && i < list.count; i++) {
		const struct hws_online_conf oc = { .settings = conf->settings,
			.server = &list.entry[i],
			.whoami = conf->whoami,
			.ports = conf->ports,
			.meetings_from = (uint64_t)i << MEETINGS_SHIFT,
			.admit = on_viewer,
			.met = on_met,
			.new_id = on_new_id,
			.arg = s };

		r = hws_online_new(loop, &oc, &s->online[i], err);
		if (r == HWS_OK)
			s->count++;
	}
	if (r < 0) {
		hws_servers_free(s);
		return r;
	}
	watch_net(s, loop);
	*ret = s;
	return HWS_OK;
}

void hws_servers_free(struct hws_servers *s)
{
	if (!s)
		return;
	hws_net_watch_free(s->watch);
	for (size_t i = 0; i < s->count; i++)
		hws_online_free(s->online[i]);
	free(s);
}

void hws_servers_joined(struct hws_servers *s, uint64_t meeting, int r)
{
	size_t i = (size_t)(meeting >> MEETINGS_SHIFT);

	if (s && i < s->count)
		hws_online_joined(s->online[i], meeting, r);
}

size_t hws_servers_count(const struct hws_servers *s)
{
	return s ? s->count : 0;
}

const struct hws_online *hws_servers_at(const struct hws_servers *s, size_t i)
{
	return s->online[i];
}

const struct hws_online *hws_servers_best(const struct hws_servers *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (hws_online_registered(s->online[i]))
			return s->online[i];
	}
	return s->online[0];
}
