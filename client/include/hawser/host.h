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
/* The temporary password that is valid now; `renew` makes a new one first. */
int hawser_host_password(bool renew, char *buf, size_t size);
/* The permanent password; NULL or "" removes it. */
int hawser_host_set_password(const char *password);
/* Everything the host tells about itself as one JSON object; freed by hawser_string_free. */
int hawser_host_status(char **ret_json);

#ifdef __cplusplus
}
#endif
