/* What an operator asks and orders through the control socket. All on the main loop; what shards
 * know is collected on their threads. */
#include "server-relay/control.h"
#include "server-relay/addrs.h"
#include "server-relay/pair.h"
#include "server-relay/server_parts.h"
#include "server-relay/shard.h"
#include "server-relay/tickets.h"
#include "shared/base/buf.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/crypto/identity.h"
#include "shared/daemon/daemon.h"
#include "shared/daemon/health.h"
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAIRS_DEFAULT 100u
#define PAIRS_MAX 10000u

static const char *text_of(const json_t *req, const char *key)
{
	const char *s = json_string_value(json_object_get(req, key));

	return s ? s : "";
}

static unsigned limit_of(const json_t *req)
{
	json_int_t n = json_integer_value(json_object_get(req, "limit"));

	return n > 0 && n <= (json_int_t)PAIRS_MAX ? (unsigned)n : PAIRS_DEFAULT;
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

/* --- stats ------------------------------------------------------------------------------------ */

static uint64_t sum(const struct rly_server *s, size_t offset)
{
	return rly_server_sum(s, offset);
}

#define S(f) sum(s, offsetof(struct rly_stats, f))

static void cmd_stats(struct hws_control_reply *reply, const json_t *req HWS_UNUSED, void *arg)
{
	struct rly_server *s = arg;
	json_t *o = json_object(), *refused = json_object(), *closed = json_object(),
	       *shards = json_array();

	json_object_set_new(o, "pairs", number(S(pairs)));
	json_object_set_new(o, "pairs_websocket", number(S(pairs_ws)));
	json_object_set_new(o, "pairs_total", number(S(pairs_total)));
	json_object_set_new(o, "waiting", number(S(waiting)));
	json_object_set_new(o, "connections", number(S(legs)));
	json_object_set_new(o, "connections_max", number(s->shared.max_legs));
	json_object_set_new(o, "addresses", number(rly_addrs_count(s->shared.addrs)));
	json_object_set_new(o, "bytes", number(S(bytes)));
	json_object_set_new(o, "bytes_per_s", number((uint64_t)s->bytes_per_s));
	json_object_set_new(o, "bytes_spliced", number(S(bytes_spliced)));
	json_object_set_new(o, "bytes_copied", number(S(bytes_copied)));
	json_object_set_new(o, "throttled", number(S(throttled)));
	json_object_set_new(o, "announced", number(rly_tickets_count(s->shared.tickets)));
	json_object_set_new(o, "unannounced",
			number(__atomic_load_n(&s->shared.unannounced, __ATOMIC_RELAXED)));
	json_object_set_new(o, "announcers", number(rly_tickets_links_up(s->shared.tickets)));
	json_object_set_new(o, "draining", json_boolean(s->draining));
	json_object_set_new(
			o, "seconds", number((hws_loop_now_us(s->loop) - s->start_us) / 1000000u));
	for (unsigned i = 0; i < RLY_REFUSAL_COUNT; i++)
		json_object_set_new(refused, rly_refusal_text((enum rly_refusal)i),
				number(sum(s,
						offsetof(struct rly_stats, refused) +
								i * sizeof(uint64_t))));
	for (unsigned i = 0; i < RLY_CLOSE_COUNT; i++)
		json_object_set_new(closed, rly_close_text((enum rly_close)i),
				number(sum(s,
						offsetof(struct rly_stats, closed) +
								i * sizeof(uint64_t))));
	for (unsigned i = 0; i < s->shared.shard_count; i++)
		json_array_append_new(shards,
				json_pack("{s:I,s:I}", "pairs",
						(json_int_t)rly_stat_get(&s->shard[i]->stats.pairs),
						"bytes",
						(json_int_t)rly_stat_get(
								&s->shard[i]->stats.bytes)));
	json_object_set_new(o, "refused", refused);
	json_object_set_new(o, "closed", closed);
	json_object_set_new(o, "shards", shards);
	hws_control_ok(reply, o);
}

/* --- pairs ------------------------------------------------------------------------------------ */

struct gather {
	struct rly_server *server;
	struct hws_control_reply *reply;
	unsigned limit;
	bool by_usage;
	json_t *part[RLY_SHARDS_MAX]; /* each written by its shard's thread only */
};

struct candidate {
	const struct rly_pair *pair;
	uint64_t key;
};

static int by_key(const void *a, const void *b)
{
	uint64_t x = ((const struct candidate *)a)->key, y = ((const struct candidate *)b)->key;

	return x < y ? 1 : x > y ? -1 : 0;
}

static void gather_shard(struct rly_shard *sh, void *arg)
{
	struct gather *g = arg;
	size_t count = rly_stat_get(&sh->stats.pairs), n = 0;
	struct candidate *all = hws_alloc_array(count ? count : 1, sizeof(*all));

	g->part[sh->index] = json_array();
	if (!all)
		return;
	for (unsigned i = 0; i < RLY_WHEEL; i++) {
		struct hws_list *node;

		hws_list_for (node, &sh->wheel[i]) {
			const struct rly_pair *p = hws_container(node, struct rly_pair, idle);

			if (n == count)
				break;
			all[n].pair = p;
			all[n++].key = g->by_usage ? p->flow[0].bytes + p->flow[1].bytes
						   : p->born_ds;
		}
	}
	qsort(all, n, sizeof(*all), by_key);
	for (size_t i = 0; i < n && i < g->limit; i++)
		json_array_append_new(g->part[sh->index], rly_pair_json(sh, all[i].pair));
	hws_free(all);
}

static uint64_t json_key(const json_t *p, bool by_usage)
{
	if (by_usage)
		return (uint64_t)(json_integer_value(json_object_get(p, "bytes_a")) +
				json_integer_value(json_object_get(p, "bytes_b")));
	return (uint64_t)(1e9 - json_real_value(json_object_get(p, "seconds")) * 10);
}

/* Merges the sorted parts. */
static void gather_done(void *arg)
{
	struct gather *g = arg;
	size_t at[RLY_SHARDS_MAX] = { 0 };
	json_t *all = json_array(), *o = json_object();
	unsigned count = g->server->shared.shard_count;

	while (json_array_size(all) < g->limit) {
		int best = -1;
		uint64_t best_key = 0;

		for (unsigned i = 0; i < count; i++) {
			json_t *p = json_array_get(g->part[i], at[i]);
			uint64_t key = p ? json_key(p, g->by_usage) : 0;

			if (p && (best < 0 || key > best_key)) {
				best = (int)i;
				best_key = key;
			}
		}
		if (best < 0)
			break;
		json_array_append(all, json_array_get(g->part[best], at[best]++));
	}
	for (unsigned i = 0; i < count; i++)
		json_decref(g->part[i]);
	json_object_set_new(o, "total",
			number(rly_server_sum(g->server, offsetof(struct rly_stats, pairs))));
	json_object_set_new(o, "pairs", all);
	hws_control_ok(g->reply, o);
	hws_free(g);
}

static void gather(struct rly_server *s, struct hws_control_reply *reply, const json_t *req,
		bool by_usage)
{
	struct gather *g = hws_alloc(sizeof(*g));

	if (!g) {
		hws_control_fail(reply, HWS_ERR_NOMEM, "out of memory");
		return;
	}
	g->server = s;
	g->reply = reply;
	g->limit = limit_of(req);
	g->by_usage = by_usage;
	if (rly_server_each(s, gather_shard, gather_done, g) < 0) {
		hws_free(g);
		hws_control_fail(reply, HWS_ERR_NOMEM, "out of memory");
	}
}

static void cmd_pairs(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	gather(arg, reply, req, false);
}

static void cmd_usage(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	gather(arg, reply, req, true);
}

/* --- one pair --------------------------------------------------------------------------------- */

struct order {
	struct rly_server *server;
	struct hws_control_reply *reply;
	uint64_t id, rate;
	bool kick, found;
};

static void order_shard(struct rly_shard *sh, void *arg)
{
	struct order *o = arg;
	struct rly_pair *p;

	if (o->id >> 48 != sh->index)
		return;
	p = rly_shard_find(sh, o->id);
	if (!p)
		return;
	o->found = true;
	if (o->kick)
		rly_pair_close(sh, p, RLY_CLOSE_KICK);
	else
		p->own_rate = o->rate;
}

static void order_done(void *arg)
{
	struct order *o = arg;

	if (o->found)
		hws_control_ok(o->reply, NULL);
	else
		hws_control_fail(o->reply, HWS_ERR_NOTFOUND,
				"there is no such pair (any more); `pairs` lists them");
	hws_free(o);
}

/* "3-17" as shown. */
static bool pair_id(const char *text, uint64_t *ret)
{
	const char *dash = strchr(text, '-');
	char shard[8];
	uint64_t n;
	uint32_t i;

	if (!dash || dash == text || (size_t)(dash - text) >= sizeof(shard))
		return false;
	memcpy(shard, text, (size_t)(dash - text));
	shard[dash - text] = 0;
	if (hws_parse_u32(shard, &i) < 0 || hws_parse_u64(dash + 1, &n) < 0 || n >> 48 ||
			i > 0xffff)
		return false;
	*ret = (uint64_t)i << 48 | n;
	return true;
}

static void order(struct rly_server *s, struct hws_control_reply *reply, uint64_t id, bool kick,
		uint64_t rate)
{
	struct order *o = hws_alloc(sizeof(*o));

	if (o)
		*o = (struct order){ s, reply, id, rate, kick, false };
	if (!o || rly_server_each(s, order_shard, order_done, o) < 0) {
		hws_free(o);
		hws_control_fail(reply, HWS_ERR_NOMEM, "out of memory");
	}
}

static void cmd_kick(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	uint64_t id;

	if (!pair_id(text_of(req, "id"), &id)) {
		hws_control_fail(
				reply, HWS_ERR_INVAL, "\"id\" is a pair as `pairs` shows it: 0-17");
		return;
	}
	order(arg, reply, id, true, 0);
}

/* --- limits and lists ------------------------------------------------------------------------- */

static void apply(struct rly_server *s, struct hws_control_reply *reply, struct rly_rules *r)
{
	if (rly_server_set_rules(s, r) < 0)
		hws_control_fail(reply, HWS_ERR_NOMEM, "out of memory");
	else
		hws_control_ok(reply, NULL);
}

static struct rly_rules *changeable(struct rly_server *s, struct hws_control_reply *reply)
{
	struct rly_rules *r = NULL;

	if (rly_server_copy_rules(s, &r) < 0)
		hws_control_fail(reply, HWS_ERR_NOMEM, "out of memory");
	return r;
}

static void cmd_limit(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	const char *name = text_of(req, "name"), *value = text_of(req, "value");
	struct rly_server *s = arg;
	struct rly_rules *r;
	uint64_t rate, id;

	if (hws_parse_size(value, &rate) < 0) {
		hws_control_fail(reply, HWS_ERR_INVAL,
				"\"value\" is bytes per second like 500K or 10M; 0 is no limit");
		return;
	}
	if (pair_id(name, &id)) {
		order(s, reply, id, false, rate);
		return;
	}
	r = changeable(s, reply);
	if (!r)
		return;
	if (strcmp(name, "total") == 0) {
		r->rate_total = rate;
	} else if (strcmp(name, "pair") == 0) {
		r->rate_pair = rate;
	} else if (strcmp(name, "address") == 0) {
		r->rate_addr = rate;
	} else if (strcmp(name, "slow") == 0) {
		r->rate_slow = rate;
	} else {
		rly_rules_unref(r);
		hws_control_fail(reply, HWS_ERR_INVAL,
				"\"name\" is total, pair, address, slow, or a pair as `pairs` shows it");
		return;
	}
	hws_info("limit.changed", HWS_STR("limit", name), HWS_U64("bytes_per_second", rate));
	apply(s, reply, r);
}

static int list_add(struct hws_cidr_list *l, const struct hws_cidr *c)
{
	struct hws_cidr *item = hws_realloc_array(l->item, l->count + 1, sizeof(*item));

	if (!item)
		return HWS_ERR_NOMEM;
	item[l->count++] = *c;
	l->item = item;
	l->max = l->count;
	return HWS_OK;
}

static bool list_drop(struct hws_cidr_list *l, const struct hws_cidr *c)
{
	size_t n = 0;

	for (size_t i = 0; i < l->count; i++) {
		if (memcmp(l->item[i].ip, c->ip, sizeof(c->ip)) == 0 && l->item[i].bits == c->bits)
			continue;
		l->item[n++] = l->item[i];
	}
	bool dropped = n < l->count;

	l->count = n;
	return dropped;
}

static void change_block(
		struct rly_server *s, struct hws_control_reply *reply, const json_t *req, bool add)
{
	const char *net = text_of(req, "net");
	struct hws_cidr c;
	struct rly_rules *r;
	int e = HWS_OK;

	if (hws_cidr_parse(net, &c) < 0) {
		hws_control_fail(reply, HWS_ERR_INVAL,
				"\"net\" is an address or a network like 192.0.2.0/24");
		return;
	}
	r = changeable(s, reply);
	if (!r)
		return;
	if (add)
		e = list_add(&r->block, &c);
	else if (!list_drop(&r->block, &c))
		e = HWS_ERR_NOTFOUND;
	if (e < 0) {
		rly_rules_unref(r);
		hws_control_fail(reply, e,
				e == HWS_ERR_NOTFOUND ? "%s is not blocked" : "%s: out of memory",
				net);
		return;
	}
	hws_info(add ? "blocked" : "unblocked", HWS_STR("net", net));
	apply(s, reply, r);
}

static void cmd_block(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	change_block(arg, reply, req, true);
}

static void cmd_unblock(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	change_block(arg, reply, req, false);
}

/* --- the program ------------------------------------------------------------------------------ */

/* The public keys of the ID servers whose clients are served, so that a look at both servers of a
 * machine can compare them; what is no key of that kind stays what only the settings show. */
static json_t *keys_served(const struct rly_server *s)
{
	json_t *list = json_array();
	uint8_t pk[HWS_PK_LEN];

	for (unsigned i = 0; i < s->rules->keys.count; i++) {
		if (hws_key_parse(s->rules->keys.text[i], pk) == HWS_OK)
			json_array_append_new(list, json_string(s->rules->keys.text[i]));
	}
	return list;
}

static void cmd_config(struct hws_control_reply *reply, const json_t *req HWS_UNUSED, void *arg)
{
	struct rly_server *s = arg;
	json_t *o = json_object();
	char value[1024];

	for (size_t i = 0; i < rly_options.count; i++)
		if (hws_options_get(&rly_options, s->conf, rly_options.table[i].name, value,
				    sizeof(value)) == HWS_OK)
			json_object_set_new(o, rly_options.table[i].name, json_string(value));
	hws_control_ok(reply,
			json_pack("{s:o,s:i,s:i,s:I,s:I,s:I,s:I,s:o,s:b}", "config", o, "port",
					s->port, "ws_port", s->ws_port, "limit_total",
					(json_int_t)s->rules->rate_total, "limit_pair",
					(json_int_t)s->rules->rate_pair, "limit_address",
					(json_int_t)s->rules->rate_addr, "limit_slow",
					(json_int_t)s->rules->rate_slow, "keys", keys_served(s),
					"open", s->rules->keys.count == 0));
}

static void cmd_health(struct hws_control_reply *reply, const json_t *req HWS_UNUSED, void *arg)
{
	const struct rly_server *s = arg;

	hws_health_answer(reply, s->watchdog, s->started, !s->draining,
			s->draining ? "draining" : "");
}

static void cmd_drain(struct hws_control_reply *reply, const json_t *req HWS_UNUSED, void *arg)
{
	struct rly_server *s = arg;
	uint64_t pairs = S(pairs);

	/* Unlike after a signal there is no time limit. */
	hws_control_ok(reply, json_pack("{s:I}", "pairs", (json_int_t)pairs));
	rly_server_drain(s);
}

static const struct hws_control_cmd commands[] = {
	{ "health", "Whether this relay serves.", cmd_health },
	{ "stats", "Counters.", cmd_stats },
	{ "pairs", "Pairs, the youngest first; \"limit\".", cmd_pairs },
	{ "usage", "Pairs, those with the most bytes first; \"limit\".", cmd_usage },
	{ "limit", "Changes a limit: \"name\" total, pair, address, slow or a pair, \"value\".",
			cmd_limit },
	{ "block", "Refuses a network \"net\" and cuts its pairs.", cmd_block },
	{ "unblock", "Takes that back.", cmd_unblock },
	{ "kick", "Ends the pair \"id\".", cmd_kick },
	{ "drain", "Takes no new pairs, ends with the last one.", cmd_drain },
	{ "reload", "Reads the settings again.", hws_control_reload },
	{ "config", "Settings in force.", cmd_config },
	{ "log-level", "Sets the \"level\" of the log.", hws_control_log_level },
};

int rly_control_path(struct rly_server *s, struct hws_error *err)
{
	char dir[480];
	int r;

	if (*s->conf->control) {
		r = hws_str_copy(s->control_path, sizeof(s->control_path), s->conf->control);
	} else {
		if (*s->conf->runtime_dir)
			r = hws_daemon_named_dir(s->conf->runtime_dir, dir, sizeof(dir), err);
		else
			r = hws_daemon_runtime_dir("hawser-relay", dir, sizeof(dir), err);
		if (r < 0)
			return r;
		r = hws_fmt(s->control_path, sizeof(s->control_path), "%s/control.sock", dir);
	}
	if (r < 0)
		return hws_error_set(err, r, "the path of the control socket is too long");
	return HWS_OK;
}

int rly_control_new(struct rly_server *s, struct hws_error *err)
{
	int r = hws_control_new(s->loop, s->control_path, commands, HWS_COUNT(commands), s,
			&s->control, err);

	if (r < 0)
		return r;
	hws_control_set_program(s->control, "hawser-relay");
	return *s->conf->control_group ? hws_control_share(s->control, s->conf->control_group, err)
				       : HWS_OK;
}

void rly_control_free(struct rly_server *s)
{
	hws_control_free(s->control);
	s->control = NULL;
}
