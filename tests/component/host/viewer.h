/* A viewer that does exactly what a test says: blocking sockets with deadlines, plain frames. */
#pragma once
#include "proto/session.pb-c.h"
#include "shared/base/buf.h"
#include <stdbool.h>

struct test_viewer {
	int fd;
	struct hws_buf in;
	char salt[64], challenge[16];
	const char *my_id;
	uint64_t session_id;
	const Ses__LoginRequest *wish; /* its kind of session and account; NULL: the desktop */
};

/* Closes what was open. A zeroed viewer is a closed one. */
void viewer_connect(struct test_viewer *v, unsigned port);
/* The same without waiting, for who must see to the host meanwhile. False: it cannot connect. */
bool viewer_connect_begin(struct test_viewer *v, unsigned port);
/* False: not connected within `wait_ms`; to be asked again. */
bool viewer_connect_end(struct test_viewer *v, int wait_ms);
void viewer_close(struct test_viewer *v);
void viewer_send(struct test_viewer *v, const Ses__Message *m);
void viewer_send_bytes(struct test_viewer *v, const void *p, size_t n); /* no frame around */
void viewer_send_frame(struct test_viewer *v, const void *p, size_t n);
/* The next message, freed by hws_ses_free; NULL at the end of the stream. Answers TestDelay by
 * itself and does not give it out. Fails the test after 10 s. */
Ses__Message *viewer_next(struct test_viewer *v);
/* Drops messages until one of this case comes; NULL at the end. */
Ses__Message *viewer_until(struct test_viewer *v, Ses__Message__UnionCase what);
/* Waits for Hash and keeps it. */
void viewer_hash(struct test_viewer *v);
/* NULL password = an empty proof. */
void viewer_login(struct test_viewer *v, const char *password);
/* The answer: "" = PeerInfo came, else the error (static buffer); "(closed)" at the end of the
 * stream. */
const char *viewer_answer(struct test_viewer *v);
/* All of it; the answer. */
const char *viewer_enter(struct test_viewer *v, unsigned port, const char *password);
void viewer_command(struct test_viewer *v, const char *what);
/* The text of the next chat message. */
const char *viewer_chat_answer(struct test_viewer *v);
/* Reads to the end; the close_reason seen ("" if none), "(open)" if the end does not come in 10
 * s. */
const char *viewer_end(struct test_viewer *v);
