/* A WAV file holds one rate and number of channels, and how long it is stands at its beginning:
 * that is filled in at the end, where the file can be written to at any place. */
#include "client/cli/connect_sound.h"
#include "client/cli/cli.h"
#include "shared/base/str.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define HEADER 44u
#define BYTES_MAX (0xffffffffu - HEADER - 4096u) /* the lengths in it have 32 bits */

static bool is_file(const char *audio)
{
	return *audio && !hws_str_equal(audio, "on") && !hws_str_equal(audio, "off");
}

int connect_sound_check(const char *audio)
{
	size_t n = strlen(audio);

	if (!is_file(audio) || (n > 4 && strcasecmp(audio + n - 4, ".wav") == 0) ||
			hws_str_starts(audio, "/dev/"))
		return CLI_OK;
	return cli_fail(CLI_USAGE,
			"--audio is on, off or the name of a file that ends in .wav, not \"%.60s\"",
			audio);
}

void connect_sound_wish(const char *audio, uint32_t volume, struct hawser_session_config *ret)
{
	ret->sound = is_file(audio)                  ? HAWSER_SOUND_EVENTS
			: hws_str_equal(audio, "on") ? HAWSER_SOUND_PLAY
						     : HAWSER_SOUND_OFF;
	ret->quiet = 100 - volume;
}

static void put_32(uint8_t *at, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> (8 * i));
}

static void put_16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)v;
	at[1] = (uint8_t)(v >> 8);
}

static void make_header(const struct connect_sound *s, uint32_t bytes, uint8_t h[HEADER])
{
	unsigned frame = s->channels * 2;

	static const uint8_t riff[16] = { 'R', 'I', 'F', 'F', 0, 0, 0, 0, 'W', 'A', 'V', 'E', 'f',
		'm', 't', ' ' };
	static const uint8_t data[4] = { 'd', 'a', 't', 'a' };

	memcpy(h, riff, sizeof(riff));
	put_32(h + 4, bytes + HEADER - 8);
	put_32(h + 16, 16);
	put_16(h + 20, 1); /* PCM */
	put_16(h + 22, s->channels);
	put_32(h + 24, s->rate);
	put_32(h + 28, s->rate * frame);
	put_16(h + 32, frame);
	put_16(h + 34, 16);
	memcpy(h + 36, data, sizeof(data));
	put_32(h + 40, bytes);
}

int connect_sound_begin(struct connect_sound *s, const char *audio)
{
	struct hws_error err = { 0 };

	if (!is_file(audio))
		return CLI_OK;
	s->path = audio;
	if (hws_out_file_begin(&s->file, audio, &err) < 0)
		return cli_fail(CLI_FILE, "%s", err.text);
	s->open = true;
	return CLI_OK;
}

static int write_samples(struct connect_sound *s, const struct hawser_event *ev)
{
	size_t n = (size_t)ev->u.sound.frames * ev->u.sound.channels * sizeof(int16_t);
	uint8_t header[HEADER];
	int r = HWS_OK;

	if (!s->open || s->broken || s->err < 0)
		return CLI_OK;
	if (!s->rate) {
		s->rate = ev->u.sound.rate;
		s->channels = ev->u.sound.channels;
		make_header(s, BYTES_MAX, header);
		r = hws_out_file_write(&s->file, hws_bytes(header, HEADER));
	}
	if (s->rate != ev->u.sound.rate || s->channels != ev->u.sound.channels ||
			s->bytes + n > BYTES_MAX) {
		s->broken = true;
		cli_fail(0, "the host's sound is another one now, or too long: %s ends here",
				s->path);
		return CLI_OK;
	}
	if (r == HWS_OK)
		r = hws_out_file_write(&s->file, hws_bytes(ev->u.sound.samples, n));
	s->bytes += n;
	s->err = r;
	return r < 0 ? CLI_FILE : CLI_OK; /* why is said when it is ended */
}

int connect_sound_event(struct connect_sound *s, const struct hawser_event *ev)
{
	if (ev->type == HAWSER_EVENT_CALL)
		cli_fail(0, "voice call: %s", ev->u.call.text);
	if (ev->type != HAWSER_EVENT_SOUND)
		return CLI_OK;
	if (ev->u.sound.frames)
		return write_samples(s, ev);
	cli_fail(0, "%s", ev->u.sound.text);
	return CLI_OK;
}

int connect_sound_end(struct connect_sound *s, int status)
{
	struct hws_error err = { 0 };
	uint8_t header[HEADER];
	int r = s->err;

	if (!s->open)
		return status;
	s->open = false;
	if (r == HWS_OK && !s->rate) { /* an empty one can be heard, too */
		s->rate = 48000;
		s->channels = 2;
		make_header(s, 0, header);
		r = hws_out_file_write(&s->file, hws_bytes(header, HEADER));
	} else if (r == HWS_OK && *s->file.temp) {
		make_header(s, (uint32_t)s->bytes, header);
		if (pwrite(s->file.fd, header, HEADER, 0) != HEADER)
			r = hws_err_from_errno(errno);
	}
	if (hws_out_file_end(&s->file, r, s->path, &err) < 0)
		return cli_fail(CLI_FILE, "%s", err.text);
	return status;
}
