/* Both servers behind proxies with the settings of docs/operate-proxies.md: whatever a client
 * forges, its address is the one that it has. */
#include "shared/wire/addr_codec.h"
#include "tests/component/proxies/proxy.h"
#include "tests/component/relay/actors.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define M(x) RDV__RENDEZVOUS_MESSAGE__UNION_##x
#define HOST 9 /* the client's address is 127.0.0.9 */

static struct server srv;
static struct relay relay;
static struct test_proc proxy;
static struct device device;
static char id_at[40], relay_at[40], bind_at[40];

/* What a client may send beside what it must, behind "X-Forwarded-For: ". */
static const char *const forged[] = {
	"203.0.113.66",
	"203.0.113.66\r\nX-Real-IP: 203.0.113.66",
	"203.0.113.66, 127.0.0.1\r\nX-Real-Ip: 203.0.113.66\r\nForwarded: for=203.0.113.66",
	"203.0.113.66\r\nX-Forwarded-For: 203.0.113.67\r\nTrue-Client-IP: 203.0.113.66",
	"\r\nX-Real-IP: 203.0.113.66\r\nForwarded: for=\"[2001:db8::66]\"",
};

static void start_servers(const char *more)
{
	const char *extra[] = { "--trusted-proxies", "127.0.0.1", more, NULL };

	memset(&srv, 0, sizeof(srv));
	memset(&relay, 0, sizeof(relay));
	server_start(&srv, extra);
	relay_start(&relay, extra);
	snprintf(id_at, sizeof(id_at), "127.0.0.1:%u", srv.ws);
	snprintf(relay_at, sizeof(relay_at), "127.0.0.1:%u", relay.ws);
	device_init(&device, &srv, 1, "123456789");
	device_online(&device);
}

static void stop_servers(void)
{
	device_done(&device);
	server_stop(&srv);
	relay_stop(&relay);
}

/* The viewer that the device is told of. */
static void address_is_clients(void)
{
	message *push = device_pushed(&device, M(PUNCH_HOLE));
	struct sockaddr_storage ss;
	char text[60];

	hws_addr_decode(hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			&ss, NULL);
	ck_assert_int_eq(ss.ss_family, AF_INET);
	inet_ntop(AF_INET, &((struct sockaddr_in *)&ss)->sin_addr, text, sizeof(text));
	ck_assert_str_eq(text, "127.0.0.9");
	hws_rdv_free(push);
}

static void ask_by_websocket(uint16_t port, const char *forged_text)
{
	Rdv__PunchHoleRequest p = RDV__PUNCH_HOLE_REQUEST__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct server via = srv;
	int fd;

	via.ws = port;
	fd = ws_open(&via, HOST, forged_text);
	p.id = device.id;
	p.nat_type = RDV__NAT_TYPE__ASYMMETRIC;
	p.licence_key = srv.key;
	m.union_case = M(PUNCH_HOLE_REQUEST);
	m.punch_hole_request = &p;
	ws_send(fd, &m);
	address_is_clients();
	close(fd);
}

static bool pair_has(const char *address)
{
	json_t *ans = relay_ask(&relay, "pairs", NULL, NULL, NULL, NULL);
	json_t *p = json_array_get(json_object_get(ans, "pairs"), 0);
	const char *a = json_string_value(json_object_get(p, "a"));
	bool found = a && strstr(a, address);

	json_decref(ans);
	return found;
}

/* A leg that is upgraded with these headers, or (NULL) speaks plain TCP, at this port. */
static void join_relay(uint16_t port, const char *forged_text)
{
	const char *uuid = new_uuid();
	struct relay via = relay;
	char headers[400];
	struct leg l[2];

	via.port = port; /* without the upgrade of leg_open */
	leg_open(&l[0], &via, false, HOST);
	if (forged_text) {
		snprintf(headers, sizeof(headers), "X-Forwarded-For: %s\r\n", forged_text);
		l[0].ws = true;
		leg_upgrade(&l[0], headers);
	}
	leg_request(&l[0], uuid, NULL);
	relay_await(&relay, NULL, "waiting", 1);
	leg_open(&l[1], &relay, false, 2); /* itself, and no proxy */
	leg_request(&l[1], uuid, NULL);
	pair_check(l);
	ck_assert_msg(pair_has("127.0.0.9"), "%s", forged_text ? forged_text : "plain TCP");
	pair_close(l);
	relay_await_exactly(&relay, NULL, "pairs", 0);
}

static void nothing_forged_counts(uint16_t id_port, uint16_t relay_port)
{
	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		ask_by_websocket(id_port, forged[i]);
		join_relay(relay_port, forged[i]);
	}
	ask_by_websocket(id_port, NULL);
}

/* A port for the proxy; its settings are those of the documentation but for ports and TLS. */
static uint16_t proxy_port(const char *before, const char *behind)
{
	uint16_t port = test_free_port();

	snprintf(bind_at, sizeof(bind_at), "%s%u%s", before, port, behind);
	return port;
}

START_TEST(nginx_as_documented)
{
	uint16_t port = proxy_port("listen 127.0.0.1:", ";");
	const struct swap swaps[] = { { "listen 443 ssl;", bind_at },
		{ "ssl_certificate /etc/letsencrypt/live/id.example.com/fullchain.pem;", "" },
		{ "ssl_certificate_key /etc/letsencrypt/live/id.example.com/privkey.pem;", "" },
		{ "127.0.0.1:21118", id_at }, { "127.0.0.1:21119", relay_at } };
	char *settings;

	start_servers(NULL);
	settings = settings_of("# /etc/nginx/conf.d/hawser.conf\n", swaps, 5);
	nginx_start(&proxy, settings, port);
	nothing_forged_counts(port, port);
	free(settings);
	test_proc_stop(&proxy);
	stop_servers();
}
END_TEST

START_TEST(haproxy_as_documented)
{
	uint16_t port = proxy_port("bind 127.0.0.1:", "");
	const struct swap swaps[] = { { "bind :443 ssl crt /etc/haproxy/id.example.com.pem",
						      bind_at },
		{ "127.0.0.1:21118", id_at }, { "127.0.0.1:21119", relay_at } };
	char *settings;

	start_servers(NULL);
	settings = settings_of("# /etc/haproxy/haproxy.cfg: WebSockets, by HTTP\n", swaps, 3);
	haproxy_start(&proxy, settings, port);
	nothing_forged_counts(port, port);
	free(settings);
	test_proc_stop(&proxy);
	stop_servers();
}
END_TEST

START_TEST(caddy_as_documented)
{
	uint16_t port = proxy_port("http://:", "");
	const struct swap swaps[] = { { "id.example.com", bind_at }, { "127.0.0.1:21118", id_at },
		{ "127.0.0.1:21119", relay_at } };
	char *settings;

	start_servers(NULL);
	settings = settings_of("# /etc/caddy/Caddyfile\n", swaps, 3);
	caddy_start(&proxy, settings, port);
	nothing_forged_counts(port, port);
	free(settings);
	test_proc_stop(&proxy);
	stop_servers();
}
END_TEST

START_TEST(traefik_as_it_is_known)
{
	uint16_t port;
	pid_t pid;

	start_servers(NULL);
	pid = traefik_double_start(&port, srv.ws, relay.ws);
	nothing_forged_counts(port, port);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	stop_servers();
}
END_TEST

/* A client's own PROXY line comes behind haproxy's, and is nothing that a server understands. */
static void own_proxy_line_is_refused(uint16_t port)
{
	static const char line[] = "PROXY TCP4 203.0.113.66 10.0.0.1 5555 21116\r\n";
	int fd = tcp_open(HOST, port);

	tcp_send_raw(fd, hws_bytes(line, sizeof(line) - 1));
	shutdown(fd, SHUT_WR);
	ck_assert(tcp_closed(fd, WAIT_MS));
	close(fd);
}

static void nat_test_sees_the_clients_port(uint16_t port)
{
	Rdv__TestNatRequest p = RDV__TEST_NAT_REQUEST__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT, *m;
	int fd = tcp_open(HOST, port);

	out.union_case = M(TEST_NAT_REQUEST);
	out.test_nat_request = &p;
	tcp_send(fd, &out);
	m = viewer_answer(fd, M(TEST_NAT_RESPONSE), WAIT_MS);
	ck_assert_uint_eq((uint16_t)m->test_nat_response->port, local_port(fd));
	hws_rdv_free(m);
	close(fd);
}

START_TEST(haproxy_for_all_ports_as_documented)
{
	char bind[5][40], to[5][40];
	uint16_t port[5];
	struct swap swaps[10];
	struct server via;
	char *settings;
	int fd;

	start_servers("--proxy-protocol");
	const uint16_t real[5] = { srv.nat, srv.port, relay.port, srv.ws, relay.ws };
	static const char *const binds[5] = { "bind :21115", "bind :21116", "bind :21117",
		"bind :21118", "bind :21119" };
	static const char *const tos[5] = { "192.0.2.20:21115", "192.0.2.20:21116",
		"192.0.2.20:21117", "192.0.2.20:21118", "192.0.2.20:21119" };

	for (size_t i = 0; i < 5; i++) {
		port[i] = test_free_port();
		snprintf(bind[i], sizeof(bind[i]), "bind 127.0.0.1:%u", port[i]);
		snprintf(to[i], sizeof(to[i]), "127.0.0.1:%u", real[i]);
		swaps[2 * i] = (struct swap){ binds[i], bind[i] };
		swaps[2 * i + 1] = (struct swap){ tos[i], to[i] };
	}
	settings = settings_of("# /etc/haproxy/haproxy.cfg: all TCP ports, with PROXY headers\n",
			swaps, 10);
	haproxy_start(&proxy, settings, port[4]);
	nothing_forged_counts(port[3], port[4]);
	join_relay(port[2], NULL);
	nat_test_sees_the_clients_port(port[0]);
	via = srv;
	via.port = port[1];
	fd = viewer_punch(&via, HOST, device.id);
	address_is_clients();
	close(fd);
	for (size_t i = 0; i < 5; i++)
		own_proxy_line_is_refused(port[i]);
	free(settings);
	test_proc_stop(&proxy);
	stop_servers();
}
END_TEST

/* Who knows the servers' ports speaks to them without the proxy. */
START_TEST(without_the_proxy_nothing_is_believed)
{
	start_servers(NULL);
	nothing_forged_counts(srv.ws, relay.ws);
	stop_servers();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("proxies");

	test_case(s, "as documented", 120,
			TESTS(nginx_as_documented, haproxy_as_documented, caddy_as_documented,
					traefik_as_it_is_known, haproxy_for_all_ports_as_documented,
					without_the_proxy_nothing_is_believed));
	return test_suite_run(s);
}
