/* doctor/facts: what the tests of one network found out, before anybody says what it means. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define HWS_DOCTOR_SERVERS 4u

enum hws_doctor_state { HWS_DOCTOR_UNTRIED, HWS_DOCTOR_RUNS, HWS_DOCTOR_GOOD, HWS_DOCTOR_FAILED };

struct hws_doctor_try {
	enum hws_doctor_state state;
	int why; /* enum hws_err of a failure */
	uint64_t begun_us;
	uint32_t ms; /* it took */
};

/* An address of ours as one port of the server sees it. */
struct hws_doctor_seen {
	bool known;
	uint16_t port;
	struct sockaddr_storage at; /* AF_UNSPEC: only the port is known */
};

struct hws_doctor_facts {
	char host[256];
	uint16_t port;    /* its main port, TCP and UDP */
	char domain[256]; /* whose SRV records name it; "" = it was named itself */
	bool is_literal, by_web, has_key, has_proxy;
	char env_proxy[64]; /* the name of a variable of the environment that names a proxy */

	struct hws_doctor_try name;
	unsigned count4, count6;
	unsigned servers; /* addresses that UDP was tried with, of one family */

	/* TCP */
	struct hws_doctor_try tcp, tcp_nat, tcp6, ws, wss, proxy;
	bool is_hawser; /* the server tells what only ours do */
	struct sockaddr_storage local;
	struct hws_doctor_seen seen_tcp, seen_tcp_nat;
	bool has_time;
	int64_t clock_ahead_ms;             /* ours against the server's */
	struct hws_doctor_try key, key_try; /* the server proves it; it is asked for something */
	bool key_refused;                   /* the server demands another one, or one at all */

	/* the relay */
	struct hws_doctor_try relay, relay_ws, relay_wss, pair;
	char relay_name[300];
	bool pair_agreed; /* the server told the relay of it */

	/* UDP */
	struct hws_doctor_try udp, udp_nat, udp_plain, udp6;
	/* by server address; its main port, the other one */
	struct hws_doctor_seen seen_udp[HWS_DOCTOR_SERVERS][2];
	struct sockaddr_storage local_udp;
	struct hws_doctor_try filter;  /* answered from the port that was not asked */
	struct hws_doctor_try carries; /* long packets */
	unsigned mtu;                  /* the longest that came back, of those that were tried */
	bool has_ipv6;                 /* this machine has a global address */
};
