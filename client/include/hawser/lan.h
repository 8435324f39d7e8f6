/* hawser/lan: hosts of the local network, without any server: looking for them, and waking one that
 * sleeps. These calls block; they may be made from any thread. On failure hawser_last_error has a
 * sentence with the remedy. */
#pragma once
#include <hawser/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One that answered. Hosts of hawser prove their key, and that they answer from this address with
 * these words (`fingerprint`); of others nothing is proven, and anybody may have said it. The key
 * of a host is checked when a session with it begins, in any case. Texts are foreign, but without
 * control characters; "" where it does not say. Borrowed until the callback returns. */
struct hawser_lan_host {
	size_t size;
	const char *id, *address, *hostname, *username, *platform;
	const char *mac;      /* "aa:bb:cc:dd:ee:ff" */
	uint16_t direct_port; /* hawser hosts that take connections by address; 0 = not said */
	/* Of the key that it proved: what hawser_session_config.accept_key takes. "": nothing is
	 * proven. A host may be told of without, and then again with it. */
	const char *fingerprint;
};
typedef void (*hawser_lan_fn)(const struct hawser_lan_host *host, void *arg);

/* Asks all networks that this machine is in (or, if any are given, the addresses `targets`: of
 * hosts, or broadcast addresses), and calls `found` on this thread for each host that answers
 * within wait_ms (at most 60000). Their hardware addresses are kept for hawser_lan_wake. The
 * number of answers, or an error. */
int hawser_lan_search(hawser_context *ctx, const char *const *targets, unsigned count,
		uint32_t wait_ms, hawser_lan_fn found, void *arg);
/* Calls `found` on this thread for each host whose hardware address is kept, newest first: with ID,
 * name and hardware address alone. Whether it is there now is not known. Their number, or an
 * error. */
int hawser_lan_known(hawser_context *ctx, hawser_lan_fn found, void *arg);
/* Sends the packet that wakes a machine ("magic packet") to all networks that this machine is in.
 * `name`: a hardware address, or the ID or name of a host that hawser_lan_search once found: then
 * to all its addresses. Whether anybody wakes is not known. HAWSER_ERR_NOTFOUND: no such host was
 * ever found. */
int hawser_lan_wake(hawser_context *ctx, const char *name);

#ifdef __cplusplus
}
#endif
