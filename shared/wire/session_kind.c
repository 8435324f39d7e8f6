/* The one place where a LoginRequest becomes a kind of session. The switch has no default, so that
 * a kind that the schema gains does not compile before it stands here. */
#include "shared/wire/session_kind.h"
#include "proto/agent.pb-c.h"

#define SAME(name)                                                                                 \
	_Static_assert((int)HWS_KIND_##name == (int)AGT__SESSION_KIND__SESSION_KIND_##name,        \
			"the processes of a host tell it each other by its number")
SAME(REMOTE);
SAME(FILE);
SAME(FORWARD);
SAME(CAMERA);
SAME(TERMINAL);

enum hws_session_kind hws_session_kind_of(const Ses__LoginRequest *login)
{
	switch (login->union_case) {
	case SES__LOGIN_REQUEST__UNION_FILE_TRANSFER:
		return HWS_KIND_FILE;
	case SES__LOGIN_REQUEST__UNION_PORT_FORWARD:
		return HWS_KIND_FORWARD;
	case SES__LOGIN_REQUEST__UNION_VIEW_CAMERA:
		return HWS_KIND_CAMERA;
	case SES__LOGIN_REQUEST__UNION_TERMINAL:
		return HWS_KIND_TERMINAL;
	case SES__LOGIN_REQUEST__UNION__NOT_SET:
	case _SES__LOGIN_REQUEST__UNION__CASE_IS_INT_SIZE:
		break;
	}
	return HWS_KIND_REMOTE;
}

const char *hws_session_kind_name(unsigned kind)
{
	static const char *const names[HWS_KIND_COUNT] = {
		[HWS_KIND_REMOTE] = "remote",
		[HWS_KIND_FILE] = "file",
		[HWS_KIND_FORWARD] = "forward",
		[HWS_KIND_CAMERA] = "camera",
		[HWS_KIND_TERMINAL] = "terminal",
	};

	return kind < HWS_KIND_COUNT ? names[kind] : "unknown";
}
