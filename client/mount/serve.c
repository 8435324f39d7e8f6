/* A loop over two descriptors: the kernel's requests and the owner's answers. A read that waits for
 * the owner holds up nobody else. */
#define FUSE_USE_VERSION 35
#include "client/mount/serve.h"
#include "client/mount/protocol.h"
#include "client/mount/shown.h"
#include "shared/base/buf.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/local_socket.h"
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FOREVER 86400.0 /* nothing of it ever changes */
#define OPTIONS "ro,nosuid,nodev,noatime,fsname=hawser-clipboard,subtype=hawser"

struct server;

struct pending {
	struct server *s;
	fuse_req_t req; /* NULL: free */
	uint32_t id;
};

struct server {
	int fd; /* the owner */
	bool over;
	struct hws_shown *shown;
	struct fuse_session *session;
	struct pending pending[HWS_MOUNT_READS_MAX];
	uint32_t id;
	struct hws_buf in;
};

/* --- the owner -------------------------------------------------------------------------------- */

static int wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	while (poll(&p, 1, -1) < 0)
		if (errno != EINTR)
			return hws_err_from_errno(errno);
	return HWS_OK;
}

/* Whole; the owner reads without waiting for us. */
static int say(int fd, const struct hws_mount_head *head, struct hws_bytes body)
{
	struct hws_bytes h = hws_bytes(head, sizeof(*head));

	while (h.len || body.len) {
		ssize_t n = h.len ? hws_local_send(fd, h, body, NULL, 0)
				  : hws_local_send(fd, body, (struct hws_bytes){ 0 }, NULL, 0);
		size_t of_head;

		if (n == HWS_ERR_AGAIN)
			n = wait_for(fd, POLLOUT);
		if (n < 0)
			return (int)n;
		of_head = HWS_MIN((size_t)n, h.len);
		h = hws_bytes(h.ptr + of_head, h.len - of_head);
		if ((size_t)n > of_head)
			body = hws_bytes(body.ptr + ((size_t)n - of_head),
					body.len - ((size_t)n - of_head));
	}
	return HWS_OK;
}

static void say_text(int fd, enum hws_mount_kind kind, const char *text)
{
	struct hws_mount_head head = { .kind = kind, .size = (uint32_t)strlen(text) };

	(void)!say(fd, &head, hws_bytes_str(text));
}

void hws_mount_say_failure(int fd, const char *why)
{
	say_text(fd, HWS_MOUNT_FAILED, why);
}

/* What is there; HWS_ERR_AGAIN when it is nothing. */
static int hear(int fd, struct hws_buf *in)
{
	struct hws_local_fds fds;
	uint8_t *to = hws_buf_reserve(in, 64u << 10);
	ssize_t n;

	if (!to)
		return hws_buf_err(in);
	n = hws_local_recv(fd, to, 64u << 10, NULL, 0, &fds);
	hws_local_fds_close(&fds);
	if (n <= 0)
		return n < 0 ? (int)n : HWS_ERR_EOF;
	hws_buf_commit(in, (size_t)n);
	return HWS_OK;
}

/* The next whole message of `in`; false: not yet. */
static bool next_message(
		const struct hws_buf *in, struct hws_mount_head *ret, struct hws_bytes *ret_body)
{
	struct hws_bytes b = hws_buf_bytes(in);

	if (b.len < sizeof(*ret))
		return false;
	memcpy(ret, b.ptr, sizeof(*ret));
	if (b.len - sizeof(*ret) < ret->size)
		return false;
	*ret_body = hws_bytes(b.ptr + sizeof(*ret), ret->size);
	return true;
}

int hws_mount_hear_list(int fd, struct hws_clip_list **ret, struct hws_error *err)
{
	struct hws_mount_head head;
	struct hws_bytes body;
	struct hws_buf in;
	int r = HWS_OK;

	hws_buf_init(&in, HWS_MOUNT_BODY_MAX + sizeof(head) + (64u << 10));
	while (r == HWS_OK && !next_message(&in, &head, &body)) {
		r = hear(fd, &in);
		if (r == HWS_ERR_AGAIN)
			r = wait_for(fd, POLLIN);
	}
	if (r == HWS_OK && head.kind != HWS_MOUNT_LIST)
		r = HWS_ERR_PROTO;
	if (r == HWS_OK)
		r = hws_clip_list_take(body, ret, err);
	else
		hws_error_set(err, r, "no list came");
	hws_buf_done(&in);
	return r;
}

/* --- reads ------------------------------------------------------------------------------------ */

static struct pending *find_pending(struct server *s, uint32_t id)
{
	struct pending *p = &s->pending[id % HWS_MOUNT_READS_MAX];

	return p->req && p->id == id ? p : NULL;
}

static struct pending *new_pending(struct server *s)
{
	for (unsigned i = 0; i < HWS_MOUNT_READS_MAX; i++) {
		struct pending *p = &s->pending[++s->id % HWS_MOUNT_READS_MAX];

		if (!p->req) {
			p->s = s;
			p->id = s->id;
			return p;
		}
	}
	return NULL;
}

/* Who reads has been ended by a signal. */
static void on_interrupt(fuse_req_t req, void *data)
{
	struct pending *p = data;
	struct hws_mount_head head = { .kind = HWS_MOUNT_CANCEL, .id = p->id };

	if (p->req != req)
		return;
	p->req = NULL;
	fuse_reply_err(req, EINTR);
	if (say(p->s->fd, &head, (struct hws_bytes){ 0 }) < 0)
		p->s->over = true;
}

static void settle(struct pending *p, int r, struct hws_bytes data)
{
	fuse_req_t req = p->req;

	fuse_req_interrupt_func(req, NULL, NULL);
	p->req = NULL;
	if (r < 0)
		fuse_reply_err(req, r == HWS_ERR_CANCELED ? ESTALE : EIO);
	else
		fuse_reply_buf(req, (const char *)data.ptr, data.len);
}

static void take_answers(struct server *s)
{
	struct hws_mount_head head;
	struct hws_bytes body;

	while (next_message(&s->in, &head, &body)) {
		struct pending *p = head.kind == HWS_MOUNT_DATA ? find_pending(s, head.id) : NULL;

		if (p)
			settle(p, head.value, body);
		hws_buf_consume(&s->in, sizeof(head) + body.len);
	}
}

static void on_owner(struct server *s)
{
	int r;

	do {
		r = hear(s->fd, &s->in);
		if (r == HWS_OK)
			take_answers(s);
	} while (r == HWS_OK);
	if (r != HWS_ERR_AGAIN)
		s->over = true;
}

/* --- what the kernel asks --------------------------------------------------------------------- */

static struct server *of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static void do_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct server *s = of(req);
	struct fuse_entry_param e = { .attr_timeout = FOREVER, .entry_timeout = FOREVER };

	e.ino = hws_shown_find(s->shown, parent, name);
	if (e.ino && !hws_shown_stat(s->shown, e.ino, &e.attr))
		e.ino = 0;
	fuse_reply_entry(req, &e); /* number 0: there is none, which may be remembered */
}

static void do_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi HWS_UNUSED)
{
	struct stat st;

	if (hws_shown_stat(of(req)->shown, ino, &st))
		fuse_reply_attr(req, &st, FOREVER);
	else
		fuse_reply_err(req, ENOENT);
}

static void do_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	if (!hws_shown_entry(of(req)->shown, ino)) {
		fuse_reply_err(req, ENOENT);
	} else if (hws_shown_is_folder(of(req)->shown, ino)) {
		fuse_reply_err(req, EISDIR);
	} else if ((fi->flags & O_ACCMODE) != O_RDONLY) {
		fuse_reply_err(req, EROFS);
	} else {
		fi->keep_cache = 1;
		fuse_reply_open(req, fi);
	}
}

static void do_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		struct fuse_file_info *fi HWS_UNUSED)
{
	struct server *s = of(req);
	const struct hws_clip_entry *e = hws_shown_entry(s->shown, ino);
	struct pending *p;

	if (!e || e->is_folder || off < 0) {
		fuse_reply_err(req, EIO);
		return;
	}
	if ((uint64_t)off >= e->size) {
		fuse_reply_buf(req, NULL, 0);
		return;
	}
	size = (size_t)HWS_MIN((uint64_t)size, e->size - (uint64_t)off);
	size = HWS_MIN(size, (size_t)HWS_MOUNT_READ_MAX);
	p = new_pending(s);
	if (!p) {
		fuse_reply_err(req, EIO);
		return;
	}
	p->req = req;
	struct hws_mount_head head = { .kind = HWS_MOUNT_READ,
		.id = p->id,
		.index = (uint32_t)(ino - 2),
		.offset = (uint64_t)off,
		.value = (int32_t)size };
	if (say(s->fd, &head, (struct hws_bytes){ 0 }) < 0)
		s->over = true;
	else
		fuse_req_interrupt_func(req, on_interrupt, p); /* may end it at once */
}

/* Of "." and "..", then what is in it; place 0 is before the first. */
static uint64_t at_place(struct server *s, fuse_ino_t folder, uint64_t place, const char **ret_name)
{
	uint64_t number;

	if (place < 2) {
		*ret_name = place ? ".." : ".";
		return place ? hws_shown_parent(s->shown, folder) : folder;
	}
	number = hws_shown_child(s->shown, folder, place - 2);
	if (number)
		*ret_name = hws_shown_entry(s->shown, number)->name;
	return number;
}

static void do_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		struct fuse_file_info *fi HWS_UNUSED)
{
	struct server *s = of(req);
	char *buf = hws_alloc(size);
	size_t len = 0;
	const char *name;
	uint64_t number;

	if (!buf || !hws_shown_is_folder(s->shown, ino) || off < 0) {
		fuse_reply_err(req, buf ? ENOTDIR : ENOMEM);
		hws_free(buf);
		return;
	}
	for (uint64_t place = (uint64_t)off; (number = at_place(s, ino, place, &name)); place++) {
		struct stat st;
		size_t n;

		hws_shown_stat(s->shown, number, &st);
		n = fuse_add_direntry(req, buf + len, size - len, name, &st, (off_t)place + 1);
		if (n > size - len)
			break;
		len += n;
	}
	fuse_reply_buf(req, buf, len);
	hws_free(buf);
}

static void do_statfs(fuse_req_t req, fuse_ino_t ino HWS_UNUSED)
{
	struct statvfs st = { .f_bsize = 128u << 10,
		.f_frsize = 512,
		.f_files = hws_shown_files(of(req)->shown),
		.f_namemax = HWS_CLIP_NAME_MAX,
		.f_flag = ST_RDONLY };

	fuse_reply_statfs(req, &st);
}

static const struct fuse_lowlevel_ops ops = { .lookup = do_lookup,
	.getattr = do_getattr,
	.open = do_open,
	.read = do_read,
	.readdir = do_readdir,
	.statfs = do_statfs };

/* --- the loop --------------------------------------------------------------------------------- */

static void serve_one(struct server *s, struct fuse_buf *buf)
{
	int n = fuse_session_receive_buf(s->session, buf);

	if (n > 0)
		fuse_session_process_buf(s->session, buf);
	else if (n == 0 || (n != -EINTR && n != -EAGAIN))
		s->over = true; /* unmounted */
}

static void run(struct server *s, int signals)
{
	struct fuse_buf buf = { 0 };
	struct pollfd p[3] = { { .fd = s->fd, .events = POLLIN },
		{ .fd = fuse_session_fd(s->session), .events = POLLIN },
		{ .fd = signals, .events = POLLIN } };

	while (!s->over && !fuse_session_exited(s->session)) {
		if (poll(p, 3, -1) < 0 && errno != EINTR)
			break;
		if (p[2].revents)
			break;
		if (p[0].revents)
			on_owner(s);
		if (p[1].revents && !s->over)
			serve_one(s, &buf);
	}
	for (unsigned i = 0; i < HWS_MOUNT_READS_MAX; i++)
		if (s->pending[i].req)
			settle(&s->pending[i], HWS_ERR_CLOSED, (struct hws_bytes){ 0 });
	free(buf.mem);
}

static int block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void mount_and_run(struct server *s, const char *path, int signals)
{
	char name[] = "hawser-mount", option[] = "-o", options[] = OPTIONS;
	char *argv[] = { name, option, options, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(3, argv);
	int fuse;

	s->session = fuse_session_new(&args, &ops, sizeof(ops), s);
	fuse_opt_free_args(&args);
	if (!s->session || fuse_session_mount(s->session, path) < 0) {
		hws_mount_say_failure(s->fd,
				"files cannot be shown as a folder here (FUSE): is the package fuse3 "
				"installed, and may this account use /dev/fuse?");
	} else {
		fuse = fuse_session_fd(s->session);
		(void)!fcntl(fuse, F_SETFL, fcntl(fuse, F_GETFL) | O_NONBLOCK);
		say_text(s->fd, HWS_MOUNT_READY, path);
		run(s, signals);
		fuse_session_unmount(s->session);
	}
	if (s->session)
		fuse_session_destroy(s->session);
}

void hws_mount_serve(int fd, struct hws_clip_list *list, const char *path)
{
	struct server s = { .fd = fd };
	int signals = block_signals();

	hws_buf_init(&s.in, HWS_MOUNT_BODY_MAX);
	if (signals < 0 || hws_shown_new(list, &s.shown) < 0)
		hws_mount_say_failure(fd, "out of memory");
	else
		mount_and_run(&s, path, signals);
	hws_shown_free(s.shown);
	hws_buf_done(&s.in);
	if (signals >= 0)
		close(signals);
}
