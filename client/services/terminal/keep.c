/* Which terminals there are, whose they are, and how long they stay. */
#include "client/services/terminal/keep.h"
#include "client/platform/unix/unix_pty.h"
#include "client/services/terminal/reply.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include <string.h>

#define SWEEP_US (5 * HWS_US_PER_S)
#define SHELLS_MAX 32u /* where the owner has set nothing */
#define KEEP_US (24ull * 3600 * HWS_US_PER_S)

static const struct hws_service_conf defaults = { .terminal_max = SHELLS_MAX,
	.terminal_keep_us = KEEP_US };

static const struct hws_service_conf *conf_of(const struct hws_keep *k)
{
	return k->env->conf ? k->env->conf : &defaults;
}

static uint64_t now_us(const struct hws_keep *k)
{
	return hws_loop_now_us(k->env->loop);
}

static void count(struct hws_keep *k, int by)
{
	k->shell_count += (unsigned)by;
	hws_host_keep(k->env, k->shell_count);
}

/* --- audit --- */

static void audit(struct hws_keep *k, const struct hws_host_viewer *v, const struct hws_shell *s,
		const char *what, const char *how)
{
	struct hws_audit_event e = { .what = what,
		.conn = s->conn,
		.path = hws_bytes_str(s->command[0] ? s->command : "login shell"),
		.second = hws_bytes_str(how) };

	hws_host_audit(k->env, v, &e);
}

static void audit_end(struct hws_keep *k, const struct hws_shell *s)
{
	char how[64] = "ended from afar";

	if (s->ended &&
			hws_fmt(how, sizeof(how), s->how.signalled ? "signal %d" : "exit %d",
					s->how.code) < 0)
		how[0] = 0;
	audit(k, s->viewer, s, "terminal.closed", how);
}

/* --- one terminal --- */

static struct hws_keep_group *group_of(struct hws_shell *s)
{
	return s->owner;
}

static void forget(struct hws_shell *s)
{
	struct hws_keep *k = group_of(s)->k;

	audit_end(k, s);
	hws_shell_free(s);
	count(k, -1);
}

void hws_keep_close(struct hws_shell *s, int code)
{
	if (s->viewer)
		hws_reply_closed(s->viewer, s->id, code,
				s->ended && s->how.signalled ? (uint32_t)s->how.code : 0);
	forget(s);
}

/* What was said at the end by one that nobody sees waits for a hawser viewer that comes back. */
static void on_end(struct hws_shell *s)
{
	if (s->viewer)
		hws_keep_close(s, hws_shell_status(s));
	else if (!group_of(s)->extended)
		forget(s);
}

struct hws_shell *hws_keep_find(struct hws_keep_group *g, int32_t id)
{
	struct hws_list *n;

	hws_list_for (n, &g->shells) {
		struct hws_shell *s = hws_container(n, struct hws_shell, node);

		if (s->id == id)
			return s;
	}
	return NULL;
}

struct hws_shell *hws_keep_lowest(struct hws_keep_group *g, const struct hws_host_viewer *v)
{
	struct hws_shell *found = NULL;
	struct hws_list *n;

	hws_list_for (n, &g->shells) {
		struct hws_shell *s = hws_container(n, struct hws_shell, node);

		if (s->viewer != v && !s->ended && (!found || s->id < found->id))
			found = s;
	}
	return found;
}

int hws_keep_open(struct hws_keep_group *g, const struct hws_host_viewer *v,
		struct hws_shell_conf *conf, struct hws_shell **ret, struct hws_error *err)
{
	struct hws_keep *k = g->k;
	unsigned max = conf_of(k)->terminal_max;

	if (k->shell_count >= max)
		return hws_error_set(err, HWS_ERR_FULL,
				"%u terminals are open at this host, and no more are allowed: end one "
				"first",
				k->shell_count);
	conf->loop = k->env->loop;
	conf->ptys = k->ptys;
	conf->owner = g;
	conf->on_end = on_end;
	int r = hws_shell_open(conf, ret, err);
	if (r < 0)
		return r;
	hws_list_push(&g->shells, &(*ret)->node);
	count(k, 1);
	audit(k, v, *ret, "terminal.opened", g->id);
	return HWS_OK;
}

/* --- groups --- */

/* "ts_" and a UUID, as all makers of ids write them. */
static bool is_unguessable(const char *id)
{
	static const char form[] = "ts_xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strlen(id) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == 'x' ? !strchr("0123456789abcdefABCDEF", id[i]) : id[i] != form[i])
			return false;
	return true;
}

static int draw_id(char *ret, size_t size)
{
	char uuid[37];

	hws_rand_uuid(uuid, sizeof(uuid));
	return hws_fmt(ret, size, "ts_%s", uuid);
}

static void free_group(struct hws_keep_group *g)
{
	struct hws_list *n, *tmp;

	hws_list_for_safe (n, tmp, &g->shells)
		forget(hws_container(n, struct hws_shell, node));
	hws_list_remove(&g->node);
	g->k->group_count--;
	hws_free(g);
}

static struct hws_keep_group *find(struct hws_keep *k, const char *id)
{
	struct hws_list *n;

	hws_list_for (n, &k->groups) {
		struct hws_keep_group *g = hws_container(n, struct hws_keep_group, node);

		if (hws_str_equal(g->id, id))
			return g;
	}
	return NULL;
}

static bool may_enter(const struct hws_keep_group *g, const struct hws_host_viewer *v)
{
	return !g->has_key || (v->has_key && memcmp(g->key, v->key, sizeof(g->key)) == 0);
}

/* One without terminals and viewers gives way to a new one. */
static bool make_room(struct hws_keep *k)
{
	struct hws_list *n, *tmp;

	if (k->group_count < HWS_KEEP_GROUPS_MAX)
		return true;
	hws_list_for_safe (n, tmp, &k->groups) {
		struct hws_keep_group *g = hws_container(n, struct hws_keep_group, node);

		if (!g->viewers && hws_list_empty(&g->shells)) {
			free_group(g);
			return true;
		}
	}
	return false;
}

int hws_keep_enter(struct hws_keep *k, const struct hws_host_viewer *v, const char *id,
		struct hws_keep_group **ret)
{
	struct hws_keep_group *g = *id ? find(k, id) : NULL;

	if (g && !may_enter(g, v))
		return HWS_ERR_DENIED;
	if (g) {
		g->viewers++;
		*ret = g;
		return HWS_OK;
	}
	g = make_room(k) ? hws_alloc(sizeof(*g)) : NULL;
	if (!g)
		return HWS_ERR_FULL;
	int r = is_unguessable(id) ? hws_str_copy(g->id, sizeof(g->id), id)
				   : draw_id(g->id, sizeof(g->id));
	if (r < 0) {
		hws_free(g);
		return r;
	}
	g->k = k;
	g->has_key = v->has_key;
	memcpy(g->key, v->key, sizeof(g->key));
	g->extended = hws_reply_extended(v);
	g->viewers = 1;
	hws_list_init(&g->shells);
	hws_list_push(&k->groups, &g->node);
	k->group_count++;
	*ret = g;
	return HWS_OK;
}

/* How long it may be without a viewer. */
static uint64_t patience(const struct hws_keep_group *g, const struct hws_shell *s)
{
	uint64_t most = conf_of(g->k)->terminal_keep_us;

	if ((g->persistent || s->keep) && !s->ended)
		return most;
	return g->extended ? HWS_MIN(most, (uint64_t)HWS_KEEP_GRACE_US) : 0;
}

void hws_keep_end_all(struct hws_keep_group *g, struct hws_host_viewer *v)
{
	struct hws_list *n, *tmp;

	hws_list_for_safe (n, tmp, &g->shells) {
		struct hws_shell *s = hws_container(n, struct hws_shell, node);

		if (s->viewer == v)
			forget(s);
	}
}

static void sweep_group(struct hws_keep_group *g)
{
	uint64_t now = now_us(g->k);
	struct hws_list *n, *tmp;

	hws_list_for_safe (n, tmp, &g->shells) {
		struct hws_shell *s = hws_container(n, struct hws_shell, node);

		if (!s->viewer && now - s->alone_us >= patience(g, s))
			forget(s);
	}
	if (!g->viewers && hws_list_empty(&g->shells) &&
			(!g->persistent || now - g->left_us >= HWS_KEEP_EMPTY_US))
		free_group(g);
}

static void on_sweep(void *arg)
{
	struct hws_keep *k = arg;
	struct hws_list *n, *tmp;

	hws_list_for_safe (n, tmp, &k->groups)
		sweep_group(hws_container(n, struct hws_keep_group, node));
}

void hws_keep_leave(struct hws_keep_group *g, struct hws_host_viewer *v)
{
	struct hws_list *n;

	g->viewers--;
	g->left_us = now_us(g->k);
	hws_list_for (n, &g->shells) {
		struct hws_shell *s = hws_container(n, struct hws_shell, node);

		if (s->viewer == v)
			hws_shell_detach(s);
	}
	sweep_group(g);
}

/* --- life --- */

int hws_keep_init(struct hws_keep *k, const struct hws_host_env *env)
{
	k->env = env;
	hws_list_init(&k->groups);
	if (env->platform && env->platform->ptys) {
		k->ptys = env->platform->ptys;
	} else {
		int r = hws_unix_ptys_new(env->loop, &k->own);
		if (r < 0)
			return r;
		k->ptys = k->own;
	}
	hws_timer_every(env->loop, &k->sweep, SWEEP_US, on_sweep, k);
	return HWS_OK;
}

void hws_keep_done(struct hws_keep *k)
{
	struct hws_list *n, *tmp;

	hws_timer_stop(&k->sweep);
	hws_list_for_safe (n, tmp, &k->groups)
		free_group(hws_container(n, struct hws_keep_group, node));
	hws_unix_ptys_free(k->own);
}
