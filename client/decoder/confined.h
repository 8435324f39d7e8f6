/* decoder/confined: the viewer's end of its decoder process: whatever a host sends in a form that
 * has to be decoded goes there. One for each session, so that no host sees what another one shows.
 * The process may be killed or turn hostile at any time: it costs some pictures and is started
 * anew; when that happens too often, the session is told. Loop thread only; nothing waits. */
#pragma once
#include "client/media/codec.h"
#include "client/media/picture.h"
#include "shared/loop/loop.h"

struct hws_confined;

struct hws_confined_conf {
	struct hws_loop *loop;
	/* The process is of no use, and why; all that is asked of it fails from now on. The object
	 * may not be freed in here. */
	void (*on_broken)(const char *text, void *arg);
	void *arg;
	/* Devices to decode by: "auto", "off" or a path; NULL = "off". */
	const char *hardware;
	const char *program;  /* NULL: the one that belongs to us (decoder/program.h) */
	uint64_t patience_us; /* for one request; 0 = HWS_CONFINED_PATIENCE_US */
	/* For tests: instead of a program, something that serves this end of a socket and closes
	 * it. */
	int (*start)(int fd, void *arg);
};

#define HWS_CONFINED_PATIENCE_US (10 * 1000000ull)
#define HWS_CONFINED_DEATHS_MAX 5u /* in a row, each soon after the one before */
#define HWS_CONFINED_FORGIVE_US (20 * 1000000ull)

int hws_confined_new(
		const struct hws_confined_conf *conf, struct hws_confined **ret) HWS_MUST_CHECK;
/* What was asked and not answered fails with HWS_ERR_CANCELED. Pictures that are still locked stay.
 * Takes NULL. */
void hws_confined_free(struct hws_confined *c);
/* Starts the process if it does not run, ahead of the first request. on_broken may be called. */
void hws_confined_start(struct hws_confined *c);
/* Ends the process, and forgets its deaths; the next start or request starts another. What was
 * asked and not answered fails with HWS_ERR_CANCELED. */
void hws_confined_stop(struct hws_confined *c);
/* fn(arg): the process has been lost, with all decoders in it. Before whatever it was asked
 * fails. */
void hws_confined_on_loss(struct hws_confined *c, void (*fn)(void *arg), void *arg);

struct hws_confined_result {
	struct hws_picture *picture; /* BGRA or RGBA; borrowed: lock it to keep it */
	struct hws_rect damage;      /* within it: what differs from the one before */
	struct hws_bytes bytes;      /* borrowed */
	uint64_t took_us;            /* since it left */
	bool by_device;              /* it was decoded by one */
};
/* r: HWS_OK; HWS_ERR_RESET: the process was lost; HWS_ERR_TIMEOUT: it did not answer, and is lost;
 * or what the decoder said, see the requests. */
typedef void hws_confined_done(int r, const struct hws_confined_result *res, void *arg);

struct hws_confined_video {
	unsigned display;
	enum hws_codec codec;
	bool reset; /* begin with a new decoder */
	bool rgba;
	const struct hws_bytes *packets; /* in order; the last picture is the result */
	size_t count;
	/* It shows patches, too: only these rectangles of what is decoded are shown, or all of it,
	 * and patches may follow. */
	bool exact, whole;
	const struct hws_rect *rects;
	size_t rect_count;
};
/* HWS_ERR_FULL: too much waits; HWS_ERR_CLOSED: broken; HWS_ERR_RANGE: no such display, or too many
 * packets; HWS_ERR_NOMEM: then `done` is not called. It is told HWS_ERR_AGAIN: nothing to show;
 * HWS_ERR_FULL: all pictures are being looked at; HWS_ERR_TOOBIG: larger than one session may have;
 * the other errors of hws_decoder_decode. */
int hws_confined_video(struct hws_confined *c, const struct hws_confined_video *v,
		hws_confined_done *done, void *arg) HWS_MUST_CHECK;
/* A patch (media/patch.h) of what an exact display shows. As hws_confined_video; HWS_ERR_CORRUPT
 * also when there is nothing that it could be upon: then only a whole picture helps. */
int hws_confined_patch(struct hws_confined *c, unsigned display, bool rgba, struct hws_bytes patch,
		hws_confined_done *done, void *arg) HWS_MUST_CHECK;
/* One frame of zstd of at most `max` bytes; results as of hws_decompress. */
int hws_confined_unpack(struct hws_confined *c, struct hws_bytes in, size_t max,
		hws_confined_done *done, void *arg) HWS_MUST_CHECK;
struct hws_confined_image {
	struct hws_bytes bytes; /* a PNG file, or pixels */
	int width, height;      /* of those: R G B A, rows without a gap; 0: it is a file */
	bool packed;            /* the pixels are one frame of zstd */
};
/* A picture of a clipboard as a PNG file of at most `max` bytes (HWS_ERR_TOOBIG), written by that
 * process: nothing of the file that came but its pixels. Results as of hws_png_clean. */
int hws_confined_image(struct hws_confined *c, const struct hws_confined_image *i, size_t max,
		hws_confined_done *done, void *arg) HWS_MUST_CHECK;

struct hws_confined_sound {
	uint32_t rate, channels;         /* that hws_opus_can */
	bool reset;                      /* begin with a new decoder */
	const struct hws_bytes *packets; /* in order; an empty one was lost */
	size_t count;
};
/* The samples are the result, 16 bits, interleaved. Goes before everything but sound: nobody sees
 * that a picture waits for it. HWS_ERR_RANGE: not such, or too many; the others, and what `done` is
 * told, as of video. HWS_ERR_PROTO: it is no Opus. */
int hws_confined_sound(struct hws_confined *c, const struct hws_confined_sound *s,
		hws_confined_done *done, void *arg) HWS_MUST_CHECK;
/* Gives the memory of a display back; its next packet needs `reset`. */
void hws_confined_forget(struct hws_confined *c, unsigned display);
/* `done` is called for none of the requests with this `arg` any more. */
void hws_confined_cancel(struct hws_confined *c, void *arg);

/* HWS_CONFINED_ bits of protocol.h; 0: it does not run, or has not told yet. */
uint32_t hws_confined_how(const struct hws_confined *c);
/* Of the process; 0: none. For tests that kill it. */
pid_t hws_confined_pid(const struct hws_confined *c);
