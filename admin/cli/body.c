/* One place turns what was typed into what the API takes, by the kind that the table gives an
 * option; names of things become their guids by asking. */
#include "admin/cli/body.h"
#include "admin/cli/secret.h"
#include "admin/cli/targets.h"
#include "admin/cli/when.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <string.h>

static int64_t now_ms(void)
{
	return (int64_t)(hws_wall_us() / HWS_US_PER_MS);
}

int adm_ref(struct adm_call *call, const char *noun, const char *word, char buf[40])
{
	buf[0] = 0;
	if (!*word || strcmp(word, "none") == 0)
		return ADM_DONE;
	return adm_target_guid(call, adm_thing_find(noun), word, buf);
}

static int wrong(struct adm_call *call, const struct adm_value *v, const char *what)
{
	hws_error_set(&call->err, HWS_ERR_INVAL, "--%s: %s, not '%s'", v->option->name, what,
			v->text);
	return ADM_USAGE;
}

static int add_word(const char *part, void *arg)
{
	return json_array_append_new(arg, json_string(part)) < 0 ? HWS_ERR_INVAL : HWS_OK;
}

/* "a=1,b=2" into an object that may have others already. A comma belongs to a value unless NAME=
 * follows it. */
static int add_pairs(json_t *o, const char *text)
{
	char name[128];

	while (*text) {
		const char *equals = strchr(text, '='), *end;

		if (!equals || equals == text || (size_t)(equals - text) >= sizeof(name))
			return HWS_ERR_INVAL;
		memcpy(name, text, (size_t)(equals - text));
		name[equals - text] = 0;
		for (end = strchr(equals, ','); end; end = strchr(end + 1, ',')) {
			const char *next = strpbrk(end + 1, ",=");

			if (next && *next == '=')
				break;
		}
		if (!end)
			end = equals + strlen(equals);
		json_object_set_new(o, hws_str_trim(name),
				json_stringn(equals + 1, (size_t)(end - equals - 1)));
		text = *end ? end + 1 : end;
	}
	return HWS_OK;
}

static int secret_value(struct adm_call *call, const struct adm_value *v, json_t **ret)
{
	char text[ADM_SECRET_TEXT];

	if (adm_secret_file(v->text, text, sizeof(text), &call->err) < 0)
		return ADM_USAGE;
	*ret = json_string(text);
	hws_wipe(text, sizeof(text));
	return ADM_DONE;
}

static int value_of(struct adm_call *call, const struct adm_value *v, json_t **ret)
{
	char guid[40];
	int64_t n = 0;
	uint64_t u;
	bool yes;
	int status;

	switch (v->option->kind) {
	case ADM_FLAG:
		*ret = json_true();
		break;
	case ADM_YES:
		if (hws_parse_bool(v->text, &yes) < 0)
			return wrong(call, v, "yes or no");
		*ret = json_boolean(yes);
		break;
	case ADM_NUMBER:
		if (hws_parse_u64(v->text, &u) < 0 || u > INT64_MAX)
			return wrong(call, v, "a number");
		*ret = json_integer((json_int_t)u);
		break;
	case ADM_DAYS:
		if (adm_days_parse(v->text, &n) < 0)
			return wrong(call, v, "a number of days (30d)");
		*ret = json_integer(n);
		break;
	case ADM_UNTIL:
	case ADM_SINCE:
		if (adm_when_parse(v->text, now_ms(), v->option->kind == ADM_SINCE, &n) < 0)
			return wrong(call, v, "a span (90d, 12h) or a date (2026-01-31)");
		*ret = json_integer(n);
		break;
	case ADM_REF:
		status = adm_ref(call, v->option->more, v->text, guid);
		if (status)
			return status;
		*ret = *guid ? json_string(guid) : json_null();
		break;
	case ADM_WORDS:
		*ret = json_array();
		if (hws_str_each(v->text, ',', add_word, *ret) < 0)
			return wrong(call, v, "a list with commas");
		break;
	case ADM_SECRET:
		return secret_value(call, v, ret);
	case ADM_PAIRS:
		*ret = json_object();
		if (add_pairs(*ret, v->text) < 0)
			return wrong(call, v, "NAME=VALUE");
		break;
	case ADM_TEXT:
	case ADM_CHOICE:
		*ret = json_string(v->text);
		if (!*ret)
			return wrong(call, v, "UTF-8");
		break;
	}
	return *ret ? ADM_DONE : ADM_FAILED;
}

static const char *member_of(const struct adm_option *o, char *buf, size_t size)
{
	if (o->member)
		return o->member;
	snprintf(buf, size, "%s", o->name);
	for (char *c = buf; *c; c++) {
		if (*c == '-')
			*c = '_';
	}
	return buf;
}

int adm_body_make(struct adm_call *call, json_t **ret)
{
	const char *constant = call->verb->body;
	json_t *o = constant ? json_loads(constant, 0, NULL) : json_object();
	char name[64];
	int status = o ? ADM_DONE : ADM_FAILED;

	for (size_t i = 0; i < call->n_values && status == ADM_DONE; i++) {
		const struct adm_value *v = &call->value[i];
		const char *member = member_of(v->option, name, sizeof(name));
		json_t *value = NULL, *before = json_object_get(o, member);

		if (v->option->goes != ADM_BODY)
			continue;
		status = value_of(call, v, &value);
		if (status == ADM_DONE && v->option->kind == ADM_PAIRS && json_is_object(before))
			json_object_update(before, value);
		else if (status == ADM_DONE)
			json_object_set(o, member, value);
		json_decref(value);
	}
	if (status)
		json_decref(o);
	else
		*ret = o;
	return status;
}

static int put_query(struct hws_buf *q, const char *name, const json_t *value)
{
	char number[32];

	if (json_is_string(value)) {
		adm_query_put(q, name, json_string_value(value));
	} else if (json_is_integer(value)) {
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
		adm_query_put(q, name, number);
	} else if (json_is_boolean(value)) {
		adm_query_put(q, name, json_is_true(value) ? "true" : "false");
	} else {
		return ADM_FAILED; /* nothing that a query can hold: a row of the table is wrong */
	}
	return hws_buf_err(q) ? ADM_USAGE : ADM_DONE;
}

int adm_query_make(struct adm_call *call, struct hws_buf *ret)
{
	char name[64];
	int status = ADM_DONE;

	hws_buf_init(ret, 2048);
	for (size_t i = 0; i < call->n_values && status == ADM_DONE; i++) {
		const struct adm_value *v = &call->value[i];
		json_t *value = NULL;

		if (v->option->goes != ADM_QUERY)
			continue;
		/* A filter that says nothing would leave everything. */
		if (!*v->text || strcmp(v->text, "none") == 0)
			status = wrong(call, v, "something to look for");
		else
			status = value_of(call, v, &value);
		if (status == ADM_DONE)
			status = put_query(ret, member_of(v->option, name, sizeof(name)), value);
		json_decref(value);
	}
	hws_buf_put_u8(ret, 0);
	if (status == ADM_DONE && hws_buf_err(ret)) {
		hws_error_set(&call->err, HWS_ERR_TOOBIG, "the filters are too long");
		status = ADM_USAGE;
	}
	if (status)
		hws_buf_done(ret);
	return status;
}
