/* core/target: what a user may write to name a host: an ID, perhaps with a server, or an
 * address. */
#pragma once
#include "shared/base/err.h"
#include "shared/wire/limits.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_DIRECT_PORT 21118
#define HWS_HOST_TEXT 256

struct hws_target {
	bool is_direct;
	bool force_relay;               /* "ID/r" */
	char host[HWS_HOST_TEXT];       /* direct: name or literal, without brackets */
	uint16_t port;                  /* direct */
	char id[HWS_ID_MAX + 1];        /* else */
	char server[HWS_HOST_TEXT + 8]; /* of "ID@SERVER[:PORT]"; "" = none given */
	char key[HWS_KEY_TEXT_MAX + 1]; /* of "?key="; "" = none given */
	/* What LoginRequest.username has to carry; "" = the peer's address as text (a name that
	 * hosts would not take for an address). */
	char username[HWS_HOST_TEXT + 8];
};

/* "123 456 789", "office-pc", "ID@server:21116?key=BASE64", "ID/r"; "192.0.2.1[:PORT]",
 * "[2001:db8::1]:PORT", "2001:db8::1", "name.tld[:PORT]", "name:PORT". HWS_ERR_INVAL with a
 * sentence otherwise. */
int hws_target_parse(
		const char *text, struct hws_target *ret, struct hws_error *err) HWS_MUST_CHECK;
#define HWS_TARGET_NAME 360u
/* One text for all ways to write the same host: "123456789", "123456789@id.example.com:21116",
 * "192.0.2.1:21118". How it shall be reached ("/r") and by which key is no part of it. */
int hws_target_name(const struct hws_target *t, char *buf, size_t size) HWS_MUST_CHECK;
/* One name, HOST:PORT, for a server however it is reached: its WebSocket stands two ports above the
 * plain one, or behind a web server. */
int hws_target_server_name(const char *text, char *buf, size_t size) HWS_MUST_CHECK;
/* Whether two texts, HOST[:PORT] or a URL, name the same rendezvous server. */
bool hws_target_same_server(const char *a, const char *b);
/* Whether two texts name the same host. What cannot be parsed is the same as itself only. An
 * ID that names no server is one of the server beside it; "" = of none. */
bool hws_target_same_at(const char *a, const char *server_a, const char *b, const char *server_b);
