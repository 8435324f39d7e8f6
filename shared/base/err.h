/* base/err: one list of error codes for the whole tree.
 * Functions return 0 (HWS_OK) or a negative code. The class drives the reaction: SELF (our fault or
 * resources: log, go on), PEER (close that link), NET (retry with back-off), USER (show it). */
#pragma once
#include "shared/base/macros.h"

enum hws_err_class {
	HWS_CLASS_NONE,
	HWS_CLASS_SELF,
	HWS_CLASS_PEER,
	HWS_CLASS_NET,
	HWS_CLASS_USER
};

/* X(name, number, class, text) */
#define HWS_ERR_LIST(X)                                                                            \
	X(OK, 0, NONE, "success")                                                                  \
	X(ERR_SHORT, -1, NONE, "more input is needed")                                             \
	X(ERR_AGAIN, -2, NONE, "would block, try again later")                                     \
	X(ERR_EOF, -3, NET, "the other side closed the connection")                                \
	X(ERR_NOMEM, -4, SELF, "out of memory")                                                    \
	X(ERR_SYS, -5, SELF, "system error")                                                       \
	X(ERR_INVAL, -6, USER, "invalid value")                                                    \
	X(ERR_RANGE, -7, USER, "value out of range")                                               \
	X(ERR_TOOBIG, -8, PEER, "too big")                                                         \
	X(ERR_FULL, -9, SELF, "a queue or table is full")                                          \
	X(ERR_PROTO, -10, PEER, "protocol error")                                                  \
	X(ERR_CRYPTO, -11, PEER, "decryption or signature check failed")                           \
	X(ERR_DENIED, -12, PEER, "not permitted")                                                  \
	X(ERR_TIMEOUT, -13, NET, "timed out")                                                      \
	X(ERR_REFUSED, -14, NET, "connection refused")                                             \
	X(ERR_UNREACHABLE, -15, NET, "network or host unreachable")                                \
	X(ERR_RESET, -16, NET, "connection reset by the other side")                               \
	X(ERR_RESOLVE, -17, NET, "host name could not be resolved")                                \
	X(ERR_NOTFOUND, -18, USER, "not found")                                                    \
	X(ERR_EXISTS, -19, USER, "already exists")                                                 \
	X(ERR_BUSY, -20, USER, "in use")                                                           \
	X(ERR_PERM, -21, USER, "file permissions are wrong or insufficient")                       \
	X(ERR_CORRUPT, -22, USER, "damaged or not in the expected format")                         \
	X(ERR_UNSUPPORTED, -23, USER, "not supported")                                             \
	X(ERR_CANCELED, -24, NONE, "canceled")                                                     \
	X(ERR_CLOSED, -25, NONE, "already closed")                                                 \
	X(ERR_OFFLINE, -26, USER, "the peer is offline")                                           \
	X(ERR_KEY, -27, USER, "the server key does not match")                                     \
	X(ERR_PASSWORD, -28, USER, "wrong password")                                               \
	X(ERR_INSECURE, -29, USER, "the connection would not be encrypted")                        \
	X(ERR_DISK, -30, SELF, "the disk is full or cannot be written")                            \
	X(ERR_DISPLAY, -31, USER, "no usable display")                                             \
	X(ERR_STORE, -32, SELF, "the database failed")                                             \
	X(ERR_PORTAL, -33, NET, "this network asks for a sign-in first (captive portal)")

enum hws_err {
#define X(name, number, class, text) HWS_##name = (number),
	HWS_ERR_LIST(X)
#undef X
};

/* English sentence part for a code ("timed out"); never NULL. */
const char *hws_err_text(int err);
/* Stable lower-case token for logs and JSON ("timeout", "refused"); never NULL. */
const char *hws_err_name(int err);
enum hws_err_class hws_err_class(int err);
/* Maps an errno value to the closest code (ECONNREFUSED -> HWS_ERR_REFUSED, ENOSPC -> HWS_ERR_DISK,
 * EAGAIN -> HWS_ERR_AGAIN ...); HWS_ERR_SYS when there is none, errno then holds the cause. */
int hws_err_from_errno(int errnum);

/* At edges (API, config, storage, CLI): a code, its errno and a whole sentence for a person that
 * says what failed and what to do. */
struct hws_error {
	int code;
	int sys; /* errno, 0 if none */
	char text[400];
};

/* Fills `err` if it is not NULL (truncates the text); returns `code` so that it can end a
 * function. */
int hws_error_set(struct hws_error *err, int code, const char *fmt, ...) HWS_PRINTF(3, 4);
