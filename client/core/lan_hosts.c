/* The list of hardware addresses and its JSON file. */
#include "client/core/lan_hosts.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <jansson.h>
#include <string.h>
#include <strings.h>

#define FILE_MAX (1u << 20) /* each host with the longest texts, all of it escaped */
#define MAC_TEXT 18

static bool parse_host(const json_t *o, struct hws_lan_host *h)
{
	const char *id = json_string_value(json_object_get(o, "id"));
	const char *name = json_string_value(json_object_get(o, "hostname"));
	const char *mac = json_string_value(json_object_get(o, "mac"));

	*h = (struct hws_lan_host){ 0 };
	if (!id || !mac || hws_str_copy(h->id, sizeof(h->id), id) < 0 ||
			hws_lan_mac_parse(mac, h->mac) < 0)
		return false;
	h->has_mac = true;
	if (name && hws_str_copy(h->hostname, sizeof(h->hostname), name) < 0)
		h->hostname[0] = 0;
	return true;
}

int hws_lan_hosts_parse(struct hws_lan_hosts *l, struct hws_bytes json)
{
	json_t *root = json_loadb((const char *)json.ptr, json.len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *list = json_object_get(root, "hosts");
	int r = json_is_array(list) ? HWS_OK : HWS_ERR_CORRUPT;

	l->count = 0;
	for (size_t i = 0; r == HWS_OK && i < json_array_size(list) && l->count < HWS_LAN_HOSTS_MAX;
			i++)
		if (parse_host(json_array_get(list, i), &l->host[l->count]))
			l->count++;
	json_decref(root);
	return r;
}

int hws_lan_hosts_load(struct hws_lan_hosts *l, const char *path, struct hws_error *err)
{
	struct hws_buf text;
	int r;

	l->count = 0;
	if (!*path)
		return HWS_OK;
	hws_buf_init(&text, FILE_MAX);
	r = hws_private_file_read(path, HWS_PRIVATE_OWN, &text, err);
	if (r == HWS_OK && hws_lan_hosts_parse(l, hws_buf_bytes(&text)) < 0)
		r = hws_error_set(err, HWS_ERR_CORRUPT,
				"%s is damaged; remove it: 'hawser discover' makes a new one",
				path);
	else if (r == HWS_ERR_NOTFOUND)
		r = HWS_OK;
	hws_buf_done(&text);
	return r;
}

int hws_lan_hosts_store(const struct hws_lan_hosts *l, const char *path, struct hws_error *err)
{
	json_t *list, *root;
	char mac[MAC_TEXT], *text;
	int r = HWS_ERR_NOMEM;

	if (!*path)
		return HWS_OK;
	list = json_array();
	for (unsigned i = 0; list && i < l->count; i++)
		json_array_append_new(list,
				json_pack("{s:s, s:s, s:s}", "id", l->host[i].id, "hostname",
						l->host[i].hostname, "mac",
						hws_lan_mac_text(
								l->host[i].mac, mac, sizeof(mac))));
	root = list ? json_pack("{s:o}", "hosts", list) : NULL;
	text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
	if (text)
		r = hws_private_file_write(path, hws_bytes_str(text), HWS_PRIVATE_FOLDERS, err);
	else
		hws_error_set(err, r, "out of memory");
	free(text);
	json_decref(root);
	return r;
}

void hws_lan_hosts_put(struct hws_lan_hosts *l, const struct hws_lan_host *h)
{
	unsigned i = 0;

	if (!h->has_mac || !*h->id)
		return;
	while (i < l->count &&
			!(hws_str_equal(l->host[i].id, h->id) &&
					!memcmp(l->host[i].mac, h->mac, HWS_LAN_MAC)))
		i++;
	if (i == l->count) {
		if (l->count < HWS_LAN_HOSTS_MAX)
			l->count++;
		else
			i--;
	}
	memmove(&l->host[1], &l->host[0], i * sizeof(*h));
	l->host[0] = *h;
}

unsigned hws_lan_hosts_find(const struct hws_lan_hosts *l, const char *name, unsigned from)
{
	for (unsigned i = from; i < l->count; i++)
		if (strcasecmp(l->host[i].id, name) == 0 ||
				(*name && strcasecmp(l->host[i].hostname, name) == 0))
			return i + 1;
	return 0;
}
