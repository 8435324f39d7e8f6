/* Where viewers of a test come to, on the test's own loop. */
#pragma once
#include "shared/net/stream.h"
#include <stdbool.h>
#include <stdint.h>

struct hws_listener;

#define WORD "\x2chost speaks"
#define WORD_LEN (sizeof(WORD) - 1)

/* A place where viewers arrive: the host's own, or the relay. */
struct place {
	struct hws_loop *loop;
	struct hws_listener *listener;
	uint16_t port;
	struct hws_stream *came; /* the newest */
	unsigned count, ended;
	bool speaks;
};

/* On a port of 127.0.0.1. */
void open_place(struct place *p, struct hws_loop *loop);
void close_place(struct place *p);
/* The newest who came hears WORD. */
void speak(struct place *p);
/* A port that answers nothing: its queue is full, and the kernel drops who comes then. */
uint16_t open_black_hole(int hole[3]);
