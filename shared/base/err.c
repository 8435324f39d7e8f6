/* What the codes are called: texts for people, names for logs and scripts, and the errno each
 * stands for. */
#include "shared/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

struct entry {
	const char *text;
	enum hws_err_class class;
};

static const struct entry entries[] = {
#define X(name, number, class, text) [-(number)] = { text, HWS_CLASS_##class },
	HWS_ERR_LIST(X)
#undef X
};

/* Tokens are an interface of their own (operators match on them): written out, never derived. */
static const char *const names[] = {
	[0] = "ok",
	[-HWS_ERR_SHORT] = "short",
	[-HWS_ERR_AGAIN] = "again",
	[-HWS_ERR_EOF] = "eof",
	[-HWS_ERR_NOMEM] = "nomem",
	[-HWS_ERR_SYS] = "sys",
	[-HWS_ERR_INVAL] = "inval",
	[-HWS_ERR_RANGE] = "range",
	[-HWS_ERR_TOOBIG] = "toobig",
	[-HWS_ERR_FULL] = "full",
	[-HWS_ERR_PROTO] = "proto",
	[-HWS_ERR_CRYPTO] = "crypto",
	[-HWS_ERR_DENIED] = "denied",
	[-HWS_ERR_TIMEOUT] = "timeout",
	[-HWS_ERR_REFUSED] = "refused",
	[-HWS_ERR_UNREACHABLE] = "unreachable",
	[-HWS_ERR_RESET] = "reset",
	[-HWS_ERR_RESOLVE] = "resolve",
	[-HWS_ERR_NOTFOUND] = "notfound",
	[-HWS_ERR_EXISTS] = "exists",
	[-HWS_ERR_BUSY] = "busy",
	[-HWS_ERR_PERM] = "perm",
	[-HWS_ERR_CORRUPT] = "corrupt",
	[-HWS_ERR_UNSUPPORTED] = "unsupported",
	[-HWS_ERR_CANCELED] = "canceled",
	[-HWS_ERR_CLOSED] = "closed",
	[-HWS_ERR_OFFLINE] = "offline",
	[-HWS_ERR_KEY] = "key",
	[-HWS_ERR_PASSWORD] = "password",
	[-HWS_ERR_INSECURE] = "insecure",
	[-HWS_ERR_DISK] = "disk",
	[-HWS_ERR_DISPLAY] = "display",
	[-HWS_ERR_STORE] = "store",
	[-HWS_ERR_PORTAL] = "portal",
};

static const struct entry *find(int err)
{
	if (err > 0 || err <= -(int)HWS_COUNT(entries))
		return NULL;
	return &entries[-err];
}

const char *hws_err_text(int err)
{
	const struct entry *e = find(err);

	return e && e->text ? e->text : "unknown error";
}

const char *hws_err_name(int err)
{
	if (err > 0 || err <= -(int)HWS_COUNT(names) || !names[-err])
		return "unknown";
	return names[-err];
}

enum hws_err_class hws_err_class(int err)
{
	const struct entry *e = find(err);

	return e ? e->class : HWS_CLASS_SELF;
}

int hws_err_from_errno(int errnum)
{
	static const struct {
		int errnum, err;
	} map[] = {
		{ 0, HWS_OK },
		{ EAGAIN, HWS_ERR_AGAIN },
		{ EINTR, HWS_ERR_AGAIN },
		{ EINPROGRESS, HWS_ERR_AGAIN },
		{ ENOMEM, HWS_ERR_NOMEM },
		{ ENOBUFS, HWS_ERR_NOMEM },
		{ EINVAL, HWS_ERR_INVAL },
		{ ERANGE, HWS_ERR_RANGE },
		{ EMSGSIZE, HWS_ERR_TOOBIG },
		{ EFBIG, HWS_ERR_TOOBIG },
		{ ENAMETOOLONG, HWS_ERR_TOOBIG },
		{ EMFILE, HWS_ERR_FULL },
		{ ENFILE, HWS_ERR_FULL },
		{ ETIMEDOUT, HWS_ERR_TIMEOUT },
		{ ECONNREFUSED, HWS_ERR_REFUSED },
		{ ENETUNREACH, HWS_ERR_UNREACHABLE },
		{ EHOSTUNREACH, HWS_ERR_UNREACHABLE },
		{ ENETDOWN, HWS_ERR_UNREACHABLE },
		{ EHOSTDOWN, HWS_ERR_UNREACHABLE },
		{ EADDRNOTAVAIL, HWS_ERR_UNREACHABLE },
		{ ECONNRESET, HWS_ERR_RESET },
		{ ECONNABORTED, HWS_ERR_RESET },
		{ EPIPE, HWS_ERR_RESET },
		{ ENOTCONN, HWS_ERR_CLOSED },
		{ EBADF, HWS_ERR_CLOSED },
		{ ENOENT, HWS_ERR_NOTFOUND },
		{ ENOTDIR, HWS_ERR_NOTFOUND },
		{ EEXIST, HWS_ERR_EXISTS },
		{ ENOTEMPTY, HWS_ERR_EXISTS },
		{ EADDRINUSE, HWS_ERR_BUSY },
		{ EBUSY, HWS_ERR_BUSY },
		{ ETXTBSY, HWS_ERR_BUSY },
		{ EACCES, HWS_ERR_PERM },
		{ EPERM, HWS_ERR_PERM },
		{ ELOOP, HWS_ERR_PERM },
		{ EILSEQ, HWS_ERR_CORRUPT },
		{ EBADMSG, HWS_ERR_CORRUPT },
		{ EOPNOTSUPP, HWS_ERR_UNSUPPORTED },
		{ ENOSYS, HWS_ERR_UNSUPPORTED },
		{ EAFNOSUPPORT, HWS_ERR_UNSUPPORTED },
		{ EPROTONOSUPPORT, HWS_ERR_UNSUPPORTED },
		{ ECANCELED, HWS_ERR_CANCELED },
		{ ENOSPC, HWS_ERR_DISK },
		{ EDQUOT, HWS_ERR_DISK },
		{ EROFS, HWS_ERR_DISK },
		{ EIO, HWS_ERR_DISK },
	};

	for (size_t i = 0; i < HWS_COUNT(map); i++) {
		if (map[i].errnum == errnum)
			return map[i].err;
	}
	errno = errnum;
	return HWS_ERR_SYS;
}

int hws_error_set(struct hws_error *err, int code, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (!err)
		return code;
	err->code = code;
	err->sys = code == HWS_ERR_SYS ? saved : 0;
	va_start(ap, fmt);
	if (vsnprintf(err->text, sizeof(err->text), fmt, ap) < 0)
		err->text[0] = 0;
	va_end(ap);
	errno = saved;
	return code;
}
