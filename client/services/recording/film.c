/* What a file cannot change in its middle (size, codec, its parameters, whether there is sound)
 * begins another one, at the next key picture. */
#include "client/services/recording/film.h"
#include "client/media/codec_table.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAMES_MAX 1000u /* tried for a file */
/* A host begins a file with each change of size or codec: some at once, then one in ten seconds. */
#define FILES_AT_ONCE 32u
#define FILE_MS 10000u
#define PER_MS (HWS_SOUND_RATE / 1000u)
/* Sound arrives unevenly: what is less off than that follows what was before. */
#define SOUND_SLACK (HWS_SOUND_RATE / 10u)

struct hws_film {
	char path[PATH_MAX], now[PATH_MAX];
	char prefix[16], peer[64];
	bool folder, first, further;
	unsigned display, files, part_ms;
	struct hws_muxer *muxer; /* NULL: no file is open */
	enum hws_codec codec;
	int width, height;
	struct hws_codec_private about, next;
	unsigned channels, file_channels; /* of the sound that comes; that the file has */
	uint64_t begin_ms, last_ms, sound_end;
	uint64_t first_ms; /* of the first file */
};

int hws_film_new(const struct hws_film_conf *conf, struct hws_film **ret)
{
	struct hws_film *f = hws_alloc(sizeof(*f));
	int r = f ? hws_str_copy(f->path, sizeof(f->path), conf->path) : HWS_ERR_NOMEM;

	if (r == HWS_OK)
		r = hws_str_copy(f->prefix, sizeof(f->prefix), conf->prefix);
	if (r < 0) {
		hws_free(f);
		return r;
	}
	snprintf(f->peer, sizeof(f->peer), "%s", conf->peer);
	for (char *p = f->peer; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", *p))
			*p = '_';
	f->folder = conf->folder;
	f->first = conf->first;
	f->further = conf->further;
	f->part_ms = conf->part_ms;
	f->channels = conf->channels;
	f->display = conf->display;
	*ret = f;
	return HWS_OK;
}

const char *hws_film_path(const struct hws_film *f)
{
	return f->now;
}

unsigned hws_film_files(const struct hws_film *f)
{
	return f->files;
}

/* --- files --- */

/* Of `path`, with its dot; "" = it has none of ours. */
static const char *ending_of(const char *path)
{
	static const char *const endings[] = { ".webm", ".mp4" };
	size_t len = strlen(path);

	for (unsigned i = 0; i < HWS_COUNT(endings); i++) {
		size_t n = strlen(endings[i]);
		if (len > n && strcasecmp(path + len - n, endings[i]) == 0)
			return path + len - n;
	}
	return path + len;
}

static bool wants_mp4(const struct hws_film *f, enum hws_codec codec)
{
	return !hws_codec_row(codec)->webm_id ||
			(!f->folder && strcasecmp(ending_of(f->path), ".mp4") == 0);
}

/* The name that is tried as the n-th, from 1 on. */
static int name_in_folder(struct hws_film *f, enum hws_codec codec, unsigned n)
{
	struct timespec now;
	struct tm tm;
	char stamp[32], again[16] = "";

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d%H%M%S", &tm);
	if (n > 1)
		snprintf(again, sizeof(again), "-%u", n);
	return hws_fmt(f->now, sizeof(f->now), "%s/%s_%s_%s%03ld_display%u_%s%s.%s", f->path,
			f->prefix, f->peer, stamp, now.tv_nsec / 1000000, f->display,
			hws_codec_name(codec), again, wants_mp4(f, codec) ? "mp4" : "webm");
}

static int name_of_file(struct hws_film *f, enum hws_codec codec, unsigned n)
{
	const char *ending = ending_of(f->path);
	char again[40] = "";
	bool mp4 = wants_mp4(f, codec), same = mp4 == !strcasecmp(ending, ".mp4") && *ending;

	if (!f->first)
		snprintf(again, sizeof(again), "-display%u", f->display + 1);
	n += f->files + f->further;
	if (n > 1)
		snprintf(again + strlen(again), sizeof(again) - strlen(again), "-%u", n);
	return hws_fmt(f->now, sizeof(f->now), "%.*s%s%s", (int)(ending - f->path), f->path, again,
			same                                  ? ending
					: mp4                 ? ".mp4"
					: *ending || f->files ? ".webm"
							      : "");
}

static int make_file(struct hws_film *f, enum hws_codec codec, int *ret_fd)
{
	int r = HWS_ERR_EXISTS;

	for (unsigned n = 1; r == HWS_ERR_EXISTS && n <= NAMES_MAX; n++) {
		r = f->folder ? name_in_folder(f, codec, n) : name_of_file(f, codec, n);
		if (r == HWS_OK)
			r = hws_private_file_create(f->now, ret_fd, NULL);
		/* Who names a file means that one. */
		if (!f->folder && !f->files && f->first && !f->further)
			break;
	}
	/* So that nobody repairs it meanwhile; who has it just now looks at nothing, and lets go.
	 * Where files cannot be locked, nobody can. */
	while (r == HWS_OK && flock(*ret_fd, LOCK_EX) < 0 && errno == EINTR)
		;
	return r;
}

static int close_file(struct hws_film *f, uint64_t time_ms)
{
	struct hws_muxer *m = f->muxer;

	f->muxer = NULL;
	return m ? m->impl->close(m, time_ms > f->begin_ms ? time_ms - f->begin_ms : 0) : HWS_OK;
}

static int open_file(struct hws_film *f, const struct hws_film_picture *p)
{
	int fd = -1, r;

	if (!f->files)
		f->first_ms = p->time_ms;
	/* with parts it is a host's own: its folder has limits, and whom it records ends nothing */
	if (!f->part_ms && f->files >= FILES_AT_ONCE + (p->time_ms - f->first_ms) / FILE_MS)
		return HWS_ERR_FULL;
	r = make_file(f, p->codec, &fd);

	if (r < 0)
		return r;
	f->about = f->next;
	f->codec = p->codec;
	f->width = f->about.width ? (int)f->about.width : p->width;
	f->height = f->about.height ? (int)f->about.height : p->height;
	f->file_channels = f->channels;
	f->begin_ms = f->last_ms = p->time_ms;
	f->sound_end = 0;
	f->files++;
	struct hws_muxer_conf conf = { p->codec, f->width, f->height, &f->about, f->file_channels };
	r = wants_mp4(f, p->codec) ? hws_mp4_new(fd, &conf, &f->muxer)
				   : hws_webm_new(fd, &conf, &f->muxer);
	if (r < 0)
		unlink(f->now); /* there is no picture in it */
	return r;
}

/* Whether the file that is open can hold what begins with this key picture. */
static bool goes_on(struct hws_film *f, const struct hws_film_picture *p)
{
	return f->muxer && (!f->part_ms || p->time_ms < f->begin_ms + f->part_ms) &&
			f->codec == p->codec && f->file_channels == f->channels &&
			hws_codec_private_equal(&f->about, &f->next) &&
			(f->next.width || (f->width == p->width && f->height == p->height));
}

int hws_film_picture(struct hws_film *f, const struct hws_film_picture *p)
{
	int r = HWS_OK;

	if (!p->key && (!f->muxer || p->codec != f->codec))
		return HWS_ERR_AGAIN;
	if (p->key) {
		r = hws_codec_private_of(p->codec, p->data, &f->next);
		/* Hosts may leave out the parameters when they are the same as before. */
		if (r < 0 && (!f->muxer || p->codec != f->codec))
			return r == HWS_ERR_CORRUPT ? HWS_ERR_AGAIN : r;
		if (r < 0)
			f->next = f->about;
		r = HWS_OK;
		if (!goes_on(f, p)) {
			r = close_file(f, p->time_ms);
			if (r == HWS_OK)
				r = open_file(f, p);
		}
	}
	if (r < 0)
		return r;
	f->last_ms = HWS_MAX(f->last_ms, p->time_ms);
	return f->muxer->impl->picture(f->muxer, p->data, p->key, f->last_ms - f->begin_ms);
}

int hws_film_sound(struct hws_film *f, unsigned channels, struct hws_bytes data, uint64_t time_ms)
{
	unsigned duration = hws_opus_duration(data);

	if (channels < 1 || channels > 2 || !duration)
		return HWS_OK;
	f->channels = channels;
	if (!f->muxer || f->file_channels != channels || time_ms < f->begin_ms)
		return HWS_OK;
	uint64_t t = (time_ms - f->begin_ms) * PER_MS;
	if (t < f->sound_end + SOUND_SLACK && f->sound_end < t + SOUND_SLACK && f->sound_end)
		t = f->sound_end;
	else if (t < f->sound_end)
		return HWS_OK; /* more sound than time: it cannot all be heard */
	f->sound_end = t + duration;
	return f->muxer->impl->sound(f->muxer, data, t, duration);
}

int hws_film_close(struct hws_film *f, uint64_t time_ms)
{
	int r = f ? close_file(f, time_ms) : HWS_OK;

	hws_free(f);
	return r;
}
