/* rendezvous/operate/request: reading what hawser-admin asks. */
#pragma once
#include <jansson.h>

/* The text of a key, "" when there is none; borrows from the request. */
static inline const char *rdv_request_text(const json_t *req, const char *key)
{
	const char *s = json_string_value(json_object_get(req, key));

	return s ? s : "";
}
