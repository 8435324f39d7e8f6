/* Hosts of the local network, for embedders: a loop of its own for as long as the search takes, so
 * that neither sessions nor the embedder's thread model matter. */
#include "client/api/lan.h"
#include "client/api/handle.h"
#include "client/core/lan_hosts.h"
#include "client/reach/lan_search.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include <hawser/lan.h>

#define WAIT_MAX_MS 60000u
#define MAC_TEXT 18

struct search {
	struct hws_loop *loop;
	struct hws_timer end;
	hawser_lan_fn found;
	void *arg;
	struct hws_lan_hosts *kept;
	int count;
};

/* lan.json beside the settings; "" when they have no file. */
static int file_of(hawser_context *ctx, char *buf, size_t size)
{
	const char *path = hws_view_settings_path(ctx->settings), *slash = strrchr(path, '/');

	if (!*path) {
		*buf = 0;
		return HWS_OK;
	}
	return hws_fmt(buf, size, "%.*slan.json", slash ? (int)(slash - path + 1) : 0, path);
}

/* Foreign texts, made plain. */
struct shown {
	char id[4 * (HWS_LAN_ID_MAX + 1)], hostname[512], username[512], platform[256];
	char mac[MAC_TEXT], fingerprint[HWS_FINGERPRINT_TEXT], address[HWS_ADDR_TEXT];
};

/* `from`: NULL = not known. */
static struct hawser_lan_host show(const struct hws_lan_host *h,
		const struct sockaddr_storage *from, struct shown *room)
{
	*room = (struct shown){ 0 };
	return (struct hawser_lan_host){ .size = sizeof(struct hawser_lan_host),
		.id = hws_str_plain(room->id, sizeof(room->id), hws_bytes_str(h->id)),
		.address = from ? hws_addr_ip_text(from, room->address, sizeof(room->address))
				: room->address,
		.hostname = hws_str_plain(
				room->hostname, sizeof(room->hostname), hws_bytes_str(h->hostname)),
		.username = hws_str_plain(
				room->username, sizeof(room->username), hws_bytes_str(h->username)),
		.platform = hws_str_plain(
				room->platform, sizeof(room->platform), hws_bytes_str(h->platform)),
		.mac = h->has_mac ? hws_lan_mac_text(h->mac, room->mac, sizeof(room->mac))
				  : room->mac,
		.direct_port = h->direct_port,
		.fingerprint = h->has_proof ? hws_fingerprint_text(h->pk, room->fingerprint)
					    : room->fingerprint };
}

static void on_found(const struct hws_lan_host *h, const struct sockaddr_storage *from, void *arg)
{
	struct search *s = arg;
	struct shown room;
	const struct hawser_lan_host shown = show(h, from, &room);

	hws_lan_hosts_put(s->kept, h);
	s->count++;
	s->found(&shown, s->arg);
}

static void on_end(void *arg)
{
	hws_loop_stop(((struct search *)arg)->loop);
}

static int run(struct search *s, const struct hws_lan_search_conf *conf, uint32_t wait_ms,
		struct hws_error *err)
{
	struct hws_lan_search *search = NULL;
	int r = hws_loop_new(&s->loop);

	if (r < 0)
		return hws_error_set(err, r, "out of memory");
	r = hws_lan_search_new(s->loop, conf, &search, err);
	if (r == HWS_OK) {
		hws_timer_start(s->loop, &s->end, HWS_MIN(wait_ms, WAIT_MAX_MS) * HWS_US_PER_MS,
				on_end, s);
		hws_loop_run(s->loop);
	}
	hws_lan_search_free(search);
	hws_loop_free(s->loop);
	return r;
}

int hawser_lan_search(hawser_context *ctx, const char *const *targets, unsigned count,
		uint32_t wait_ms, hawser_lan_fn found, void *arg)
{
	struct search s = { .found = found, .arg = arg };
	const struct hws_lan_search_conf conf = {
		.targets = targets, .target_count = count, .on_found = on_found, .arg = &s
	};
	struct hws_error err = { 0 };
	char path[1024];
	int r;

	if (!ctx || !found || count > HWS_LAN_TARGETS_MAX)
		return api_fail(HAWSER_ERR_INVAL, "at most %u addresses can be asked at once",
				HWS_LAN_TARGETS_MAX);
	s.kept = hws_alloc(sizeof(*s.kept));
	if (!s.kept)
		return api_fail(HAWSER_ERR_NOMEM, "out of memory");
	r = file_of(ctx, path, sizeof(path));
	if (r == HWS_OK && hws_lan_hosts_load(s.kept, path, NULL) < 0)
		path[0] = 0; /* left to its owner; finding matters more than keeping */
	if (r == HWS_OK)
		r = run(&s, &conf, wait_ms, &err);
	if (r == HWS_OK && s.count)
		r = hws_lan_hosts_store(s.kept, path, &err);
	hws_free(s.kept);
	return r < 0 ? api_fail_err(&err) : s.count;
}

int hawser_lan_known(hawser_context *ctx, hawser_lan_fn found, void *arg)
{
	struct hws_lan_hosts *l;
	struct hws_error err = { 0 };
	char path[1024];
	int r;

	if (!ctx || !found)
		return api_fail(HAWSER_ERR_INVAL, "whom to tell?");
	l = hws_alloc(sizeof(*l));
	if (!l)
		return api_fail(HAWSER_ERR_NOMEM, "out of memory");
	r = file_of(ctx, path, sizeof(path));
	if (r == HWS_OK)
		r = hws_lan_hosts_load(l, path, &err);
	for (unsigned i = 0; r == HWS_OK && i < l->count; i++) {
		struct shown room;
		const struct hawser_lan_host shown = show(&l->host[i], NULL, &room);
		found(&shown, arg);
	}
	if (r == HWS_OK)
		r = (int)l->count;
	hws_free(l);
	return r < 0 ? api_fail_err(&err) : r;
}

bool api_lan_knows(hawser_context *ctx, const char *id)
{
	struct hws_lan_hosts *l = hws_alloc(sizeof(*l));
	char path[1024];
	bool known = l && file_of(ctx, path, sizeof(path)) == HWS_OK &&
			hws_lan_hosts_load(l, path, NULL) == HWS_OK &&
			hws_lan_hosts_find(l, id, 0) != 0;

	hws_free(l);
	return known;
}

static int wake_named(const struct hws_lan_hosts *l, const char *name)
{
	int r = HWS_ERR_NOTFOUND;
	unsigned sent;

	for (unsigned i = hws_lan_hosts_find(l, name, 0); i; i = hws_lan_hosts_find(l, name, i))
		r = hws_lan_wake(l->host[i - 1].mac, &sent);
	return r;
}

int hawser_lan_wake(hawser_context *ctx, const char *name)
{
	uint8_t mac[HWS_LAN_MAC];
	struct hws_error err = { 0 };
	struct hws_lan_hosts *l = NULL;
	char path[1024];
	unsigned sent;
	int r;

	if (!ctx || !name)
		return api_fail(HAWSER_ERR_INVAL, "whom to wake?");
	if (hws_lan_mac_parse(name, mac) == HWS_OK) {
		r = hws_lan_wake(mac, &sent);
	} else {
		l = hws_alloc(sizeof(*l));
		if (!l)
			return api_fail(HAWSER_ERR_NOMEM, "out of memory");
		r = file_of(ctx, path, sizeof(path));
		if (r == HWS_OK && hws_lan_hosts_load(l, path, &err) < 0) {
			hws_free(l);
			return api_fail_err(&err);
		}
		if (r == HWS_OK)
			r = wake_named(l, name);
		hws_free(l);
	}
	if (r == HWS_ERR_NOTFOUND)
		return api_fail(HAWSER_ERR_NOTFOUND,
				"'%.100s' is no hardware address (aa:bb:cc:dd:ee:ff), and no host with this ID or "
				"name was found in the local network before: 'hawser discover' while it is awake "
				"keeps its address",
				name);
	return r < 0 ? api_fail(r, "no packet could be sent: %s (is a network up?)",
				       hws_err_text(r))
		     : HAWSER_OK;
}
