/* Read from the end: each proxy adds the address it saw behind what it was sent, in the same line
 * or in one of its own, so the client may have written anything in front, and as much as it
 * likes. */
#include "shared/net/forwarded.h"
#include <string.h>
#include <strings.h>

static const char name[] = "X-Forwarded-For:";

/* The line that ends at *end, without its line break; *end becomes where the one before it ends.
 * False at the request line. */
static bool line_before(struct hws_bytes head, size_t *end, struct hws_bytes *ret)
{
	size_t at = *end;

	while (at >= 2 && memcmp(head.ptr + at - 2, "\r\n", 2) != 0)
		at--;
	if (at < 2)
		return false;
	*ret = hws_bytes(head.ptr + at, *end - at);
	*end = at - 2;
	return true;
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Takes the last of the addresses off the list. */
static struct hws_bytes take_last(struct hws_bytes *list)
{
	const uint8_t *comma = list->len ? memrchr(list->ptr, ',', list->len) : NULL;
	struct hws_bytes last = *list;

	if (comma) {
		last = hws_bytes(comma + 1, (size_t)(list->ptr + list->len - comma) - 1);
		list->len = (size_t)(comma - list->ptr);
	} else {
		list->len = 0;
	}
	while (last.len && blank(last.ptr[0]))
		last = hws_bytes(last.ptr + 1, last.len - 1);
	while (last.len && blank(last.ptr[last.len - 1]))
		last.len--;
	return last;
}

static bool parse(struct hws_bytes text, struct sockaddr_storage *ret)
{
	char copy[HWS_ADDR_TEXT];

	if (!text.len || text.len >= sizeof(copy) || memchr(text.ptr, 0, text.len))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = 0;
	if (hws_addr_parse(copy, 0, ret) < 0)
		return false;
	hws_addr_normalise(ret);
	hws_addr_set_port(ret, 0);
	return true;
}

/* Further back along one line; false when the client has been found, or what cannot be read. */
static bool follow(struct hws_bytes list, const struct hws_cidr_list *trusted,
		struct sockaddr_storage *peer)
{
	do {
		struct sockaddr_storage a;

		if (!parse(take_last(&list), &a))
			return false;
		*peer = a;
		if (!hws_cidr_list_match(trusted, peer))
			return false;
	} while (list.len);
	return true;
}

void hws_forwarded_peer(struct hws_bytes head, const struct hws_cidr_list *trusted,
		struct sockaddr_storage *peer)
{
	const size_t name_len = sizeof(name) - 1;
	struct hws_bytes line;
	size_t end = head.len;

	if (!trusted->count || !hws_cidr_list_match(trusted, peer))
		return;
	while (line_before(head, &end, &line)) {
		if (line.len < name_len || strncasecmp((const char *)line.ptr, name, name_len) != 0)
			continue;
		line = hws_bytes(line.ptr + name_len, line.len - name_len);
		if (!follow(line, trusted, peer))
			return;
	}
}
