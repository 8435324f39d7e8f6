/* wire/session_kind: what a viewer opens a session for. Its first LoginRequest says so, for the
 * whole session; everybody else carries the number, which is that of proto/agent.proto. Pure. */
#pragma once
#include "proto/session.pb-c.h"
#include <stdint.h>

enum hws_session_kind {
	HWS_KIND_REMOTE, /* a desktop */
	HWS_KIND_FILE,
	HWS_KIND_FORWARD, /* a port of the host, or one that it reaches */
	HWS_KIND_CAMERA,
	HWS_KIND_TERMINAL,
	HWS_KIND_COUNT
};

/* For sets of kinds. */
#define HWS_KIND_BIT(kind) (1u << (kind))
#define HWS_KIND_ANY (HWS_KIND_BIT(HWS_KIND_COUNT) - 1)

/* The kind that a login asks for. One that names nothing else is for the desktop, as deployed peers
 * mean it. */
enum hws_session_kind hws_session_kind_of(const Ses__LoginRequest *login);
/* Stable lower-case token for logs and `status`: "remote", "file", "forward", "camera", "terminal";
 * "unknown" for other numbers. Static. */
const char *hws_session_kind_name(unsigned kind);
