/* How sessions of all kinds are opened: what the embedder says, what the target's text names and
 * what the settings add, put together on the embedder's thread before anything is posted. */
#include "client/api/codecs.h"
#include "client/api/servers.h"
#include "client/api/session_loop.h"
#include "client/media/codec_table.h"
#include "client/services/print/outlet.h"
#include "shared/base/mem.h"
#include <string.h>

static void take_config(const struct hawser_session_config *from, struct hawser_session_config *to)
{
	*to = (struct hawser_session_config)HAWSER_SESSION_CONFIG_INIT;
	memcpy(to, from, HWS_MIN(from->size, sizeof(*to)));
}

static int check_print(const char *where)
{
	struct hws_print_outlet o;
	struct hws_error err = { 0 };

	if (!where || !*where)
		return HAWSER_OK;
	if (hws_print_outlet_init(&o, where, &err) < 0)
		return api_fail_err(&err);
	hws_print_outlet_done(&o);
	return HAWSER_OK;
}

static int check_config(const struct hawser_session_config *c)
{
	if (c->quality < 0 || c->quality > HAWSER_QUALITY_CUSTOM || (int)c->quality == 1)
		return api_fail(HAWSER_ERR_RANGE, "there is no such quality");
	if (c->quality == HAWSER_QUALITY_CUSTOM &&
			(c->custom_quality < 10 || c->custom_quality > 2000))
		return api_fail(HAWSER_ERR_RANGE, "custom quality must be 10 to 2000 percent");
	if ((int)c->sound < 0 || c->sound > HAWSER_SOUND_EVENTS || c->quiet > 100)
		return api_fail(HAWSER_ERR_RANGE, "there is no such way to hear, or volume");
	if (c->fps < 0 || c->fps > 120)
		return api_fail(HAWSER_ERR_RANGE, "fps must be 1 to 120");
	if (!api_codec_is((int)c->codec) || (int)c->keyboard_mode < 0 ||
			c->keyboard_mode > HAWSER_KEYBOARD_LEGACY || (int)c->format < 0 ||
			c->format > HAWSER_FORMAT_RGBA || (int)c->chroma < 0 ||
			c->chroma > HAWSER_CHROMA_444)
		return api_fail(HAWSER_ERR_RANGE,
				"there is no such codec, chroma, keyboard mode or format");
	return check_print(c->print_to);
}

static void default_options(hawser_context *ctx, const struct hawser_session_config *c,
		struct hws_view_options *o)
{
	const struct hws_viewer_config *v = hws_view_settings_config(ctx->settings);

	*o = (struct hws_view_options){ .view_only = c->view_only,
		.no_clipboard = c->no_clipboard,
		.no_clip_to_host = c->no_clipboard_to_host,
		.no_clip_from_host = c->no_clipboard_from_host,
		.files_to_host = c->files_to_host,
		.files_from_host = c->files_from_host,
		.no_remote_cursor = c->no_remote_cursor,
		.lock_after = c->lock_after,
		.no_exact = c->no_exact,
		.quality = c->quality,
		.custom_quality = c->custom_quality,
		.fps = c->fps,
		.sound = c->sound != HAWSER_SOUND_OFF,
		.prefer = c->codec,
		.can = hws_codecs_decodable(),
		.chroma = (enum hws_chroma)c->chroma };
	if (c->quality == HAWSER_QUALITY_DEFAULT && strcmp(v->quality, "best") == 0)
		o->quality = HAWSER_QUALITY_BEST;
	else if (c->quality == HAWSER_QUALITY_DEFAULT && strcmp(v->quality, "low") == 0)
		o->quality = HAWSER_QUALITY_LOW;
	if (c->codec == HAWSER_CODEC_AUTO)
		o->prefer = (int)api_codec_public(hws_codec_by_name(v->codec));
	if (c->chroma == HAWSER_CHROMA_AUTO && strcmp(v->chroma, "444") == 0)
		o->chroma = HWS_CHROMA_WHOLE;
	else if (c->chroma == HAWSER_CHROMA_AUTO && strcmp(v->chroma, "420") == 0)
		o->chroma = HWS_CHROMA_HALVED;
}

static void remember_options(hawser_session *s, const struct hws_view_options *o, int keyboard)
{
	s->option[HAWSER_OPTION_VIEW_ONLY] = o->view_only;
	s->option[HAWSER_OPTION_QUALITY] = o->quality;
	s->option[HAWSER_OPTION_CUSTOM_QUALITY] = o->custom_quality;
	s->option[HAWSER_OPTION_FPS] = o->fps;
	s->option[HAWSER_OPTION_CODEC] = o->prefer;
	s->option[HAWSER_OPTION_REMOTE_CURSOR] = !o->no_remote_cursor;
	s->option[HAWSER_OPTION_CLIPBOARD] = hws_view_options_no_clipboard(o) ? HAWSER_CLIPBOARD_OFF
			: o->no_clip_to_host   ? HAWSER_CLIPBOARD_RECEIVE
			: o->no_clip_from_host ? HAWSER_CLIPBOARD_SEND
					       : HAWSER_CLIPBOARD_BOTH;
	s->option[HAWSER_OPTION_LOCK_AFTER] = o->lock_after;
	s->option[HAWSER_OPTION_KEYBOARD_MODE] = keyboard;
	s->option[HAWSER_OPTION_CHROMA] = (int)o->chroma;
}

/* Where to look the ID up, and how to get there. */
static int choose_server(hawser_context *ctx, const struct hws_target *t,
		const struct hawser_link_config *c, struct api_session_loop_conf *conf)
{
	const struct hws_viewer_config *v = hws_view_settings_config(ctx->settings);
	int r = api_servers_choose(ctx, t, c, &conf->servers);

	if (r < 0)
		return r;
	if (hws_proxy_set(v->proxy_url, v->proxy_user, v->proxy_password_secret, &conf->proxy) < 0)
		return api_fail(HAWSER_ERR_INVAL,
				"the setting 'proxy-url' is not socks5://, http:// or https://HOST[:PORT]");
	if (!t->is_direct && !conf->servers.count)
		return api_fail(HAWSER_ERR_INVAL,
				"an ID needs a rendezvous server: name one (hawser config set server "
				"HOST, and key KEY), write ID@SERVER, or give the host's address");
	return HAWSER_OK;
}

static hawser_session *new_handle(
		hawser_context *ctx, const struct hawser_link_config *c, enum hws_session_kind kind)
{
	hawser_session *s = hws_alloc(sizeof(*s));

	if (!s)
		return NULL;
	s->refs = 1;
	s->ctx = ctx;
	s->kind = kind;
	s->fn = c->on_event;
	s->arg = c->arg;
	s->state = HAWSER_STATE_CONNECTING;
	s->stats.size = sizeof(s->stats);
	s->target = hws_strdup(c->target);
	pthread_mutex_init(&s->lock, NULL);
	if (!s->target) {
		api_session_unref(s);
		return NULL;
	}
	return s;
}

/* What all kinds have in common, and what a context knows besides. `accepted`: room. */
static int fill_conf(hawser_context *ctx, const struct hawser_link_config *c,
		const struct hws_target *target, uint8_t accepted[HWS_PK_LEN],
		struct api_session_loop_conf *conf)
{
	const struct hws_viewer_config *v = hws_view_settings_config(ctx->settings);

	conf->target = target;
	conf->password = c->password;
	conf->remember = c->password && c->remember;
	conf->no_retry = c->no_retry;
	conf->allow_plain = c->allow_insecure;
	conf->force_relay = c->force_relay || v->force_relay;
	conf->keep_path = v->keep_path;
	conf->require_v2 = c->require_v2 || v->require_v2;
	if (c->accept_key && hws_key_or_fingerprint_parse(c->accept_key, accepted) < 0)
		return api_fail(HAWSER_ERR_INVAL,
				"the accepted key is neither a key (44 characters) nor a fingerprint (64 "
				"hexadecimal digits): 'hawser-host status' shows it at the host");
	conf->accepted_pk = c->accept_key ? accepted : NULL;
	return choose_server(ctx, target, c, conf);
}

/* What is open_session's own. */
static void forget_borrowed(struct api_session_loop_conf *conf)
{
	conf->target = NULL;
	conf->accepted_pk = NULL;
}

static int start(hawser_session *s, const struct api_session_loop_conf *conf)
{
	int r = api_session_loop_new(s, conf, &s->loop_side);

	if (r < 0) {
		api_session_unref(s);
		return r;
	}
	hws_list_push(&s->ctx->sessions, &s->node);
	r = api_post(s, &(struct api_command){ .fn = api_session_loop_open });
	if (r < 0)
		hawser_session_close(s);
	return r;
}

/* `desktop`: of sessions with pictures, else NULL. */
static int open_session(hawser_context *ctx, const struct hawser_link_config *link,
		const struct hawser_session_config *desktop, struct api_session_loop_conf *conf,
		hawser_session **ret)
{
	struct hws_target target;
	struct hws_error err = { 0 };
	uint8_t accepted[HWS_PK_LEN];
	hawser_session *s;
	int r;

	*ret = NULL;
	if (!link->on_event)
		return api_fail(HAWSER_ERR_INVAL, "on_event is required");
	if (!link->target || hws_target_parse(link->target, &target, &err) < 0)
		return err.code ? api_fail_err(&err)
				: api_fail(HAWSER_ERR_INVAL, "a target is required");
	pthread_mutex_lock(&ctx->lock);
	r = fill_conf(ctx, link, &target, accepted, conf);
	if (desktop)
		default_options(ctx, desktop, &conf->options);
	pthread_mutex_unlock(&ctx->lock);
	s = r < 0 ? NULL : new_handle(ctx, link, conf->wish.kind);
	if (!s) {
		forget_borrowed(conf);
		return r < 0 ? r : api_fail(HAWSER_ERR_NOMEM, "out of memory");
	}
	if (desktop) {
		s->format = desktop->format;
		remember_options(s, &conf->options, desktop->keyboard_mode);
		s->option[HAWSER_OPTION_SOUND] = (int)desktop->sound;
		s->option[HAWSER_OPTION_VOLUME] = (int)conf->volume;
	}
	r = start(s, conf);
	forget_borrowed(conf);
	hws_wipe(&conf->proxy, sizeof(conf->proxy));
	if (r < 0)
		return api_fail(r, "the session could not be opened: %s", hws_err_text(r));
	*ret = s;
	return HAWSER_OK;
}

int hawser_session_open(hawser_context *ctx, const struct hawser_session_config *config,
		hawser_session **ret)
{
	struct api_session_loop_conf conf = { 0 };
	struct hawser_session_config c;
	int r;

	*ret = NULL;
	take_config(config, &c);
	r = check_config(&c);
	if (r < 0)
		return r;
	conf.keyboard = c.keyboard_mode;
	conf.sound = c.sound;
	conf.volume = c.quiet ? 100 - c.quiet : 100;
	conf.kind_arg = c.print_to;
	conf.wish.kind = c.camera ? HWS_KIND_CAMERA : HWS_KIND_REMOTE;
	conf.switch_number = c.switch_number;
	conf.own_id = c.own_id;
	if (!c.no_hardware)
		conf.hardware = hws_view_settings_config(ctx->settings)->hardware_codecs;
	return open_session(ctx,
			&(struct hawser_link_config){ .target = c.target,
					.server = c.server,
					.key = c.key,
					.password = c.password,
					.remember = c.remember,
					.force_relay = c.force_relay,
					.allow_insecure = c.allow_insecure,
					.require_v2 = c.require_v2,
					.no_retry = c.no_retry,
					.accept_key = c.accept_key,
					.on_event = c.on_event,
					.arg = c.arg },
			&c, &conf, ret);
}

int api_session_open(hawser_context *ctx, const struct hawser_link_config *link,
		const struct hws_session_wish *wish, const struct hws_view_options *options,
		const void *kind_arg, hawser_session **ret)
{
	struct api_session_loop_conf conf = { .wish = *wish, .kind_arg = kind_arg };
	struct hawser_link_config l = HAWSER_LINK_CONFIG_INIT;

	memcpy(&l, link, HWS_MIN(link->size, sizeof(l)));
	if (options)
		conf.options = *options;
	return open_session(ctx, &l, NULL, &conf, ret);
}

int api_need_kind(const hawser_session *s, enum hws_session_kind kind)
{
	static const char *const words[HWS_KIND_COUNT] = { "a desktop", "files", "tunnels",
		"a camera", "terminals" };

	if (s->kind == kind)
		return HAWSER_OK;
	return api_fail(HAWSER_ERR_UNSUPPORTED, "this session is for %s, not for %s",
			words[s->kind], words[kind]);
}
