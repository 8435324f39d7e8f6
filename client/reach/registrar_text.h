/* reach/registrar_text: what a person at the host reads about its registration. All are
 * literals. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include <stdbool.h>

/* Why the server does not take us. */
const char *hws_registrar_refusal(Rdv__RegisterPkResponse__Result result, bool by_udp);
/* Why there is no link, by its code. */
const char *hws_registrar_link_text(int why);
