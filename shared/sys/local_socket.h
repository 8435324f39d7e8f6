/* sys/local_socket: connections between processes of one machine (AF_UNIX), who is at the other
 * end, and descriptors that travel over them. Any thread, one at a time for a socket. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <sys/types.h>

/* Descriptors that may travel with one message. */
#define HWS_LOCAL_FDS_MAX 128u

/* A connected pair of streams, both close-on-exec and non-blocking. */
int hws_local_pair(int ret_fd[2]) HWS_MUST_CHECK;

/* Listens at `path`, which must be free, for our own account and root only (mode 0600 from the
 * first moment on). `type`: SOCK_STREAM or SOCK_SEQPACKET; non-blocking. HWS_ERR_TOOBIG: the path
 * does not fit into an address. */
int hws_local_listen(const char *path, int type, int backlog, int *ret_fd,
		struct hws_error *err) HWS_MUST_CHECK;

/* Lets the members of `group`, too, connect to what listens at `path` (mode 0660).
 * HWS_ERR_NOTFOUND: there is no such group; HWS_ERR_PERM: this process may not give it away to that
 * one. */
int hws_local_share(const char *path, const char *group, struct hws_error *err) HWS_MUST_CHECK;
/* A non-blocking connection to what listens at `path`; never waits. HWS_ERR_AGAIN: its queue is
 * full at the moment. */
int hws_local_connect(const char *path, int *ret_fd) HWS_MUST_CHECK;

/* Whether the process at the other end of an accepted connection runs as root or as our own
 * account; *ret_uid (may be NULL): as whom, (uid_t)-1 = unknown. */
bool hws_local_peer_is_ours(int fd, uid_t *ret_uid);

/* Sends `head` and then `rest` (may be empty) as one message, or, of a stream, as much as goes; n
 * descriptors (up to HWS_LOCAL_FDS_MAX) travel with the first byte. Never waits, no SIGPIPE.
 * Returns the bytes taken: then the descriptors are on their way, too, and the caller closes its
 * own. HWS_ERR_AGAIN: not now; HWS_ERR_EOF: nobody is there any more. */
ssize_t hws_local_send(int fd, struct hws_bytes head, struct hws_bytes rest, const int *fds,
		size_t n) HWS_MUST_CHECK;

struct hws_local_fds {
	size_t n;
	int fd[HWS_LOCAL_FDS_MAX]; /* close-on-exec; the receiver owns them */
	bool cut; /* more came, or the message was longer than the room: it is lost */
};

/* Receives into `head` and then `rest` (rest_size may be 0), and the descriptors that came along:
 * those are set in any case, also with an error. Never waits. 0 = the other side has closed.
 * HWS_ERR_AGAIN: nothing there. */
ssize_t hws_local_recv(int fd, void *head, size_t head_size, void *rest, size_t rest_size,
		struct hws_local_fds *ret) HWS_MUST_CHECK;
void hws_local_fds_close(struct hws_local_fds *fds);
