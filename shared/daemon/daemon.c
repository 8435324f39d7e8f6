/* Signals and the service manager, the same for all programs: what a first SIGTERM drains a
 * second one ends, and what a drain leaves open its time limit ends. */
#include "shared/daemon/daemon.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/daemon/watchdog.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DRAIN_DEFAULT_US (8 * HWS_US_PER_S) /* a container is killed 10 s after it was told */
#define LOOK_US (10 * HWS_US_PER_S) /* whether threads turn, where no service manager asks */

enum { SIG_TERM, SIG_INT, SIG_HUP, SIG_COUNT };

struct hws_daemon {
	struct hws_loop *loop;
	struct hws_daemon_conf conf;
	struct event signals[SIG_COUNT];
	unsigned added; /* of signals */
	struct hws_timer drain_end;
	struct hws_watchdog *watchdog;
	bool draining, alive_wanted;
	int notify_fd; /* -1 = no service manager asks */
	struct sockaddr_un notify_addr;
	socklen_t notify_len;
};

/* The protocol of the service manager: one datagram of assignments. */
static void notify(struct hws_daemon *d, const char *text)
{
	if (d->notify_fd >= 0 &&
			sendto(d->notify_fd, text, strlen(text), MSG_NOSIGNAL,
					(struct sockaddr *)&d->notify_addr, d->notify_len) < 0)
		hws_debug("daemon.notify_failed", HWS_STR("cause", strerror(errno)));
}

static void open_notify(struct hws_daemon *d)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;

	d->notify_fd = -1;
	if (!len || (path[0] != '/' && path[0] != '@') || len >= sizeof(d->notify_addr.sun_path))
		return;
	d->notify_addr.sun_family = AF_UNIX;
	memcpy(d->notify_addr.sun_path, path, len);
	if (path[0] == '@')
		d->notify_addr.sun_path[0] = 0;
	d->notify_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	d->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static void on_alive(void *arg)
{
	struct hws_daemon *d = arg;

	if (d->alive_wanted)
		notify(d, "WATCHDOG=1");
}

/* How often the service manager is told that we live; 0 = it does not ask. Three times in its
 * period, so that a thread that misses one look is not the end of all. */
static uint64_t alive_every_us(const struct hws_daemon *d)
{
	const char *text = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t us, want_pid;

	if (d->notify_fd < 0 || !text || hws_parse_u64(text, &us) < 0)
		return 0;
	if (pid && (hws_parse_u64(pid, &want_pid) < 0 || want_pid != (uint64_t)getpid()))
		return 0;
	return us / 3;
}

static int start_watchdog(struct hws_daemon *d)
{
	uint64_t us = alive_every_us(d);

	d->alive_wanted = us > 0;
	return hws_watchdog_new(d->loop, us ? us : LOOK_US, on_alive, d, &d->watchdog);
}

static void on_drain_end(void *arg)
{
	struct hws_daemon *d = arg;

	hws_warn("daemon.drain_cut", HWS_STR("why", "time is up"));
	hws_loop_stop(d->loop);
}

static void on_terminate(evutil_socket_t sig, short what, void *arg)
{
	struct hws_daemon *d = arg;
	bool again = d->draining;

	(void)what;
	hws_info("daemon.stop", HWS_STR("signal", sig == SIGTERM ? "SIGTERM" : "SIGINT"),
			HWS_STR("mode", again || !d->conf.on_drain ? "now" : "drain"));
	d->draining = true;
	if (!again)
		notify(d, "STOPPING=1");
	if (again || !d->conf.on_drain) {
		hws_loop_stop(d->loop);
		return;
	}
	hws_timer_start(d->loop, &d->drain_end,
			d->conf.drain_max_us ? d->conf.drain_max_us : DRAIN_DEFAULT_US,
			on_drain_end, d);
	d->conf.on_drain(d->conf.arg);
}

static void on_hangup(evutil_socket_t sig, short what, void *arg)
{
	struct hws_daemon *d = arg;
	char text[80];

	(void)sig;
	(void)what;
	if (d->draining)
		return;
	if (!d->conf.on_reload) {
		hws_info("daemon.reload", HWS_BOOL("supported", false));
		return;
	}
	if (hws_fmt(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, hws_clock_us()) ==
			HWS_OK)
		notify(d, text);
	d->conf.on_reload(d->conf.arg);
	notify(d, "READY=1");
}

static int watch(struct hws_daemon *d, int sig, event_callback_fn fn)
{
	struct event *ev = &d->signals[d->added];

	if (evsignal_assign(ev, hws_loop_base(d->loop), sig, fn, d) < 0 ||
			evsignal_add(ev, NULL) < 0)
		return HWS_ERR_SYS;
	d->added++;
	return HWS_OK;
}

int hws_daemon_new(
		struct hws_loop *loop, const struct hws_daemon_conf *conf, struct hws_daemon **ret)
{
	struct hws_daemon *d = hws_alloc(sizeof(*d));
	int r;

	if (!d)
		return HWS_ERR_NOMEM;
	d->loop = loop;
	d->conf = *conf;
	open_notify(d);
	signal(SIGPIPE, SIG_IGN);
	r = watch(d, SIGTERM, on_terminate);
	if (r == HWS_OK)
		r = watch(d, SIGINT, on_terminate);
	if (r == HWS_OK)
		r = watch(d, SIGHUP, on_hangup);
	if (r == HWS_OK)
		r = start_watchdog(d);
	if (r < 0) {
		hws_daemon_free(d);
		return r;
	}
	*ret = d;
	return HWS_OK;
}

void hws_daemon_free(struct hws_daemon *d)
{
	if (!d)
		return;
	for (unsigned i = 0; i < d->added; i++)
		evsignal_del(&d->signals[i]);
	hws_timer_stop(&d->drain_end);
	hws_watchdog_free(d->watchdog);
	if (d->notify_fd >= 0)
		close(d->notify_fd);
	hws_free(d);
}

void hws_daemon_ready(struct hws_daemon *d)
{
	notify(d, "READY=1");
}

struct hws_watchdog *hws_daemon_watchdog(struct hws_daemon *d)
{
	return d->watchdog;
}

bool hws_daemon_draining(const struct hws_daemon *d)
{
	return d->draining;
}

int hws_daemon_exit_status(int r)
{
	return r == HWS_ERR_INVAL || r == HWS_ERR_RANGE || r == HWS_ERR_KEY ? 2 : 1;
}

uint64_t hws_daemon_raise_nofile(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1024;
	if (limit.rlim_cur < limit.rlim_max) {
		struct rlimit wanted = { limit.rlim_max, limit.rlim_max };

		if (setrlimit(RLIMIT_NOFILE, &wanted) == 0)
			limit = wanted;
	}
	return limit.rlim_cur;
}
