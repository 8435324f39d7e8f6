/* host/seats: who may control the desktop beside whom. A viewer that comes again takes the place
 * of its old connection at once, so that no dead one keeps keys pressed, a screen dark or a
 * desktop locked; whether anybody else may come is the owner's to say. Pure but for the clock that
 * comes in; the sessions are hostd's. */
#pragma once
#include "client/host/host_session.h"

#define HWS_SEATS_ASKED 8u

struct hws_seats {
	struct hws_seat_asked { /* was told who controls the desktop, and may come again */
		char my_id[HWS_IPC_TEXT_MAX + 1], my_name[HWS_IPC_TEXT_MAX + 1];
		bool has_viewer;
		uint8_t viewer_pk[HWS_PK_LEN];
		uint64_t until_us; /* 0: free */
	} asked[HWS_SEATS_ASKED];
};

/* `v` has shown that it may log in. NULL: it may come, perhaps as one who only looks on; else what
 * it is told, in buf. */
const char *hws_seats_ask(struct hws_seats *s, const struct hws_list *sessions,
		struct hws_host_session *v, char *buf, size_t size);
/* The same for struct hws_host_session_env: `arg` is the hostd. */
const char *hws_hostd_seat(struct hws_host_session *v, char *buf, size_t size, void *arg);
/* `v` is served now: ends those whose place it takes. Some of `sessions` may be freed, never `v`.
 * */
void hws_seats_taken(const struct hws_list *sessions, struct hws_host_session *v);
