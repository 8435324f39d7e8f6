/* tests: what the files of the fake host share. fake_host.c has the script, fake_host_v2.c
 * what a host of ours does besides. */
#pragma once
#include "proto/session.pb-c.h"
#include "tests/component/viewer/fake_host.h"

#define SALT "23456789abcdefghijkmnpqrstuvwxyz"
#define CHALLENGE "7kq3fx"
#define HOST_ID "123456789"

/* Seals once that is agreed. `corrupt`: with an error in it. */
bool fake_put_frame(struct fake_host *h, struct hws_bytes payload, bool corrupt);
bool fake_put_message(struct fake_host *h, const Ses__Message *m);
/* As it came. */
bool fake_get_frame(struct fake_host *h, int fd, struct hws_buf *out);
/* FAKE_CLOSE_AT_RECORD: now. */
bool fake_cuts(struct fake_host *h, const Ses__Misc *heard);

/* Both ways of meeting it; false: the viewer did not do its part. */
bool fake_v2_handshake(struct fake_host *h);
/* Room for payload.len + 17 and padding; returns the length. */
size_t fake_v2_seal(struct fake_host *h, struct hws_bytes payload, uint8_t *out);
/* false: not from the viewer. An empty payload says nothing. */
bool fake_v2_open(struct fake_host *h, struct hws_bytes in, uint8_t *out, struct hws_bytes *ret);
bool fake_v2_hash(struct fake_host *h);
/* 1: let in, 0: refused, -1: asked to wait for a password. */
int fake_v2_judge(struct fake_host *h, const Ses__LoginRequest *lr);
/* Adds what a host of ours says besides to the verdict; borrows from h and `offers`. */
void fake_v2_verdict(struct fake_host *h, Ses__LoginResponse *lr, Ses__PakeOffer *offer,
		Ses__PakeOffer **list, Ses__Resume *resume);
