/* hawser: the public API of libhawser, the viewer of a hawser or RustDesk host as a library.
 *
 * Threads. A context owns one internal thread which does all network work and never calls the
 * embedder. Events wait in a bounded queue and are delivered inside hawser_context_dispatch, on the
 * thread that calls it: add hawser_context_fd to your main loop (poll, epoll, GLib, Qt, libuv) and
 * call hawser_context_dispatch when it is readable. One context and its sessions belong to one
 * embedder thread, which need not be the main thread; only hawser_context_wake may be called from
 * another. Several contexts are independent of each other. The internal threads block all signals,
 * so that handlers run on the embedder's threads. A context does not survive fork().
 *
 * Ownership. Strings and structs passed in are copied. What an event points to is valid until the
 * callback returns. Callbacks may call every function of this library except hawser_context_free.
 *
 * Minimal embedder:
 *     hawser_context_new(NULL, &ctx);
 *     struct hawser_session_config c = HAWSER_SESSION_CONFIG_INIT;
 *     c.target = "192.0.2.7"; c.password = pw; c.on_event = on_event;
 *     hawser_session_open(ctx, &c, &session);
 *     while (!done) { poll on hawser_context_fd(ctx); hawser_context_dispatch(ctx); }
 *     hawser_session_close(session);
 *     hawser_context_free(ctx); */
#pragma once
#include <hawser/account.h>
#include <hawser/doctor.h>
#include <hawser/host.h>
#include <hawser/lan.h>
#include <hawser/session.h>
#include <hawser/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HAWSER_VERSION_MAJOR 0
#define HAWSER_VERSION_MINOR 1
#define HAWSER_VERSION_PATCH 0

/* "0.1.0": of the library that is running, not of the headers. */
const char *hawser_version(void);
/* The same as major * 1000000 + minor * 1000 + patch. */
unsigned hawser_version_number(void);
/* English sentence part for a code ("connection refused"); never NULL. */
const char *hawser_strerror(int err);
/* Stable lower-case token of a code for logs and scripts ("refused"); never NULL. */
const char *hawser_error_name(int err);

/* Codecs that may be wished for in this build: HAWSER_CODEC_AUTO, then each one that it decodes.
 * Fills at most `max` of `list` (NULL with 0) and returns how many there are. */
size_t hawser_codecs(enum hawser_codec *list, size_t max);
/* The word that command lines and the configuration have for it ("auto", "vp9"; "none" for a number
 * that is no codec) and what people call it ("VP9"; a dash for HAWSER_CODEC_AUTO). Never NULL. */
const char *hawser_codec_name(enum hawser_codec codec);
const char *hawser_codec_title(enum hawser_codec codec);

/* The word for scripts ("none", "v1", "v2") and the text for people. Never NULL. */
const char *hawser_encryption_name(enum hawser_encryption encryption);
const char *hawser_encryption_text(enum hawser_encryption encryption);
/* The same: "none", "first-contact", "pinned", "server". */
const char *hawser_trust_name(enum hawser_trust trust);
const char *hawser_trust_text(enum hawser_trust trust);

struct hawser_context_config {
	size_t size;
	/* The viewer's configuration file; NULL = $XDG_CONFIG_HOME/hawser/hawser.conf (or below
	 * ~/.config). A missing file is no error, a wrong one is. "" = read and store nothing. */
	const char *config_path;
	/* Take precedence over the file; NULL = as the file says. */
	const char *server; /* rendezvous server HOST[:PORT] */
	/* its public key, base64; without `server` also that of a server a target names */
	const char *key;
};
#define HAWSER_CONTEXT_CONFIG_INIT                                                                 \
	{                                                                                          \
		.size = sizeof(struct hawser_context_config)                                       \
	}

/* `config` may be NULL. On failure *ret is NULL and hawser_last_error says why. */
int hawser_context_new(const struct hawser_context_config *config, hawser_context **ret);
/* Closes the sessions that are still open (their handles become invalid) and joins the thread;
 * waits at most 0.3 s for goodbyes that hosts have not taken yet. Takes NULL. Not from a
 * callback. */
void hawser_context_free(hawser_context *ctx);
/* Readable while events wait. Owned by the context: do not read or close it. */
int hawser_context_fd(const hawser_context *ctx);
/* Delivers what waits, without blocking. Returns the number of events delivered. */
int hawser_context_dispatch(hawser_context *ctx);
/* Blocks up to timeout_ms (negative = for ever) for an event, then dispatches: a main loop for
 * programs that have none. Returns the number of events delivered. */
int hawser_context_wait(hawser_context *ctx, int timeout_ms);
/* From any thread: makes a hawser_context_wait return. */
void hawser_context_wake(hawser_context *ctx);
/* A whole sentence, with the remedy, about the last failed call of this thread that took a context,
 * a configuration or a file; "" if none. Valid until the next call. */
const char *hawser_last_error(void);

/* --- Configuration of the viewer (server, key, name shown to hosts, ...). --------------------- */

/* Value of one option as text; secrets come as "(set)" or "(not set)". HAWSER_ERR_NOTFOUND. */
int hawser_config_get(hawser_context *ctx, const char *name, char *buf, size_t size);
/* Checks, sets and writes the file (atomically, mode 0600). NULL or "" = back to the default. */
int hawser_config_set(hawser_context *ctx, const char *name, const char *value);
/* All of it as commented INI text; freed by hawser_string_free. */
int hawser_config_show(hawser_context *ctx, char **ret);
/* Where the file is. */
const char *hawser_config_path(const hawser_context *ctx);
/* The public key of this viewer's installation, base64: hosts of ours that let in known
 * viewers only (`viewer-keys`) are told it. Made when it is asked for first, in the folder of
 * the configuration. HAWSER_ERR_NOTFOUND: there is no such folder. */
#define HAWSER_KEY_TEXT 45
int hawser_viewer_key(hawser_context *ctx, char buf[HAWSER_KEY_TEXT]);
/* Its fingerprint, as the status and the log of hosts show it: groups of four hex digits. */
#define HAWSER_FINGERPRINT_TEXT 80
int hawser_viewer_fingerprint(hawser_context *ctx, char buf[HAWSER_FINGERPRINT_TEXT]);
void hawser_string_free(char *s);

/* --- Peers visited before, newest first (at most 500 are kept). ------------------------------- */

/* In a list: step from one to the next by `size` (hawser_recent_at does), which is that of the
 * library's struct. */
struct hawser_recent {
	size_t size;
	const char *target;   /* as it was opened */
	const char *hostname; /* as the host told; may be "" */
	const char *username, *platform;
	uint64_t last_time; /* Unix time in seconds */
	bool password_stored;
	/* What is remembered of its key: fingerprint ("" = none), and what it is known to speak */
	const char *fingerprint;
	enum hawser_encryption encryption;
};
/* Each host once, however it was named. One block, freed by hawser_recent_free. */
int hawser_recent_list(hawser_context *ctx, struct hawser_recent **ret, size_t *ret_count);
/* The one of this host, as a list of one. HAWSER_ERR_NOTFOUND. */
int hawser_recent_find(hawser_context *ctx, const char *target, struct hawser_recent **ret);
void hawser_recent_free(struct hawser_recent *list);
/* Of a list by hawser_recent_list; `index` below its count. */
static inline const struct hawser_recent *hawser_recent_at(
		const struct hawser_recent *list, size_t index)
{
	return (const struct hawser_recent *)((const char *)list + index * list->size);
}
/* Forgets the peer with its key, options and stored password. */
int hawser_recent_forget(hawser_context *ctx, const char *target);

#ifdef __cplusplus
}
#endif
