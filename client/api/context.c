/* A context: one thread with the loop of all its sessions, and the way in for the embedder's
 * threads: calls become commands that are posted, so none runs beside the loop. */
#include "client/api/files.h"
#include "client/api/handle.h"
#include "client/api/nat.h"
#include "client/api/servers.h"
#include "client/api/session_loop.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "shared/net/kcp.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#define WORKERS 2u
#define JOBS_MAX 256u
#define POSTED_MAX 16384u
#define LAST_US (HWS_US_PER_S)

static void *run_thread(void *arg)
{
	hawser_context *ctx = arg;

	/* An error of the loop itself (no memory for its wake-up) ends it; free still works. */
	if (hws_loop_run(ctx->loop) < 0)
		return NULL;
	return NULL;
}

static void stop_loop(void *arg)
{
	hawser_context *ctx = arg;
	struct hws_list *node;

	while ((node = hws_list_first(&ctx->engines)))
		api_session_loop_close(hws_container(node, struct api_session_loop, node));
	api_nat_stop(ctx->nat);
	api_network_stop(ctx);
	ctx->stopping = true;
	if (hws_list_empty(&ctx->leaving)) /* else the last one stops it */
		hws_loop_stop(ctx->loop);
}

/* Signals belong to the embedder's threads. */
static int start_thread(hawser_context *ctx)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&ctx->thread, NULL, run_thread, ctx);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	ctx->running = r == 0;
	return r == 0 ? HWS_OK : hws_err_from_errno(r);
}

/* A caller built against a smaller struct simply has not set the later members. */
static void take_config(const struct hawser_context_config *from, struct hawser_context_config *to)
{
	*to = (struct hawser_context_config)HAWSER_CONTEXT_CONFIG_INIT;
	if (from)
		memcpy(to, from, HWS_MIN(from->size, sizeof(*to)));
}

static int load_settings(hawser_context *ctx, const struct hawser_context_config *c)
{
	struct hws_error err = { 0 };
	int r = hws_view_settings_open(c->config_path, &ctx->settings, &err);

	if (r == HWS_OK && c->server)
		r = c->key ? hws_view_settings_override(ctx->settings, "server", c->server, &err)
			   : api_servers_override(ctx->settings, c->server, &err);
	if (r == HWS_OK && c->key)
		r = hws_view_settings_override(ctx->settings, "key", c->key, &err);
	ctx->key_alone = c->key && *c->key && !(c->server && *c->server);
	return r < 0 ? api_fail_err(&err) : HWS_OK;
}

int hawser_context_new(const struct hawser_context_config *config, hawser_context **ret)
{
	struct hawser_context_config c;
	hawser_context *ctx;
	int r;

	*ret = NULL;
	take_config(config, &c);
	if (hws_crypto_init() < 0)
		return api_fail(HAWSER_ERR_SYS, "the cryptographic library could not be started");
	ctx = hws_alloc(sizeof(*ctx));
	if (!ctx)
		return api_fail(HAWSER_ERR_NOMEM, "out of memory");
	ctx->events.fd = -1;
	hws_list_init(&ctx->sessions);
	hws_list_init(&ctx->engines);
	hws_list_init(&ctx->leaving);
	pthread_mutex_init(&ctx->lock, NULL);
	r = load_settings(ctx, &c);
	if (r < 0)
		goto out;
	r = api_events_init(&ctx->events);
	if (r == HWS_OK)
		r = hws_loop_new(&ctx->loop);
	if (r == HWS_OK)
		r = hws_work_new(WORKERS, JOBS_MAX, &ctx->work);
	if (r == HWS_OK)
		r = api_nat_new(ctx, hws_view_settings_path(ctx->settings), &ctx->nat);
	if (r == HWS_OK)
		r = start_thread(ctx);
	if (r < 0)
		api_fail(r, "a context could not be started: %s", hws_err_text(r));
out:
	if (r < 0) {
		hawser_context_free(ctx);
		return r;
	}
	*ret = ctx;
	return HAWSER_OK;
}

/* By UDP nobody but us sends again what the host has not got yet, such as the goodbye. */
static void say_last(struct hws_loop *loop)
{
	uint64_t end_us = hws_clock_us() + LAST_US;

	while (hws_kcp_lingering(loop) > 0 && hws_clock_us() < end_us)
		hws_loop_once(loop, 20000);
}

void hawser_context_free(hawser_context *ctx)
{
	struct hws_list *node;

	if (!ctx)
		return;
	while ((node = hws_list_first(&ctx->sessions)))
		hawser_session_close(hws_container(node, hawser_session, node));
	if (ctx->running) {
		/* Without memory for a post the loop is stopped all the same; the engines are
		 * closed below, when nobody else touches them any more. */
		if (hws_loop_post(ctx->loop, stop_loop, ctx) < 0)
			hws_loop_stop(ctx->loop);
		pthread_join(ctx->thread, NULL);
		stop_loop(ctx);
		api_session_loop_abandon(ctx);
		say_last(ctx->loop);
	}
	hws_work_free(ctx->work);
	api_files_roots_free(ctx);
	hws_loop_free(ctx->loop);
	api_nat_free(ctx->nat);
	api_events_done(&ctx->events);
	hws_view_settings_free(ctx->settings);
	pthread_mutex_destroy(&ctx->lock);
	hws_free(ctx);
}

int hawser_context_fd(const hawser_context *ctx)
{
	return ctx->events.fd;
}

static void deliver(struct api_event *e)
{
	hawser_session *s = e->session;
	struct hawser_peer view;

	if (s->closed)
		return;
	if (e->ev.type == HAWSER_EVENT_READY || e->ev.type == HAWSER_EVENT_DISPLAYS) {
		pthread_mutex_lock(&s->lock);
		s->seen = s->peer;
		pthread_mutex_unlock(&s->lock);
		api_peer_view(&s->seen, &view);
		e->ev.u.peer = &view;
	} else if (e->ev.type == HAWSER_EVENT_STATS) {
		static _Thread_local struct hawser_stats copy;
		pthread_mutex_lock(&s->lock);
		copy = s->stats;
		pthread_mutex_unlock(&s->lock);
		e->ev.u.stats = &copy;
	}
	s->fn(s, &e->ev, s->arg);
}

/* What the event's service waits for. Only without memory it does not come, and then the service
 * sends no more: that is seen, and the session can be closed. */
static void pay_back(struct api_event *e)
{
	if (e->after && !e->session->closed &&
			api_post(e->session,
					&(struct api_command){ .fn = e->after,
							.a = e->after_a,
							.b = e->after_b,
							.owed = true }) < 0)
		e->after = NULL;
}

int hawser_context_dispatch(hawser_context *ctx)
{
	unsigned n;
	int delivered = 0;

	api_events_clear_fd(&ctx->events);
	/* Only what is there now, so that a busy session cannot keep the caller for ever. */
	n = api_events_count(&ctx->events);
	while (n-- > 0) {
		struct api_event *e = api_events_pop(&ctx->events);
		if (!e)
			break;
		deliver(e);
		pay_back(e);
		api_event_free(e);
		delivered++;
	}
	if (api_events_count(&ctx->events) > 0)
		api_events_wake(&ctx->events);
	return delivered;
}

int hawser_context_wait(hawser_context *ctx, int timeout_ms)
{
	struct pollfd p = { .fd = ctx->events.fd, .events = POLLIN };

	if (poll(&p, 1, timeout_ms) <= 0)
		return 0;
	return hawser_context_dispatch(ctx);
}

void hawser_context_wake(hawser_context *ctx)
{
	api_events_wake(&ctx->events);
}

/* --- commands --------------------------------------------------------------------------------- */

static void run_command(void *arg)
{
	struct api_command *c = arg;
	hawser_context *ctx = api_session_loop_context(c->loop_side);

	__atomic_sub_fetch(&ctx->posted, 1, __ATOMIC_RELAXED);
	c->fn(c->loop_side, c);
	hws_free_wiped(c, sizeof(*c) + c->size + 1);
}

int api_post(hawser_session *s, const struct api_command *c)
{
	struct api_command *copy;

	if (!c->owed && __atomic_load_n(&s->ctx->posted, __ATOMIC_RELAXED) >= POSTED_MAX)
		return HAWSER_ERR_FULL;
	copy = hws_alloc(sizeof(*copy) + c->size + 1);
	if (!copy)
		return HAWSER_ERR_NOMEM;
	*copy = *c;
	copy->loop_side = s->loop_side;
	copy->data = (char *)(copy + 1);
	if (c->size)
		memcpy(copy->data, c->data, c->size);
	__atomic_add_fetch(&s->ctx->posted, 1, __ATOMIC_RELAXED);
	if (hws_loop_post(s->ctx->loop, run_command, copy) == HWS_OK)
		return HAWSER_OK;
	__atomic_sub_fetch(&s->ctx->posted, 1, __ATOMIC_RELAXED);
	hws_free_wiped(copy, sizeof(*copy) + c->size + 1);
	return HAWSER_ERR_NOMEM;
}

/* --- configuration ---------------------------------------------------------------------------- */

int hawser_config_get(hawser_context *ctx, const char *name, char *buf, size_t size)
{
	pthread_mutex_lock(&ctx->lock);
	int r = hws_view_settings_get(ctx->settings, name, buf, size);
	pthread_mutex_unlock(&ctx->lock);
	if (r < 0)
		return r == HWS_ERR_NOTFOUND
				? api_fail(r, "there is no option \"%.60s\"", name)
				: api_fail(r, "the value of \"%.60s\" is too long", name);
	return HAWSER_OK;
}

int hawser_config_set(hawser_context *ctx, const char *name, const char *value)
{
	struct hws_error err = { 0 };

	pthread_mutex_lock(&ctx->lock);
	int r = hws_view_settings_set(ctx->settings, name, value, &err);
	pthread_mutex_unlock(&ctx->lock);
	return r < 0 ? api_fail_err(&err) : HAWSER_OK;
}

int hawser_config_show(hawser_context *ctx, char **ret)
{
	struct hws_buf out;
	int r = HAWSER_ERR_NOMEM;

	hws_buf_init(&out, 1u << 20);
	pthread_mutex_lock(&ctx->lock);
	hws_view_settings_show(ctx->settings, &out);
	pthread_mutex_unlock(&ctx->lock);
	hws_buf_put_u8(&out, 0);
	if (!hws_buf_err(&out)) {
		char *copy = hws_memdup(hws_buf_bytes(&out).ptr, hws_buf_len(&out));
		if (copy) {
			*ret = copy;
			r = HAWSER_OK;
		}
	}
	hws_buf_done(&out);
	return r;
}

const char *hawser_config_path(const hawser_context *ctx)
{
	return hws_view_settings_path(ctx->settings);
}

void hawser_string_free(char *s)
{
	hws_free(s);
}

/* One block: the array, then the texts it points to. */
struct recent_text {
	char target[300 + HWS_PEER_SERVER], hostname[128], username[128], platform[64];
	char fingerprint[HWS_FINGERPRINT_TEXT];
};

/* So that it names the same host when it is opened again: with its server, where that is
 * another one than IDs are looked up at. */
static void recent_target(const struct hws_view_settings *v, const struct hws_known_peer *p,
		char *buf, size_t size)
{
	bool elsewhere = *p->server &&
			!api_servers_setting_has(hws_view_settings_config(v), p->server);
	int r = elsewhere ? api_servers_name(p->target, p->server, buf, size)
			  : hws_str_copy(buf, size, p->target);

	if (r < 0)
		buf[0] = 0;
}

static void recent_one(const struct hws_view_settings *v, const struct hws_known_peer *p,
		struct recent_text *t, struct hawser_recent *ret)
{
	recent_target(v, p, t->target, sizeof(t->target));
	memcpy(t->hostname, p->hostname, sizeof(t->hostname));
	memcpy(t->username, p->username, sizeof(t->username));
	memcpy(t->platform, p->platform, sizeof(t->platform));
	if (p->has_pk)
		hws_fingerprint_text(p->pk, t->fingerprint);
	*ret = (struct hawser_recent){ .size = sizeof(*ret),
		.target = t->target,
		.hostname = t->hostname,
		.username = t->username,
		.platform = t->platform,
		.last_time = p->last_time,
		.password_stored = p->has_h1 || p->has_pake,
		.fingerprint = t->fingerprint,
		.encryption = (enum hawser_encryption)(p->has_pk ? p->level : HWS_LEVEL_PLAIN) };
}

int hawser_recent_list(hawser_context *ctx, struct hawser_recent **ret, size_t *ret_count)
{
	struct hawser_recent *list;
	int r = HAWSER_ERR_NOMEM;

	pthread_mutex_lock(&ctx->lock);
	hws_view_settings_look(ctx->settings);
	size_t n = hws_view_settings_peer_count(ctx->settings);
	list = hws_alloc_array(n + 1, sizeof(*list) + sizeof(struct recent_text));
	if (list) {
		struct recent_text *texts = (struct recent_text *)(list + n + 1);
		for (size_t i = 0; i < n; i++)
			recent_one(ctx->settings, hws_view_settings_peer_at(ctx->settings, i),
					&texts[i], &list[i]);
		*ret = list;
		*ret_count = n;
		r = HAWSER_OK;
	}
	pthread_mutex_unlock(&ctx->lock);
	return r;
}

int hawser_recent_find(hawser_context *ctx, const char *target, struct hawser_recent **ret)
{
	const struct hws_known_peer *p;
	struct hawser_recent *list = NULL;
	int r = HAWSER_ERR_NOTFOUND;

	pthread_mutex_lock(&ctx->lock);
	hws_view_settings_look(ctx->settings);
	p = hws_view_settings_peer(
			ctx->settings, target, hws_view_settings_config(ctx->settings)->server);
	if (p) {
		list = hws_alloc(sizeof(*list) + sizeof(struct recent_text));
		r = list ? HAWSER_OK : HAWSER_ERR_NOMEM;
	}
	if (list)
		recent_one(ctx->settings, p, (struct recent_text *)(list + 1), list);
	pthread_mutex_unlock(&ctx->lock);
	*ret = list;
	return r < 0 ? api_fail(r, "\"%.80s\" is not in the list of known hosts", target) : r;
}

void hawser_recent_free(struct hawser_recent *list)
{
	hws_free(list);
}

int hawser_recent_forget(hawser_context *ctx, const char *target)
{
	pthread_mutex_lock(&ctx->lock);
	int r = hws_view_settings_forget(ctx->settings, target);
	pthread_mutex_unlock(&ctx->lock);
	return r < 0 ? api_fail(r, "\"%.80s\" is not in the list, or the list could not be written",
				       target)
		     : HAWSER_OK;
}
