/* One line each way. What stands in a member of another type is as if it were not there: a side
 * that errs is refused by what is missing then. */
#include "shared/daemon/policy_line.h"
#include "shared/base/str.h"
#include <jansson.h>
#include <stdlib.h>

#define PERMISSIONS_MAX ((1ll << 62) - 1)
#define SEEN_MAX (1ll << 40)

static const char *const says[HWS_POLICY_SAYS] = { "hello", "access", "device", "begin", "end" };

static json_t *read_line(struct hws_bytes line)
{
	json_t *o = NULL;

	if (line.len && line.len <= HWS_POLICY_LINE_MAX)
		o = json_loadb((const char *)line.ptr, line.len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(o))
		return o;
	json_decref(o);
	return NULL;
}

/* False: it is too long. */
static bool take_text(const json_t *o, const char *name, char *buf, size_t size)
{
	const char *s = json_string_value(json_object_get(o, name));

	buf[0] = '\0';
	return !s || hws_str_copy(buf, size, s) == HWS_OK;
}

/* False: it is negative or too great. */
static bool take_number(const json_t *o, const char *name, uint64_t max, uint64_t *ret)
{
	json_int_t n = json_integer_value(json_object_get(o, name)); /* 0: no number */

	*ret = n > 0 ? (uint64_t)n : 0;
	return n >= 0 && (uint64_t)n <= max;
}

/* Empties, then fills. */
static bool take_say(const json_t *o, struct hws_policy_say_line *ret)
{
	const char *what = json_string_value(json_object_get(o, "q"));
	uint64_t kind = 0;
	bool good = take_number(o, "n", INT64_MAX, &ret->number);

	ret->say = HWS_POLICY_SAYS;
	for (unsigned i = 0; what && i < HWS_POLICY_SAYS; i++) {
		if (hws_str_equal(says[i], what))
			ret->say = (enum hws_policy_say)i;
	}
	good &= ret->say != HWS_POLICY_SAYS;
	good &= take_number(o, "kind", UINT32_MAX, &kind);
	good &= take_number(o, "seen", SEEN_MAX, &ret->seen_s);
	ret->kind = (uint32_t)kind;
	ret->refused = json_is_true(json_object_get(o, "refused"));
	good &= take_text(o, "token", ret->token, sizeof(ret->token));
	good &= take_text(o, "id", ret->id, sizeof(ret->id));
	good &= take_text(o, "old", ret->old_id, sizeof(ret->old_id));
	good &= take_text(o, "address", ret->address, sizeof(ret->address));
	good &= take_text(o, "switch", ret->switch_code, sizeof(ret->switch_code));
	good &= take_text(o, "uuid", ret->uuid, sizeof(ret->uuid));
	good &= take_text(o, "key", ret->key, sizeof(ret->key));
	good &= take_text(o, "node", ret->node, sizeof(ret->node));
	return good;
}

int hws_policy_say_parse(struct hws_bytes line, struct hws_policy_say_line *ret)
{
	json_t *o = read_line(line);
	bool good;

	*ret = (struct hws_policy_say_line){ 0 };
	good = o && take_say(o, ret);
	json_decref(o);
	if (!good)
		return HWS_ERR_PROTO;
	switch (ret->say) {
	case HWS_POLICY_ACCESS:
		return ret->number && *ret->id ? HWS_OK : HWS_ERR_PROTO;
	case HWS_POLICY_DEVICE:
		return *ret->id && *ret->uuid ? HWS_OK : HWS_ERR_PROTO;
	case HWS_POLICY_BEGIN:
	case HWS_POLICY_END:
		return ret->number ? HWS_OK : HWS_ERR_PROTO;
	case HWS_POLICY_HELLO:
	case HWS_POLICY_SAYS:
		break;
	}
	return HWS_OK;
}

static bool take_answer(const json_t *o, struct hws_policy_answer *ret)
{
	const json_t *allow = json_object_get(o, "allow");
	uint64_t hold = 0;
	bool good = take_number(o, "n", INT64_MAX, &ret->number) && ret->number;

	ret->word = json_is_true(allow)        ? HWS_POLICY_ALLOW
			: json_is_false(allow) ? HWS_POLICY_REFUSE
					       : HWS_POLICY_UNDECIDED;
	good &= take_number(o, "perms", PERMISSIONS_MAX, &ret->permissions);
	good &= take_number(o, "hold", HWS_POLICY_HOLD_MAX_S, &hold);
	ret->hold_s = (uint32_t)hold;
	ret->feedback = json_is_true(json_object_get(o, "feedback"));
	good &= take_text(o, "ref", ret->ref, sizeof(ret->ref));
	good &= take_text(o, "text", ret->text, sizeof(ret->text));
	return good;
}

int hws_policy_answer_parse(struct hws_bytes line, struct hws_policy_answer *ret)
{
	json_t *o = read_line(line);
	bool good;

	*ret = (struct hws_policy_answer){ 0 };
	good = o && take_answer(o, ret);
	json_decref(o);
	return good ? HWS_OK : HWS_ERR_PROTO;
}

/* Takes `o`, NULL: without memory. */
static int put_line(json_t *o, struct hws_buf *out)
{
	char *text = o ? json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	size_t n = text ? strlen(text) : 0;
	uint8_t *at = NULL;
	int r = HWS_ERR_NOMEM;

	json_decref(o);
	if (n > HWS_POLICY_LINE_MAX || (text && hws_buf_len(out) + n + 1 > out->max))
		r = HWS_ERR_TOOBIG;
	else if (text)
		at = hws_buf_reserve(out, n + 1);
	if (at) {
		/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): a line ends otherwise */
		memcpy(at, text, n);
		at[n] = '\n';
		hws_buf_commit(out, n + 1);
		r = HWS_OK;
	}
	free(text);
	return r;
}

static bool put_text(json_t *o, const char *name, const char *value)
{
	return !*value || json_object_set_new(o, name, json_string(value)) == 0;
}

int hws_policy_say_put(const struct hws_policy_say_line *say, struct hws_buf *out)
{
	json_t *o = json_pack("{s:s,s:I}", "q", says[say->say], "n", (json_int_t)say->number);
	bool good = o != NULL;

	good = good && (!say->kind || json_object_set_new(o, "kind", json_integer(say->kind)) == 0);
	good = good &&
			(!say->seen_s ||
					json_object_set_new(o, "seen",
							json_integer((json_int_t)say->seen_s)) ==
							0);
	good = good && (!say->refused || json_object_set_new(o, "refused", json_true()) == 0);
	good = good && put_text(o, "token", say->token) && put_text(o, "id", say->id);
	good = good && put_text(o, "old", say->old_id) && put_text(o, "address", say->address);
	good = good && put_text(o, "switch", say->switch_code);
	good = good && put_text(o, "uuid", say->uuid) && put_text(o, "key", say->key);
	good = good && put_text(o, "node", say->node);
	if (good)
		return put_line(o, out);
	json_decref(o);
	return HWS_ERR_NOMEM;
}

int hws_policy_answer_put(const struct hws_policy_answer *a, struct hws_buf *out)
{
	json_t *o = json_pack("{s:I}", "n", (json_int_t)a->number);
	bool good = o != NULL;

	if (good && a->word != HWS_POLICY_UNDECIDED)
		good = json_object_set_new(o, "allow", json_boolean(a->word == HWS_POLICY_ALLOW)) ==
				0;
	if (good && a->word == HWS_POLICY_ALLOW)
		good = json_object_set_new(o, "perms", json_integer((json_int_t)a->permissions)) ==
						0 &&
				json_object_set_new(o, "hold", json_integer(a->hold_s)) == 0 &&
				json_object_set_new(o, "feedback", json_boolean(a->feedback)) == 0;
	good = good && put_text(o, "ref", a->ref) && put_text(o, "text", a->text);
	if (good)
		return put_line(o, out);
	json_decref(o);
	return HWS_ERR_NOMEM;
}
