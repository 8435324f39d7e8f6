/* Lines about what comes from the host beside its pictures. */
#include "client/cli/connect_said.h"
#include "client/cli/cli.h"
#include "client/cli/why_lines.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void connect_said_chat(const char *text)
{
	for (;;) {
		int n = (int)strcspn(text, "\n");

		cli_fail(0, "the person at the host writes: %.*s", n, text);
		if (!text[n])
			break;
		text += n + 1;
	}
}

void connect_said_message(const struct hawser_event *ev)
{
	cli_fail(0, "%s%s: %s", ev->u.message.local ? "" : "the host says: ", ev->u.message.title,
			ev->u.message.text);
}

void connect_said_print(const struct hawser_event *ev)
{
	if (ev->u.print.error == HAWSER_OK)
		cli_fail(0, "the host printed %" PRIu64 " bytes: %s", ev->u.print.bytes,
				ev->u.print.text);
	else
		cli_fail(0, "a print job of the host is lost: %s", ev->u.print.text);
}

void connect_said_host_recording(bool running)
{
	cli_fail(0, running ? "the host records this session" : "the host records no longer");
}

void connect_said_path(const struct hawser_event *ev, char *path, size_t size)
{
	char text[CLI_PATH_TEXT];

	snprintf(path, size, "%s", ev->u.path.path);
	cli_fail(0, "%s", cli_path_text(ev, text));
}

static const char *decoder_text(uint32_t how)
{
	if (how == HAWSER_CONFINED_ALL)
		return "confined";
	if (how & HAWSER_CONFINED_CALLS)
		return "partly-confined";
	return how ? "unconfined" : "none";
}

bool connect_said_stats(const char *path, const struct hawser_stats *s, const char *kind)
{
	char rtt[16] = "unknown";

	if (s->rtt_ms)
		snprintf(rtt, sizeof(rtt), "%u", s->rtt_ms);
	printf("%s frames=%" PRIu64 " dropped=%" PRIu64 " fps=%.1f bytes_in=%" PRIu64
	       " bytes_out=%" PRIu64
	       " first_frame_ms=%.1f rtt_ms=%s target_kbit=%u decode_ms=%.2f codec=%s path=%s "
	       "encrypted=%s silent_s=%u encryption=%s trust=%s decoder=%s "
	       "patches=%" PRIu64 " patch_bytes=%" PRIu64 "\n",
			kind, s->frames, s->frames_dropped, s->fps, s->bytes_in, s->bytes_out,
			(double)s->first_frame_us / 1000, rtt, s->target_kbit,
			(double)s->decode_us / 1000,
			s->codec == HAWSER_CODEC_AUTO ? "none" : hawser_codec_name(s->codec),
			path ? path : "none", s->encrypted ? "yes" : "no", s->silent_s,
			hawser_encryption_name(s->encryption), hawser_trust_name(s->trust),
			decoder_text(s->decoder), s->patches, s->patch_bytes);
	return fflush(stdout) == 0;
}

void connect_said_host_key(enum hawser_encryption encryption, const char *text)
{
	if (*text)
		cli_fail(0, "%s", text);
	if (encryption == HAWSER_ENCRYPTION_V1)
		cli_fail(0, "this session is %s", hawser_encryption_text(encryption));
}
