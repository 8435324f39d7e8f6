/* bench reach: the stream over UDP against the kernel's TCP on the same line: two network
 * namespaces, and between them a program that delays, loses and limits. 100 Mbit/s each way, a
 * queue of one bandwidth-delay product. Prints "bench reach.METRIC=VALUE". Parts: ratio, fairness,
 * cpu; paths, fallback and moving (real programs in the NAT laboratory); all. */
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "tests/bench/common/report.h"
#include "tests/bench/reach/flow.h"
#include "tests/bench/reach/moving.h"
#include "tests/bench/reach/paths.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES_S 12500000u

static double seconds = 12;
static uint16_t port = 40000;

static struct impair_conf line_of(unsigned rtt_ms, unsigned loss, unsigned rate)
{
	struct impair_conf c = { .seed = 1, .delay_us = rtt_ms * 500, .rate = rate, .loss = loss };
	const uint64_t bdp = (uint64_t)rate * rtt_ms / 1000;

	c.queue = (uint32_t)HWS_MAX(bdp, (uint64_t)64 << 10);
	return c;
}

static void open_line(struct impair_towns *t, const struct impair_conf *c)
{
	const char *why = impair_towns(t, c);

	if (why) {
		fprintf(stderr, "bench reach: %s\n", why);
		exit(77);
	}
}

static struct flow_result alone(const struct impair_conf *c, enum flow_kind kind)
{
	struct impair_towns t;
	struct flow_result r;
	struct flow f;

	open_line(&t, c);
	flow_start(&f, &t, kind, port++, seconds);
	flow_end(&f, &r);
	impair_towns_gone(&t);
	return r;
}

static void show(unsigned rtt, unsigned loss, const char *name, const struct flow_result *r)
{
	char what[100];

	snprintf(what, sizeof(what),
			"%3u ms, %2u of 1000 lost, %-9s median wait %.0f ms, 95 %% %.0f ms;", rtt,
			loss, name, r->wait_ms[0], r->wait_ms[1]);
	note(what, r->bytes_s * 8 / 1e6, "Mbit/s");
}

static void part_ratio(bool quick)
{
	static const unsigned rtts[] = { 10, 50, 150 }, losses[] = { 0, 10, 30 };

	for (size_t i = 0; i < HWS_COUNT(rtts); i++)
		for (size_t k = 0; k < HWS_COUNT(losses); k++) {
			const struct impair_conf c = line_of(rtts[i], losses[k], LINE_BYTES_S);
			struct flow_result tcp, bbr, ours, plain;
			const bool named = rtts[i] == 50;

			if (quick && (!named || losses[k] == 30))
				continue;
			tcp = alone(&c, FLOW_CUBIC);
			show(rtts[i], losses[k], "cubic", &tcp);
			ours = alone(&c, FLOW_KCP);
			show(rtts[i], losses[k], "kcp", &ours);
			plain = alone(&c, FLOW_KCP_PLAIN);
			show(rtts[i], losses[k], "kcp plain", &plain);
			if (!quick) {
				bbr = alone(&c, FLOW_BBR);
				show(rtts[i], losses[k], "bbr", &bbr);
			}
			if (named && losses[k] == 0)
				metric("kcp_ratio_loss0", ours.bytes_s / tcp.bytes_s);
			if (named && losses[k] == 10)
				metric("kcp_ratio_loss1_50ms", ours.bytes_s / tcp.bytes_s);
			if (named && losses[k] == 0)
				metric("kcp_bulk_wait_p95_ms", ours.wait_ms[1]);
		}
}

/* Percent of the line that a TCP flow keeps beside ours. */
static void part_fairness(void)
{
	static const unsigned rtts[] = { 10, 50, 150 };

	for (size_t i = 0; i < HWS_COUNT(rtts); i++) {
		const struct impair_conf c = line_of(rtts[i], 0, LINE_BYTES_S);
		struct flow_result tcp, ours;
		struct impair_towns t;
		struct flow f[2];
		char what[80];
		double share;

		open_line(&t, &c);
		flow_start(&f[0], &t, FLOW_CUBIC, port++, seconds * 2);
		flow_start(&f[1], &t, FLOW_KCP, port++, seconds * 2);
		flow_end(&f[0], &tcp);
		flow_end(&f[1], &ours);
		impair_towns_gone(&t);
		share = tcp.bytes_s / LINE_BYTES_S * 100;
		snprintf(what, sizeof(what), "%u ms: kcp %.1f Mbit/s beside cubic of", rtts[i],
				ours.bytes_s * 8 / 1e6);
		note(what, tcp.bytes_s * 8 / 1e6, "Mbit/s");
		if (rtts[i] == 50)
			metric("kcp_fairness_pct", share);
	}
}

static void part_cpu(void)
{
	const struct impair_conf c = line_of(10, 0, 50000000u);
	struct flow_result ours = alone(&c, FLOW_KCP), tcp = alone(&c, FLOW_CUBIC);
	const double gib = 1024.0 * 1024.0 * 1024.0;

	note("400 Mbit/s, kcp", ours.bytes_s * 8 / 1e6, "Mbit/s");
	note("cubic, both ends", tcp.cpu_s / (tcp.bytes / gib), "CPU s per GiB");
	metric("kcp_cpu_s_per_gib", ours.cpu_s / (ours.bytes / gib));
}

int main(int argc, char *argv[])
{
	const char *part = "all";
	bool quick = false, good = true;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--quick") == 0)
			quick = true;
		else
			part = argv[i];
	if (strcmp(part, "ratio") && strcmp(part, "fairness") && strcmp(part, "cpu"))
		paths_enter(argc, argv);
	report_of("reach");
	if (quick)
		seconds = 6;
	if (strcmp(part, "all") == 0 || strcmp(part, "ratio") == 0)
		part_ratio(quick);
	if (strcmp(part, "all") == 0 || strcmp(part, "fairness") == 0)
		part_fairness();
	if (strcmp(part, "all") == 0 || strcmp(part, "cpu") == 0)
		part_cpu();
	if (strcmp(part, "all") == 0 || strcmp(part, "paths") == 0)
		good = paths_round_trips(quick) && good;
	if (strcmp(part, "all") == 0 || strcmp(part, "fallback") == 0)
		good = paths_fallback() && good;
	if (strcmp(part, "all") == 0 || strcmp(part, "moving") == 0)
		good = part_moving() && good;
	return good ? 0 : 1;
}
