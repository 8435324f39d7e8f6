/* api/clipfiles: the service of clipboard files, with what the embedder hears of it. */
#pragma once
#include "client/core/service.h"

struct api_session_loop;

/* Of a session whose context and events are there. */
int api_clipfiles_new(struct api_session_loop *e, struct hws_service **ret) HWS_MUST_CHECK;
