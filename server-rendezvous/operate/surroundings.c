/* A round over the devices ends with the first one that is elsewhere: only where all are at one
 * address it is a long one, and it is made every five minutes. */
#include "server-rendezvous/operate/surroundings.h"
#include "server-rendezvous/operate/one_address.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/presence.h"
#include "server-rendezvous/store/sqlite/hbbs.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/daemon/findings.h"
#include "shared/net/addr.h"
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define LOOK_US (10 * HWS_US_PER_S)
#define PEERS_EVERY_US (300 * HWS_US_PER_S)
#define SAY_EVERY_US (3600 * HWS_US_PER_S)
#define JUMP_US (30 * HWS_US_PER_S)
#define BEHIND_S 300u
/* When this was written (2026-11-30): a clock that shows less is wrong. */
#define WRITTEN_S 1795996800ull

enum kind { CLOCK, JUMP, PEERS, HBBS, KINDS };

static const char *const events[KINDS] = {
	[CLOCK] = "clock.off",
	[JUMP] = "clock.jumped",
	[PEERS] = "peers.one_address",
	[HBBS] = "hbbs.found",
};
static const char *const subjects[KINDS] = {
	[CLOCK] = "clock",
	[JUMP] = "clock",
	[PEERS] = "addresses",
	[HBBS] = "hbbs",
};

struct rdv_surroundings {
	struct rdv_core *core;
	struct hws_loop *loop;
	struct hws_timer every;
	char state_dir[400];
	bool hbbs; /* its database lies in the state folder */
	struct rdv_one_address one;
	uint64_t peers_us;            /* when they were looked at */
	uint64_t wall_us, running_us; /* at the last look */
	uint64_t jumped_us;           /* when the clock did; 0 = it did not */
	int64_t jump_s;
	uint64_t said_us[KINDS];
	uint64_t test_wall_us, test_running_us;
};

/* Also runs while the machine sleeps, as the wall clock seems to. */
static uint64_t running_us(const struct rdv_surroundings *s)
{
	struct timespec t;

	if (s->test_running_us)
		return s->test_running_us;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * HWS_US_PER_S + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t wall_us(const struct rdv_surroundings *s)
{
	return s->test_wall_us ? s->test_wall_us : hws_wall_us();
}

static void found(struct rdv_surroundings *s, enum kind kind, json_t *checks, const char *remedy,
		const char *text)
{
	uint64_t now = running_us(s);

	if (checks)
		hws_findings_add(checks, subjects[kind], HWS_FOUND_LOOK, remedy, "%s", text);
	if (s->said_us[kind] && now < s->said_us[kind] + SAY_EVERY_US)
		return;
	s->said_us[kind] = now;
	hws_warn(events[kind], HWS_STR("text", text), HWS_STR("do", remedy));
}

/* --- the clock -------------------------------------------------------------------------------- */

#define KEEP_TIME                                                                                  \
	"let this machine keep time (timedatectl set-ntp true, or another NTP service); a "        \
	"container has the clock of its machine"

static void look_at_clock(struct rdv_surroundings *s, json_t *checks)
{
	uint64_t now_s = wall_us(s) / HWS_US_PER_S;
	char is[32], newest[32], text[160];

	hws_wall_text(wall_us(s), is, sizeof(is));
	if (now_s < WRITTEN_S) {
		if (hws_fmt(text, sizeof(text), "it is %s here: before this program was made",
				    is) == HWS_OK)
			found(s, CLOCK, checks, KEEP_TIME, text);
	} else if (now_s + BEHIND_S < s->core->newest_s) {
		hws_wall_text(s->core->newest_s * HWS_US_PER_S, newest, sizeof(newest));
		if (hws_fmt(text, sizeof(text),
				    "it is %s here, but a device in the database was seen at %s",
				    is, newest) == HWS_OK)
			found(s, CLOCK, checks, KEEP_TIME, text);
	}
}

static void look_for_jump(struct rdv_surroundings *s, json_t *checks)
{
	uint64_t wall = wall_us(s), running = running_us(s);
	int64_t apart = (int64_t)(wall - s->wall_us) - (int64_t)(running - s->running_us);
	char text[120];

	if (s->running_us && (apart > (int64_t)JUMP_US || apart < -(int64_t)JUMP_US)) {
		s->jumped_us = running;
		s->jump_s = apart / (int64_t)HWS_US_PER_S;
		s->said_us[JUMP] = 0;
	}
	s->wall_us = wall;
	s->running_us = running;
	if (!s->jumped_us || running > s->jumped_us + SAY_EVERY_US)
		return;
	if (hws_fmt(text, sizeof(text), "it was set %lld s %s within the last hour",
			    (long long)(s->jump_s < 0 ? -s->jump_s : s->jump_s),
			    s->jump_s < 0 ? "back" : "forward") == HWS_OK)
		found(s, JUMP, checks, KEEP_TIME, text);
}

/* --- addresses -------------------------------------------------------------------------------- */

struct round {
	struct rdv_surroundings *s;
	uint64_t now_us;
};

static bool on_peer(const struct rdv_peer *p, void *arg)
{
	struct round *r = arg;

	if (!rdv_peer_online(r->s->core->presence, p, r->now_us) || !rdv_addr_is_set(&p->addr))
		return true;
	return rdv_one_address_add(&r->s->one, &p->addr);
}

static void look_at_peers(struct rdv_surroundings *s, json_t *checks)
{
	struct round r = { s, hws_clock_us() };
	uint64_t now = running_us(s);
	struct sockaddr_storage ss;
	char ip[HWS_ADDR_TEXT], text[200];

	if (!s->peers_us || now > s->peers_us + PEERS_EVERY_US || checks) {
		s->peers_us = now;
		s->one = (struct rdv_one_address){ .gateway = s->one.gateway };
		rdv_presence_each(s->core->presence, on_peer, &r);
	}
	if (!rdv_one_address_is(&s->one))
		return;
	rdv_addr_to(&s->one.addr, &ss);
	if (hws_fmt(text, sizeof(text),
			    "all %llu devices that are on line seem to be at %s%s: something "
			    "hides their addresses, and they cannot reach each other directly",
			    (unsigned long long)s->one.devices,
			    hws_addr_ip_text(&ss, ip, sizeof(ip)),
			    rdv_addr_ip_equal(&s->one.addr, &s->one.gateway)
					    ? ", the gateway of this machine"
					    : "") == HWS_OK)
		found(s, PEERS, checks,
				"run this container with the network of its machine (network_mode: "
				"host), or put a proxy with the PROXY protocol before it: "
				"docs/operate-docker.md",
				text);
}

/* --- hbbs ------------------------------------------------------------------------------------- */

static void look_for_hbbs(struct rdv_surroundings *s, json_t *checks)
{
	struct rdv_presence_stats st;
	char text[600];

	if (!s->hbbs || !s->core->loaded)
		return;
	rdv_presence_stats(s->core->presence, &st);
	if (st.peers)
		return;
	if (hws_fmt(text, sizeof(text),
			    "stop this server, run: hawser-rendezvous take-over %s (with the same "
			    "settings), and start it again",
			    s->state_dir) == HWS_OK)
		found(s, HBBS, checks, text,
				"the state folder holds the database of hbbs (" RDV_HBBS_DATABASE
				"), but its devices are not known here");
}

/* --- all of it -------------------------------------------------------------------------------- */

void rdv_surroundings_look(struct rdv_surroundings *s, json_t *checks)
{
	look_at_clock(s, checks);
	look_for_jump(s, checks);
	look_at_peers(s, checks);
	look_for_hbbs(s, checks);
}

static void on_every(void *arg)
{
	rdv_surroundings_look(arg, NULL);
}

/* A machine without IPv4 routes, or a system that hides them, has no gateway here. */
static struct rdv_addr read_gateway(void)
{
	char text[8192];
	size_t n = 0;
	ssize_t got = 1;
	int fd = open("/proc/net/route", O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && got > 0 && n < sizeof(text) - 1) {
		got = read(fd, text + n, sizeof(text) - 1 - n);
		n += got > 0 ? (size_t)got : 0;
	}
	text[n] = 0;
	if (fd >= 0)
		close(fd);
	return rdv_default_gateway(text);
}

int rdv_surroundings_new(struct rdv_core *core, struct hws_loop *loop, const char *state_dir,
		struct rdv_surroundings **ret)
{
	struct rdv_surroundings *s = hws_alloc(sizeof(*s));
	char path[500];
	int r;

	if (!s)
		return HWS_ERR_NOMEM;
	s->core = core;
	s->loop = loop;
	r = hws_str_copy(s->state_dir, sizeof(s->state_dir), state_dir);
	if (r == HWS_OK)
		r = hws_fmt(path, sizeof(path), "%s/" RDV_HBBS_DATABASE, state_dir);
	if (r < 0) {
		hws_free(s);
		return r;
	}
	s->hbbs = access(path, F_OK) == 0;
	s->one.gateway = read_gateway();
	*ret = s;
	return HWS_OK;
}

void rdv_surroundings_free(struct rdv_surroundings *s)
{
	if (!s)
		return;
	hws_timer_stop(&s->every);
	hws_free(s);
}

void rdv_surroundings_start(struct rdv_surroundings *s)
{
	hws_timer_every(s->loop, &s->every, LOOK_US, on_every, s);
	rdv_surroundings_look(s, NULL);
}

void rdv_surroundings_time(struct rdv_surroundings *s, uint64_t wall, uint64_t running)
{
	s->test_wall_us = wall;
	s->test_running_us = running;
}
