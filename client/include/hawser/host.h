/* hawser/host: questions to the hawser-host that runs on this machine, by its control socket. These
 * calls block (at most 5 s); they need no context and may be made from any thread. On failure
 * hawser_last_error has a sentence with the remedy. */
#pragma once
#include <hawser/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The ID others call this machine by. HAWSER_ERR_NOTFOUND: no host is running. */
int hawser_host_id(char *buf, size_t size);
/* The fingerprint of the host's key, for viewers to compare: groups of four hex digits. */
int hawser_host_fingerprint(char *buf, size_t size);
/* Where it is registered, and how that stands: "HOST:PORT, registered"; of several servers with ";
 * " between. "": it has no server, and is reached by address only. */
int hawser_host_server(char *buf, size_t size);
/* The temporary password that is valid now; `renew` makes a new one first. */
int hawser_host_password(bool renew, char *buf, size_t size);
/* The permanent password; NULL or "" removes it. */
int hawser_host_set_password(const char *password);
/* Everything the host tells about itself as one JSON object; freed by hawser_string_free. */
int hawser_host_status(char **ret_json);

/* Somebody who is let in to this machine now. */
struct hawser_host_viewer {
	size_t size;
	uint64_t conn;                /* its number, for the calls below */
	const char *id, *name, *peer; /* as it calls itself, and its address; any may be "" */
	const char *kind;             /* "remote", "file", "terminal", "forward", "camera" */
	const char *protection;       /* how its session is encrypted, for people */
	uint64_t seconds;             /* since it came */
	uint32_t permitted;           /* what it may now: 1 << enum hawser_permission */
	enum hawser_call call;        /* RINGS: the person at this machine is asked */
	const char *said;             /* the begin of the last message that it wrote; "" = none */
};
/* Those who are let in now; freed by hawser_host_viewers_free. */
int hawser_host_viewers(struct hawser_host_viewer **ret, size_t *ret_count);
void hawser_host_viewers_free(struct hawser_host_viewer *list); /* takes NULL */
/* The one with this index. */
static inline const struct hawser_host_viewer *hawser_host_viewer_at(
		const struct hawser_host_viewer *list, size_t index)
{
	return (const struct hawser_host_viewer *)((const char *)list + index * list->size);
}
/* Gives it, or takes from it, a permission while its session runs. HAWSER_ERR_DENIED: it has gone,
 * or the host does not serve that. */
int hawser_host_permit(uint64_t conn, enum hawser_permission permission, bool on);
/* What the person at this machine says to its voice call. HAWSER_ERR_DENIED: it does not ring any
 * more, or is in none. */
enum hawser_host_answer {
	HAWSER_HOST_CALL_ACCEPT,
	HAWSER_HOST_CALL_REJECT,
	HAWSER_HOST_CALL_END,
};
int hawser_host_call(uint64_t conn, enum hawser_host_answer what);
/* Ends its session. */
int hawser_host_send_away(uint64_t conn);

#ifdef __cplusplus
}
#endif
