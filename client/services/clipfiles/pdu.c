/* The descriptors are those of Windows (FILEDESCRIPTORW), with the mode of Unix in a place that
 * Windows keeps the last third of a time in. Flags say what is filled in; only that the size may
 * be there without its flag is known of deployed owners. */
#include "client/services/clipfiles/pdu.h"
#include "shared/base/str.h"
#include <string.h>

#define FLAG_UNIX_MODE 0x08u
#define FLAG_WRITE_TIME 0x20u
#define FLAGS_SENT 0x406cu
#define FOLDER 0x10u
#define NORMAL 0x80u
#define READ_ONLY 0x01u
#define AT_ATTRIBUTES 36u
#define AT_MODE 52u
#define AT_TIME 56u
#define AT_SIZE 64u
#define AT_NAME 72u
#define S_FOLDER 0040000u
#define S_FILE 0100000u

static const uint64_t epochs[] = {
	[HWS_CLIP_EPOCH_TRUE] = 116444736000000000ull,
	[HWS_CLIP_EPOCH_DEPLOYED_UNIX] = 116444772610000000ull,
};

static void put_u32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t get_u32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* --- names ------------------------------------------------------------------------------------ */

/* The code point at *at of valid UTF-8. */
static uint32_t next_char(const char *s, size_t *at)
{
	const uint8_t *p = (const uint8_t *)s + *at;
	unsigned more = p[0] < 0x80 ? 0 : p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 3;
	uint32_t c = more == 0 ? p[0] : p[0] & (0x3fu >> more);

	for (unsigned i = 1; i <= more; i++)
		c = c << 6 | (p[i] & 0x3f);
	*at += more + 1;
	return c;
}

static bool is_drive(const char *path, size_t len)
{
	return len >= 2 && path[1] == ':' &&
			((path[0] >= 'a' && path[0] <= 'z') || (path[0] >= 'A' && path[0] <= 'Z'));
}

static void put_unit(uint8_t *name, size_t *n, uint32_t unit)
{
	name[2 * *n] = (uint8_t)unit;
	name[2 * *n + 1] = (uint8_t)(unit >> 8);
	++*n;
}

/* False when it cannot be said, or would be understood as something else. */
static bool put_name(uint8_t *name, const char *path)
{
	size_t len = strlen(path), n = 0;

	if (!hws_utf8_valid(hws_bytes(path, len)) || strchr(path, '\\') || is_drive(path, len))
		return false;
	for (size_t at = 0; at < len;) {
		uint32_t c = next_char(path, &at);

		if (n + (c > 0xffff) >= HWS_CLIP_PDU_UNITS)
			return false;
		if (c > 0xffff)
			put_unit(name, &n, 0xd800 + ((c - 0x10000) >> 10));
		put_unit(name, &n, c > 0xffff ? 0xdc00 + ((c - 0x10000) & 0x3ff) : c);
	}
	return true;
}

static size_t put_utf8(char *out, uint32_t c)
{
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(lead[n] | c);
	return n;
}

/* HWS_ERR_PROTO: no end, or a half of a pair. */
static int take_name(const uint8_t *name, char *out, size_t *ret_len)
{
	size_t len = 0, i = 0;

	for (;; i++) {
		if (i > HWS_CLIP_PDU_UNITS)
			return HWS_ERR_PROTO;
		uint32_t c = name[2 * i] | (uint32_t)name[2 * i + 1] << 8;

		if (c == 0)
			break;
		if (c >= 0xd800 && c < 0xe000) {
			uint32_t low;

			if (c >= 0xdc00 || ++i > HWS_CLIP_PDU_UNITS)
				return HWS_ERR_PROTO;
			low = name[2 * i] | (uint32_t)name[2 * i + 1] << 8;
			if (low < 0xdc00 || low > 0xdfff)
				return HWS_ERR_PROTO;
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		}
		len += put_utf8(out + len, c == '\\' ? '/' : c);
	}
	*ret_len = len;
	return HWS_OK;
}

/* --- times ------------------------------------------------------------------------------------ */

static uint64_t time_of(int64_t ns, enum hws_clip_epoch epoch)
{
	int64_t units = ns / 100;

	if (units < 0 && (uint64_t)-units > epochs[epoch])
		return 0;
	return epochs[epoch] + (uint64_t)units;
}

/* Years that a file here cannot have become the nearest that it can. */
static int64_t time_from(uint64_t units, enum hws_clip_epoch epoch)
{
	uint64_t since = units - epochs[epoch];

	if (units < epochs[epoch])
		return epochs[epoch] - units > INT64_MAX / 100
				? INT64_MIN / 100 * 100
				: -(int64_t)((epochs[epoch] - units) * 100);
	return since > INT64_MAX / 100 ? INT64_MAX : (int64_t)(since * 100);
}

/* --- the list --------------------------------------------------------------------------------- */

static bool put_entry(
		const struct hws_clip_entry *e, enum hws_clip_epoch epoch, struct hws_buf *out)
{
	uint8_t d[HWS_CLIP_PDU_ENTRY] = { 0 };
	uint64_t time = time_of(e->time_ns, epoch);

	if (!put_name(d + AT_NAME, e->path))
		return false;
	put_u32(d, FLAGS_SENT);
	put_u32(d + AT_ATTRIBUTES, e->is_folder ? FOLDER : NORMAL);
	put_u32(d + AT_MODE, (e->is_folder ? S_FOLDER : S_FILE) | e->mode);
	put_u32(d + AT_TIME, (uint32_t)time);
	put_u32(d + AT_TIME + 4, (uint32_t)(time >> 32));
	put_u32(d + AT_SIZE, (uint32_t)(e->size >> 32));
	put_u32(d + AT_SIZE + 4, (uint32_t)e->size);
	hws_buf_put(out, d, sizeof(d));
	return true;
}

/* A path holds those of its folders, so what is in one that cannot be said cannot be said. */
uint32_t hws_clip_pdu_put(const struct hws_clip_list *l, enum hws_clip_epoch epoch, uint32_t *map,
		struct hws_buf *out)
{
	uint32_t n = 0;
	uint8_t head[4] = { 0 };
	size_t at = hws_buf_len(out);

	hws_buf_put(out, head, sizeof(head));
	for (uint32_t i = 0; i < hws_clip_list_count(l); i++) {
		if (!put_entry(hws_clip_list_at(l, i), epoch, out))
			continue;
		if (map)
			map[n] = i;
		n++;
	}
	if (hws_buf_err(out) < 0)
		return 0;
	put_u32(out->data + out->start + at, n);
	return n;
}

static int take_entry(const uint8_t *d, enum hws_clip_epoch epoch, struct hws_clip_list *l,
		struct hws_error *err)
{
	char path[4 * (HWS_CLIP_PDU_UNITS + 1)];
	struct hws_clip_entry e = { .path = path };
	uint32_t flags = get_u32(d), attributes = get_u32(d + AT_ATTRIBUTES);
	size_t len;

	if (take_name(d + AT_NAME, path, &len) < 0)
		return hws_error_set(err, HWS_ERR_PROTO, "a name in the list of files is damaged");
	if (is_drive(path, len))
		return hws_error_set(err, HWS_ERR_INVAL, "the list of files names a drive");
	e.is_folder = attributes & FOLDER;
	if (flags & FLAG_UNIX_MODE)
		e.mode = get_u32(d + AT_MODE) & 0777;
	if (!e.mode)
		e.mode = e.is_folder ? 0755 : attributes & READ_ONLY ? 0444 : 0644;
	if (flags & FLAG_WRITE_TIME)
		e.time_ns = time_from(
				get_u32(d + AT_TIME) | (uint64_t)get_u32(d + AT_TIME + 4) << 32,
				epoch);
	if (!e.is_folder)
		e.size = (uint64_t)get_u32(d + AT_SIZE) << 32 | get_u32(d + AT_SIZE + 4);
	return hws_clip_list_add(l, &e, len, err);
}

int hws_clip_pdu_take(struct hws_bytes in, enum hws_clip_epoch epoch, struct hws_clip_list **ret,
		struct hws_error *err)
{
	struct hws_clip_list *l;
	uint32_t count = in.len < 4 ? 0 : get_u32(in.ptr);
	int r;

	if (in.len < 4 || in.len - 4 != (uint64_t)count * HWS_CLIP_PDU_ENTRY)
		return hws_error_set(
				err, HWS_ERR_PROTO, "the list of files is not as long as it says");
	if (count > HWS_CLIP_ENTRIES_MAX)
		return hws_error_set(err, HWS_ERR_FULL,
				"a list of %u files and folders is more than is taken (%u)", count,
				HWS_CLIP_ENTRIES_MAX);
	r = hws_clip_list_new(&l);
	if (r < 0)
		return r;
	for (uint32_t i = 0; r == HWS_OK && i < count; i++)
		r = take_entry(in.ptr + 4 + (size_t)i * HWS_CLIP_PDU_ENTRY, epoch, l, err);
	if (r == HWS_OK)
		*ret = l;
	else
		hws_clip_list_unref(l);
	return r;
}
