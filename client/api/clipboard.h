/* api/clipboard: the service of a session that exchanges what is copied. */
#pragma once
#include "client/api/session_loop.h"

int api_clipboard_new(struct api_session_loop *e, struct hws_service **ret) HWS_MUST_CHECK;
