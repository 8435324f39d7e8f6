/* The ID server's key vouches for a text, the question of now for its moment. What is kept was
 * proven when it came: from the own folder it needs no question. */
#include "client/host/managed.h"
#include "client/host/state_file.h"
#include "client/reach/server_list.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/crypto/base64.h"
#include "shared/crypto/identity.h"
#include "shared/sys/private_file.h"
#include <limits.h>
#include <string.h>

#define SIGNATURE_TEXT HWS_BASE64_TEXT(HWS_SIG_LEN)
#define FILE_MAX (SIGNATURE_TEXT + HWS_STRATEGY_TEXT_MAX + 2)

#define NO_KEY "this host has no 'key': set it to that of the ID server, which signs strategies"
#define NOT_SIGNED                                                                                 \
	"it is not signed: the API server needs 'rendezvous-control', the socket of the ID "       \
	"server that signs"
#define FOREIGN "it is not signed by the server whose 'key' this host has"
#define NO_STRATEGY "what is signed is no strategy"
#define NOT_MINE "it is for another ID"
#define OLD "it answers no question of now: one of before, that somebody says again"

/* --- who vouches ------------------------------------------------------------------------------ */

static int signed_text(struct hws_bytes text, struct hws_buf *ret)
{
	hws_buf_init(ret, sizeof(HWS_STRATEGY_CONTEXT) + HWS_STRATEGY_TEXT_MAX);
	hws_buf_put(ret, HWS_STRATEGY_CONTEXT, sizeof(HWS_STRATEGY_CONTEXT)); /* with its NUL */
	hws_buf_put(ret, text.ptr, text.len);
	return hws_buf_err(ret);
}

/* Of several servers each: the API server belongs to one of them. NULL: it is right. */
static const char *check_signature(
		const struct hws_settings *s, struct hws_bytes text, struct hws_bytes signature)
{
	struct hws_server_list list;
	const char *why = NO_KEY;
	uint8_t pk[HWS_PK_LEN];
	struct hws_buf all;

	if (hws_server_list_parse(s->server, s->key, &list, NULL) < 0)
		return NO_KEY;
	if (signed_text(text, &all) < 0)
		list.count = 0;
	for (size_t i = 0; i < list.count && why; i++) {
		if (hws_key_parse(list.entry[i].key, pk) < 0)
			continue;
		why = !signature.len ? NOT_SIGNED : FOREIGN;
		if (signature.len && hws_verify(pk, hws_buf_bytes(&all), signature) == HWS_OK)
			why = NULL;
	}
	hws_buf_done(&all);
	return why;
}

/* NULL: *ret is a strategy for this host, whenever it was signed. */
static const char *prove(const struct hws_settings *s, const char *id, struct hws_bytes text,
		struct hws_bytes signature, struct hws_strategy *ret)
{
	const char *why = check_signature(s, text, signature);

	if (why)
		return why;
	if (hws_strategy_read(text, ret) < 0)
		return NO_STRATEGY;
	if (hws_str_equal(ret->id, id))
		return NULL;
	hws_strategy_done(ret);
	return NOT_MINE;
}

/* --- what is kept ----------------------------------------------------------------------------- */

static int path_of(const struct hws_managed *m, char *buf, size_t size)
{
	if (!*m->dir) /* too long: nothing of it is kept, least of all elsewhere */
		return HWS_ERR_TOOBIG;
	return hws_fmt(buf, size, "%s/%s", m->dir, HWS_STRATEGY_FILE);
}

static int write_kept(const char *path, struct hws_bytes text, struct hws_bytes signature,
		struct hws_error *err)
{
	char sig[SIGNATURE_TEXT];
	struct hws_buf file;
	int r = hws_base64_encode(signature, sig, sizeof(sig));

	hws_buf_init(&file, FILE_MAX);
	if (r == HWS_OK) {
		hws_buf_fmt(&file, "%s\n", sig);
		hws_buf_put(&file, text.ptr, text.len);
		hws_buf_put_u8(&file, 0);
		r = hws_buf_err(&file);
	}
	if (r < 0)
		hws_error_set(err, r, "out of memory");
	else
		r = hws_state_write(path, (const char *)hws_buf_bytes(&file).ptr, err);
	hws_buf_done(&file);
	return r;
}

/* Where it cannot be written it holds all the same, until the host ends. */
static void keep(const struct hws_managed *m, struct hws_bytes text, struct hws_bytes signature)
{
	struct hws_error err = { 0 };
	char path[PATH_MAX];
	int r = path_of(m, path, sizeof(path));

	if (r < 0)
		hws_error_set(&err, r, "the name of the state folder is too long");
	else if (m->now.number)
		r = write_kept(path, text, signature, &err);
	else
		r = hws_private_file_remove(path, &err);
	if (r < 0)
		hws_error_log("strategy.not_kept", HWS_STR("why", err.text));
}

static const char *prove_kept(
		const struct hws_settings *s, const char *id, char *file, struct hws_strategy *ret)
{
	char *end = strchr(file, '\n');
	uint8_t sig[HWS_SIG_LEN];

	if (!end || hws_base64_decode(hws_bytes(file, (size_t)(end - file)), sig, sizeof(sig)) < 0)
		return "it is not as it was written";
	return prove(s, id, hws_bytes_str(end + 1), hws_bytes(sig, sizeof(sig)), ret);
}

static void draw(struct hws_managed *m)
{
	uint8_t raw[(HWS_STRATEGY_NONCE_TEXT - 1) / 2];

	hws_rand_bytes(raw, sizeof(raw));
	if (hws_hex_encode(hws_bytes(raw, sizeof(raw)), m->nonce, sizeof(m->nonce)) < 0)
		m->nonce[0] = '\0'; /* it fits */
}

void hws_managed_ask(struct hws_managed *m)
{
	memcpy(m->before, m->nonce, sizeof(m->before));
	draw(m);
}

void hws_managed_load(struct hws_managed *m, const struct hws_settings *s, const char *dir,
		const char *id)
{
	char path[PATH_MAX], *file = hws_alloc(FILE_MAX);
	struct hws_error err = { 0 };
	const char *why = NULL;
	int r = hws_str_copy(m->dir, sizeof(m->dir), dir);

	draw(m);
	/* without a server nobody could take it away again */
	if (r == HWS_OK && *s->api_server && file && path_of(m, path, sizeof(path)) == HWS_OK) {
		r = hws_state_read(path, file, FILE_MAX, &err);
		why = r == HWS_OK                       ? prove_kept(s, id, file, &m->now)
				: r == HWS_ERR_NOTFOUND ? NULL
							: err.text;
		if (why)
			hws_warn("strategy.kept_refused", HWS_STR("file", path),
					HWS_STR("why", why));
	}
	hws_free(file);
}

/* --- what comes ------------------------------------------------------------------------------- */

/* The server says it again every few seconds; who is on the way could say now this, now that. */
static int refuse(struct hws_managed *m, const char *why)
{
	size_t i = 0;

	while (i < HWS_COUNT(m->told) && m->told[i] && !hws_str_equal(m->told[i], why))
		i++;
	if (i < HWS_COUNT(m->told) && !m->told[i]) {
		m->told[i] = why;
		hws_warn("strategy.refused", HWS_STR("why", why));
	}
	m->refusal = why;
	return HWS_ERR_DENIED;
}

static void taken(struct hws_managed *m)
{
	m->refusal = NULL;
	memset(m->told, 0, sizeof(m->told));
}

int hws_managed_take(struct hws_managed *m, const struct hws_settings *s, const char *id,
		struct hws_bytes text, struct hws_bytes signature)
{
	struct hws_strategy fresh = { 0 };
	const char *why;
	bool mine, crossed;

	if (!*hws_managed_nonce(m, s))
		return HWS_ERR_DENIED;
	why = prove(s, id, text, signature, &fresh);
	if (why)
		return refuse(m, why);
	mine = hws_str_equal(fresh.nonce, m->nonce);
	if (mine)
		draw(m);
	crossed = !mine && *m->before && hws_str_equal(fresh.nonce, m->before);
	if (!mine || hws_strategy_same(&fresh, &m->now)) {
		hws_strategy_done(&fresh);
		if (!mine && !crossed)
			return refuse(m, OLD);
		if (mine)
			taken(m);
		return HWS_ERR_EXISTS;
	}
	taken(m);
	hws_strategy_done(&m->now);
	m->now = fresh;
	keep(m, text, signature);
	return HWS_OK;
}

void hws_managed_log(const struct hws_managed *m)
{
	char set[600] = "";
	size_t len = 0;

	if (!m->now.number) {
		hws_info("strategy.gone");
		return;
	}
	for (unsigned i = 0; i < HWS_STRATEGY_ROWS; i++) {
		if (!m->over.own[i] ||
				hws_fmt(set + len, sizeof(set) - len, "%s%s=%s", len ? ", " : "",
						hws_strategy_setting(i), m->now.value[i]) < 0)
			continue;
		len = strlen(set);
	}
	hws_info("strategy.applied", HWS_I64("number", m->now.number), HWS_STR("set", set),
			HWS_STR("stays", m->over.stays), HWS_STR("others", m->now.others));
}

int64_t hws_managed_number(const struct hws_managed *m, const struct hws_settings *s)
{
	return s->strategies == HWS_STRATEGIES_OFF ? 0 : m->now.number;
}

const char *hws_managed_nonce(const struct hws_managed *m, const struct hws_settings *s)
{
	return s->strategies == HWS_STRATEGIES_OFF ? "" : m->nonce;
}

bool hws_managed_has(const struct hws_managed *m, const char *setting)
{
	for (unsigned i = 0; i < HWS_STRATEGY_ROWS; i++)
		if (m->over.own[i] && hws_str_equal(hws_strategy_setting(i), setting))
			return true;
	return false;
}

void hws_managed_done(struct hws_managed *m)
{
	hws_strategy_done(&m->now);
	hws_strategy_over_done(&m->over);
}
