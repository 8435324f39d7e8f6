/* Local sockets. Descriptors that nobody takes out of a message would stay open for ever, so
 * whatever comes is given to the caller, who is told when something was lost; the mode of a socket
 * is set before it has a name, so there is no moment in which others could connect, and no umask to
 * change behind other threads. */
#include "shared/sys/local_socket.h"
#include "shared/base/file_error.h"
#include "shared/base/str.h"
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int) * HWS_LOCAL_FDS_MAX)];
};

int hws_local_pair(int ret_fd[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_fd) < 0)
		return hws_err_from_errno(errno);
	return HWS_OK;
}

int hws_local_listen(const char *path, int type, int backlog, int *ret_fd, struct hws_error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, cause;

	if (hws_str_copy(addr.sun_path, sizeof(addr.sun_path), path) < 0)
		return hws_error_set(err, HWS_ERR_TOOBIG,
				"the path of the socket is longer than %zu bytes: %s",
				sizeof(addr.sun_path) - 1, path);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || fchmod(fd, 0600) < 0 ||
			bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
			chmod(path, 0600) < 0 || listen(fd, backlog) < 0) {
		cause = errno;
		if (fd >= 0)
			close(fd);
		if (cause == EACCES || cause == EROFS)
			return hws_file_write_error(path, cause, err);
		return hws_error_set(err, hws_err_from_errno(cause),
				"cannot make the socket %s: %s", path, strerror(cause));
	}
	*ret_fd = fd;
	return HWS_OK;
}

int hws_local_share(const char *path, const char *group, struct hws_error *err)
{
	const struct group *g = getgrnam(group);
	struct stat st;
	int cause;

	if (!g)
		return hws_error_set(err, HWS_ERR_NOTFOUND, "there is no group '%s'", group);
	/* where it is our group already, a unit may forbid the call altogether */
	if (stat(path, &st) == 0 &&
			(st.st_gid == g->gr_gid || chown(path, (uid_t)-1, g->gr_gid) == 0) &&
			chmod(path, 0660) == 0)
		return HWS_OK;
	cause = errno;
	return hws_error_set(err, cause == EPERM ? HWS_ERR_PERM : hws_err_from_errno(cause),
			"cannot give %s to the group '%s': %s%s", path, group, strerror(cause),
			cause == EPERM ? "; the account of this program must be a member" : "");
}

int hws_local_connect(const char *path, int *ret_fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, r = hws_str_copy(addr.sun_path, sizeof(addr.sun_path), path);

	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return hws_err_from_errno(errno);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		r = errno == EAGAIN ? HWS_ERR_AGAIN : hws_err_from_errno(errno);
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return HWS_OK;
}

bool hws_local_peer_is_ours(int fd, uid_t *ret_uid)
{
	struct ucred cred = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(cred);
	bool known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0;

	if (ret_uid)
		*ret_uid = known ? cred.uid : (uid_t)-1;
	return known && (cred.uid == 0 || cred.uid == geteuid());
}

ssize_t hws_local_send(
		int fd, struct hws_bytes head, struct hws_bytes rest, const int *fds, size_t n)
{
	struct iovec iov[2] = { { (void *)(uintptr_t)head.ptr, head.len },
		{ (void *)(uintptr_t)rest.ptr, rest.len } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = rest.len ? 2 : 1 };
	union control control;
	ssize_t done;

	if (n > HWS_LOCAL_FDS_MAX)
		return HWS_ERR_TOOBIG;
	if (n) {
		struct cmsghdr *c = &control.align;

		memset(control.room, 0, CMSG_SPACE(n * sizeof(int)));
		msg.msg_control = control.room;
		msg.msg_controllen = (socklen_t)CMSG_SPACE(n * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = (socklen_t)CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	done = sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (done >= 0)
		return done;
	if (errno == EAGAIN || errno == EINTR)
		return HWS_ERR_AGAIN;
	return errno == EPIPE || errno == ECONNRESET ? HWS_ERR_EOF : hws_err_from_errno(errno);
}

static void take_fds(struct msghdr *msg, struct hws_local_fds *ret)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		/* The room for control data holds no more than fit here. */
		for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
			memcpy(&ret->fd[ret->n++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
	}
}

ssize_t hws_local_recv(int fd, void *head, size_t head_size, void *rest, size_t rest_size,
		struct hws_local_fds *ret)
{
	struct iovec iov[2] = { { head, head_size }, { rest, rest_size } };
	union control control;
	struct msghdr msg = { .msg_iov = iov,
		.msg_iovlen = rest_size ? 2 : 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	ret->n = 0;
	ret->cut = false;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? HWS_ERR_AGAIN
							 : hws_err_from_errno(errno);
	ret->cut = msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
	take_fds(&msg, ret);
	return n;
}

void hws_local_fds_close(struct hws_local_fds *fds)
{
	for (size_t i = 0; i < fds->n; i++)
		close(fds->fd[i]);
	fds->n = 0;
}
