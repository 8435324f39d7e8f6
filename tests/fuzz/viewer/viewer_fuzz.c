/* A hostile host, and a user who does anything at any moment, against the viewer's core with
 * the services that parse: cursor, clipboard, and the keyboard that follows what the host says
 * of itself. Input: a byte of circumstances, then steps: a byte that says what happens, and
 * what that needs. With FLAG_V2 the host is one of v2 whose handshake is made for it: what
 * follows is said inside of it. */
#include "client/core/viewer.h"
#include "client/services/chat/chat_view.h"
#include "client/services/clipboard/clipboard_view.h"
#include "client/services/clipboard/entries.h"
#include "client/services/cursor/cursor_view.h"
#include "client/services/input/input_view.h"
#include "client/services/print/print_view.h"
#include "client/services/privacy/privacy_view.h"
#include "shared/base/log.h"
#include "shared/crypto/crypto.h"
#include "shared/wire/envelope.h"
#include "tests/support/handshake.h"
#include <stdlib.h>
#include <string.h>

#define FLAG_PLAIN_OK 1u
#define FLAG_HANDSHAKE 2u
#define FLAG_PASSWORD 4u
#define FLAG_LOCAL 8u
#define FLAG_VIEW_ONLY 16u
#define FLAG_PINNED 32u
#define FLAG_V2 64u
#define FLAG_REQUIRE_V2 128u
#define SAID_MAX 4u

struct fuzz {
	const uint8_t *p, *end;
	struct hws_viewer *viewer;
	struct hws_cursor_view *cursor;
	struct hws_clipboard_view *clipboard;
	struct hws_chat_view *chat;
	struct hws_input_view *input;
	struct hws_print_view *print;
	struct hws_service *privacy;
	unsigned flags;
	bool ended;  /* this link: nothing may be told any more */
	bool agreed; /* to do without encryption */
	size_t sent;
	bool opening; /* the handshake of v2: what the viewer says is for it */
	struct hws_buf said[SAID_MAX];
	size_t said_count;
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static uint8_t byte(struct fuzz *f)
{
	return f->p < f->end ? *f->p++ : 0;
}

static struct hws_bytes bytes(struct fuzz *f)
{
	size_t n = byte(f);

	n |= (size_t)byte(f) << 8;
	n = HWS_MIN(n, (size_t)(f->end - f->p));
	f->p += n;
	return hws_bytes(f->p - n, n);
}

/* --- what the core tells: texts must be texts ------------------------------------------------- */

static void text(const char *s)
{
	must(s != NULL);
	must(strlen(s) < 1u << 26);
}

/* A host of v2 gets no proof of the deployed scheme, whatever it says. */
static void no_old_proof(struct fuzz *f, struct hws_bytes payload)
{
	Ses__Message *m = NULL;

	if (!f->viewer || hws_viewer_level(f->viewer) != HWS_LEVEL_V2)
		return;
	if (hws_ses_unpack(payload, &m) == HWS_OK &&
			m->union_case == SES__MESSAGE__UNION_LOGIN_REQUEST)
		must(m->login_request->password.len == 0);
	hws_ses_free(m);
}

static int on_send(enum hws_channel channel HWS_UNUSED, struct hws_bytes payload, void *arg)
{
	struct fuzz *f = arg;

	must(!f->ended);
	f->sent += payload.len;
	if (f->opening && f->said_count < SAID_MAX) {
		hws_buf_init(&f->said[f->said_count], 1u << 20);
		hws_buf_put(&f->said[f->said_count++], payload.ptr, payload.len);
	}
	no_old_proof(f, payload);
	return HWS_OK;
}

static void on_keyed(const struct hws_secure_keys *keys, void *arg HWS_UNUSED)
{
	must(keys->level > HWS_LEVEL_PLAIN);
}

static void on_frame_max(size_t n, void *arg HWS_UNUSED)
{
	must(n > 0);
}

static void on_state(enum hws_viewer_state state, void *arg HWS_UNUSED)
{
	text(hws_viewer_state_name(state));
}

static void on_ask(enum hws_login_step step, bool can_trust HWS_UNUSED, void *arg)
{
	must(step != HWS_LOGIN_END && !((struct fuzz *)arg)->ended);
}

static void on_ask_plain(const char *why, void *arg)
{
	struct fuzz *f = arg;

	text(why);
	must(!(f->flags & (FLAG_PLAIN_OK | FLAG_LOCAL)));
}

/* Nobody gets in without encryption unless that was agreed to. */
static void on_ready(void *arg)
{
	struct fuzz *f = arg;

	must(!f->ended);
	must(hws_viewer_state(f->viewer) == HWS_VIEWER_READY);
	must(hws_viewer_encrypted(f->viewer) || f->agreed ||
			f->flags & (FLAG_PLAIN_OK | FLAG_LOCAL));
	must(hws_viewer_level(f->viewer) == HWS_LEVEL_V2 || !(f->flags & FLAG_REQUIRE_V2));
	/* Who got a proof has shown that it knows the password, which this host does not. */
	must(!hws_login_pake_pending(&hws_viewer_login(f->viewer)->pake));
	must(!hws_viewer_login(f->viewer)->pake.confirmed);
	must(hws_viewer_peer(f->viewer)->display_count <= HWS_PEER_DISPLAYS_MAX);
}

static void on_displays(void *arg)
{
	struct fuzz *f = arg;
	const struct hws_peer *p = hws_viewer_peer(f->viewer);

	must(p->display_count <= HWS_PEER_DISPLAYS_MAX);
	for (size_t i = 0; i < p->display_count; i++)
		must(memchr(p->display[i].name, 0, sizeof(p->display[i].name)) != NULL &&
				p->display[i].size_count <= HWS_PEER_SIZES_MAX);
}

static void on_permission(int permission HWS_UNUSED, bool enabled HWS_UNUSED, void *arg)
{
	must(!((struct fuzz *)arg)->ended);
}

static void on_box(const char *kind, const char *title, const char *what, const char *link,
		void *arg HWS_UNUSED)
{
	text(kind);
	text(title);
	text(what);
	text(link);
}

static void on_delay(uint32_t rtt_ms HWS_UNUSED, uint32_t kbit HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static void on_end(int err HWS_UNUSED, const char *what, const char *peer_text, void *arg)
{
	struct fuzz *f = arg;

	must(!f->ended);
	f->ended = true;
	text(what);
	if (peer_text)
		text(peer_text);
}

/* Argon2id is not what is tried here, and far too slow. */
static int on_stretch(struct hws_pake_job *job, void *arg)
{
	for (size_t i = 0; i < job->count; i++) {
		must(hws_pake_cost_check(&job->item[i].cost, job->item[i].kind) == HWS_OK);
		memset(&job->item[i].secret, 1, sizeof(job->item[i].secret));
		job->item[i].has = true;
	}
	hws_viewer_stretched(((struct fuzz *)arg)->viewer, job, HWS_OK);
	return HWS_OK;
}

static const struct hws_viewer_ops ops = { on_send, on_keyed, on_frame_max, on_state, on_ask,
	on_ask_plain, on_ask_plain, on_ready, on_displays, on_permission, on_box, on_delay, on_end,
	NULL, on_stretch, NULL };

static void on_shape(const struct hws_cursor_shape *s, void *arg HWS_UNUSED)
{
	volatile uint8_t seen = 0;

	must(s->width >= 0 && s->height >= 0 && s->width <= 4096 && s->height <= 4096);
	for (size_t i = 0; s->rgba && i < (size_t)s->width * (size_t)s->height * 4; i++)
		seen = s->rgba[i]; /* all of it can be read */
	(void)seen;
	must(!s->width == !s->height && !s->width == !s->rgba);
}

static void on_position(int x HWS_UNUSED, int y HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static void on_content(const struct hws_clip_content *c, void *arg HWS_UNUSED)
{
	must(hws_clip_content_size(c) > 0 && hws_clip_content_size(c) <= HWS_CLIP_ALL_MAX);
	for (unsigned i = 0; i < HWS_CLIP_FORMATS; i++)
		must(!c->part[i].len ||
				hws_clip_part_valid((enum hws_clip_format)i, c->part[i], NULL));
}

static void on_chat(const char *what, void *arg HWS_UNUSED)
{
	text(what);
}

/* --- steps ------------------------------------------------------------------------------------ */

static void open_v2(struct fuzz *f)
{
	static struct hws_identity identity;
	struct hws_viewer_link link = { .username = "192.0.2.1:21118",
		.name = "v2",
		.id = "123456789",
		.local = f->flags & FLAG_LOCAL };
	struct hws_secure host;
	struct hws_secure_keys keys;
	struct hws_bytes out;

	hws_identity_from_seed((const uint8_t[32]){ 1 }, &identity);
	hws_secure_host_init(&host, &(struct hws_secure_host_conf){ .need = HWS_LEVEL_V2 });
	must(handshake_sign(&host, &identity, "123456789", true) == HWS_OK);
	f->opening = true;
	f->said_count = 0;
	must(hws_viewer_start(f->viewer, &link) == HWS_OK);
	must(hws_secure_take_output(&host, &out));
	hws_viewer_frame(f->viewer, out);
	must(f->said_count == 2);
	f->opening = false;
	for (size_t i = 0; i < f->said_count; i++) {
		must(hws_secure_frame(&host, hws_buf_bytes(&f->said[i])) == HWS_OK);
		hws_buf_done(&f->said[i]);
		must(i > 0 || hws_secure_take_keys(&host, &keys));
	}
	must(hws_secure_take_output(&host, &out));
	hws_viewer_frame(f->viewer, out);
	must(hws_viewer_state(f->viewer) == HWS_VIEWER_HASH);
	must(hws_viewer_level(f->viewer) == HWS_LEVEL_V2);
	hws_secure_wipe(&host);
}

static void start(struct fuzz *f)
{
	static const uint8_t key[32] = { 1, 2, 3 };
	struct hws_viewer_link link = { .username = "192.0.2.1:21118",
		.name = "123456789",
		.id = f->flags & FLAG_HANDSHAKE ? "123456789" : "",
		.local = f->flags & FLAG_LOCAL,
		.server_pk = f->flags & FLAG_PINNED ? key : NULL,
		.pinned_pk = f->flags & FLAG_PINNED ? key : NULL };

	f->ended = false;
	if (hws_viewer_state(f->viewer) == HWS_VIEWER_IDLE && f->flags & FLAG_V2)
		open_v2(f);
	else if (hws_viewer_state(f->viewer) == HWS_VIEWER_IDLE)
		must(hws_viewer_start(f->viewer, &link) == HWS_OK);
}

static void change_options(struct fuzz *f)
{
	struct hws_view_options o = *hws_viewer_options(f->viewer);
	uint8_t b = byte(f);

	o.view_only = b & 1;
	o.no_clipboard = b & 2;
	o.no_remote_cursor = b & 4;
	o.quality = b & 8 ? 4 : 2;
	o.can ^= b & 16 ? HWS_CODEC_BIT(HWS_CODEC_VP8) : 0;
	o.fps = b >> 5;
	hws_viewer_set_options(f->viewer, &o);
}

static int press(struct fuzz *f)
{
	static const struct hws_layout own = { .sym = { { 'a', 'A' } } };
	unsigned code = byte(f);
	bool down = byte(f) & 1;

	hws_input_view_set_mode(f->input, (enum hws_keyboard_mode)(code % 4));
	if (code & 64)
		hws_input_view_set_layout(f->input, &own);
	return hws_input_view_key(f->input, code, down, code & 7, down ? 'a' : 0xe4);
}

/* In one of its formats, or in two. */
static int copy(struct fuzz *f, struct hws_bytes b)
{
	struct hws_clip_content c = { 0 };

	c.part[b.len ? b.ptr[0] % HWS_CLIP_FORMATS : 0] = b;
	if (b.len > 1 && b.ptr[1] & 1)
		c.part[HWS_CLIP_TEXT] = b;
	return hws_clipboard_view_send(f->clipboard, &c);
}

static int answer(struct fuzz *f, unsigned what)
{
	char word[40];
	struct hws_bytes b = bytes(f);
	size_t n = HWS_MIN(b.len, sizeof(word) - 1);

	memcpy(word, b.ptr ? b.ptr : (const uint8_t *)"", n);
	word[n] = 0;
	return what == 0            ? hws_viewer_password(f->viewer, word)
			: what == 1 ? hws_viewer_code(f->viewer, word, n & 1)
			: what == 2 ? copy(f, b)
				    : hws_input_view_type(f->input, b);
}

/* Of displays: below 128 it is shown. */
static int wish(struct fuzz *f, unsigned what)
{
	struct hws_view_options o = *hws_viewer_options(f->viewer);

	if (what < 128)
		return hws_viewer_show(f->viewer, what);
	switch (what % 4) {
	case 0:
		return hws_viewer_resize(f->viewer, byte(f), byte(f) * 16, byte(f) * 16);
	case 1:
		return hws_viewer_plug(f->viewer, (int)byte(f) - 1, what & 64);
	case 2:
		return hws_viewer_darken(f->viewer, what & 64);
	default:
		o.all_displays = what & 4;
		o.follow_cursor = what & 8;
		o.follow_window = what & 16;
		o.block_input = what & 32;
		hws_viewer_set_options(f->viewer, &o);
		return HWS_OK;
	}
}

static void step(struct fuzz *f)
{
	int r = HWS_OK;

	switch (byte(f) % 16) {
	case 0:
		hws_viewer_tick(f->viewer, (uint64_t)byte(f) * 100000);
		break;
	case 1:
		r = answer(f, 0);
		break;
	case 2:
		r = answer(f, 1);
		break;
	case 3:
		f->agreed = byte(f) & 1 || f->agreed;
		r = hws_viewer_agree(f->viewer, f->agreed);
		break;
	case 4:
		r = wish(f, byte(f));
		break;
	case 5:
		r = hws_viewer_refresh(f->viewer, (int)byte(f) - 3);
		break;
	case 6:
		change_options(f);
		break;
	case 7:
		r = answer(f, 2);
		break;
	case 8:
		r = press(f);
		break;
	case 9:
		r = hws_input_view_move(f->input, byte(f), byte(f), -(int)byte(f));
		break;
	case 10:
		r = answer(f, 3);
		break;
	case 11:
		hws_viewer_lost(f->viewer);
		hws_input_view_reset(f->input);
		start(f);
		break;
	default: /* most of it is what the host says */
		if (!f->ended)
			hws_viewer_frame(f->viewer, bytes(f));
		break;
	}
	must(r <= HWS_OK);
}

static void on_privacy(const struct hws_privacy_news *n, void *arg HWS_UNUSED)
{
	text(n->text);
	must(n->result == HWS_OK || *n->text);
}

static void open_all(struct fuzz *f)
{
	struct hws_viewer_conf conf = { .ops = &ops,
		.arg = f,
		.my_id = "987654321",
		.my_name = "Fuzz",
		.my_platform = "Linux",
		.session_id = 1,
		.options = { .can = HWS_CODEC_BIT(HWS_CODEC_VP8) | HWS_CODEC_BIT(HWS_CODEC_VP9),
				.view_only = f->flags & FLAG_VIEW_ONLY },
		.allow_plain = f->flags & FLAG_PLAIN_OK,
		.require_v2 = f->flags & FLAG_REQUIRE_V2 };

	must(hws_viewer_new(&conf, &f->viewer) == HWS_OK);
	if (f->flags & FLAG_PASSWORD)
		must(hws_login_preset(hws_viewer_login(f->viewer), "secret") == HWS_OK);
	must(hws_cursor_view_new(&(struct hws_cursor_view_conf){ on_shape, on_position, f },
			     &f->cursor) == HWS_OK);
	must(hws_clipboard_view_new(&(struct hws_clipboard_view_conf){ .on_content = on_content,
						    .arg = f },
			     &f->clipboard) == HWS_OK);
	must(hws_input_view_new(f->viewer, &f->input) == HWS_OK);
	must(hws_chat_view_new(&(struct hws_chat_view_conf){ on_chat, f }, &f->chat) == HWS_OK);
	must(hws_privacy_view_new(on_privacy, f, &f->privacy) == HWS_OK);
	hws_viewer_serve(f->viewer, f->privacy);
	hws_viewer_serve(f->viewer, hws_chat_view_service(f->chat));
	hws_viewer_serve(f->viewer, hws_input_view_service(f->input));
	hws_viewer_serve(f->viewer, hws_cursor_view_service(f->cursor));
	hws_viewer_serve(f->viewer, hws_clipboard_view_service(f->clipboard));
}

static void on_job(int r, uint64_t size HWS_UNUSED, const char *why, void *arg HWS_UNUSED)
{
	must(r < 0);
	text(why);
}

/* Jobs of the host are collected, and then there is no worker who would put them anywhere. */
static void open_print(struct fuzz *f)
{
	static struct hws_loop *loop;
	static struct hws_work *work;
	struct hws_print_view_conf conf = { .where = "cups", .on_job = on_job, .arg = f };
	struct hws_error err;

	if (!loop)
		must(hws_loop_new(&loop) == HWS_OK && hws_work_new(1, 0, &work) == HWS_OK);
	conf.loop = loop;
	conf.work = work;
	must(hws_print_view_new(&conf, &f->print, &err) == HWS_OK);
	hws_viewer_serve(f->viewer, hws_print_view_service(f->print));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct fuzz f = { .p = data, .end = data + size };

	if (!ready) {
		must(hws_crypto_init() == HWS_OK);
		hws_log_set_level(HWS_LOG_ERROR);
		ready = true;
	}
	f.flags = byte(&f);
	open_all(&f);
	open_print(&f);
	start(&f);
	while (f.p < f.end)
		step(&f);
	if (!f.ended)
		hws_viewer_leave(f.viewer);
	hws_viewer_lost(f.viewer);
	hws_viewer_free(f.viewer);
	hws_input_view_free(f.input);
	hws_chat_view_free(f.chat);
	hws_print_view_free(f.print);
	f.privacy->impl->free(f.privacy);
	hws_clipboard_view_free(f.clipboard);
	hws_cursor_view_free(f.cursor);
	return 0;
}
