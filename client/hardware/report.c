/* Words between single blanks, lines that end; whatever else a file holds makes it none of ours. */
#include "client/hardware/report.h"
#include "client/media/codec_table.h"
#include "shared/base/str.h"
#include <stdio.h>

#define HEAD "hawser-codecs 1"
#define TOOK_MAX 10000000u /* us: what takes longer is no use to anybody */

static const char *const ways[HWS_HW_WAYS] = { "encode", "decode" };

void hws_hw_report_write(const struct hws_hw_report *r, struct hws_buf *out)
{
	hws_buf_fmt(out, HEAD "\nkey %s\n", r->key);
	if (*r->device)
		hws_buf_fmt(out, "device %s %s\nvendor %s\n", r->backend, r->device, r->vendor);
	for (unsigned w = 0; w < HWS_HW_WAYS; w++)
		for (enum hws_codec c = HWS_CODEC_NONE + 1; c < HWS_CODEC_RAW; c++) {
			const struct hws_hw_row *row = &r->table.row[w][c];
			if (hws_hw_known(&row->device))
				hws_buf_fmt(out, "%s %s %u %u %u %u\n", ways[w], hws_codec_name(c),
						row->device.fixed_us, row->device.million_us,
						row->processor.fixed_us, row->processor.million_us);
		}
	hws_buf_put_str(out, "end\n");
}

/* The next word of a line, which is cut off it; NULL: there is none. */
static char *word(char **line)
{
	char *w = *line, *end;

	if (!w || !*w)
		return NULL;
	end = strchr(w, ' ');
	*line = end ? end + 1 : NULL;
	if (end)
		*end = 0;
	return w;
}

static bool number(char **line, uint32_t *ret)
{
	const char *w = word(line);
	uint32_t n = 0;

	if (!w || !*w)
		return false;
	for (; *w; w++) {
		if (*w < '0' || *w > '9')
			return false;
		n = n * 10 + (uint32_t)(*w - '0');
		if (n > TOOK_MAX)
			return false;
	}
	*ret = n;
	return true;
}

static bool took_line(enum hws_hw_way way, char *line, struct hws_hw_report *ret)
{
	const char *name = word(&line);
	enum hws_codec c = name ? hws_codec_by_name(name) : HWS_CODEC_NONE;
	struct hws_hw_row row;

	if (c == HWS_CODEC_NONE || c >= HWS_CODEC_RAW ||
			hws_hw_known(&ret->table.row[way][c].device))
		return false;
	if (!number(&line, &row.device.fixed_us) || !number(&line, &row.device.million_us) ||
			!number(&line, &row.processor.fixed_us) ||
			!number(&line, &row.processor.million_us) || line ||
			!hws_hw_known(&row.device))
		return false;
	ret->table.row[way][c] = row;
	return true;
}

static bool device_line(char *line, struct hws_hw_report *ret)
{
	const char *backend = word(&line), *device = word(&line);

	return backend && device && !line && !*ret->device && device[0] == '/' &&
			hws_str_copy(ret->backend, sizeof(ret->backend), backend) == HWS_OK &&
			hws_str_copy(ret->device, sizeof(ret->device), device) == HWS_OK;
}

/* HWS_ERR_SHORT: another one may follow. */
static int take_line(char *line, const char *key, struct hws_hw_report *ret)
{
	char *rest = line;
	const char *what = word(&rest);
	bool good = false;

	if (!what)
		return HWS_ERR_CORRUPT;
	if (hws_str_equal(what, "end"))
		return !rest && *ret->key ? HWS_OK : HWS_ERR_CORRUPT;
	if (hws_str_equal(what, "key")) {
		if (!rest || *ret->key || strlen(rest) != HWS_HW_KEY_LEN)
			return HWS_ERR_CORRUPT;
		if (!hws_str_equal(rest, key))
			return HWS_ERR_NOTFOUND;
		good = hws_str_copy(ret->key, sizeof(ret->key), rest) == HWS_OK;
	} else if (!*ret->key) {
		good = false;
	} else if (hws_str_equal(what, "device") && rest) {
		good = device_line(rest, ret);
	} else if (hws_str_equal(what, "vendor")) {
		hws_str_escape(ret->vendor, sizeof(ret->vendor), hws_bytes_str(rest ? rest : ""));
		good = true;
	} else {
		for (enum hws_hw_way w = 0; w < HWS_HW_WAYS && *ret->device && rest; w++)
			if (hws_str_equal(what, ways[w]))
				good = took_line(w, rest, ret);
	}
	return good ? HWS_ERR_SHORT : HWS_ERR_CORRUPT;
}

int hws_hw_report_read(struct hws_bytes in, const char *key, struct hws_hw_report *ret)
{
	char text[HWS_HW_REPORT_MAX + 1], *line = text;
	struct hws_hw_report got = { 0 };
	bool headed = false;

	if (in.len > HWS_HW_REPORT_MAX || hws_str_from_bytes(text, sizeof(text), in) < 0)
		return HWS_ERR_CORRUPT;
	for (char *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		if (!headed && !hws_str_equal(line, HEAD))
			return HWS_ERR_CORRUPT;
		int r = headed ? take_line(line, key, &got) : HWS_ERR_SHORT;
		headed = true;
		if (r == HWS_ERR_SHORT)
			continue;
		if (r == HWS_OK && end[1]) /* nothing comes behind its end */
			r = HWS_ERR_CORRUPT;
		if (r == HWS_OK)
			*ret = got;
		return r;
	}
	return HWS_ERR_CORRUPT;
}

char *hws_hw_report_text(const struct hws_hw_table *t, char *buf, size_t size)
{
	static const char *const names[HWS_HW_WAYS] = { "encodes", "decodes" };
	size_t len = 0;

	snprintf(buf, size, "none");
	for (unsigned w = 0; w < HWS_HW_WAYS; w++) {
		const char *before = names[w];
		for (enum hws_codec c = HWS_CODEC_NONE + 1; c < HWS_CODEC_RAW && len < size; c++) {
			if (!hws_hw_known(&t->row[w][c].device))
				continue;
			len += (size_t)snprintf(buf + len, size - len, "%s%s %s",
					before != names[w]    ? ","
							: len ? "; "
							      : "",
					before == names[w] ? before : "", hws_codec_name(c));
			before = "";
		}
	}
	return buf;
}
