/* One line of keys with blanks between, the newest first. Earlier versions kept one key there: a
 * line of one. */
#include "client/host/proven_servers.h"
#include "client/host/state_file.h"
#include "client/reach/server_list.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include <limits.h>
#include <string.h>

#define FILE_NAME "proving_server"
#define LINE_MAX_BYTES (HWS_SERVERS_MAX * HWS_KEY_TEXT)

static int path_in(const char *dir, char *buf, size_t size)
{
	return hws_fmt(buf, size, "%s/%s", dir, FILE_NAME);
}

/* The line, "" if there is none (yet). */
static void read_line(const char *dir, char line[LINE_MAX_BYTES + 2])
{
	struct hws_error err = { 0 };
	char path[PATH_MAX];
	int r = path_in(dir, path, sizeof(path));

	line[0] = '\0';
	if (r == HWS_OK)
		r = hws_state_read(path, line, LINE_MAX_BYTES + 2, &err);
	if (r < 0)
		line[0] = '\0';
	if (r < 0 && r != HWS_ERR_NOTFOUND)
		hws_warn("server.proof_unknown", HWS_STR("why", err.text));
}

struct look {
	const char *key;
	bool found;
	char *line; /* of hws_proven_servers_add: what stands so far */
	unsigned count;
};

static int look_at(const char *part, void *arg)
{
	struct look *l = arg;

	l->found = l->found || hws_str_equal(part, l->key);
	return HWS_OK;
}

bool hws_proven_servers_has(const char *dir, const uint8_t server_pk[HWS_PK_LEN])
{
	char line[LINE_MAX_BYTES + 2], key[HWS_KEY_TEXT];
	struct look l = { .key = hws_key_text(server_pk, key) };

	read_line(dir, line);
	return hws_str_each(line, ' ', look_at, &l) == HWS_OK && l.found;
}

static int append_other(const char *part, void *arg)
{
	struct look *l = arg;
	size_t len = strlen(l->line);

	if (hws_str_equal(part, l->key) || l->count == HWS_SERVERS_MAX)
		return HWS_OK;
	l->count++;
	return hws_fmt(l->line + len, LINE_MAX_BYTES + 1 - len, " %s", part);
}

int hws_proven_servers_add(
		const char *dir, const uint8_t server_pk[HWS_PK_LEN], struct hws_error *err)
{
	char old[LINE_MAX_BYTES + 2], line[LINE_MAX_BYTES + 1], key[HWS_KEY_TEXT], path[PATH_MAX];
	struct look l = { .key = hws_key_text(server_pk, key), .line = line, .count = 1 };
	int r = path_in(dir, path, sizeof(path));

	read_line(dir, old);
	if (r == HWS_OK)
		r = hws_str_copy(line, sizeof(line), key);
	if (r == HWS_OK)
		r = hws_str_each(old, ' ', append_other, &l);
	return r < 0 ? hws_error_set(err, r, "%s in %s is not as it was written", FILE_NAME, dir)
		     : hws_state_write(path, line, err);
}
