/* headless/doubles: sound, cameras, terminals and the seat of a desktop in memory, and what tests
 * do with them. Each is exact: what a test must hear, see or read follows from what it asked
 * for. */
#pragma once
#include "client/platform/camera.h"
#include "client/platform/pty.h"
#include "client/platform/seat.h"
#include "client/platform/sound.h"
#include "shared/base/bytes.h"
#include "shared/loop/loop.h"

/* Streams, terminals must be closed before. free takes NULL. */
int hl_sound_new(struct hws_loop *loop, struct hws_sound **ret) HWS_MUST_CHECK;
void hl_sound_free(struct hws_sound *base);
int hl_camera_new(struct hws_loop *loop, struct hws_camera **ret) HWS_MUST_CHECK;
void hl_camera_free(struct hws_camera *base);
int hl_ptys_new(struct hws_loop *loop, struct hws_ptys **ret) HWS_MUST_CHECK;
void hl_ptys_free(struct hws_ptys *base);
int hl_seat_new(struct hws_loop *loop, struct hws_seat **ret) HWS_MUST_CHECK;
void hl_seat_free(struct hws_seat *base);

/* --- sound --- */

/* The sample that plays: frame `position` of a stream, as S16; as F32 it is this divided by
 * 32768. */
int16_t hws_headless_tone(uint64_t position, unsigned channel);
/* From the next chunk on. */
void hws_headless_sound_silence(struct hws_sound *base, bool silent);
/* All that was said into microphones, without what was silence; borrows until the next call. */
struct hws_bytes hws_headless_sound_heard(struct hws_sound *base);
/* The loudspeakers go and come back. */
void hws_headless_sound_plug(struct hws_sound *base, bool plugged);

/* --- cameras --- */

uint8_t hws_headless_camera_luma(int x, int y, uint64_t number);
/* 0: U, 1: V. */
uint8_t hws_headless_camera_chroma(unsigned which, uint64_t number);
/* The front camera goes and comes back. */
void hws_headless_camera_plug(struct hws_camera *base, bool plugged);

/* --- terminals ---
 * The shell in memory takes lines: "echo TEXT", "err TEXT" (as an error), "size" (rows and columns), "whoami", "term",
 * "flood N" (N bytes), "deaf" (takes no notice of a hang-up), "sleep" (reads no more), "exit N". A
 * program is "sh" with "-c" and one line. Users are "tester", whose session it is, and "guest";
 * "root" is not allowed. */

#define HWS_HEADLESS_USER "tester"
/* Byte n of what "flood" writes. */
uint8_t hws_headless_flood(uint64_t n);

/* --- the seat ---
 * In the beginning "c1" (tester, X11, :0) is in front of the greeter "g1". */

/* Comes, or changes when there is one of this id. HWS_ERR_FULL. */
int hws_headless_seat_put(
		struct hws_seat *base, const struct hws_seat_session *session) HWS_MUST_CHECK;
void hws_headless_seat_remove(struct hws_seat *base, const char *id);
/* As if somebody at the machine switched; NULL = to none. */
void hws_headless_seat_front(struct hws_seat *base, const char *id);
void hws_headless_seat_lock(struct hws_seat *base, const char *id, bool locked);
/* Requests are answered with HWS_ERR_PERM from now on, or not any more. */
void hws_headless_seat_refuse(struct hws_seat *base, bool refuse);
void hws_headless_seat_lose(struct hws_seat *base);
