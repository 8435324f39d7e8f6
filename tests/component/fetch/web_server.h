/* A web server of a test: one thread that gives each request the next of the replies it was told,
 * and remembers what was asked. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct web_server;

/* Over TLS if cert is not NULL. `replies`: whole ones with headers, NULL at the end; "" = closes
 * without a word, "wait" = says nothing until it is stopped. The last one is given from then on. */
struct web_server *web_server_start(const char *cert, const char *key, const char *const replies[]);
/* Other replies from now on, between two requests. */
void web_server_script(struct web_server *s, const char *const replies[]);
uint16_t web_server_port(const struct web_server *s);
/* All requests so far, one behind the other. */
const char *web_server_asked(struct web_server *s);
/* Connections so far. */
unsigned web_server_links(struct web_server *s);
void web_server_stop(struct web_server *s);
