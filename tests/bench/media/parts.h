/* bench/media/parts: what is measured. A part that starts programs stops them again; it prints its
 * figures by common/report, and fails by Check. */
#pragma once
#include <stdbool.h>

/* session.c: the real host and the real viewer on a desktop of 1920 x 1080 */
void bench_media_idle(bool quick);
void bench_media_typing(bool quick);
void bench_media_cost(bool quick);
void bench_media_latency(bool quick);
void bench_media_still(bool quick);
void bench_media_bytes(bool quick);
/* codecs.c: our settings of encoders against those of deployed peers */
void bench_media_codecs(bool quick);
/* audio.c */
void bench_media_audio(bool quick);
/* audio_line.c: ten minutes */
void bench_media_audio_line(bool quick);
/* narrow.c */
void bench_media_narrow(bool quick);
/* patches.c */
void bench_media_patches(bool quick);
