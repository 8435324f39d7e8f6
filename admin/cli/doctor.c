/* admin/doctor: small conversations with the server's ports, each with a limit of time. They come
 * from this machine: that a port answers here does not say that a firewall in front lets others
 * pass, and so it is said. */
#include "admin/cli/doctor.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/daemon/findings.h"
#include "shared/net/addr.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

#define WAIT_MS 2000
#define ROUNDS 3 /* datagrams may be lost */

/* TestNatRequest, its answer's first bytes, and the same as a frame. */
static const uint8_t nat_test[] = { 0xa2, 0x01, 0x00 };
static const uint8_t nat_answer[] = { 0xaa, 0x01 };
static const uint8_t nat_frame[] = { 0x0c, 0xa2, 0x01, 0x00 };
static const char upgrade[] = "GET / HTTP/1.1\r\nHost: doctor\r\nConnection: Upgrade\r\n"
			      "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
			      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

static int open_to(const struct sockaddr_storage *to, int type)
{
	int fd = socket(to->ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int error = 0;

	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)to, hws_addr_len(to)) == 0)
		return fd;
	if (errno == EINPROGRESS && poll(&p, 1, WAIT_MS) > 0 &&
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && !error)
		return fd;
	if (error || errno == EINPROGRESS)
		errno = error ? error : ETIMEDOUT;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Says something and waits until `want` is in what comes. */
static bool talk(int fd, const void *say, size_t len, const void *want, size_t want_len)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint8_t buf[1024];
	size_t have = 0;

	if (send(fd, say, len, MSG_NOSIGNAL) != (ssize_t)len)
		return false;
	while (have < sizeof(buf) && poll(&p, 1, WAIT_MS) > 0) {
		ssize_t n = recv(fd, buf + have, sizeof(buf) - have, 0);

		if (n <= 0)
			return false;
		have += (size_t)n;
		if (memmem(buf, have, want, want_len))
			return true;
	}
	return false;
}

/* NULL when the port answers as it should, else what happened. */
static const char *try_port(const char *kind, const struct sockaddr_storage *to)
{
	bool udp = strcmp(kind, "udp") == 0, answered = true;
	const char *trouble = "it is open, but does not answer";
	int fd;

	for (int i = 0; i < (udp ? ROUNDS : 1); i++) {
		fd = open_to(to, udp ? SOCK_DGRAM : SOCK_STREAM);
		if (fd < 0)
			return strerror(errno);
		if (udp)
			answered = talk(fd, nat_test, sizeof(nat_test), nat_answer,
					sizeof(nat_answer));
		else if (strcmp(kind, "tcp") == 0)
			answered = talk(fd, nat_frame, sizeof(nat_frame), nat_answer,
					sizeof(nat_answer));
		else if (strcmp(kind, "ws") == 0)
			answered = talk(fd, upgrade, strlen(upgrade), " 101 ", 5);
		close(fd);
		if (answered)
			return NULL;
	}
	return udp ? "no answer" : trouble;
}

/* Where the server can be reached from this machine. */
static bool address_of(const json_t *answer, uint16_t port, struct sockaddr_storage *ret)
{
	const char *bind = json_string_value(json_object_get(answer, "bind"));
	bool any = !bind || !*bind || strcmp(bind, "0.0.0.0") == 0 || strcmp(bind, "::") == 0;

	if (hws_addr_parse(any ? "127.0.0.1" : bind, port, ret) < 0)
		return false;
	hws_addr_set_port(ret, port);
	return true;
}

static void check_port(const json_t *answer, const json_t *port, json_t *checks)
{
	const char *kind = json_string_value(json_object_get(port, "kind"));
	const char *what = json_string_value(json_object_get(port, "what"));
	json_int_t number = json_integer_value(json_object_get(port, "port"));
	struct sockaddr_storage to;
	const char *trouble;
	char name[40];
	bool relay;

	if (!kind || !what || number <= 0 || number > UINT16_MAX ||
			!address_of(answer, (uint16_t)number, &to))
		return;
	relay = strcmp(kind, "relay") == 0;
	snprintf(name, sizeof(name), "%s %d", strcmp(kind, "udp") == 0 ? "UDP" : "TCP",
			(int)number);
	trouble = try_port(kind, &to);
	if (!trouble)
		hws_findings_add(checks, name, HWS_FOUND_GOOD, "", "%s: answers on this machine",
				what);
	else if (relay)
		hws_findings_add(checks, name, HWS_FOUND_LOOK,
				"start hawser-relay on this machine, or name another relay in "
				"relay-servers",
				"%s: %s", what, trouble);
	else
		hws_findings_add(checks, name, HWS_FOUND_BAD,
				"a firewall on this machine stops even local connections, or the "
				"server hangs: look into its log",
				"%s: %s", what, trouble);
}

static void check_time(json_t *checks)
{
	struct timex t = { .modes = 0 };
	char now[32];

	hws_wall_text(hws_wall_us(), now, sizeof(now));
	if (adjtimex(&t) == TIME_ERROR || (t.status & STA_UNSYNC))
		hws_findings_add(checks, "time", HWS_FOUND_LOOK,
				getenv("HAWSER_CONTAINER")
						? "a container has the clock of its machine: let an "
						  "NTP service keep that one right"
						: "timedatectl set-ntp true, or another NTP service",
				"it is %s here, and nothing keeps this clock right", now);
	else
		hws_findings_add(checks, "time", HWS_FOUND_GOOD, "", "it is %s", now);
}

bool adm_doctor_complete(json_t *answer)
{
	json_t *checks = json_object_get(answer, "checks"), *one;
	size_t i;

	if (!json_is_array(checks))
		return false;
	json_array_foreach (json_object_get(answer, "ports"), i, one)
		check_port(answer, one, checks);
	check_time(checks);
	json_object_set_new(answer, "note",
			json_string("tried from this machine: whether a firewall in front lets others "
				    "pass, `hawser doctor` says from theirs"));
	return hws_findings_well(checks);
}

void adm_doctor_print(FILE *out, const json_t *answer)
{
	const char *note = json_string_value(json_object_get(answer, "note"));

	hws_findings_print(out, json_object_get(answer, "checks"));
	if (note)
		fprintf(out, "(%s)\n", note);
}

/* --- from outside ----------------------------------------------------------------------------- */

static bool look_up(json_t *checks, const char *host, struct sockaddr_storage *ret)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	char text[HWS_ADDR_TEXT];
	int r = getaddrinfo(host, NULL, &hints, &list);

	if (r || !list || list->ai_addrlen > sizeof(*ret)) {
		hws_findings_add(checks, "name", HWS_FOUND_BAD,
				"enter it in DNS, or name the address", "%s: %s", host,
				r ? gai_strerror(r) : "no address");
		return false;
	}
	*ret = (struct sockaddr_storage){ 0 };
	memcpy(ret, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
	hws_findings_add(checks, "name", HWS_FOUND_GOOD, "", "%s is %s", host,
			hws_addr_ip_text(ret, text, sizeof(text)));
	return true;
}

void adm_doctor_outside(json_t *checks, const char *host)
{
	static const struct {
		const char *kind, *what;
		uint16_t port;
		bool must; /* without it nothing works */
	} ports[] = {
		{ "udp", "registration, NAT test", 21116, true },
		{ "tcp", "connections, key", 21116, true },
		{ "udp", "NAT test", 21115, false },
		{ "tcp", "NAT test", 21115, false },
		{ "ws", "ID server by WebSocket", 21118, false },
		{ "relay", "relay", 21117, true },
		{ "ws", "relay by WebSocket", 21119, false },
		{ "relay", "API", 21114, false },
	};
	struct sockaddr_storage to;
	const char *trouble;
	char name[40];

	if (!look_up(checks, host, &to))
		return;
	for (size_t i = 0; i < HWS_COUNT(ports); i++) {
		hws_addr_set_port(&to, ports[i].port);
		trouble = try_port(ports[i].kind, &to);
		snprintf(name, sizeof(name), "%s %u",
				strcmp(ports[i].kind, "udp") == 0 ? "UDP" : "TCP", ports[i].port);
		if (!trouble)
			hws_findings_add(checks, name, HWS_FOUND_GOOD, "", "%s: answers from here",
					ports[i].what);
		else
			hws_findings_add(checks, name,
					ports[i].must ? HWS_FOUND_BAD : HWS_FOUND_LOOK,
					"open it in the firewall before the server, and see that the "
					"server runs",
					"%s: %s", ports[i].what, trouble);
	}
}

void adm_doctor_relay(json_t *checks, const char *name, const char *address)
{
	struct sockaddr_storage to;
	const char *trouble;
	uint16_t port = 0;
	char host[256];

	if (hws_host_port_split(address, 21117, host, sizeof(host), &port) < 0) {
		hws_findings_add(checks, name, HWS_FOUND_BAD, "set its address to HOST[:PORT]",
				"'%s' is no address", address);
		return;
	}
	if (!look_up(checks, host, &to))
		return;
	hws_addr_set_port(&to, port);
	trouble = try_port("relay", &to);
	if (trouble)
		hws_findings_add(checks, name, HWS_FOUND_BAD,
				"start it, and open its port in the firewall", "%s: %s", address,
				trouble);
	else
		hws_findings_add(
				checks, name, HWS_FOUND_GOOD, "", "%s: answers from here", address);
}
