/* hawser/doctor: examines the network that this machine is in: which ports to a rendezvous server
 * are open, which NAT and firewall there are, whether the relay relays; and what to do about what
 * is not as it should be. Blocks, for 15 s and as long as the system's resolver holds on to a name
 * that nobody answers for (RES_OPTIONS in the environment shortens that); may be called from any
 * thread. On failure hawser_last_error has a sentence with the remedy. */
#pragma once
#include <hawser/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum hawser_found {
	HAWSER_FOUND_GOOD,
	HAWSER_FOUND_LOOK, /* works, but somebody should know */
	HAWSER_FOUND_BAD
};

/* Texts are without control characters; borrowed until the callback returns. */
struct hawser_finding {
	size_t size;
	enum hawser_found state;
	const char *what; /* "UDP 21116", "NAT", "relay" */
	const char *text;
	const char *remedy; /* what to do; "" = nothing */
	const char *server; /* which one, where the settings name several; else "" */
};
typedef void (*hawser_finding_fn)(const struct hawser_finding *finding, void *arg);

/* Against the context's server, or each of them, with its key and the proxy of the settings. Calls
 * `found` (may be NULL) on this thread for each finding. ret_json (may be NULL): the same for
 * scripts, for hawser_string_free. How many findings are HAWSER_FOUND_BAD, or an error. */
int hawser_doctor(hawser_context *ctx, hawser_finding_fn found, void *arg, char **ret_json);

#ifdef __cplusplus
}
#endif
