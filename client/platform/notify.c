/* platform/notify: an sd-bus connection that the event loop drives. It must never block the
 * desktop's session: only local sockets are connected to, calls are asynchronous, and what cannot
 * be sent is forgotten. */
#include "client/platform/notify.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define NAME "org.freedesktop.Notifications"
#define PATH "/org/freedesktop/Notifications"
#define ANSWER_US (10 * HWS_US_PER_S)
#define STEPS_MAX 64 /* messages of the bus handled in one turn */

struct place {
	struct hws_notifier *n;
	sd_bus_slot *call; /* Notify on its way */
	uint32_t id;       /* of what is shown, 0 = nothing */
	unsigned how;      /* HWS_NOTIFY_* */
	bool again;        /* the texts below are to be shown when the answer has come */
	unsigned again_how;
	char summary[HWS_NOTIFY_SUMMARY], body[HWS_NOTIFY_TEXT];
};

struct hws_notifier {
	struct hws_loop *loop;
	sd_bus *bus; /* NULL: not connected */
	struct event io;
	struct hws_timer timer;
	struct place place[HWS_NOTIFY_PLACES];
	bool told;   /* the log knows that nothing is shown */
	bool failed; /* nothing was, the last time */
};

static void tell_none(struct hws_notifier *n, const char *why)
{
	if (!n->told)
		hws_info("notify.none", HWS_STR("why", why));
	n->told = n->failed = true;
}

static void drop_bus(struct hws_notifier *n)
{
	if (event_initialized(&n->io))
		event_del(&n->io);
	hws_timer_stop(&n->timer);
	for (unsigned i = 0; i < HWS_NOTIFY_PLACES; i++) {
		struct place *p = &n->place[i];

		p->call = sd_bus_slot_unref(p->call);
		p->id = 0;
		p->again = false;
	}
	/* not flushed: that would wait */
	sd_bus_close(n->bus);
	n->bus = sd_bus_unref(n->bus);
}

static void drive(struct hws_notifier *n);

static void on_io(evutil_socket_t fd HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	drive(arg);
}

static void on_timer(void *arg)
{
	drive(arg);
}

/* What the bus waits for changes with each step, at the beginning even its socket. */
static void rearm(struct hws_notifier *n, bool more)
{
	int fd = sd_bus_get_fd(n->bus), events = sd_bus_get_events(n->bus);
	uint64_t until_us = UINT64_MAX, now_us = hws_clock_us();
	short what = 0;

	if (event_initialized(&n->io))
		event_del(&n->io);
	hws_timer_stop(&n->timer);
	if (fd < 0 || events < 0 || sd_bus_get_timeout(n->bus, &until_us) < 0) {
		drop_bus(n);
		return;
	}
	what |= events & POLLIN ? EV_READ : 0;
	what |= events & POLLOUT ? EV_WRITE : 0;
	event_assign(&n->io, hws_loop_base(n->loop), fd, (short)(what | EV_PERSIST), on_io, n);
	event_add(&n->io, NULL);
	if (more)
		until_us = now_us;
	if (until_us != UINT64_MAX)
		hws_timer_start(n->loop, &n->timer, until_us > now_us ? until_us - now_us : 0,
				on_timer, n);
}

static void drive(struct hws_notifier *n)
{
	int r = 1;

	for (int i = 0; r > 0 && i < STEPS_MAX; i++)
		r = sd_bus_process(n->bus, NULL);
	if (r < 0) {
		tell_none(n, strerror(-r));
		drop_bus(n);
	} else {
		rearm(n, r > 0);
	}
}

/* Other kinds of addresses look up names or start programs. */
static bool is_local(const char *address)
{
	for (const char *p = address; p; p = strchr(p, ';') ? strchr(p, ';') + 1 : NULL)
		if (*p && !hws_str_starts(p, "unix:"))
			return false;
	return *address;
}

static bool is_plain(const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789/_.-";

	return path[strspn(path, plain)] == 0;
}

/* Of the session we were started in, else of the account we run as: hawser-host may have been
 * started by root. */
static int find_bus(char *buf, size_t size)
{
	const char *address = getenv("DBUS_SESSION_BUS_ADDRESS"), *run = getenv("XDG_RUNTIME_DIR");
	char dir[PATH_MAX], path[PATH_MAX];
	struct stat st;

	if (address && *address)
		return is_local(address) ? hws_str_copy(buf, size, address) : HWS_ERR_UNSUPPORTED;
	if (hws_fmt(dir, sizeof(dir), "/run/user/%u", (unsigned)getuid()) < 0 ||
			hws_fmt(path, sizeof(path), "%s/bus", run && *run == '/' ? run : dir) < 0)
		return HWS_ERR_TOOBIG;
	if (!is_plain(path) || stat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return HWS_ERR_NOTFOUND;
	return hws_fmt(buf, size, "unix:path=%s", path);
}

static int connect_bus(struct hws_notifier *n)
{
	char address[PATH_MAX + 64];
	int r = find_bus(address, sizeof(address));

	if (r < 0) {
		tell_none(n, "there is no session bus");
		return r;
	}
	r = sd_bus_new(&n->bus);
	if (r >= 0)
		r = sd_bus_set_address(n->bus, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(n->bus, 1);
	if (r >= 0)
		r = sd_bus_set_method_call_timeout(n->bus, ANSWER_US);
	if (r >= 0)
		r = sd_bus_start(n->bus);
	if (r < 0) {
		tell_none(n, strerror(-r));
		n->bus = sd_bus_unref(n->bus);
		return HWS_ERR_CLOSED;
	}
	return HWS_OK;
}

static void ask_desktop(struct place *p, const char *summary, const char *body, unsigned how);

static int on_answer(sd_bus_message *m, void *arg, sd_bus_error *ret HWS_UNUSED)
{
	struct place *p = arg;
	const sd_bus_error *e = sd_bus_message_get_error(m);

	p->call = sd_bus_slot_unref(p->call);
	if (e)
		tell_none(p->n, e->message ? e->message : e->name);
	else if (sd_bus_message_read(m, "u", &p->id) < 0)
		p->id = 0;
	else
		p->n->failed = false;
	if (p->again) {
		p->again = false;
		ask_desktop(p, p->summary, p->body, p->again_how);
	}
	return 0;
}

static void ask_desktop(struct place *p, const char *summary, const char *body, unsigned how)
{
	int r = sd_bus_call_method_async(p->n->bus, &p->call, NAME, PATH, NAME, "Notify", on_answer,
			p, "susssasa{sv}i", "hawser-host", p->id,
			"preferences-desktop-remote-desktop", summary, body, 0, 3, "urgency", "y",
			1, "desktop-entry", "s", "hawser", "transient", "b",
			(int)(how & HWS_NOTIFY_UNRECORDED), how & HWS_NOTIFY_STAYS ? 0 : -1);

	p->how = how;
	if (r < 0) {
		p->call = NULL;
		tell_none(p->n, strerror(-r));
	}
}

int hws_notifier_new(struct hws_loop *loop, struct hws_notifier **ret)
{
	struct hws_notifier *n = hws_alloc(sizeof(*n));

	if (!n)
		return HWS_ERR_NOMEM;
	n->loop = loop;
	for (unsigned i = 0; i < HWS_NOTIFY_PLACES; i++)
		n->place[i].n = n;
	*ret = n;
	return HWS_OK;
}

void hws_notifier_free(struct hws_notifier *n)
{
	if (!n)
		return;
	for (unsigned i = 0; n->bus && i < HWS_NOTIFY_PLACES; i++)
		if (n->place[i].id && n->place[i].how & HWS_NOTIFY_STAYS)
			/* goes out at once while the socket takes it; else the desktop keeps it */
			(void)sd_bus_call_method_async(n->bus, NULL, NAME, PATH, NAME,
					"CloseNotification", NULL, NULL, "u", n->place[i].id);
	drop_bus(n);
	hws_free(n);
}

/* As much of a text as there is room for, in whole characters. */
static void keep(char *buf, size_t size, const char *text)
{
	size_t n = strnlen(text, size);

	if (n == size)
		for (n--; n && ((unsigned char)text[n] & 0xc0) == 0x80;)
			n--;
	memcpy(buf, text, n);
	buf[n] = 0;
}

int hws_notifier_show(struct hws_notifier *n, unsigned place, const char *summary, const char *body,
		unsigned how)
{
	struct place *p = &n->place[place];

	if (!n->bus && connect_bus(n) < 0)
		return HWS_ERR_CLOSED;
	if (p->call) { /* what is on its way has no number yet that the next one could replace */
		keep(p->summary, sizeof(p->summary), summary);
		keep(p->body, sizeof(p->body), body);
		p->again = true;
		p->again_how = how;
	} else {
		ask_desktop(p, summary, body, how);
	}
	drive(n);
	return n->failed ? HWS_ERR_CLOSED : HWS_OK;
}
