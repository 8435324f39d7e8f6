/* chat/chat_host: what a viewer's user writes is shown to the person at the desktop as a
 * notification; what that person answers (`hawser-host chat`) goes to the viewer. Nothing of it is
 * kept or logged. */
#pragma once
#include "client/services/host_service.h"

extern const struct hws_host_service_impl hws_chat_host_service;
