/* api/host_ask: one question to the hawser-host of this machine. */
#pragma once
#include <jansson.h>

/* Takes the request. HAWSER_OK: *ret is the caller's; else the error has been noted as the last
 * one. Blocks. */
int api_host_ask(json_t *req, json_t **ret);
