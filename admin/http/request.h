/* http/request: what a handler gets. Belongs to the edge; everything in it lives until the handler
 * returns. One thread at a time. */
#pragma once
#include "admin/http/json.h"
#include "admin/http/route.h"
#include <sys/socket.h>

struct htp_request {
	const struct htp_route *route;
	void *arg; /* of the route's table */
	struct htp_head head;
	struct htp_target target;
	/* Who sent it: behind trusted proxies, and by the local socket as its field
	 * X-Forwarded-For says (AF_UNSPEC if it does not). */
	struct sockaddr_storage peer;
	bool local, admin, tls; /* as the port has it */
	json_t *json;           /* of HTP_BODY_JSON; NULL: there was none */
	struct hws_buf body;    /* of HTP_BODY_RAW */
	/* Who asks, as `authorise` found out; freed with who_free, both may be NULL. */
	void *who;
	void (*who_free)(void *who);
	char *text; /* the head, of which `head` and `target` are parts */
};

/* Segment at {name}; "" if the pattern has none of that name. */
const char *htp_param(const struct htp_request *r, const char *name);
/* Query parameter or NULL. */
const char *htp_query(const struct htp_request *r, const char *name);
/* "current" and "pageSize" of lists, both from 1; page sizes above `max` become that. */
void htp_page(const struct htp_request *r, uint32_t max, uint32_t *ret_page, uint32_t *ret_size);
/* What stands behind "Bearer " in Authorization, NULL if there is none. */
const char *htp_bearer(const struct htp_request *r);
/* Value of a cookie into `buf`; HWS_ERR_NOTFOUND; HWS_ERR_TOOBIG. */
int htp_cookie(const struct htp_request *r, const char *name, char *buf,
		size_t size) HWS_MUST_CHECK;
