/* hawser-load: simulated devices and viewers against a rendezvous server, for its makers and its
 * operators. */
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/num.h"
#include "shared/base/output.h"
#include "shared/conf/complete.h"
#include "shared/net/addr.h"
#include "tests/load/answers.h"
#include "tests/load/callers.h"
#include "tests/load/room.h"
#include "tests/load/swarm.h"
#include "tests/load/target.h"
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct settings {
	char *config, *server, *key;
	uint32_t hosts, first, window, links;
	uint64_t interval_us, seconds_us;
	uint32_t pid;
	double loss, move, restart, online, relay;
	char *loss_text, *move_text, *restart_text, *rate_text, *online_text, *relay_text;
	bool fresh, site;
};

#define LAST_US 10000000ull
#define SITE_IP 0x7fe00001u /* 127.224.0.1 */
#define AT(f) offsetof(struct settings, f)
static const struct hws_option table[] = {
	{ "", "config", 'c', HWS_OPT_PATH, AT(config), "", 0, 0, NULL, HWS_OPT_FLAG_ONLY, "FILE",
			"Read settings from this INI file.", NULL },
	{ "", "server", 0, HWS_OPT_STR, AT(server), "127.0.0.1:21116", 0, 0, NULL, 0, "IP:PORT",
			"The server, on this machine: the devices use addresses in 127.0.0.0/8.",
			NULL },
	{ "", "key", 0, HWS_OPT_STR, AT(key), "", 0, 0, NULL, 0, "KEY",
			"The server's public key; without it viewers are refused.", NULL },
	{ "", "hosts", 0, HWS_OPT_U32, AT(hosts), "1000", 1, 4000000, NULL, 0, "N",
			"Devices that register and keep alive.", NULL },
	{ "", "first", 0, HWS_OPT_U32, AT(first), "0", 0, 800000000, NULL, 0, "N",
			"Number of the first device (ids count from 100000000).", NULL },
	{ "", "window", 0, HWS_OPT_U32, AT(window), "500", 1, 100000, NULL, 0, "N",
			"Registrations under way at once in the beginning.", NULL },
	{ "", "interval", 0, HWS_OPT_DURATION, AT(interval_us), "15s", 100000, 3600000000ull, NULL,
			0, "TIME", "Between keep-alives of one device.", NULL },
	{ "", "seconds", 0, HWS_OPT_DURATION, AT(seconds_us), "30s", 100000, 86400000000ull, NULL,
			0, "TIME", "How long to keep alive and call.", NULL },
	{ "", "loss", 0, HWS_OPT_STR, AT(loss_text), "0", 0, 0, NULL, 0, "PART",
			"Part of the devices' packets that are lost (0..1).", NULL },
	{ "", "move", 0, HWS_OPT_STR, AT(move_text), "0", 0, 0, NULL, 0, "PART",
			"Part of keep-alives after which a device has another address (0..1).",
			NULL },
	{ "", "restart", 0, HWS_OPT_STR, AT(restart_text), "0", 0, 0, NULL, 0, "PART",
			"Part of keep-alives after which a device starts anew (0..1).", NULL },
	{ "", "calls", 0, HWS_OPT_STR, AT(rate_text), "0", 0, 0, NULL, 0, "RATE",
			"Connection requests per second.", NULL },
	{ "", "online", 0, HWS_OPT_STR, AT(online_text), "0", 0, 0, NULL, 0, "PART",
			"Part of the requests that are online queries (0..1; needs --fresh).",
			NULL },
	{ "", "relay", 0, HWS_OPT_STR, AT(relay_text), "0", 0, 0, NULL, 0, "PART",
			"Part of the answered requests that ask for the relay next (0..1).", NULL },
	{ "", "pid", 0, HWS_OPT_U32, AT(pid), "0", 0, 4194304, NULL, 0, "PID",
			"The server's process: its CPU time and memory are reported.", NULL },
	{ "", "links", 0, HWS_OPT_U32, AT(links), "512", 1, 60000, NULL, 0, "N",
			"Links of the viewers.", NULL },
	{ "", "fresh", 0, HWS_OPT_BOOL, AT(fresh), "yes", 0, 0, NULL, 0, NULL,
			"Each request on a link of its own, as deployed viewers do.", NULL },
	{ "", "site", 0, HWS_OPT_BOOL, AT(site), "no", 0, 0, NULL, 0, NULL,
			"All devices and viewers behind one address, as a large site is (at "
			"most 20000 devices).",
			NULL },
};
static const struct hws_options options = { .program = "hawser-load",
	.env_prefix = "HAWSER_LOAD_",
	.usage = "hawser-load [options]",
	.about = "Simulates devices and viewers against a rendezvous server and reports rates, "
		 "latencies and losses.",
	.table = table,
	.count = HWS_COUNT(table) };

struct job {
	struct load_callers *callers;
	uint64_t us;
	bool done; /* atomic */
};

static void *call(void *arg)
{
	struct job *j = arg;

	load_callers_run(j->callers, j->us, NULL);
	__atomic_store_n(&j->done, true, __ATOMIC_RELAXED);
	return NULL;
}

static void show(const char *what, const struct load_histogram *h)
{
	printf("%s latency ms: p50 %.3f  p95 %.3f  p99 %.3f  max %.3f\n", what,
			(double)load_histogram_at(h, 0.5) / 1e3,
			(double)load_histogram_at(h, 0.95) / 1e3,
			(double)load_histogram_at(h, 0.99) / 1e3, (double)h->max / 1e3);
}

/* Says what is missing before any figure is wrong for it. */
static bool enough(const struct settings *s, double calls)
{
	struct load_need need = { .flows = s->hosts, .files = 100 + s->links + LOAD_ANSWERS };
	char why[600];

	if (s->move > 0) /* each device at up to four addresses */
		need.flows *= 4;
	/* a firewall remembers a link that was reset for ten seconds, the device's own too */
	need.flows += (uint64_t)(calls * 10 * 2);
	if (s->site)
		need.files += s->hosts;
	if (s->site && s->hosts > 20000)
		snprintf(why, sizeof(why), "one address has no ports for %u devices", s->hosts);
	else if (load_room_enough("/proc", &need, why, sizeof(why)))
		return true;
	fprintf(stderr, "hawser-load: %s\n", why);
	return false;
}

/* Why anything was lost, if it was. */
static void tell_lost(const struct load_swarm_stats *hosts,
		const struct load_callers_stats *callers, const struct load_losses lost[2])
{
	char why[800] = "";

	if (callers)
		load_callers_lost_text(&callers->lost, why, sizeof(why));
	if (hosts->overflow)
		snprintf(why + strlen(why), sizeof(why) - strlen(why),
				"%sour own receive buffer was full: %llu", *why ? ", " : "",
				(unsigned long long)hosts->overflow);
	load_losses_text(&lost[0], &lost[1], why, sizeof(why));
	printf("lost, and why: %s\n", *why ? why : "nothing");
}

static int run(const struct settings *s, uint32_t ip, uint16_t port, double calls)
{
	struct load_swarm_conf hosts = { .hosts = s->hosts,
		.first = s->first,
		.server_ip = ip,
		.server_port = port,
		.interval_us = s->interval_us,
		.site_ip = s->site ? SITE_IP : 0,
		.loss = s->loss,
		.move = s->move,
		.restart = s->restart,
		.answer = true };
	struct load_callers_conf viewers = { .server_ip = ip,
		.server_port = port,
		.key = s->key,
		.hosts = s->hosts,
		.first = s->first,
		.rate = calls,
		.own_ip = s->site ? SITE_IP : 0,
		.online = s->online,
		.relay = s->relay,
		.links = s->links,
		.fresh = s->fresh };
	struct load_losses lost[2];
	struct load_target target = { .pid = (pid_t)s->pid };
	struct load_swarm *swarm = NULL;
	double cpu;
	struct job job = { .us = s->seconds_us };
	const struct load_swarm_stats *st;
	uint64_t began = hws_clock_us();
	pthread_t thread;
	uint32_t n;

	if (!enough(s, calls))
		return 1;
	if (load_swarm_new(&hosts, &swarm) < 0) {
		fprintf(stderr, "hawser-load: cannot open sockets for the devices: %s\n",
				strerror(errno));
		return 1;
	}
	n = load_swarm_register(swarm, s->window, 600000000);
	printf("registered %u of %u devices in %.2f s\n", n, s->hosts,
			(double)(hws_clock_us() - began) / 1e6);
	load_swarm_reset_stats(swarm);
	load_losses_read("/proc", &lost[0]);
	cpu = load_target_cpu_s(&target);
	began = hws_clock_us();
	if (calls > 0 &&
			(load_callers_new(&viewers, &job.callers) < 0 ||
					pthread_create(&thread, NULL, call, &job) != 0))
		return 1;
	/* the devices are there until the last request is answered */
	load_swarm_run(swarm, s->seconds_us + (calls > 0 ? LAST_US : 0),
			calls > 0 ? &job.done : NULL);
	st = load_swarm_stats(swarm);
	printf("keep-alives: %llu sent, %llu answered, %llu lost, %llu asked for the key, %llu "
	       "moved, %llu restarted, %llu pushes\n",
			(unsigned long long)st->sent, (unsigned long long)st->answered,
			(unsigned long long)st->lost, (unsigned long long)st->asked,
			(unsigned long long)st->moved, (unsigned long long)st->restarts,
			(unsigned long long)st->pushes);
	show("keep-alive", &st->latency);
	if (calls > 0) {
		const struct load_callers_stats *c;

		pthread_join(thread, NULL);
		c = load_callers_stats(job.callers);
		printf("calls: %llu sent, %llu answered, %llu relayed, %llu online queries, "
		       "%llu refused, %llu timed out, %llu failed\n",
				(unsigned long long)c->sent, (unsigned long long)c->answered,
				(unsigned long long)c->relayed, (unsigned long long)c->online,
				(unsigned long long)c->refused, (unsigned long long)c->timeouts,
				(unsigned long long)c->failures);
		show("call", &c->latency);
		load_losses_read("/proc", &lost[1]);
		tell_lost(st, c, lost);
		load_callers_free(job.callers);
	} else {
		load_losses_read("/proc", &lost[1]);
		tell_lost(st, NULL, lost);
	}
	if (s->pid)
		printf("server: %.1f %% of a core, %.1f MB\n",
				100e6 * (load_target_cpu_s(&target) - cpu) /
						(double)(hws_clock_us() - began),
				(double)load_target_rss(&target) / (1 << 20));
	load_swarm_free(swarm);
	return n == s->hosts ? 0 : 1;
}

static int run_program(int argc, char **argv)
{
	struct settings s;
	struct hws_error err = { 0 };
	struct sockaddr_storage ss;
	double calls = 0;
	int rest = 0, status = 2;
	uint32_t ip;
	const struct hws_complete words = { .program = "hawser-load", .options = &options };

	if (hws_complete_verb(&words, argc, argv, &status))
		return status;
	if (argc > 1 && strcmp(argv[1], "--help") == 0)
		return hws_options_print(&options, NULL);
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("hawser-load " HAWSER_VERSION);
		return 0;
	}
	if (hws_options_load(&options, &s, NULL, argc, argv, &rest, &err) < 0) {
		fprintf(stderr, "hawser-load: %s\n", err.text);
		return 2;
	}
	if (rest < argc || hws_parse_double(s.loss_text, &s.loss) < 0 ||
			hws_parse_double(s.move_text, &s.move) < 0 ||
			hws_parse_double(s.restart_text, &s.restart) < 0 ||
			hws_parse_double(s.online_text, &s.online) < 0 ||
			hws_parse_double(s.relay_text, &s.relay) < 0 ||
			hws_parse_double(s.rate_text, &calls) < 0 ||
			hws_addr_parse(s.server, 21116, &ss) < 0 || ss.ss_family != AF_INET) {
		fprintf(stderr, "hawser-load: a value is wrong or unexpected; see --help\n");
		goto out;
	}
	ip = ntohl(((struct sockaddr_in *)&ss)->sin_addr.s_addr);
	if (ip >> 24 != 127) {
		fprintf(stderr, "hawser-load: %s is not on the loopback of this machine\n",
				s.server);
		goto out;
	}
	status = run(&s, ip, hws_addr_port(&ss), calls);
out:
	hws_options_done(&options, &s);
	return status;
}

int main(int argc, char **argv)
{
	return hws_output_end("hawser-load", run_program(argc, argv), 1);
}
