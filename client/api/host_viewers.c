/* Who is let in to this machine, and what the person at it gives and takes. What a host says is
 * believed within bounds: so many viewers, texts of such lengths. */
#include "client/api/handle.h"
#include "client/api/host_ask.h"
#include "client/services/chat/chat_host.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <hawser/host.h>
#include <string.h>

#define VIEWERS_MAX 64u
#define TEXT_MAX 132u

/* By the names of the control socket. */
static const struct {
	const char *name;
	enum hawser_permission permission;
} permissions[] = {
	{ "keyboard", HAWSER_PERMISSION_KEYBOARD },
	{ "clipboard", HAWSER_PERMISSION_CLIPBOARD },
	{ "audio", HAWSER_PERMISSION_AUDIO },
	{ "file", HAWSER_PERMISSION_FILE },
	{ "restart", HAWSER_PERMISSION_RESTART },
	{ "recording", HAWSER_PERMISSION_RECORDING },
	{ "block_input", HAWSER_PERMISSION_BLOCK_INPUT },
	{ "privacy_mode", HAWSER_PERMISSION_PRIVACY_MODE },
};

/* A viewer with its texts; the first member is what the embedder steps through. */
struct entry {
	struct hawser_host_viewer v;
	char text[6][TEXT_MAX];
};

/* Strangers chose some of them. */
static const char *take_text(struct entry *e, size_t at, const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return hws_str_escape(e->text[at], TEXT_MAX, hws_bytes_str(text ? text : ""));
}

static uint32_t bits_of(const json_t *set)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < HWS_COUNT(permissions); i++)
		if (json_is_true(json_object_get(set, permissions[i].name)))
			bits |= 1u << permissions[i].permission;
	return bits;
}

/* Also when it has gone meanwhile: then it may nothing. */
static uint32_t ask_permitted(uint64_t conn)
{
	json_t *answer = NULL;
	uint32_t bits = 0;

	if (api_host_ask(json_pack("{s:s,s:I,s:{}}", "cmd", "permit", "conn", (json_int_t)conn,
					 "set"),
			    &answer) == HAWSER_OK)
		bits = bits_of(json_object_get(answer, "permissions"));
	json_decref(answer);
	return bits;
}

/* Takes nothing but the end, for the beginning is a name that a stranger chose. */
static bool says(const char *text, const char *what, uint64_t conn)
{
	char end[64];
	size_t length = strlen(text), n;

	if (hws_fmt(end, sizeof(end), " %s, connection %llu", what, (unsigned long long)conn) < 0)
		return false;
	n = strlen(end);
	return length >= n && hws_str_equal(text + length - n, end);
}

static int tell(const char *service, uint64_t conn, const char *word, json_t **ret)
{
	return api_host_ask(json_pack("{s:s,s:s,s:I,s:s}", "cmd", "tell", "service", service,
					    "conn", (json_int_t)conn, "text", word),
			ret);
}

/* A stranger's words, made readable by the host. */
static const char *ask_said(struct entry *e)
{
	json_t *answer = NULL;

	e->v.said = "";
	if (tell("chat", e->v.conn, HWS_CHAT_LAST, &answer) == HAWSER_OK)
		e->v.said = take_text(e, 5, answer, "text");
	json_decref(answer);
	return e->v.said;
}

/* A host says so by a refusal when there is no call. */
static enum hawser_call ask_call(const struct hawser_host_viewer *v)
{
	enum hawser_call call = HAWSER_CALL_NONE;
	json_t *answer = NULL;
	const char *text;

	if (!hws_str_equal(v->kind, "remote") && !hws_str_equal(v->kind, "camera"))
		return call;
	if (tell("sound", v->conn, "status", &answer) == HAWSER_OK &&
			(text = json_string_value(json_object_get(answer, "text"))))
		call = says(text, "rings", v->conn)                   ? HAWSER_CALL_RINGS
				: says(text, "is in a call", v->conn) ? HAWSER_CALL_ACTIVE
								      : call;
	json_decref(answer);
	return call;
}

static void take_entry(struct entry *e, const json_t *s)
{
	json_int_t seconds = json_integer_value(json_object_get(s, "seconds"));

	e->v.size = sizeof(*e);
	e->v.conn = (uint64_t)json_integer_value(json_object_get(s, "conn"));
	e->v.id = take_text(e, 0, s, "id");
	e->v.name = take_text(e, 1, s, "name");
	e->v.peer = take_text(e, 2, s, "peer");
	e->v.kind = take_text(e, 3, s, "kind");
	e->v.protection = take_text(e, 4, s, "protection");
	e->v.seconds = seconds > 0 ? (uint64_t)seconds : 0;
	e->v.permitted = ask_permitted(e->v.conn);
	e->v.call = ask_call(&e->v);
	e->v.said = ask_said(e);
}

int hawser_host_viewers(struct hawser_host_viewer **ret, size_t *ret_count)
{
	json_t *answer = NULL, *sessions, *s;
	int r = api_host_ask(json_pack("{s:s}", "cmd", "status"), &answer);
	struct entry *list;
	size_t i, n = 0;

	if (r < 0)
		return r;
	sessions = json_object_get(answer, "sessions");
	list = hws_alloc_array(HWS_MIN(json_array_size(sessions), VIEWERS_MAX) + 1, sizeof(*list));
	if (!list) {
		json_decref(answer);
		return api_fail(HAWSER_ERR_NOMEM, "out of memory");
	}
	json_array_foreach (sessions, i, s) {
		const char *state = json_string_value(json_object_get(s, "state"));
		if (n < VIEWERS_MAX && state && hws_str_equal(state, "open"))
			take_entry(&list[n++], s);
	}
	json_decref(answer);
	*ret = &list->v;
	*ret_count = n;
	return HAWSER_OK;
}

void hawser_host_viewers_free(struct hawser_host_viewer *list)
{
	hws_free(list);
}

int hawser_host_permit(uint64_t conn, enum hawser_permission permission, bool on)
{
	json_t *answer = NULL;
	size_t i = 0;
	int r;

	while (i < HWS_COUNT(permissions) && permissions[i].permission != permission)
		i++;
	if (i == HWS_COUNT(permissions) || !conn || conn > INT64_MAX)
		return api_fail(HAWSER_ERR_RANGE, "there is no such permission or session");
	r = api_host_ask(json_pack("{s:s,s:I,s:{s:b}}", "cmd", "permit", "conn", (json_int_t)conn,
					 "set", permissions[i].name, (int)on),
			&answer);
	json_decref(answer);
	return r;
}

int hawser_host_call(uint64_t conn, enum hawser_host_answer what)
{
	static const char *const words[] = { [HAWSER_HOST_CALL_ACCEPT] = "accept",
		[HAWSER_HOST_CALL_REJECT] = "reject",
		[HAWSER_HOST_CALL_END] = "end" };
	json_t *answer = NULL;
	int r;

	if (!conn || conn > INT64_MAX || (unsigned)what >= HWS_COUNT(words))
		return api_fail(HAWSER_ERR_RANGE, "there is no such session or answer");
	r = tell("sound", conn, words[what], &answer);
	json_decref(answer);
	return r;
}

int hawser_host_send_away(uint64_t conn)
{
	json_t *answer = NULL;
	int r;

	if (!conn || conn > INT64_MAX) /* 0 stands for all of them */
		return api_fail(HAWSER_ERR_RANGE, "there is no such session");
	r = api_host_ask(json_pack("{s:s,s:I}", "cmd", "kick", "conn", (json_int_t)conn), &answer);
	json_decref(answer);
	return r;
}
