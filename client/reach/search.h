/* reach/search: a viewer finds a host by one of several rendezvous servers. They are asked one
 * after the other with short head starts, so that one that is away costs little and one that
 * knows the host is alone; the first that brings a way is the one that counts. To an address, and
 * with one server, it is reach/reach and nothing else. One loop thread. */
#pragma once
#include "client/reach/reach.h"
#include "client/reach/server_list.h"

struct hws_search;

struct hws_search_conf {
	/* `server` and `key` are those of each server; texts are borrowed until the end. */
	struct hws_reach_conf reach;
	const struct hws_server_list *servers; /* copied, in the order to be asked */
};

/* By whom the way was found, or by whom most is known. */
struct hws_search_by {
	const struct hws_server_entry *server; /* NULL: none takes part */
	const char *place; /* where that is by its name's SRV records; "" = there are none */
};

/* As hws_reach_cb; `by` borrows until return. */
typedef void (*hws_search_cb)(
		int r, const struct hws_reached *how, const struct hws_search_by *by, void *arg);
int hws_search_start(struct hws_loop *loop, struct hws_work *work,
		const struct hws_search_conf *conf, hws_search_cb done, struct hws_search **ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* As hws_reach_take and hws_reach_reject, of the way that was offered. */
void hws_search_take(struct hws_search *s);
bool hws_search_reject(struct hws_search *s, int why);
/* Of the server that counts, or that came furthest; never NULL. */
const struct hws_verdict *hws_search_verdict(const struct hws_search *s);
/* As hws_reach_free. Takes NULL. */
void hws_search_free(struct hws_search *s);
