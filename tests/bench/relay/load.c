/* Load on a relay from threads of their own: connections are opened before the clock starts, and
 * what a thread counts nobody else writes, so that counting costs nothing. */
#include "tests/bench/relay/load.h"
#include "shared/wire/frame.h"
#include "tests/support/places.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCK (128u << 10)
#define LATENCIES 400000u

static void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int double_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), double_order);
	return v[n / 2];
}

/* --- relays ----------------------------------------------------------------------------------- */

static const char *binary(void)
{
	static char path[512];
	const char *dir = getenv("HAWSER_BIN");

	snprintf(path, sizeof(path), "%s/server-relay/hawser-relay", dir ? dir : BENCH_BUILD_DIR);
	return path;
}

/* Its log goes to a file: a pipe that nobody empties would stop it one day. */
static void wait_for_port(struct relay *r, int log)
{
	char text[4096];
	double end = now_s() + 10;

	while (now_s() < end && waitpid(r->pid, NULL, WNOHANG) == 0) {
		ssize_t n = pread(log, text, sizeof(text) - 1, 0);

		text[n > 0 ? n : 0] = 0;
		const char *at = strstr(text, "listening port=");

		if (at && strchr(at, '\n')) {
			r->port = (uint16_t)strtoul(at + strlen("listening port="), NULL, 10);
			at = strstr(at, "ws_port=");
			r->ws_port = (uint16_t)strtoul(at + strlen("ws_port="), NULL, 10);
			return;
		}
		poll(NULL, 0, 5);
	}
	fprintf(stderr, "bench: hawser-relay did not start:\n%s\n", text);
	exit(1);
}

void relay_start(struct relay *r, const char *const extra[])
{
	const char *argv[40] = { binary(), "--open", "--port", "0", "--ws-port", "0",
		"--max-waiting-per-address", "0", "--max-links-per-address", "0", "--max-waiting",
		"1000000", "--idle-timeout", "600s", "--wait-timeout", "600s" };
	int n = 16, log = -1;
	FILE *file = tmpfile();

	snprintf(r->dir, sizeof(r->dir), "/tmp/bench-relay-XXXXXX");
	if (!mkdtemp(r->dir))
		die("mkdtemp");
	argv[n++] = "--runtime-dir";
	argv[n++] = r->dir;
	for (; extra && *extra && n < 38; extra++)
		argv[n++] = *extra;
	argv[n] = NULL;
	r->ours = true;
	if (!r->name)
		r->name = "hawser-relay";
	if (!file || (log = fileno(file)) < 0)
		die("log file");
	r->pid = fork();
	if (r->pid < 0)
		die("fork");
	if (r->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(log, 1);
		dup2(log, 2);
		test_places_for(argv[0]);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	wait_for_port(r, log);
	fclose(file);
}

void relay_start_floor(struct relay *r, enum floor_kind kind, const char *name)
{
	r->name = name;
	r->ours = false;
	r->pid = floor_start(kind, &r->port);
}

void relay_stop(struct relay *r)
{
	if (r->pid <= 0)
		return;
	kill(r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
	r->pid = 0;
	if (!r->ours)
		return;
	char path[64];

	snprintf(path, sizeof(path), "%s/control.sock", r->dir);
	unlink(path);
	rmdir(r->dir);
}

double relay_cpu(const struct relay *r)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(r->pid, &clock) != 0 || clock_gettime(clock, &t) < 0)
		die("processor time of the relay");
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

uint64_t relay_memory(const struct relay *r)
{
	char path[64], line[256];
	unsigned long long kib, sum = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)r->pid);
	f = fopen(path, "re");
	if (!f)
		die(path);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "Private_", 8) != 0)
			continue;
		kib = strtoull(line + strcspn(line, ":") + 1, NULL, 10);
		sum += kib;
	}
	fclose(f);
	return sum << 10;
}

/* --- connections ------------------------------------------------------------------------------ */

static int dial(uint32_t address, uint16_t port, unsigned from)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { address ? address : htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		die("socket");
	if (from) {
		struct sockaddr_in own = { .sin_family = AF_INET,
			.sin_addr = { htonl(INADDR_LOOPBACK + from) } };

		setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
		if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0)
			die("bind");
	}
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

/* RequestRelay { uuid } in its frame. */
static void send_first(int fd, uint64_t id)
{
	char uuid[40];
	uint8_t msg[64], hdr[HWS_FRAME_HEADER_MAX];
	size_t n = (size_t)snprintf(uuid, sizeof(uuid), "%08x-0000-4000-8000-%012llx",
			(unsigned)getpid(), (unsigned long long)id);
	size_t len = 0;

	msg[len++] = 0x92; /* field 18 */
	msg[len++] = 0x01;
	msg[len++] = (uint8_t)(n + 2);
	msg[len++] = 0x12; /* field 2 */
	msg[len++] = (uint8_t)n;
	memcpy(msg + len, uuid, n);
	len += n;
	size_t h = hws_frame_header(len, hdr);

	memmove(msg + h, msg, len);
	memcpy(msg, hdr, h);
	if (send(fd, msg, h + len, MSG_NOSIGNAL) != (ssize_t)(h + len))
		die("send");
}

void pair_open(const struct relay *r, unsigned from, int ret[2])
{
	static uint64_t next;

	next++;
	for (int i = 0; i < 2; i++) {
		ret[i] = dial(r->address, r->port, from);
		if (r->ours)
			send_first(ret[i], next);
	}
}

void pair_direct(int ret[2])
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (listener < 0 || bind(listener, (struct sockaddr *)&a, len) < 0 ||
			listen(listener, 4) < 0 ||
			getsockname(listener, (struct sockaddr *)&a, &len) < 0)
		die("listener");
	ret[0] = dial(0, ntohs(a.sin_port), 0);
	ret[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (ret[1] < 0)
		die("accept");
	setsockopt(ret[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	close(listener);
}

/* --- bulk ------------------------------------------------------------------------------------- */

struct stream {
	int fd[2];
	pthread_t sender, receiver;
	uint64_t bytes; /* atomic */
	bool stop;      /* atomic */
};

static void *bulk_sender(void *arg)
{
	struct stream *s = arg;
	static char block[BLOCK];

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED))
		if (send(s->fd[0], block, sizeof(block), MSG_NOSIGNAL) < 0)
			break;
	shutdown(s->fd[0], SHUT_WR);
	return NULL;
}

static void *bulk_receiver(void *arg)
{
	struct stream *s = arg;
	ssize_t n;

	/* The sink costs next to nothing: the kernel drops the bytes. */
	while ((n = recv(s->fd[1], NULL, 1u << 20, MSG_TRUNC)) > 0)
		__atomic_fetch_add(&s->bytes, (uint64_t)n, __ATOMIC_RELAXED);
	return NULL;
}

static void streams_start(struct stream *s, const struct relay *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		pair_open(r, 0, s[i].fd);
		if (pthread_create(&s[i].receiver, NULL, bulk_receiver, &s[i]) ||
				pthread_create(&s[i].sender, NULL, bulk_sender, &s[i]))
			die("thread");
	}
}

static uint64_t streams_bytes(struct stream *s, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += __atomic_load_n(&s[i].bytes, __ATOMIC_RELAXED);
	return sum;
}

static void streams_stop(struct stream *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		__atomic_store_n(&s[i].stop, true, __ATOMIC_RELAXED);
		shutdown(s[i].fd[0], SHUT_RDWR);
		shutdown(s[i].fd[1], SHUT_RDWR);
	}
	for (unsigned i = 0; i < n; i++) {
		pthread_join(s[i].sender, NULL);
		pthread_join(s[i].receiver, NULL);
		close(s[i].fd[0]);
		close(s[i].fd[1]);
	}
}

static void pause_s(double s)
{
	struct timespec t = { (time_t)s, (long)((s - (double)(time_t)s) * 1e9) };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

double bulk_run(const struct relay *r, unsigned pairs, double seconds, double *ret_cpu)
{
	struct stream *s = calloc(pairs, sizeof(*s));

	if (!s)
		die("memory");
	streams_start(s, r, pairs);
	pause_s(0.3); /* windows open */
	double cpu = relay_cpu(r), t = now_s();
	uint64_t bytes = streams_bytes(s, pairs);

	pause_s(seconds);
	t = now_s() - t;
	cpu = relay_cpu(r) - cpu;
	bytes = streams_bytes(s, pairs) - bytes;
	streams_stop(s, pairs);
	free(s);
	if (!bytes)
		die("nothing arrived");
	*ret_cpu = cpu / ((double)bytes / (double)(1u << 30));
	return (double)bytes / t;
}

/* --- small messages --------------------------------------------------------------------------- */

struct small {
	unsigned pairs;
	size_t size;
	double rate;
	int (*fd)[2];
	bool stop;         /* atomic */
	uint64_t received; /* atomic */
	double *latency;   /* seconds */
	size_t latencies;
	bool measure; /* atomic */
};

static void small_send(struct small *s, unsigned pair)
{
	char msg[64 << 10];
	double t = now_s();

	memcpy(msg, &t, sizeof(t));
	for (size_t at = 0; at < s->size;) {
		ssize_t n = send(s->fd[pair][0], msg + at, s->size - at, MSG_NOSIGNAL);

		if (n < 0)
			return;
		at += (size_t)n;
	}
}

/* Evenly spread over time and pairs. */
static void *small_sender(void *arg)
{
	struct small *s = arg;
	double start = now_s();
	uint64_t sent = 0;
	unsigned pair = 0;

	if (s->rate <= 0) {
		for (unsigned i = 0; i < s->pairs; i++)
			small_send(s, i);
		return NULL;
	}
	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		uint64_t due = (uint64_t)((now_s() - start) * s->rate);

		if (sent >= due) {
			struct timespec t = { 0, 50000 };

			nanosleep(&t, NULL);
			continue;
		}
		small_send(s, pair);
		pair = (pair + 1) % s->pairs;
		sent++;
	}
	return NULL;
}

struct gauge {
	size_t got; /* of the current message */
	double sent_at;
};

static void small_take(struct small *s, struct gauge *g, unsigned pair, char *buf)
{
	ssize_t n = recv(s->fd[pair][1], buf, s->size - g->got, MSG_DONTWAIT);

	if (n <= 0)
		return;
	if (g->got == 0 && (size_t)n >= sizeof(double))
		memcpy(&g->sent_at, buf, sizeof(double));
	g->got += (size_t)n;
	if (g->got < s->size)
		return;
	g->got = 0;
	__atomic_fetch_add(&s->received, 1, __ATOMIC_RELAXED);
	if (__atomic_load_n(&s->measure, __ATOMIC_RELAXED) && s->latencies < LATENCIES)
		s->latency[s->latencies++] = now_s() - g->sent_at;
	if (s->rate <= 0)
		small_send(s, pair); /* the next one of this pair */
}

static void *small_receiver(void *arg)
{
	struct small *s = arg;
	struct gauge *g = calloc(s->pairs, sizeof(*g));
	char *buf = malloc(s->size);
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ev[256];

	if (!g || !buf || ep < 0)
		die("receiver");
	for (unsigned i = 0; i < s->pairs; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.u32 = i };

		if (epoll_ctl(ep, EPOLL_CTL_ADD, s->fd[i][1], &e) < 0)
			die("epoll_ctl");
	}
	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		int n = epoll_wait(ep, ev, 256, 100);

		for (int i = 0; i < n; i++)
			small_take(s, &g[ev[i].data.u32], ev[i].data.u32, buf);
	}
	close(ep);
	free(g);
	free(buf);
	return NULL;
}

void small_run(const struct relay *r, unsigned pairs, size_t size, double rate, double seconds,
		struct small_result *ret)
{
	struct small s = { .pairs = pairs, .size = size, .rate = rate };
	pthread_t sender, receiver;

	s.fd = calloc(pairs, sizeof(*s.fd));
	s.latency = calloc(LATENCIES, sizeof(double));
	if (!s.fd || !s.latency)
		die("memory");
	for (unsigned i = 0; i < pairs; i++) {
		if (r)
			pair_open(r, 0, s.fd[i]);
		else
			pair_direct(s.fd[i]);
	}
	if (pthread_create(&receiver, NULL, small_receiver, &s) ||
			pthread_create(&sender, NULL, small_sender, &s))
		die("thread");
	pause_s(0.4);
	double cpu = r ? relay_cpu(r) : 0, t = now_s();
	uint64_t n = __atomic_load_n(&s.received, __ATOMIC_RELAXED);

	__atomic_store_n(&s.measure, true, __ATOMIC_RELAXED);
	pause_s(seconds);
	n = __atomic_load_n(&s.received, __ATOMIC_RELAXED) - n;
	t = now_s() - t;
	cpu = (r ? relay_cpu(r) : 0) - cpu;
	__atomic_store_n(&s.stop, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < pairs; i++)
		shutdown(s.fd[i][0], SHUT_RDWR);
	pthread_join(sender, NULL);
	pthread_join(receiver, NULL);
	for (unsigned i = 0; i < pairs; i++) {
		close(s.fd[i][0]);
		close(s.fd[i][1]);
	}
	if (!n || !s.latencies)
		die("no message arrived");
	qsort(s.latency, s.latencies, sizeof(double), double_order);
	ret->cpu_us = cpu / (double)n * 1e6;
	ret->rate = (double)n / t;
	ret->p50_ms = s.latency[s.latencies / 2] * 1e3;
	ret->p99_ms = s.latency[s.latencies * 99 / 100] * 1e3;
	free(s.fd);
	free(s.latency);
}

/* --- fairness --------------------------------------------------------------------------------- */

#define FAIR_SIZE 1024u
#define FAIR_GAP_S 0.01

struct typing_pair {
	int fd[2];
	bool stop; /* atomic */
	double latency[100000];
	size_t count;
};

static void *typist_sender(void *arg)
{
	struct typing_pair *t = arg;
	char msg[FAIR_SIZE] = { 0 };
	double next = now_s();

	while (!__atomic_load_n(&t->stop, __ATOMIC_RELAXED)) {
		double now = now_s();

		if (now < next) {
			pause_s(next - now);
			continue;
		}
		next += FAIR_GAP_S;
		now = now_s();
		memcpy(msg, &now, sizeof(now));
		if (send(t->fd[0], msg, sizeof(msg), MSG_NOSIGNAL) < 0)
			break;
	}
	shutdown(t->fd[0], SHUT_RDWR);
	return NULL;
}

static void *typist_receiver(void *arg)
{
	struct typing_pair *t = arg;
	char msg[FAIR_SIZE];
	double sent;

	while (recv(t->fd[1], msg, sizeof(msg), MSG_WAITALL) == (ssize_t)sizeof(msg)) {
		memcpy(&sent, msg, sizeof(sent));
		if (t->count < 100000)
			t->latency[t->count++] = now_s() - sent;
	}
	return NULL;
}

static double worst_share(struct stream *s, const uint64_t *before, unsigned n, uint64_t sum)
{
	double mean = (double)sum / n, worst = 0;

	for (unsigned i = 0; i < n; i++) {
		double b = (double)(__atomic_load_n(&s[i].bytes, __ATOMIC_RELAXED) - before[i]);
		double e = (b > mean ? b - mean : mean - b) / mean * 100;

		if (e > worst)
			worst = e;
	}
	return worst;
}

void fair_run(const struct relay *r, unsigned bulk, double seconds, struct fair_result *ret)
{
	struct stream *s = calloc(bulk, sizeof(*s));
	uint64_t *before = calloc(bulk, sizeof(*before)), sum;
	struct typing_pair *t = calloc(1, sizeof(*t));
	pthread_t sender, receiver;

	if (!s || !t || !before)
		die("memory");
	pair_open(r, 0, t->fd);
	streams_start(s, r, bulk);
	pause_s(1.5); /* until the buffers of all pairs are full and the limit is felt */
	if (pthread_create(&receiver, NULL, typist_receiver, t) ||
			pthread_create(&sender, NULL, typist_sender, t))
		die("thread");
	for (unsigned i = 0; i < bulk; i++)
		before[i] = __atomic_load_n(&s[i].bytes, __ATOMIC_RELAXED);
	sum = streams_bytes(s, bulk);
	double start = now_s();

	pause_s(seconds);
	sum = streams_bytes(s, bulk) - sum;
	ret->share_error = worst_share(s, before, bulk, sum);
	ret->bytes_per_s = (double)sum / (now_s() - start);
	__atomic_store_n(&t->stop, true, __ATOMIC_RELAXED);
	pthread_join(sender, NULL);
	shutdown(t->fd[1], SHUT_RDWR);
	pthread_join(receiver, NULL);
	if (t->count < 10)
		die("the interactive pair was starved");
	qsort(t->latency, t->count, sizeof(double), double_order);
	ret->p99_ms = t->latency[t->count * 99 / 100] * 1e3;
	streams_stop(s, bulk);
	close(t->fd[0]);
	close(t->fd[1]);
	free(s);
	free(before);
	free(t);
}
