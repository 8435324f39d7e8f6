/* A host that follows a script in a thread, so that it can break the protocol at any place; made
 * of the wire core only. */
#include "client/media/video_codec.h"
#include "shared/crypto/password.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/compress.h"
#include "shared/wire/envelope.h"
#include "shared/wire/frame.h"
#include "shared/wire/secure.h"
#include "tests/component/viewer/fake_host_parts.h"
#include "tests/support/handshake.h"
#include "tests/support/proc.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FLOOD_BYTES (16u << 20)

int fake_luma(int n)
{
	return 60 + n % 8 * 20;
}

/* --- bytes ------------------------------------------------------------------------------------ */

static bool write_all(int fd, const void *data, size_t n)
{
	const uint8_t *p = data;

	while (n > 0) {
		ssize_t w = send(fd, p, n, MSG_NOSIGNAL);
		if (w <= 0)
			return false;
		p += w;
		n -= (size_t)w;
	}
	return true;
}

bool fake_put_frame(struct fake_host *h, struct hws_bytes payload, bool corrupt)
{
	uint8_t head[HWS_FRAME_HEADER_MAX];
	struct hws_buf sealed;
	bool good;

	hws_buf_init(&sealed, 32u << 20);
	if (h->v2.on) {
		uint8_t *p = hws_buf_reserve(&sealed, payload.len + HWS_RECORD_V2_OVERHEAD);
		hws_buf_commit(&sealed, fake_v2_seal(h, payload, p));
		if (corrupt)
			p[3] ^= 1;
		payload = hws_buf_bytes(&sealed);
	} else if (h->keyed) {
		uint8_t *p = hws_buf_reserve(&sealed, payload.len + HWS_RECORD_OVERHEAD);
		if (hws_record_seal(&h->record, payload, p) < 0)
			return false;
		hws_buf_commit(&sealed, payload.len + HWS_RECORD_OVERHEAD);
		if (corrupt)
			p[3] ^= 1;
		payload = hws_buf_bytes(&sealed);
	}
	good = write_all(h->fd, head, hws_frame_header(payload.len, head)) &&
			write_all(h->fd, payload.ptr, payload.len);
	hws_buf_done(&sealed);
	return good;
}

bool fake_put_message(struct fake_host *h, const Ses__Message *m)
{
	struct hws_buf out;
	bool good;

	hws_buf_init(&out, 32u << 20);
	good = hws_ses_pack(m, &out) == HWS_OK && fake_put_frame(h, hws_buf_bytes(&out), false);
	hws_buf_done(&out);
	return good;
}

/* Waits for the socket or the order to stop. */
static bool readable(struct fake_host *h, int fd, int timeout_ms)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN },
		{ .fd = h->stop_fd[0], .events = POLLIN } };

	return poll(p, 2, timeout_ms) > 0 && !p[1].revents && p[0].revents;
}

static bool stopped(struct fake_host *h)
{
	struct pollfd p = { .fd = h->stop_fd[0], .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* The next frame of a socket into `out`; false at the end, after 20 s, or when stopped. */
bool fake_get_frame(struct fake_host *h, int fd, struct hws_buf *out)
{
	struct hws_bytes payload;
	size_t used;

	for (;;) {
		if (hws_frame_next(hws_buf_bytes(&h->in), 32u << 20, &payload, &used) == HWS_OK) {
			hws_buf_reset(out);
			hws_buf_put(out, payload.ptr, payload.len);
			hws_buf_consume(&h->in, used);
			return true;
		}
		if (!readable(h, fd, 20000))
			return false;
		uint8_t *p = hws_buf_reserve(&h->in, 65536);
		ssize_t n = recv(fd, p, 65536, 0);
		if (n <= 0)
			return false;
		hws_buf_commit(&h->in, (size_t)n);
	}
}

/* --- what the host says ----------------------------------------------------------------------- */

static bool say_hash(struct fake_host *h)
{
	Ses__Hash hash = SES__HASH__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	if (h->v2.on)
		return fake_v2_hash(h);
	hash.salt = (char *)SALT;
	hash.challenge = (char *)CHALLENGE;
	m.union_case = SES__MESSAGE__UNION_HASH;
	m.hash = &hash;
	return fake_put_message(h, &m);
}

static bool say_verdict(struct fake_host *h, Ses__LoginResponse *lr)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__PakeOffer offer, *list;
	Ses__Resume resume;

	if (h->v2.on)
		fake_v2_verdict(h, lr, &offer, &list, &resume);
	m.union_case = SES__MESSAGE__UNION_LOGIN_RESPONSE;
	m.login_response = lr;
	return fake_put_message(h, &m);
}

static bool say_error(struct fake_host *h, const char *error)
{
	Ses__LoginResponse lr = SES__LOGIN_RESPONSE__INIT;

	lr.union_case = SES__LOGIN_RESPONSE__UNION_ERROR;
	lr.error = (char *)error;
	return say_verdict(h, &lr);
}

static bool say_welcome(struct fake_host *h)
{
	Ses__DisplayInfo d[2] = { SES__DISPLAY_INFO__INIT, SES__DISPLAY_INFO__INIT };
	Ses__DisplayInfo *list[2] = { &d[0], &d[1] };
	Ses__PeerInfo pi = SES__PEER_INFO__INIT;
	Ses__Features features = SES__FEATURES__INIT;
	Ses__SupportedEncoding encoding = SES__SUPPORTED_ENCODING__INIT;
	Ses__LoginResponse lr = SES__LOGIN_RESPONSE__INIT;

	for (int i = 0; i < 2; i++) {
		d[i].x = i * h->conf.width;
		d[i].width = h->conf.width;
		d[i].height = h->conf.height;
		d[i].name = (char *)(i ? "right" : "left");
		d[i].online = true;
	}
	pi.username = (char *)"alice";
	pi.hostname = (char *)"fake";
	pi.platform = (char *)"Linux";
	pi.version = (char *)"1.4.9";
	encoding.av1 = h->conf.trick == FAKE_STARVED;
	pi.encoding = &encoding;
	pi.n_displays = h->conf.more ? 0 : 2;
	pi.displays = list;
	features.terminal = true;
	pi.features = h->conf.more ? &features : NULL;
	lr.union_case = SES__LOGIN_RESPONSE__UNION_PEER_INFO;
	lr.peer_info = &pi;
	return say_verdict(h, &lr);
}

static bool say_packet(struct fake_host *h, enum hws_codec codec, struct hws_bytes data, bool key,
		int display)
{
	Ses__EncodedVideoFrame f = SES__ENCODED_VIDEO_FRAME__INIT, *list = &f;
	Ses__EncodedVideoFrames fs = SES__ENCODED_VIDEO_FRAMES__INIT;
	Ses__VideoFrame vf = SES__VIDEO_FRAME__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	f.data.data = (uint8_t *)data.ptr;
	f.data.len = data.len;
	f.key = key;
	fs.n_frames = 1;
	fs.frames = &list;
	vf.display = display;
	if (codec == HWS_CODEC_VP8) {
		vf.union_case = SES__VIDEO_FRAME__UNION_VP8S;
		vf.vp8s = &fs;
	} else if (codec == HWS_CODEC_AV1) {
		vf.union_case = SES__VIDEO_FRAME__UNION_AV1S;
		vf.av1s = &fs;
	} else {
		vf.union_case = SES__VIDEO_FRAME__UNION_VP9S;
		vf.vp9s = &fs;
	}
	m.union_case = SES__MESSAGE__UNION_VIDEO_FRAME;
	m.video_frame = &vf;
	return fake_put_message(h, &m);
}

/* `count` pictures, each of one grey; the first is a key frame. */
static bool say_pictures(struct fake_host *h, int count, int display)
{
	enum hws_codec codec = h->conf.trick == FAKE_VP8 ? HWS_CODEC_VP8 : HWS_CODEC_VP9;
	struct hws_encoder_conf conf = { .codec = codec,
		.width = h->conf.width,
		.height = h->conf.height,
		.quality = { .bitrate_kbit_s = 4000, .finest = 667, .coarsest = 5000 } };
	struct hws_encoder *e = NULL;
	struct hws_picture *p = NULL;
	bool good = hws_encoder_new(&conf, &e) == HWS_OK &&
			hws_picture_new(HWS_PIXEL_I420, conf.width, conf.height, &p) == HWS_OK;

	for (int i = 0; good && i < count; i++) {
		struct hws_packet packet;
		for (int plane = 0; plane < 3; plane++)
			memset(p->plane[plane], plane ? 128 : fake_luma(i),
					(size_t)p->stride[plane] *
							(size_t)(plane ? hws_chroma(p->height)
								       : p->height));
		int r = hws_encoder_encode(e, p, NULL, i == 0, i * 33, &packet);
		if (r == HWS_ERR_AGAIN)
			continue;
		good = r == HWS_OK && say_packet(h, codec, packet.data, packet.key, display);
	}
	hws_picture_drop(p);
	hws_encoder_free(e);
	return good;
}

static bool say_misc(struct fake_host *h, Ses__Misc *misc)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = misc;
	return fake_put_message(h, &m);
}

static bool say_much(struct fake_host *h)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	Ses__Clipboard c = SES__CLIPBOARD__INIT, *clips = &c;
	Ses__MultiClipboards mc = SES__MULTI_CLIPBOARDS__INIT;
	Ses__CursorData cd = SES__CURSOR_DATA__INIT;
	Ses__CursorPosition cp = SES__CURSOR_POSITION__INIT;
	Ses__ChatMessage chat = SES__CHAT_MESSAGE__INIT;
	Ses__PermissionInfo pi = SES__PERMISSION_INFO__INIT;
	Ses__MessageBox box = SES__MESSAGE_BOX__INIT;
	static const uint8_t pixels[16] = { 1, 2, 3, 255 };
	struct hws_buf packed;
	bool good;

	hws_buf_init(&packed, 1000);
	c.content.data = (uint8_t *)(uintptr_t) "host text";
	c.content.len = 9;
	mc.n_clipboards = 1;
	mc.clipboards = &clips;
	m.union_case = SES__MESSAGE__UNION_MULTI_CLIPBOARDS;
	m.multi_clipboards = &mc;
	good = fake_put_message(h, &m);
	if (hws_compress(hws_bytes(pixels, 16), 3, &packed) == HWS_OK) {
		cd.id = 77;
		cd.width = cd.height = 2;
		cd.colors.data = (uint8_t *)(uintptr_t)hws_buf_bytes(&packed).ptr;
		cd.colors.len = hws_buf_len(&packed);
		m.union_case = SES__MESSAGE__UNION_CURSOR_DATA;
		m.cursor_data = &cd;
		good = good && fake_put_message(h, &m);
	}
	cp.x = 12;
	cp.y = -5;
	m.union_case = SES__MESSAGE__UNION_CURSOR_POSITION;
	m.cursor_position = &cp;
	good = good && fake_put_message(h, &m);
	box.msgtype = (char *)"warn";
	box.title = (char *)"Title";
	box.text = (char *)"Text";
	m.union_case = SES__MESSAGE__UNION_MESSAGE_BOX;
	m.message_box = &box;
	good = good && fake_put_message(h, &m);
	misc.union_case = SES__MISC__UNION_CHAT_MESSAGE;
	misc.chat_message = &chat;
	chat.text = (char *)"hello viewer";
	good = good && say_misc(h, &misc);
	misc.union_case = SES__MISC__UNION_PERMISSION_INFO;
	misc.permission_info = &pi;
	pi.permission = SES__PERMISSION_INFO__PERMISSION__Audio;
	hws_buf_done(&packed);
	return good && say_misc(h, &misc);
}

static bool say_rubbish(struct fake_host *h)
{
	static const uint8_t bad[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t unknown[] = { 0xfa, 0x7f, 0x03, 1, 2, 3 };
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__KeyEvent key = SES__KEY_EVENT__INIT;

	m.union_case = SES__MESSAGE__UNION_KEY_EVENT; /* a viewer's message */
	m.key_event = &key;
	return fake_put_frame(h, hws_bytes(bad, sizeof(bad)), false) &&
			fake_put_frame(h, hws_bytes(unknown, sizeof(unknown)), false) &&
			fake_put_frame(h, hws_bytes(NULL, 0), false) && fake_put_message(h, &m) &&
			say_packet(h, HWS_CODEC_VP9, hws_bytes("x", 1), true, 9999) &&
			say_packet(h, HWS_CODEC_VP9, hws_bytes("x", 1), false, 0) && say_hash(h) &&
			say_error(h, "Wrong Password");
}

static void write_down(struct fake_host *h, struct hws_bytes payload)
{
	pthread_mutex_lock(&h->lock);
	if (h->heard_count < HEARD_MAX) {
		hws_buf_init(&h->heard[h->heard_count], 32u << 20);
		hws_buf_put(&h->heard[h->heard_count], payload.ptr, payload.len);
		h->heard_count++;
	}
	pthread_mutex_unlock(&h->lock);
}

/* Until the viewer has had enough. */
static bool starve(struct fake_host *h)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__TestDelay t = SES__TEST_DELAY__INIT;
	struct hws_buf frame;
	bool good = true;

	t.last_delay = 5;
	t.target_bitrate = 1;
	m.union_case = SES__MESSAGE__UNION_TEST_DELAY;
	m.test_delay = &t;
	hws_buf_init(&frame, 32u << 20);
	while (good && !stopped(h)) {
		uint64_t due = test_now_ms() + 400, now;

		good = fake_put_message(h, &m) && say_pictures(h, 1, 0);
		while (good && (now = test_now_ms()) < due &&
				readable(h, h->fd, (int)(due - now))) {
			good = fake_get_frame(h, h->fd, &frame);
			write_down(h, hws_buf_bytes(&frame));
		}
	}
	hws_buf_done(&frame);
	return good;
}

/* After the login. false ends the connection. */
static bool perform(struct fake_host *h)
{
	static const uint8_t huge[] = { 0xff, 0xff, 0xff, 0xff };
	Ses__Misc misc = SES__MISC__INIT;

	if (h->conf.after_login)
		return h->conf.after_login(h);
	switch (h->conf.trick) {
	case FAKE_OVERSIZED:
		return write_all(h->fd, huge, sizeof(huge));
	case FAKE_UNKNOWN_CODEC:
		/* AV1 of 10 bits: no viewer says that it takes that */
		return say_packet(h, HWS_CODEC_AV1,
				       hws_bytes("\x0a\x07\x18\x15\x7f\xfc\x08\x00\x00", 9), true,
				       0) &&
				say_pictures(h, h->conf.frames, 0);
	case FAKE_BROKEN_VIDEO: /* the good pictures come when they are asked for */
		return say_packet(h, HWS_CODEC_VP9, hws_bytes("this is no video", 16), true, 0);
	case FAKE_STARVED:
		return starve(h);
	case FAKE_RUBBISH:
		return say_rubbish(h) && say_pictures(h, h->conf.frames, 0);
	case FAKE_CORRUPT_RECORD:
		return fake_put_frame(h, hws_bytes("\x2a\x00", 2), true);
	case FAKE_CLOSE_REASON:
		misc.union_case = SES__MISC__UNION_CLOSE_REASON;
		misc.close_reason = (char *)"Closed manually by the peer";
		return say_misc(h, &misc);
	case FAKE_TALKATIVE:
		return say_pictures(h, h->conf.frames, 0) && say_much(h);
	case FAKE_CLOSE_AFTER_FRAME:
		return say_pictures(h, h->conf.frames, 0) && fake_host_connections(h) > 1;
	default:
		return say_pictures(h, h->conf.frames, 0);
	}
}

/* --- what the host hears ---------------------------------------------------------------------- */

static bool on_login(struct fake_host *h, const Ses__LoginRequest *lr)
{
	uint8_t h1[HWS_H1_LEN];
	int in;

	if (h->v2.on) {
		in = fake_v2_judge(h, lr);
		if (in <= 0)
			return in < 0 || say_error(h, "Wrong Password");
	} else if (h->conf.password) {
		h->password_heard |= lr->password.len > 0;
		if (lr->password.len == 0)
			return true;
		hws_password_h1(hws_bytes_str(h->conf.password), SALT, h1);
		if (!hws_password_verify(
				    h1, CHALLENGE, hws_bytes(lr->password.data, lr->password.len)))
			return say_error(h, "Wrong Password");
	}
	if (h->conf.two_factor)
		return say_error(h, "2FA Required");
	h->authorized = true;
	if (h->conf.more) {
		Ses__Message m = SES__MESSAGE__INIT;

		m.union_case = SES__MESSAGE__UNION_LOGIN_REQUEST;
		m.login_request = (Ses__LoginRequest *)(uintptr_t)lr;
		return h->conf.more(h, &m) && say_welcome(h);
	}
	return say_welcome(h) && perform(h);
}

static bool on_message(struct fake_host *h, const Ses__Message *m)
{
	if (m->union_case == SES__MESSAGE__UNION_LOGIN_REQUEST && !h->authorized)
		return on_login(h, m->login_request);
	if (m->union_case == SES__MESSAGE__UNION_AUTH_2FA && !h->authorized) {
		if (strcmp(m->auth_2fa->code, "123456") != 0)
			return say_error(h, "Wrong 2FA Code");
		h->authorized = true;
		return say_welcome(h) && perform(h);
	}
	if (h->authorized && h->conf.more && m->union_case != SES__MESSAGE__UNION_MISC)
		return h->conf.more(h, m);
	if (m->union_case != SES__MESSAGE__UNION_MISC || !h->authorized)
		return true;
	if (m->misc->union_case == SES__MISC__UNION_REFRESH_VIDEO_DISPLAY)
		return say_pictures(h, h->conf.frames, m->misc->refresh_video_display);
	if (m->misc->union_case == SES__MISC__UNION_REFRESH_VIDEO)
		return say_pictures(h, h->conf.frames, 0);
	return m->misc->union_case != SES__MISC__UNION_CLOSE_REASON && !fake_cuts(h, m->misc);
}

/* Probes that a viewer has to send back as they came: TestDelay with a long member that nobody
 * knows, more than the buffers of two kernels hold. */
static bool flood(struct fake_host *h)
{
	static const uint8_t probe[] = { 0x2a, 0xe6, 0xd4, 0x03, /* test_delay, 60006 bytes */
		0x08, 0x01,                                      /* time */
		0x7a, 0xe0, 0xd4, 0x03 };                        /* 15, 60000 bytes */
	struct hws_buf out;
	bool good = true;

	hws_buf_init(&out, 1u << 20);
	hws_buf_put(&out, probe, sizeof(probe));
	hws_buf_put(&out, (const uint8_t[60000]){ 0 }, 60000);
	for (size_t sent = 0; good && sent < FLOOD_BYTES; sent += hws_buf_len(&out))
		good = fake_put_frame(h, hws_buf_bytes(&out), false);
	hws_buf_done(&out);
	return good;
}

static bool handshake(struct fake_host *h)
{
	struct hws_secure s;
	struct hws_bytes out;
	struct hws_buf frame;
	struct hws_secure_keys keys;
	bool good;

	if (h->conf.v2)
		return fake_v2_handshake(h);
	if (!h->conf.by_id)
		return true;
	hws_secure_host_init(&s, &(struct hws_secure_host_conf){ 0 });
	if (handshake_sign(&s, &h->identity, HOST_ID, false) < 0)
		return false;
	while (hws_secure_take_output(&s, &out))
		if (!fake_put_frame(h, out, false))
			return false;
	hws_buf_init(&frame, 1u << 20);
	good = fake_get_frame(h, h->fd, &frame) &&
			hws_secure_frame(&s, hws_buf_bytes(&frame)) == HWS_OK &&
			hws_secure_take_keys(&s, &keys);
	if (good) {
		hws_record_init(&h->record, keys.send_secret);
		h->keyed = true;
	}
	hws_buf_done(&frame);
	return good;
}

static void converse(struct fake_host *h)
{
	struct hws_buf frame;
	bool go_on = handshake(h) && say_hash(h);

	hws_buf_init(&frame, 32u << 20);
	while (go_on && fake_get_frame(h, h->fd, &frame)) {
		struct hws_bytes payload = hws_buf_bytes(&frame);
		uint8_t *clear = NULL;
		Ses__Message *m = NULL;
		if (h->v2.on) {
			clear = calloc(1, payload.len + 1);
			if (!fake_v2_open(h, payload, clear, &payload)) {
				free(clear);
				break;
			}
		} else if (h->keyed && payload.len > 1) {
			clear = calloc(1, payload.len);
			if (hws_record_open(&h->record, payload, clear, &payload) < 0) {
				free(clear);
				break;
			}
		}
		write_down(h, payload);
		if (hws_ses_unpack(payload, &m) == HWS_OK)
			go_on = on_message(h, m);
		hws_ses_free(m);
		free(clear);
	}
	hws_buf_done(&frame);
}

/* --- the stand-in for a rendezvous server ----------------------------------------------------- */

static bool signed_statement(struct fake_host *h, struct hws_buf *out)
{
	Ses__IdPk idpk = SES__ID_PK__INIT;
	struct hws_buf inner;

	hws_buf_init(&inner, 1000);
	idpk.id = (char *)HOST_ID;
	idpk.pk.data = h->identity.pk;
	idpk.pk.len = HWS_PK_LEN;
	if (hws_msg_pack(&idpk.base, &inner) < 0)
		return false;
	uint8_t *p = hws_buf_reserve(out, HWS_SIG_LEN + hws_buf_len(&inner));
	hws_identity_sign_attached(&h->server, hws_buf_bytes(&inner), p);
	hws_buf_commit(out, HWS_SIG_LEN + hws_buf_len(&inner));
	hws_buf_done(&inner);
	return true;
}

static void answer_request(struct fake_host *h, int fd)
{
	Rdv__PunchHoleResponse pr = RDV__PUNCH_HOLE_RESPONSE__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct sockaddr_storage at = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&at;
	struct hws_buf statement, out, frame;
	uint8_t head[HWS_FRAME_HEADER_MAX], wire[HWS_ADDR_WIRE_MAX];

	hws_buf_init(&statement, 1000);
	hws_buf_init(&out, 2000);
	hws_buf_init(&frame, 1u << 20);
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in->sin_port = htons(h->port);
	if (fake_get_frame(h, fd, &frame) && signed_statement(h, &statement)) {
		pr.socket_addr.data = wire;
		pr.socket_addr.len = hws_addr_encode(&at, 4711, wire);
		pr.pk.data = (uint8_t *)(uintptr_t)hws_buf_bytes(&statement).ptr;
		pr.pk.len = hws_buf_len(&statement);
		pr.union_case = RDV__PUNCH_HOLE_RESPONSE__UNION_NAT_TYPE;
		m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_RESPONSE;
		m.punch_hole_response = &pr;
		if (hws_rdv_pack(&m, &out) == HWS_OK) {
			struct hws_bytes b = hws_buf_bytes(&out);
			if (write_all(fd, head, hws_frame_header(b.len, head)))
				write_all(fd, b.ptr, b.len);
		}
	}
	hws_buf_done(&statement);
	hws_buf_done(&out);
	hws_buf_done(&frame);
}

/* --- the thread ------------------------------------------------------------------------------- */

static void serve_one(struct fake_host *h)
{
	h->keyed = h->authorized = h->v2.on = false;
	hws_buf_reset(&h->in);
	pthread_mutex_lock(&h->lock);
	h->connections++;
	pthread_mutex_unlock(&h->lock);
	if (h->conf.trick == FAKE_FLOOD && h->parked < 0) {
		bool good = flood(h);
		h->parked = h->fd;
		pthread_mutex_lock(&h->lock);
		h->flooded = good;
		pthread_mutex_unlock(&h->lock);
		return;
	}
	if (h->conf.trick != FAKE_CLOSE_AT_ACCEPT)
		converse(h);
	close(h->fd);
	pthread_mutex_lock(&h->lock);
	h->ended++;
	pthread_mutex_unlock(&h->lock);
}

static void *run(void *arg)
{
	struct fake_host *h = arg;

	while (!stopped(h)) {
		struct pollfd p[3] = { { .fd = h->stop_fd[0], .events = POLLIN },
			{ .fd = h->listener, .events = POLLIN },
			{ .fd = h->rendezvous, .events = POLLIN } };
		if (poll(p, 3, -1) < 0 || p[0].revents)
			break;
		if (p[2].revents) {
			int fd = accept(h->rendezvous, NULL, NULL);
			hws_buf_reset(&h->in);
			if (fd >= 0) {
				answer_request(h, fd);
				close(fd);
			}
		}
		if (p[1].revents) {
			h->fd = accept(h->listener, NULL, NULL);
			if (h->fd >= 0)
				serve_one(h);
		}
	}
	return NULL;
}

static int listen_on(uint16_t *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	/* Small, so that a viewer whose bytes are not read notices it early. */
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 65536 }, sizeof(int)), 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(fd, 16), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

void fake_host_start(struct fake_host *h, const struct fake_conf *conf)
{
	memset(h, 0, sizeof(*h));
	h->conf = *conf;
	h->parked = -1;
	if (!h->conf.width) {
		h->conf.width = 64;
		h->conf.height = 48;
	}
	if (!h->conf.frames)
		h->conf.frames = 1;
	hws_identity_generate(false, &h->identity);
	hws_identity_generate(true, &h->server);
	hws_key_text(h->server.pk, h->key);
	hws_buf_init(&h->in, 64u << 20);
	pthread_mutex_init(&h->lock, NULL);
	h->listener = listen_on(&h->port);
	h->rendezvous = listen_on(&h->rendezvous_port);
	ck_assert_int_eq(pipe(h->stop_fd), 0);
	ck_assert_int_eq(pthread_create(&h->thread, NULL, run, h), 0);
}

void fake_host_stop(struct fake_host *h)
{
	ck_assert_int_eq(write(h->stop_fd[1], "x", 1), 1);
	pthread_join(h->thread, NULL);
	if (h->parked >= 0)
		close(h->parked);
	close(h->listener);
	close(h->rendezvous);
	close(h->stop_fd[0]);
	close(h->stop_fd[1]);
	for (size_t i = 0; i < h->heard_count; i++)
		hws_buf_done(&h->heard[i]);
	hws_buf_done(&h->in);
	pthread_mutex_destroy(&h->lock);
}
