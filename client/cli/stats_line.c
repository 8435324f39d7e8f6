/* cli/stats_line: see stats_line.h. NAME=VALUE with single spaces between, for scripts. */
#include "client/cli/stats_line.h"
#include <inttypes.h>
#include <stdio.h>

static const char *decoder_text(uint32_t how)
{
	if (how == HAWSER_CONFINED_ALL)
		return "confined";
	if (how & HAWSER_CONFINED_CALLS)
		return "partly-confined";
	return how ? "unconfined" : "none";
}

/* The way of a picture, step by step; what is not known is left out. */
static void print_steps(const struct hawser_stats *s)
{
	const struct {
		const char *name;
		uint32_t us;
	} steps[] = { { "capture_ms", s->capture_us }, { "convert_ms", s->convert_us },
		{ "encode_ms", s->encode_us }, { "send_ms", s->send_us },
		{ "network_ms", s->network_us }, { "present_ms", s->present_us } };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i].us)
			printf(" %s=%.2f", steps[i].name, steps[i].us / 1e3);
}

bool cli_print_stats(const char *kind, const struct hawser_stats *s, const char *path)
{
	char rtt[16] = "unknown";

	if (s->rtt_ms)
		snprintf(rtt, sizeof(rtt), "%u", s->rtt_ms);
	printf("%s frames=%" PRIu64 " dropped=%" PRIu64 " fps=%.1f bytes_in=%" PRIu64
	       " bytes_out=%" PRIu64
	       " first_frame_ms=%.1f rtt_ms=%s target_kbit=%u decode_ms=%.2f codec=%s path=%s "
	       "encrypted=%s silent_s=%u encryption=%s trust=%s decoder=%s "
	       "decoded_by=%s patches=%" PRIu64 " patch_bytes=%" PRIu64,
			kind, s->frames, s->frames_dropped, s->fps, s->bytes_in, s->bytes_out,
			(double)s->first_frame_us / 1000, rtt, s->target_kbit,
			(double)s->decode_us / 1000,
			s->codec == HAWSER_CODEC_AUTO ? "none" : hawser_codec_name(s->codec),
			path && *path ? path : "none", s->encrypted ? "yes" : "no", s->silent_s,
			hawser_encryption_name(s->encryption), hawser_trust_name(s->trust),
			decoder_text(s->decoder), s->by_device ? "device" : "processor", s->patches,
			s->patch_bytes);
	print_steps(s);
	printf("\n");
	return fflush(stdout) == 0;
}
