/* Several servers in one line of a configuration file. A key may stand beside its server, so that
 * nobody has to count; a list of keys of another length than that of the servers is an error, not a
 * guess. */
#include "client/reach/server_list.h"
#include "shared/base/str.h"
#include "shared/crypto/identity.h"
#include <string.h>
#include <strings.h>

#define BETWEEN ", \t\r\n"
#define KEY_MARK "?key="
#define PORT 21116

/* The next word of *text, which moves on; false: there is none. HWS_ERR_TOOBIG is a full `buf`. */
static bool next_word(const char **text, char *buf, size_t size, int *ret)
{
	size_t len;

	*text += strspn(*text, BETWEEN);
	len = strcspn(*text, BETWEEN);
	if (len == 0)
		return false;
	*ret = len < size ? HWS_OK : HWS_ERR_TOOBIG;
	if (*ret == HWS_OK) {
		memcpy(buf, *text, len);
		buf[len] = '\0';
	}
	*text += len;
	return true;
}

static bool is_same(const char *a, const char *b)
{
	struct hws_server_addr one, two;

	return hws_server_addr_parse(a, PORT, &one) == HWS_OK &&
			hws_server_addr_parse(b, PORT, &two) == HWS_OK && one.port == two.port &&
			one.ws == two.ws && one.tls == two.tls &&
			strcasecmp(one.host, two.host) == 0 && hws_str_equal(one.path, two.path);
}

static int add_server(struct hws_server_list *l, char *word, struct hws_error *err)
{
	struct hws_server_entry e = { 0 };
	struct hws_server_addr addr;
	char *mark = strstr(word, KEY_MARK);

	if (l->count == HWS_SERVERS_MAX)
		return hws_error_set(err, HWS_ERR_FULL, "more than %u servers", HWS_SERVERS_MAX);
	if (mark) {
		*mark = '\0';
		mark += strlen(KEY_MARK);
		if (!*mark || hws_str_copy(e.key, sizeof(e.key), mark) < 0)
			return hws_error_set(err, HWS_ERR_INVAL,
					"behind \"%.80s?key=\" stands no server key", word);
	}
	if (hws_server_addr_parse(word, PORT, &addr) < 0 ||
			hws_str_copy(e.text, sizeof(e.text), word) < 0)
		return hws_error_set(err, HWS_ERR_INVAL,
				"\"%.80s\" is not HOST, HOST:PORT or a ws:// or wss:// URL", word);
	for (size_t i = 0; i < l->count; i++) {
		if (is_same(l->entry[i].text, e.text))
			return hws_error_set(err, HWS_ERR_EXISTS, "\"%.80s\" is named twice", word);
	}
	l->entry[l->count++] = e;
	return HWS_OK;
}

static int add_servers(struct hws_server_list *l, const char *servers, struct hws_error *err)
{
	char word[HWS_SERVER_ADDR_TEXT + HWS_KEY_TEXT_MAX + 8];
	int r = HWS_OK;

	while (r == HWS_OK && next_word(&servers, word, sizeof(word), &r)) {
		if (r < 0)
			return hws_error_set(err, r, "the name of a server is too long");
		r = add_server(l, word, err);
	}
	return r;
}

static bool is_none(const char *key)
{
	return hws_str_equal(key, "-");
}

/* One key stands for all that have none of their own. */
static int add_keys(struct hws_server_list *l, const char *keys, struct hws_error *err)
{
	char key[HWS_SERVERS_MAX][HWS_KEY_TEXT_MAX + 1], more[2];
	size_t n = 0;
	int r = HWS_OK;

	while (n < HWS_SERVERS_MAX && next_word(&keys, key[n], sizeof(key[n]), &r)) {
		if (r < 0)
			return hws_error_set(err, HWS_ERR_INVAL,
					"a key is too long to be one: copy the text of the server's "
					"id_ed25519.pub");
		n++;
	}
	if (n > 1 && (n != l->count || next_word(&keys, more, sizeof(more), &r)))
		return hws_error_set(err, HWS_ERR_INVAL,
				"there are %zu keys for %zu servers: name one for each, in the same order, "
				"\"-\" for none, or write HOST?key=KEY",
				n, l->count);
	for (size_t i = 0; n > 0 && i < l->count; i++) {
		const char *k = key[n == 1 ? 0 : i];

		if (n > 1 && !is_none(k) && l->entry[i].key[0])
			return hws_error_set(err, HWS_ERR_INVAL, "there are two keys for \"%.80s\"",
					l->entry[i].text);
		if (!l->entry[i].key[0] && !is_none(k))
			memcpy(l->entry[i].key, k, sizeof(l->entry[i].key));
	}
	return HWS_OK;
}

int hws_server_list_parse(const char *servers, const char *keys, struct hws_server_list *ret,
		struct hws_error *err)
{
	struct hws_server_list l = { 0 };
	int r = add_servers(&l, servers, err);

	if (r == HWS_OK)
		r = add_keys(&l, keys, err);
	if (r == HWS_OK)
		*ret = l;
	return r;
}

int hws_server_list_check_keys(const struct hws_server_list *l, struct hws_error *err)
{
	uint8_t pk[HWS_PK_LEN];

	for (size_t i = 0; i < l->count; i++) {
		if (l->entry[i].key[0] && hws_key_parse(l->entry[i].key, pk) < 0)
			return hws_error_set(err, HWS_ERR_INVAL,
					"what stands for %.80s is not a server key: copy the text of the "
					"server's id_ed25519.pub",
					l->entry[i].text);
	}
	return HWS_OK;
}

bool hws_server_list_is(const char *servers)
{
	struct hws_server_list l;

	return hws_server_list_parse(servers, "", &l, NULL) == HWS_OK &&
			(l.count > 0 || !*servers) &&
			hws_server_list_check_keys(&l, NULL) == HWS_OK;
}

bool hws_server_list_are_keys(const char *keys)
{
	char key[HWS_KEY_TEXT_MAX + 1];
	uint8_t pk[HWS_PK_LEN];
	size_t n = 0;
	int r;

	while (next_word(&keys, key, sizeof(key), &r)) {
		if (r < 0 || ++n > HWS_SERVERS_MAX || (!is_none(key) && hws_key_parse(key, pk) < 0))
			return false;
	}
	return true;
}
