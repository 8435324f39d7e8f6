/* The examination of this machine's network, for embedders: blocks on a loop of its own, as the
 * search in the local network does. */
#include "client/doctor/doctor.h"
#include "client/api/handle.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/daemon/findings.h"
#include <hawser/doctor.h>
#include <stdlib.h>

#define TEXT_MAX 600

/* What the caller may keep using while its settings change. */
struct question {
	char *server, *key;
	struct hws_proxy proxy;
};

static int take_question(hawser_context *ctx, struct question *q)
{
	const struct hws_viewer_config *v;
	int r;

	pthread_mutex_lock(&ctx->lock);
	v = hws_view_settings_config(ctx->settings);
	q->server = hws_strdup(v->server);
	q->key = hws_strdup(v->key);
	r = hws_proxy_set(v->proxy_url, v->proxy_user, v->proxy_password_secret, &q->proxy);
	pthread_mutex_unlock(&ctx->lock);
	if (r == HWS_OK && (!q->server || !q->key))
		r = HWS_ERR_NOMEM;
	return r;
}

static enum hawser_found state_of(const json_t *one)
{
	const char *state = json_string_value(json_object_get(one, "state"));

	if (!state)
		return HAWSER_FOUND_BAD;
	if (hws_str_equal(state, HWS_FOUND_GOOD))
		return HAWSER_FOUND_GOOD;
	return hws_str_equal(state, HWS_FOUND_LOOK) ? HAWSER_FOUND_LOOK : HAWSER_FOUND_BAD;
}

static const char *plain(const json_t *one, const char *name, char *buf, size_t size)
{
	const char *text = json_string_value(json_object_get(one, name));

	return hws_str_plain(buf, size, hws_bytes_str(text ? text : ""));
}

static int tell(const json_t *list, hawser_finding_fn found, void *arg)
{
	int bad = 0;
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one) {
		char what[64], text[TEXT_MAX], remedy[TEXT_MAX], server[424];
		const struct hawser_finding f = { .size = sizeof(f),
			.state = state_of(one),
			.what = plain(one, "what", what, sizeof(what)),
			.text = plain(one, "text", text, sizeof(text)),
			.remedy = plain(one, "do", remedy, sizeof(remedy)),
			.server = plain(one, "server", server, sizeof(server)) };

		bad += f.state == HAWSER_FOUND_BAD;
		if (found)
			found(&f, arg);
	}
	return bad;
}

static char *json_text(const char *server, json_t *list)
{
	json_t *o = json_pack("{s:s,s:O}", "server", server, "checks", list);
	char *made = o ? json_dumps(o, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
	char *ret = made ? hws_strdup(made) : NULL;

	free(made);
	json_decref(o);
	return ret;
}

int hawser_doctor(hawser_context *ctx, hawser_finding_fn found, void *arg, char **ret_json)
{
	struct question q = { 0 };
	struct hws_error err = { 0 };
	json_t *list = NULL;
	int r;

	if (!ctx)
		return api_fail(HAWSER_ERR_INVAL, "no context");
	r = take_question(ctx, &q);
	if (r < 0) {
		hws_error_set(&err, r, "cannot begin: %s", hws_err_text(r));
	} else {
		const struct hws_doctor_conf conf = { .server = q.server,
			.key = q.key,
			.proxy = q.proxy.kind != HWS_PROXY_NONE ? &q.proxy : NULL };

		r = hws_doctor_run(&conf, &list, &err);
	}
	if (r == HWS_OK && ret_json) {
		*ret_json = json_text(q.server, list);
		if (!*ret_json)
			r = hws_error_set(&err, HWS_ERR_NOMEM, "out of memory");
	}
	if (r == HWS_OK)
		r = tell(list, found, arg);
	json_decref(list);
	hws_wipe(&q.proxy, sizeof(q.proxy));
	hws_free(q.server);
	hws_free(q.key);
	return r < 0 ? api_fail_err(&err) : r;
}
