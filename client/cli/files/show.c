/* A name comes from a stranger, and a terminal obeys what is written to it: so nothing of a name
 * reaches it but characters that are seen, in the order in which they stand. */
#include "client/cli/files/show.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The length of the UTF-8 character at s; 0 = it is none. */
static size_t utf8_len(const unsigned char *s)
{
	size_t n = *s < 0x80 ? 1 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return hws_utf8_valid(hws_bytes(s, n)) ? n : 0;
}

static uint32_t utf8_code(const unsigned char *s, size_t n)
{
	uint32_t c = n == 1 ? *s : *s & (0x7fu >> n);

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (s[i] & 0x3fu);
	return c;
}

/* Not seen as what it is: controls, marks of direction, characters without width that hide others,
 * ends of lines, private tags. */
static bool is_unseen(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c ||
			(c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
			(c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
			(c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

char *files_show_name(char *buf, size_t size, const char *name)
{
	const unsigned char *s = (const unsigned char *)name;
	size_t at = 0;

	while (*s) {
		size_t n = utf8_len(s);
		bool plain = n > 0 && !is_unseen(utf8_code(s, n));
		size_t bytes = n ? n : 1, need = plain ? n : 4 * bytes;

		if (need >= size - at)
			break;
		if (plain)
			memcpy(buf + at, s, n);
		for (size_t i = 0; !plain && i < bytes; i++)
			snprintf(buf + at + 4 * i, 5, "\\x%02x", s[i]);
		at += need;
		s += bytes;
	}
	buf[at] = 0;
	return buf;
}

size_t files_show_columns(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

char *files_show_size(char *buf, size_t size, uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double v = (double)bytes;
	size_t u = 0;

	while (v >= 1000 && u + 1 < HWS_COUNT(units)) {
		v /= 1024;
		u++;
	}
	snprintf(buf, size, u == 0 ? "%.0f %s" : v < 99.95 ? "%.1f %s" : "%.0f %s", v, units[u]);
	return buf;
}

char *files_show_rate(char *buf, size_t size, double bytes_per_s)
{
	char text[24];

	files_show_size(text, sizeof(text), bytes_per_s > 0 ? (uint64_t)bytes_per_s : 0);
	snprintf(buf, size, "%s/s", text);
	return buf;
}

char *files_show_time(char *buf, size_t size, uint64_t seconds)
{
	uint64_t h = seconds / 3600, m = seconds / 60 % 60, s = seconds % 60;

	if (h >= 24)
		snprintf(buf, size, "%" PRIu64 " d %02" PRIu64 " h", h / 24, h % 24);
	else if (h > 0)
		snprintf(buf, size, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, h, m, s);
	else
		snprintf(buf, size, "%" PRIu64 ":%02" PRIu64, m, s);
	return buf;
}

char *files_show_mtime(char *buf, size_t size, uint64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	buf[0] = 0;
	if (seconds == 0 || t < 0 || !localtime_r(&t, &tm) ||
			strftime(buf, size, "%Y-%m-%d %H:%M", &tm) == 0)
		snprintf(buf, size, "%16s", "");
	return buf;
}

/* Cuts a text to so many columns, with "..." for what was its begin: the end tells more. */
static const char *cut(const char *text, size_t columns, char *buf, size_t size)
{
	size_t have = files_show_columns(text);

	if (have <= columns)
		return text;
	if (columns < 4)
		return "";
	for (size_t drop = have - columns + 3; drop > 0; drop--)
		do
			text++;
		while (((unsigned char)*text & 0xc0) == 0x80);
	snprintf(buf, size, "...%s", text);
	return buf;
}

static unsigned percent(const struct files_bar *b)
{
	if (b->total == 0)
		return b->files && b->files_done >= b->files ? 100 : 0;
	return b->done >= b->total ? 100 : (unsigned)((double)b->done * 100 / (double)b->total);
}

char *files_show_bar(char *buf, size_t size, const struct files_bar *b, size_t columns)
{
	char done[24], total[24], rate[32] = "", left[32] = "", files[64] = "", shown[1000],
				  cut_name[1024];
	char tail[240];
	size_t room;

	files_show_size(done, sizeof(done), b->done);
	files_show_size(total, sizeof(total), b->total);
	if (b->paused)
		snprintf(rate, sizeof(rate), "  paused");
	else if (b->rate > 0) {
		char r[28], t[28];
		uint64_t rest = b->total > b->done ? b->total - b->done : 0;
		double s = (double)rest / b->rate;
		snprintf(rate, sizeof(rate), "  %s", files_show_rate(r, sizeof(r), b->rate));
		if (rest && s < 1e8)
			snprintf(left, sizeof(left), "  %s left",
					files_show_time(t, sizeof(t), (uint64_t)s + 1));
	}
	if (b->files > 1)
		snprintf(files, sizeof(files), "  file %" PRIu64 "/%" PRIu64,
				b->files_done < b->files ? b->files_done + 1 : b->files, b->files);
	snprintf(tail, sizeof(tail), "%3u%%  %s of %s%s%s%s", percent(b), done, total, rate, left,
			files);
	room = files_show_columns(tail) + 2 < columns ? columns - files_show_columns(tail) - 2 : 0;
	files_show_name(shown, sizeof(shown), b->name ? b->name : "");
	const char *name = cut(shown, room, cut_name, sizeof(cut_name));
	if (*name)
		snprintf(buf, size, "%s  %s", name, tail);
	else
		snprintf(buf, size, "%.*s", (int)columns, tail);
	return buf;
}

double files_rate_step(struct files_rate *r, uint64_t now_us, uint64_t bytes)
{
	const double memory_us = 3.0 * HWS_US_PER_S;
	double span, now_rate, weight;

	if (r->at_us == 0 || now_us <= r->at_us || bytes < r->bytes) {
		if (r->at_us == 0 || bytes < r->bytes)
			*r = (struct files_rate){ .at_us = now_us, .bytes = bytes };
		return r->rate;
	}
	span = (double)(now_us - r->at_us);
	if (span < HWS_US_PER_S / 5.0)
		return r->rate;
	now_rate = (double)(bytes - r->bytes) * HWS_US_PER_S / span;
	weight = span >= memory_us ? 1 : span / memory_us;
	r->rate = r->rate > 0 ? r->rate + (now_rate - r->rate) * weight : now_rate;
	r->at_us = now_us;
	r->bytes = bytes;
	return r->rate;
}
