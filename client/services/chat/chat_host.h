/* chat/chat_host: what a viewer's user writes is shown to the person at the desktop as a
 * notification; what that person answers (`hawser-host chat`) goes to the viewer. Of each viewer
 * the begin of its last words is kept while its session is open, for who looks at the list of
 * viewers; nothing is logged. */
#pragma once
#include "client/services/host_service.h"

/* A command that is no message, for nobody can type it: the last words of this viewer come back as
 * the text. HWS_ERR_NOTFOUND: it has said nothing. */
#define HWS_CHAT_LAST "\x05"

extern const struct hws_host_service_impl hws_chat_host_service;
