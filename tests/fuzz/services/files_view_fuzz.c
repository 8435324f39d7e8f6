/* The files of a host at the viewer's end, in any order: requests, jobs, answers that fit and that
 * do not, lost links, time that passes, a double of files/files that tells anything. Each request
 * ends once at most, and nothing is told of it afterwards. */
#include "client/services/files/view_parts.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/wire/envelope.h"
#include <stdlib.h>
#include <string.h>

#define IDS 64u

static struct {
	struct hws_viewer *viewer;
	struct hws_files_view *fv;
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_roots *roots;
	const struct hws_files_conf *conf;
	uint64_t now_us;
	uint32_t next;
	bool over[IDS];
	bool ended; /* of this link */
} f;

/* --- the double ------------------------------------------------------------------------------- */

static struct hws_files *const some = (struct hws_files *)&f;
static struct hws_files_conf kept;

int hws_files_new(const struct hws_files_conf *conf, struct hws_files **ret)
{
	kept = *conf;
	f.conf = &kept;
	*ret = some;
	return HWS_OK;
}

void hws_files_free(struct hws_files *x HWS_UNUSED)
{
	f.conf = NULL;
}

bool hws_files_message(struct hws_files *x HWS_UNUSED, const Ses__Message *m HWS_UNUSED)
{
	return false;
}

void hws_files_unpacked(struct hws_files *x HWS_UNUSED, uint64_t token HWS_UNUSED,
		int err HWS_UNUSED, struct hws_bytes content HWS_UNUSED)
{
}

void hws_files_drained(struct hws_files *x HWS_UNUSED)
{
}

void hws_files_tick(struct hws_files *x HWS_UNUSED, uint64_t now_us HWS_UNUSED)
{
}

int hws_files_download(struct hws_files *x HWS_UNUSED, const struct hws_files_job *job HWS_UNUSED)
{
	return HWS_OK;
}

int hws_files_upload(struct hws_files *x HWS_UNUSED, const struct hws_files_job *job HWS_UNUSED)
{
	return HWS_OK;
}

int hws_files_decide(struct hws_files *x HWS_UNUSED, int32_t id HWS_UNUSED,
		uint32_t file HWS_UNUSED, enum hws_files_answer answer HWS_UNUSED,
		bool all HWS_UNUSED)
{
	return HWS_OK;
}

int hws_files_pause(struct hws_files *x HWS_UNUSED, int32_t id HWS_UNUSED, bool pause HWS_UNUSED)
{
	return HWS_OK;
}

int hws_files_cancel(struct hws_files *x HWS_UNUSED, int32_t id HWS_UNUSED)
{
	return HWS_OK;
}

int hws_files_stop(struct hws_files *x HWS_UNUSED, int32_t id HWS_UNUSED)
{
	return HWS_OK;
}

int hws_files_progress(const struct hws_files *x HWS_UNUSED, int32_t id HWS_UNUSED,
		struct hws_files_progress *ret)
{
	*ret = (struct hws_files_progress){ .done = f.now_us };
	return HWS_OK;
}

/* --- the viewer ------------------------------------------------------------------------------- */

static int on_send(enum hws_channel channel HWS_UNUSED, struct hws_bytes payload HWS_UNUSED,
		void *arg HWS_UNUSED)
{
	return HWS_OK;
}

static void on_bytes(const struct hws_secure_keys *keys HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static void on_size(size_t bytes HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static void on_state(enum hws_viewer_state state HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static void on_ask(enum hws_login_step step HWS_UNUSED, bool can_trust HWS_UNUSED,
		void *arg HWS_UNUSED)
{
}

static void on_why(const char *why HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static void on_nothing(void *arg HWS_UNUSED)
{
}

static void on_permission(int permission HWS_UNUSED, bool enabled HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static void on_box(const char *kind HWS_UNUSED, const char *title HWS_UNUSED,
		const char *text HWS_UNUSED, const char *link HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static void on_delay(uint32_t rtt HWS_UNUSED, uint32_t kbit HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static void on_end(int err HWS_UNUSED, const char *text HWS_UNUSED, const char *peer HWS_UNUSED,
		void *arg HWS_UNUSED)
{
	f.ended = true;
}

static const struct hws_viewer_ops ops = { .send = on_send,
	.keyed = on_bytes,
	.frame_max = on_size,
	.state = on_state,
	.ask = on_ask,
	.ask_plain = on_why,
	.ready = on_nothing,
	.displays = on_nothing,
	.permission = on_permission,
	.box = on_box,
	.delay = on_delay,
	.end = on_end };

static void feed(const Ses__Message *m)
{
	struct hws_buf out;

	hws_buf_init(&out, 1u << 20);
	if (hws_ses_pack(m, &out) == HWS_OK)
		hws_viewer_frame(f.viewer, hws_buf_bytes(&out));
	hws_buf_done(&out);
}

static void log_in(const char *platform)
{
	Ses__Hash h = SES__HASH__INIT;
	Ses__PeerInfo pi = SES__PEER_INFO__INIT;
	Ses__LoginResponse lr = SES__LOGIN_RESPONSE__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	f.ended = false;
	if (hws_viewer_start(f.viewer,
			    &(struct hws_viewer_link){ .username = "a",
					    .name = "a",
					    .id = "",
					    .local = true }) < 0)
		abort();
	h.salt = (char *)"abc";
	h.challenge = (char *)"def";
	m.union_case = SES__MESSAGE__UNION_HASH;
	m.hash = &h;
	feed(&m);
	pi.username = (char *)"alice";
	pi.platform = (char *)platform;
	pi.version = (char *)"1.4.2";
	lr.union_case = SES__LOGIN_RESPONSE__UNION_PEER_INFO;
	lr.peer_info = &pi;
	m.union_case = SES__MESSAGE__UNION_LOGIN_RESPONSE;
	m.login_response = &lr;
	feed(&m);
	if (hws_viewer_state(f.viewer) != HWS_VIEWER_READY)
		abort();
}

static void on_event(const struct hws_files_view_event *e, void *arg HWS_UNUSED)
{
	if (e->id == 0)
		return;
	if (e->id >= IDS || f.over[e->id])
		abort(); /* told of what is over */
	if (e->type == HWS_FILES_VIEW_DONE) {
		if (!e->text || (e->err < 0) != (e->text[0] != 0))
			abort();
		f.over[e->id] = true;
	}
}

static uint64_t clock_of(void *arg HWS_UNUSED)
{
	return f.now_us;
}

/* --- the input -------------------------------------------------------------------------------- */

struct input {
	const uint8_t *p;
	size_t n;
};

static uint8_t byte(struct input *in)
{
	if (in->n == 0)
		return 0;
	in->n--;
	return *in->p++;
}

static void ask(struct input *in)
{
	static const char *const paths[] = { "", "/", "/a/b", "C:\\x", "relative", "/a" };
	struct hws_files_request q = { .kind = byte(in) % (HWS_FILES_VIEW_PUT + 1),
		.id = f.next,
		.path = paths[byte(in) % HWS_COUNT(paths)],
		.to = "/nonexistent/hawser/fuzz",
		.hidden = byte(in) & 1,
		.policy = byte(in) % (HWS_FILES_VIEW_NEWER + 1) };

	if (f.next + 1 >= IDS)
		return;
	if (hws_files_view_ask(f.fv, &q) == HWS_OK)
		f.next++;
}

static void respond(struct input *in)
{
	size_t n = byte(in);
	Ses__FileResponse *r;
	Ses__Message m = SES__MESSAGE__INIT;

	n = HWS_MIN(n, in->n);
	r = ses__file_response__unpack(NULL, n, in->p);
	in->p += n;
	in->n -= n;
	if (!r)
		return;
	m.union_case = SES__MESSAGE__UNION_FILE_RESPONSE;
	m.file_response = r;
	feed(&m);
	ses__file_response__free_unpacked(r, NULL);
}

static void tell(struct input *in)
{
	struct hws_files_event e = { .type = byte(in) % (HWS_FILES_FAILED + 1),
		.id = byte(in) % IDS,
		.file = byte(in) % 8,
		.name = byte(in) & 1 ? "" : "a/b",
		.path = "/x",
		.files = byte(in) % 9,
		.bytes = 5,
		.modified = byte(in),
		.there_modified = byte(in),
		.partial = byte(in) & 1,
		.identical = byte(in) & 1,
		.err = HWS_ERR_PERM,
		.text = "no" };

	if (f.conf)
		f.conf->event(&e, f.conf->arg);
}

static void lose(struct input *in)
{
	hws_viewer_lost(f.viewer);
	hws_loop_once(f.loop, 0);
	log_in(byte(in) & 1 ? "Windows" : "Linux");
}

static void step(struct input *in)
{
	uint8_t what = byte(in);
	uint32_t id = byte(in) % IDS;
	int r = HWS_OK;

	switch (what % 9) {
	case 0:
		ask(in);
		break;
	case 1:
	case 2:
		respond(in);
		break;
	case 3:
		f.now_us += byte(in) * HWS_US_PER_S;
		hws_loop_once(f.loop, 0);
		hws_viewer_tick(f.viewer, f.now_us);
		break;
	case 4:
		lose(in);
		break;
	case 5:
		r = hws_files_view_cancel(f.fv, id, byte(in) & 1);
		break;
	case 6:
		r = hws_files_view_pause(f.fv, id, byte(in) & 1);
		break;
	case 7:
		r = hws_files_view_decide(f.fv, id, byte(in) % 8, byte(in) % 3, byte(in) & 1);
		break;
	default:
		tell(in);
		break;
	}
	if (r > 0)
		abort();
	hws_loop_once(f.loop, 0);
	if (f.ended) {
		hws_viewer_lost(f.viewer);
		log_in("Linux");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hws_session_wish wish = { .kind = HWS_KIND_FILE };
	const struct hws_viewer_conf conf = { .ops = &ops,
		.my_id = "1",
		.my_name = "n",
		.my_platform = "Linux",
		.session_id = 1,
		.allow_plain = true,
		.wish = wish };
	struct input in = { data, size };
	struct hws_work *work = f.work;

	memset(&f, 0, sizeof(f));
	f.work = work;
	f.next = 1;
	f.now_us = 1000 * HWS_US_PER_S;
	if (!f.work && hws_work_new(1, 64, &f.work) < 0)
		abort();
	if (hws_loop_new(&f.loop) < 0 || hws_roots_new("/", &f.roots) < 0 ||
			hws_viewer_new(&conf, &f.viewer) < 0 ||
			hws_login_preset(hws_viewer_login(f.viewer), "p") < 0)
		abort();
	hws_loop_set_clock(f.loop, clock_of, NULL);
	hws_loop_once(f.loop, 0);
	/* nothing is permitted below these roots: no folder is made anywhere */
	if (hws_files_view_new(&(struct hws_files_view_conf){ .loop = f.loop,
					       .work = f.work,
					       .roots = f.roots,
					       .on_event = on_event },
			    &f.fv) < 0)
		abort();
	hws_viewer_serve(f.viewer, hws_files_view_service(f.fv));
	log_in("Linux");
	for (int i = 0; i < 400 && in.n > 0; i++)
		step(&in);
	hws_viewer_lost(f.viewer);
	hws_files_view_service(f.fv)->impl->free(hws_files_view_service(f.fv));
	hws_viewer_free(f.viewer);
	hws_work_free(f.work);
	f.work = NULL;
	hws_loop_free(f.loop);
	hws_roots_free(f.roots);
	return 0;
}
