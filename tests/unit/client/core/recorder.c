/* Keeps each thing that a core asks of its owner, so that a test can say what must have happened,
 * and in which order. */
#include "tests/unit/client/core/recorder.h"
#include "shared/wire/envelope.h"
#include <stdio.h>
#include <string.h>

static int on_send(enum hws_channel channel, struct hws_bytes payload, void *arg)
{
	struct recorder *r = arg;

	ck_assert_uint_lt(r->sent_count, SENT_MAX);
	hws_buf_init(&r->sent[r->sent_count], 32u << 20);
	hws_buf_put(&r->sent[r->sent_count], payload.ptr, payload.len);
	r->channel[r->sent_count] = channel;
	r->sent_count++;
	return HWS_OK;
}

static void on_keyed(const struct hws_secure_keys *keys, void *arg)
{
	struct recorder *r = arg;

	memcpy(r->key, keys->send_secret, 32);
	r->keys = *keys;
	r->keyed = true;
}

static void on_frame_max(size_t bytes, void *arg)
{
	((struct recorder *)arg)->frame_max = bytes;
}

static void on_state(enum hws_viewer_state state, void *arg)
{
	((struct recorder *)arg)->state = state;
}

static void on_ask(enum hws_login_step step, bool can_trust, void *arg)
{
	struct recorder *r = arg;

	r->asks++;
	r->ask = step;
	r->can_trust = can_trust;
}

static void on_ask_plain(const char *why, void *arg)
{
	ck_assert_ptr_nonnull(why);
	((struct recorder *)arg)->plain_asks++;
}

static void on_ask_key(const char *why, void *arg)
{
	struct recorder *r = arg;

	r->key_asks++;
	snprintf(r->asked_text, sizeof(r->asked_text), "%s", why);
}

static void on_ready(void *arg)
{
	((struct recorder *)arg)->readies++;
}

static void on_displays(void *arg)
{
	((struct recorder *)arg)->displays++;
}

static void on_permission(int permission, bool enabled, void *arg)
{
	((struct recorder *)arg)->permissions += enabled ? 100 : 1;
	ck_assert_int_ge(permission, 0);
}

static void on_box(
		const char *kind, const char *title, const char *text, const char *link, void *arg)
{
	struct recorder *r = arg;

	r->boxes++;
	snprintf(r->box_text, sizeof(r->box_text), "%s|%s|%s|%s", kind, title, text, link);
}

static void on_delay(uint32_t rtt_ms, uint32_t target_kbit, void *arg)
{
	((struct recorder *)arg)->delays += rtt_ms || target_kbit ? 1 : 0;
}

static void on_end(int err, const char *text, const char *peer_text, void *arg)
{
	struct recorder *r = arg;

	r->ends++;
	r->end_err = err;
	snprintf(r->end_text, sizeof(r->end_text), "%s", text);
	snprintf(r->end_peer, sizeof(r->end_peer), "%s", peer_text ? peer_text : "");
}

static bool can_send(enum hws_service_id id, void *arg)
{
	struct recorder *r = arg;

	r->asked_for = id;
	return !r->congested;
}

static int stretch(struct hws_pake_job *job, void *arg)
{
	struct recorder *r = arg;

	r->jobs++;
	if (r->hold_jobs)
		r->job = job;
	else
		hws_viewer_stretched(r->viewer, job, hws_pake_job_run(job));
	return HWS_OK;
}

static bool identity(struct hws_identity *ret, void *arg)
{
	struct recorder *r = arg;

	*ret = r->identity;
	return r->has_identity;
}

static const struct hws_viewer_ops ops = { on_send, on_keyed, on_frame_max, on_state, on_ask,
	on_ask_plain, on_ask_key, on_ready, on_displays, on_permission, on_box, on_delay, on_end,
	can_send, stretch, identity };

static struct recorder *of(struct hws_service *s)
{
	return hws_container(s, struct recorder, service);
}

static void service_open(struct hws_service *s)
{
	of(s)->service_open++;
}

static void service_close(struct hws_service *s)
{
	of(s)->service_close++;
}

static bool service_message(struct hws_service *s, Ses__Message *m)
{
	of(s)->service_messages++;
	of(s)->service_last = m->union_case;
	return false;
}

static void service_drained(struct hws_service *s)
{
	of(s)->service_drained++;
}

static bool service_wanted(const struct hws_view_options *o)
{
	return !o->no_clipboard;
}

static const struct hws_service_impl service_impl = { .id = HWS_SERVICE_VIDEO,
	.name = "recorder",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE),
	.permissions = HWS_SERVICE_NEEDS(Keyboard) | HWS_SERVICE_NEEDS(File),
	.wanted = service_wanted,
	.open = service_open,
	.on_message = service_message,
	.drained = service_drained,
	.close = service_close };

static void init(struct recorder *r, const char *password, bool allow_plain, bool require_v2,
		const struct hws_session_wish *wish)
{
	struct hws_viewer_conf conf = { .ops = &ops,
		.arg = r,
		.my_id = "987654321",
		.my_name = "Test Viewer",
		.my_platform = "Linux",
		.session_id = 0x1122334455667788,
		.options = { .can = HWS_CODEC_BIT(HWS_CODEC_VP8) | HWS_CODEC_BIT(HWS_CODEC_VP9) },
		.allow_plain = allow_plain,
		.require_v2 = require_v2,
		.wish = *wish };

	memset(r, 0, sizeof(*r));
	memset(conf.hwid, 0x5a, sizeof(conf.hwid));
	ck_assert_int_eq(hws_viewer_new(&conf, &r->viewer), HWS_OK);
	ck_assert_int_eq(hws_login_preset(hws_viewer_login(r->viewer), password), HWS_OK);
	r->service.impl = &service_impl;
	hws_viewer_serve(r->viewer, &r->service);
}

void recorder_init_as(struct recorder *r, const char *password, bool allow_plain, bool require_v2)
{
	init(r, password, allow_plain, require_v2, &(struct hws_session_wish){ 0 });
}

void recorder_init_wish(struct recorder *r, const struct hws_session_wish *wish)
{
	init(r, "Passw0rd!", true, false, wish);
}

void recorder_init(struct recorder *r, const char *password, bool allow_plain)
{
	recorder_init_as(r, password, allow_plain, false);
}

void recorder_done(struct recorder *r)
{
	hws_viewer_free(r->viewer);
	for (size_t i = 0; i < r->sent_count; i++)
		hws_buf_done(&r->sent[i]);
}

int recorder_start(struct recorder *r, bool local)
{
	return hws_viewer_start(r->viewer,
			&(struct hws_viewer_link){ .username = "192.0.2.1:21118",
					.name = "192.0.2.1",
					.id = "",
					.local = local });
}

void recorder_feed(struct recorder *r, const Ses__Message *m)
{
	struct hws_buf out;

	hws_buf_init(&out, 32u << 20);
	ck_assert_int_eq(hws_ses_pack(m, &out), HWS_OK);
	hws_viewer_frame(r->viewer, hws_buf_bytes(&out));
	hws_buf_done(&out);
}

void recorder_hash(struct recorder *r)
{
	Ses__Hash h = SES__HASH__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	h.salt = (char *)"23456789abcdefghijkmnpqrstuvwxyz";
	h.challenge = (char *)"7kq3fx";
	m.union_case = SES__MESSAGE__UNION_HASH;
	m.hash = &h;
	recorder_feed(r, &m);
}

void recorder_login_error(struct recorder *r, const char *error)
{
	Ses__LoginResponse lr = SES__LOGIN_RESPONSE__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	lr.union_case = SES__LOGIN_RESPONSE__UNION_ERROR;
	lr.error = (char *)error;
	lr.enable_trusted_devices = strstr(error, "2FA") != NULL;
	m.union_case = SES__MESSAGE__UNION_LOGIN_RESPONSE;
	m.login_response = &lr;
	recorder_feed(r, &m);
}

void recorder_login_ok(struct recorder *r, const char *platform, const char *version, int displays)
{
	Ses__PeerInfo pi = SES__PEER_INFO__INIT;
	Ses__LoginResponse lr = SES__LOGIN_RESPONSE__INIT;
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__DisplayInfo d[64], *list[64];

	for (int i = 0; i < displays && i < 64; i++) {
		d[i] = (Ses__DisplayInfo)SES__DISPLAY_INFO__INIT;
		d[i].x = i * 1920;
		d[i].width = 1920;
		d[i].height = 1080;
		d[i].scale = 2.0;
		list[i] = &d[i];
	}
	pi.username = (char *)"alice";
	pi.hostname = (char *)"box";
	pi.platform = (char *)platform;
	pi.version = (char *)version;
	pi.n_displays = (size_t)displays;
	pi.displays = list;
	lr.union_case = SES__LOGIN_RESPONSE__UNION_PEER_INFO;
	lr.peer_info = &pi;
	m.union_case = SES__MESSAGE__UNION_LOGIN_RESPONSE;
	m.login_response = &lr;
	recorder_feed(r, &m);
}

Ses__Message *recorder_sent(struct recorder *r, int i)
{
	Ses__Message *m = NULL;
	size_t at = i < 0 ? r->sent_count - (size_t)-i : (size_t)i;

	ck_assert_uint_lt(at, r->sent_count);
	ck_assert_int_eq(hws_ses_unpack(hws_buf_bytes(&r->sent[at]), &m), HWS_OK);
	return m;
}

void recorder_ready(struct recorder *r, const char *platform, const char *version)
{
	recorder_init(r, "Passw0rd!", true);
	ck_assert_int_eq(recorder_start(r, true), HWS_OK);
	recorder_hash(r);
	recorder_login_ok(r, platform, version, 2);
	ck_assert_int_eq(hws_viewer_state(r->viewer), HWS_VIEWER_READY);
}
