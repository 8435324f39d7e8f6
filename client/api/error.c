/* The public error numbers and their texts. They are part of the ABI; ours inside may change. */
#include "client/api/handle.h"
#include <stdarg.h>
#include <stdio.h>

/* The public numbers are ours; they may not drift apart. */
#define SAME(name) _Static_assert((int)HAWSER_##name == (int)HWS_##name, "public error code")
SAME(OK);
SAME(ERR_AGAIN);
SAME(ERR_EOF);
SAME(ERR_NOMEM);
SAME(ERR_SYS);
SAME(ERR_INVAL);
SAME(ERR_RANGE);
SAME(ERR_TOOBIG);
SAME(ERR_FULL);
SAME(ERR_PROTO);
SAME(ERR_CRYPTO);
SAME(ERR_DENIED);
SAME(ERR_TIMEOUT);
SAME(ERR_REFUSED);
SAME(ERR_UNREACHABLE);
SAME(ERR_RESET);
SAME(ERR_RESOLVE);
SAME(ERR_NOTFOUND);
SAME(ERR_EXISTS);
SAME(ERR_BUSY);
SAME(ERR_PERM);
SAME(ERR_CORRUPT);
SAME(ERR_UNSUPPORTED);
SAME(ERR_CANCELED);
SAME(ERR_CLOSED);
SAME(ERR_OFFLINE);
SAME(ERR_KEY);
SAME(ERR_PASSWORD);
SAME(ERR_INSECURE);
SAME(ERR_DISK);
SAME(ERR_DISPLAY);

static _Thread_local char last[sizeof(((struct hws_error *)0)->text)];

const char *hawser_last_error(void)
{
	return last;
}

int api_fail(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(last, sizeof(last), fmt, ap);
	va_end(ap);
	return code;
}

int api_fail_err(const struct hws_error *err)
{
	return api_fail(err->code, "%s", err->text[0] ? err->text : hws_err_text(err->code));
}

const char *hawser_strerror(int err)
{
	return hws_err_text(err);
}

const char *hawser_error_name(int err)
{
	return hws_err_name(err);
}

const char *hawser_version(void)
{
	return HAWSER_VERSION;
}

unsigned hawser_version_number(void)
{
	return HAWSER_VERSION_MAJOR * 1000000u + HAWSER_VERSION_MINOR * 1000u +
			HAWSER_VERSION_PATCH;
}
