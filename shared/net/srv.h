/* net/srv: where a service of a name is, by SRV records (RFC 2782). The parser and the order are
 * pure; the question goes by the system's name servers, on a worker. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/loop/work.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_SRV_MAX 8u /* targets that are looked at */

struct hws_srv_target {
	char host[256]; /* without the dot at the end */
	uint16_t port, priority, weight;
};

struct hws_srv {
	size_t count; /* 0: the service is nowhere (target "."), or at nothing that can be a place */
	struct hws_srv_target target[HWS_SRV_MAX];
};

/* A whole DNS answer. HWS_ERR_NOTFOUND: no such record in it; HWS_ERR_PROTO: it is none. What
 * cannot be a place, and what is too much, is left out. */
int hws_srv_parse(struct hws_bytes answer, struct hws_srv *ret) HWS_MUST_CHECK;
/* As they are to be tried: by priority; within one by chance, by their weights. `draw(below)`
 * gives a number below. */
void hws_srv_order(struct hws_srv *s, uint32_t (*draw)(uint32_t below));

struct hws_srv_find;
/* `found` (ordered) borrows until return; with an error it is NULL. HWS_ERR_NOTFOUND: there are no
 * such records; HWS_ERR_RESOLVE: nobody could tell. */
typedef void (*hws_srv_cb)(int r, const struct hws_srv *found, void *arg);
/* `service`: "_name._tcp". Ends within some seconds, whatever the name servers do; done is called
 * exactly once unless canceled, never inside. */
int hws_srv_find(struct hws_loop *loop, struct hws_work *work, const char *service,
		const char *domain, hws_srv_cb done, void *arg,
		struct hws_srv_find **ret) HWS_MUST_CHECK;
/* done will not be called. Takes NULL. */
void hws_srv_find_cancel(struct hws_srv_find *f);
