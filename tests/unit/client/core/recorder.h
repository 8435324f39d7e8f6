/* A viewer's core whose owner writes down everything: what is sent, what is told. */
#pragma once
#include "client/core/viewer.h"
#include "shared/base/buf.h"
#include <check.h>

#define SENT_MAX 256

struct recorder {
	struct hws_viewer *viewer;
	struct hws_buf sent[SENT_MAX];
	enum hws_channel channel[SENT_MAX]; /* of each */
	size_t sent_count;
	uint8_t key[32]; /* what is sent is sealed with */
	struct hws_secure_keys keys;
	bool keyed;
	size_t frame_max;
	enum hws_viewer_state state;
	int asks;
	enum hws_login_step ask;
	bool can_trust;
	int plain_asks, key_asks, readies, displays, permissions, boxes, ends, delays;
	int end_err;
	char end_text[1000], asked_text[1000], end_peer[200], box_text[200];
	int service_open, service_close, service_messages, service_drained;
	bool congested; /* the link */
	enum hws_service_id asked_for;
	unsigned service_last;
	/* Passwords are stretched at once, or given out to be brought back. */
	bool hold_jobs;
	struct hws_pake_job *job;
	int jobs;
	bool has_identity;
	struct hws_identity identity;
	/* Video's; needs keyboard and file, and no option against the clipboard. */
	struct hws_service service;
};

/* `allow_plain`, and whether the link stays on this machine, as given. */
void recorder_init(struct recorder *r, const char *password, bool allow_plain);
void recorder_init_as(struct recorder *r, const char *password, bool allow_plain, bool require_v2);
/* A session of another kind, on a link that may be plain. */
void recorder_init_wish(struct recorder *r, const struct hws_session_wish *wish);
void recorder_done(struct recorder *r);
int recorder_start(struct recorder *r, bool local);
/* Feeds a message as the host's frame. */
void recorder_feed(struct recorder *r, const Ses__Message *m);
void recorder_hash(struct recorder *r);
void recorder_login_error(struct recorder *r, const char *error);
/* LoginResponse of a host with `displays` displays. */
void recorder_login_ok(struct recorder *r, const char *platform, const char *version, int displays);
/* The i-th message sent, unpacked; freed by hws_ses_free. Negative: from the end. */
Ses__Message *recorder_sent(struct recorder *r, int i);
/* Up to READY with a password. */
void recorder_ready(struct recorder *r, const char *platform, const char *version);
