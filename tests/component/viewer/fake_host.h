/* A host in a thread, written only with the wire core: it follows a script and writes down what the
 * viewer says. By address, or by ID behind a one-message rendezvous server. */
#pragma once
#include "shared/base/buf.h"
#include "shared/crypto/identity.h"
#include "shared/crypto/pake.h"
#include "shared/crypto/record.h"
#include "shared/crypto/record_v2.h"
#include "shared/wire/secure.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define HEARD_MAX 512

enum fake_trick {
	FAKE_NONE,
	FAKE_CLOSE_AT_ACCEPT,
	FAKE_CLOSE_AFTER_FRAME, /* the first connection only: then it is as new */
	FAKE_CLOSE_AT_RECORD,   /* the first connection only: when the viewer records */
	FAKE_OVERSIZED,         /* announces a frame no host sends */
	FAKE_UNKNOWN_CODEC,     /* an AV1 frame, then VP9 */
	FAKE_BROKEN_VIDEO, /* rubbish marked as a key frame, then VP9 once the viewer asks again */
	FAKE_CORRUPT_RECORD, /* flips a bit of an encrypted record */
	FAKE_RUBBISH,        /* frames that do not parse, messages out of place */
	FAKE_CLOSE_REASON,   /* "Closed manually by the peer" after the login */
	FAKE_VP8,
	FAKE_TALKATIVE, /* clipboard, cursor, chat, permission, box after the login */
	FAKE_STARVED, /* could send AV1; two small pictures a second, which it says is all it may */
	FAKE_FLOOD,   /* the first connection only: probes before the login, and never reads */
};

struct fake_host;

struct fake_conf {
	const char *password; /* NULL: accepts every login */
	bool by_id;           /* encrypted, through the rendezvous stand-in */
	bool v2;              /* a host of ours, by ID or by address */
	bool knows_nothing;   /* v2: an impostor, who lets everybody in */
	bool two_factor;
	int width, height;
	int frames; /* pictures after the login; the n-th is filled with fake_luma(n) */
	enum fake_trick trick;
	/* Of a host with terminals: hears everything from the login on; false ends the
	 * connection. */
	bool (*more)(struct fake_host *h, const void *ses_message);
	void *arg;
	/* After the login, instead of pictures: has the connection to itself until it returns.
	 * NULL: pictures. */
	bool (*after_login)(struct fake_host *h);
};

struct fake_host {
	struct fake_conf conf;
	uint16_t port, rendezvous_port;
	char key[HWS_KEY_TEXT]; /* of the rendezvous server */
	struct hws_identity identity, server;
	/* --- the thread's */
	int listener, rendezvous;
	pthread_t thread;
	int stop_fd[2];
	pthread_mutex_t lock;
	unsigned connections;
	struct hws_buf heard[HEARD_MAX]; /* payloads of the viewer, decrypted */
	size_t heard_count;
	unsigned ended; /* connections the viewer ended */
	/* one connection */
	int fd;
	bool keyed;
	struct hws_record record;
	struct fake_v2 {
		bool on;
		struct hws_secure secure;
		struct hws_record_v2 send, receive;
		struct hws_pake_verifier verifier;
		struct hws_pake_offer offer;
		uint8_t confirm[HWS_PAKE_CONFIRM_LEN];
	} v2;
	/* Under the lock: records of v2 that say nothing, keys, and the sizes of both on the
	 * wire. */
	unsigned fillers, keys;
	size_t filler_size, key_size;
	bool password_heard; /* a proof of the deployed scheme */
	unsigned resumed;
	bool authorized;
	struct hws_buf in;
	int parked;   /* a connection that is neither read nor closed, or -1 */
	bool flooded; /* it got all that was to be sent; under the lock */
};

void fake_host_start(struct fake_host *h, const struct fake_conf *conf);
void fake_host_stop(struct fake_host *h);
/* What the host counted of records; a copy of the numbers. */
void fake_host_records(struct fake_host *h, unsigned *ret_keys, unsigned *ret_fillers);
/* Luma of the n-th picture, from 0. */
int fake_luma(int n);
/* Waits until the viewer has sent a message for which `match` is true; false after 10 s. */
bool fake_host_heard(
		struct fake_host *h, bool (*match)(const void *ses_message, void *arg), void *arg);
unsigned fake_host_connections(struct fake_host *h);
/* Waits until FAKE_FLOOD has sent everything; false after 20 s. */
bool fake_host_flooded(struct fake_host *h);
/* Reads on at the connection that was not read until it ends: what the viewer still has to say.
 * False when it does not end within 10 s. */
bool fake_host_parked_ends(struct fake_host *h);
