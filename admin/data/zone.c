/* admin/data/zone: tables of zones as RFC 9636 has them: moments at which clocks are moved, and
 * behind them, for what comes later, a line by which they are moved every year. */
#include "admin/data/zone.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define ZONES "/usr/share/zoneinfo"
#define TABLE_MAX (64u << 10)
#define HEAD 44u
#define TYPE 6u /* bytes: offset, summer time, name */
#define DAY_S 86400

static int64_t big(const uint8_t *p, size_t n)
{
	uint64_t v = *p & 0x80 ? UINT64_MAX : 0; /* a signed number */

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return (int64_t)v;
}

/* --- what holds every year -------------------------------------------------------------------- */

/* A day of the year, and the second of it (also before and behind it). */
struct day {
	char kind; /* M, J, 0 */
	int month, week, day, second;
};

static int64_t days_before(int64_t year, int month)
{
	static const int16_t before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	int64_t y = year - 1;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return y * 365 + y / 4 - y / 100 + y / 400 - 719162 + before[month - 1] +
			(leap && month > 2);
}

static int64_t year_of(int64_t seconds)
{
	int64_t year = 1970 + seconds / (DAY_S * 365);

	while (days_before(year, 1) * DAY_S > seconds)
		year--;
	return year;
}

static int64_t moment(const struct day *d, int64_t year)
{
	int64_t first, next;

	if (d->kind != 'M') {
		bool leap = days_before(year + 1, 1) - days_before(year, 1) == 366;

		/* J never counts the 29th of February */
		first = days_before(year, 1) + d->day;
		if (d->kind == 'J')
			first += leap && d->day >= 60 ? 0 : -1;
		return first * DAY_S + d->second;
	}
	first = days_before(year, d->month);
	next = d->month == 12 ? days_before(year + 1, 1) : days_before(year, d->month + 1);
	/* the first of Unix time was a Thursday */
	first += ((d->day - (first + 4)) % 7 + 7) % 7 + (d->week - 1) * 7;
	if (first >= next) /* the fifth is the last */
		first -= 7;
	return first * DAY_S + d->second;
}

struct line {
	const char *at;
	bool bad;
};

static int number(struct line *l, int max)
{
	int n = 0;

	if (*l->at < '0' || *l->at > '9')
		l->bad = true;
	while (*l->at >= '0' && *l->at <= '9' && n <= max)
		n = n * 10 + (*l->at++ - '0');
	if (n > max)
		l->bad = true;
	return n;
}

static bool take(struct line *l, char c)
{
	if (*l->at != c)
		return false;
	l->at++;
	return true;
}

/* "[+-]hh[:mm[:ss]]" in seconds. */
static int clock_of(struct line *l)
{
	bool minus = take(l, '-');
	int s;

	if (!minus)
		(void)take(l, '+');
	s = number(l, 167) * 3600;
	if (take(l, ':'))
		s += number(l, 59) * 60;
	if (take(l, ':'))
		s += number(l, 59);
	return minus ? -s : s;
}

static void pass_name(struct line *l)
{
	const char *from = l->at;

	if (take(l, '<')) {
		l->at += strcspn(l->at, ">");
		if (!take(l, '>'))
			l->bad = true;
		return;
	}
	while ((*l->at | 0x20) >= 'a' && (*l->at | 0x20) <= 'z')
		l->at++;
	if (l->at == from)
		l->bad = true;
}

static struct day day_of(struct line *l)
{
	struct day d = { .kind = '0', .second = 7200 };

	if (!take(l, ','))
		l->bad = true;
	if (take(l, 'M')) {
		d.kind = 'M';
		d.month = number(l, 12);
		l->bad |= !take(l, '.');
		d.week = number(l, 5);
		l->bad |= !take(l, '.');
		d.day = number(l, 6);
		l->bad |= !d.month || !d.week;
	} else if (take(l, 'J')) {
		d.kind = 'J';
		d.day = number(l, 365);
		l->bad |= !d.day;
	} else {
		d.day = number(l, 365) + 1;
	}
	if (take(l, '/'))
		d.second = clock_of(l);
	return d;
}

/* The line as it stands in tables: "CET-1CEST,M3.5.0,M10.5.0/3". */
static int yearly(const char *text, int64_t now_s, int *ret_seconds)
{
	struct line l = { .at = text };
	struct day from, to;
	int64_t begin, end, year;
	int winter, summer;

	pass_name(&l);
	winter = summer = -clock_of(&l);
	if (*l.at && !l.bad) {
		pass_name(&l);
		summer = *l.at && *l.at != ',' ? -clock_of(&l) : winter + 3600;
		from = day_of(&l);
		to = day_of(&l);
		if (!l.bad && !*l.at) {
			year = year_of(now_s + winter);
			begin = moment(&from, year) - winter;
			end = moment(&to, year) - summer;
			if (begin < end ? now_s < begin || now_s >= end
					: now_s < begin && now_s >= end)
				summer = winter;
		}
	}
	if (l.bad || *l.at)
		return HWS_ERR_PROTO;
	*ret_seconds = summer;
	return HWS_OK;
}

/* --- the table -------------------------------------------------------------------------------- */

struct block {
	size_t utc, std, leaps, times, types, chars;
	struct hws_bytes all;
};

/* One block with times of `width` bytes at the front of `in`. */
static int read_block(struct hws_bytes in, size_t width, struct block *ret)
{
	const uint8_t *n = in.ptr + 20;
	uint64_t len;

	if (in.len < HEAD || memcmp(in.ptr, "TZif", 4) != 0)
		return HWS_ERR_PROTO;
	*ret = (struct block){ (uint32_t)big(n, 4), (uint32_t)big(n + 4, 4),
		(uint32_t)big(n + 8, 4), (uint32_t)big(n + 12, 4), (uint32_t)big(n + 16, 4),
		(uint32_t)big(n + 20, 4), { 0 } };
	/* each is below 2^32, so that nothing here overflows */
	len = HEAD + (uint64_t)ret->times * (width + 1) + (uint64_t)ret->types * TYPE + ret->chars +
			(uint64_t)ret->leaps * (width + 4) + ret->std + ret->utc;
	if (len > in.len || !ret->types)
		return HWS_ERR_PROTO;
	ret->all = hws_bytes(in.ptr, (size_t)len);
	return HWS_OK;
}

static int in_block(const struct block *b, size_t width, int64_t now_s, int *ret_seconds)
{
	const uint8_t *times = b->all.ptr + HEAD, *kinds = times + b->times * width;
	const uint8_t *types = kinds + b->times;
	size_t low = 0, high = b->times, kind = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (big(times + middle * width, width) <= now_s)
			low = middle + 1;
		else
			high = middle;
	}
	if (low)
		kind = kinds[low - 1];
	if (kind >= b->types)
		return HWS_ERR_PROTO;
	*ret_seconds = (int)big(types + kind * TYPE, 4);
	return HWS_OK;
}

static bool is_later(const struct block *b, int64_t now_s)
{
	return !b->times || big(b->all.ptr + HEAD + (b->times - 1) * 8, 8) <= now_s;
}

int dat_zone_table_offset(struct hws_bytes table, int64_t now, int *ret_minutes)
{
	int64_t now_s = now / 1000;
	char line[128] = "";
	struct block b;
	int seconds = 0;
	int r = read_block(table, 4, &b);

	if (r == HWS_OK && table.ptr[4] < '2') {
		r = in_block(&b, 4, now_s, &seconds);
	} else if (r == HWS_OK) {
		struct hws_bytes rest = hws_bytes(table.ptr + b.all.len, table.len - b.all.len);

		r = read_block(rest, 8, &b);
		if (r == HWS_OK)
			r = in_block(&b, 8, now_s, &seconds);
		if (r == HWS_OK) {
			rest = hws_bytes(rest.ptr + b.all.len, rest.len - b.all.len);
			if (rest.len > 2 && rest.len <= sizeof(line) && rest.ptr[0] == '\n')
				memcpy(line, rest.ptr + 1, rest.len - 2);
			if (*line && is_later(&b, now_s))
				r = yearly(line, now_s, &seconds);
		}
	}
	if (r == HWS_OK && (seconds < -26 * 3600 || seconds > 26 * 3600))
		r = HWS_ERR_PROTO;
	if (r == HWS_OK)
		*ret_minutes = seconds / 60;
	return r;
}

/* --- the machine's ---------------------------------------------------------------------------- */

static bool is_name(const char *name)
{
	if (!*name || *name == '/' || strstr(name, "..") || strstr(name, "//"))
		return false;
	for (const char *c = name; *c; c++) {
		bool letter = ((*c | 0x20) >= 'a' && (*c | 0x20) <= 'z');

		if (!letter && !(*c >= '0' && *c <= '9') && !strchr("/_+-", *c))
			return false;
	}
	return true;
}

int dat_zone_offset(const char *name, int64_t now, int *ret_minutes)
{
	uint8_t table[TABLE_MAX];
	char path[128];
	ssize_t n;
	int fd, r;

	if (strcmp(name, "UTC") == 0) {
		*ret_minutes = 0;
		return HWS_OK;
	}
	if (!is_name(name) || hws_fmt(path, sizeof(path), ZONES "/%s", name) < 0)
		return HWS_ERR_RANGE;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return HWS_ERR_RANGE;
	n = read(fd, table, sizeof(table));
	close(fd);
	r = n > 0 ? dat_zone_table_offset(hws_bytes(table, (size_t)n), now, ret_minutes)
		  : HWS_ERR_PROTO;
	return r < 0 ? HWS_ERR_RANGE : HWS_OK;
}
