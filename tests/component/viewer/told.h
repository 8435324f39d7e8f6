/* tests: an embedder of libhawser that counts what it is told. */
#pragma once
#include "tests/component/viewer/fake_host.h"
#include <hawser/hawser.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Everything that was told, counted. */
struct told {
	hawser_context *ctx;
	hawser_session *session;
	int count[HAWSER_EVENT_HOST_SOUND + 1];
	enum hawser_password_reason reason;
	int closed_error;
	char closed_text[500], text[100], chat[100], path[16], fingerprint[100];
	bool encrypted;
	enum hawser_encryption encryption;
	enum hawser_trust trust;
	char host_key_text[500];
	size_t displays;
	uint64_t frame_number, cursor_id;
	int32_t x, y;
	int retries, record_error;
	int frames_before; /* FRAME events when it last became ready */
	bool record_running, record_resumes;
	char notice[300]; /* what the library itself had to say */
	/* what to do when asked */
	const char *answer;
	const char *code;
	int agree; /* -1: do not answer */
};

void on_event(hawser_session *s, const struct hawser_event *ev, void *arg);

/* Dispatches until `type` has come `times` times; fails after 20 s. */
void until(struct told *t, enum hawser_event_type type, int times);

void open_context(struct told *t);
struct hawser_session_config config_for(struct fake_host *h, struct told *t, char *target);
void open_session(struct fake_host *h, struct told *t, const char *password);
void close_all(struct fake_host *h, struct told *t);
