/* The list of remembered hosts among several programs: a lock beside the file, and the newest
 * content before each change. */
#include "client/core/peers_file.h"
#include "client/core/file_lock.h"
#include "shared/base/mem.h"
#include <string.h>
#include <unistd.h>

static bool is_seen(const struct hws_peers_file *f, const struct stat *now)
{
	return f->seen.st_ino == now->st_ino && f->seen.st_dev == now->st_dev &&
			f->seen.st_size == now->st_size &&
			f->seen.st_mtim.tv_sec == now->st_mtim.tv_sec &&
			f->seen.st_mtim.tv_nsec == now->st_mtim.tv_nsec;
}

/* A file is replaced as a whole, so another one has another inode; one that was edited another time
 * or size. */
static void look(const struct hws_peers_file *f, struct stat *ret)
{
	if (lstat(f->path, ret) < 0)
		*ret = (struct stat){ 0 };
}

int hws_peers_file_refresh(struct hws_peers_file *f, struct hws_known_peers *known,
		const char *server, struct hws_error *err)
{
	struct hws_known_peers *fresh;
	struct stat now;
	int r;

	if (!*f->path)
		return HWS_OK;
	look(f, &now);
	if (is_seen(f, &now))
		return HWS_OK;
	fresh = hws_alloc(sizeof(*fresh));
	if (!fresh)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	r = hws_known_peers_load(fresh, f->path, server, err);
	if (r == HWS_OK) {
		*known = *fresh;
		f->seen = now;
	}
	hws_free_wiped(fresh, sizeof(*fresh));
	return r;
}

static int begin(struct hws_peers_file *f, struct hws_known_peers *known, const char *server,
		int *ret_fd)
{
	int r;

	*ret_fd = -1;
	if (!*f->path)
		return HWS_OK;
	r = hws_file_lock(f->path, ret_fd);
	return r == HWS_OK ? hws_peers_file_refresh(f, known, server, NULL) : r;
}

static int end(struct hws_peers_file *f, const struct hws_known_peers *known, int fd, int r)
{
	if (r == HWS_OK && *f->path) {
		r = hws_known_peers_store(known, f->path);
		look(f, &f->seen);
	}
	if (fd >= 0)
		close(fd);
	return r;
}

/* False: another key stands there. */
static bool merge(const struct hws_known_peer *now, bool decided, struct hws_known_peer *p)
{
	if (!now->has_pk)
		return true;
	if (p->has_pk && memcmp(p->pk, now->pk, sizeof(p->pk)) != 0)
		return decided;
	p->level = p->has_pk ? HWS_MAX(p->level, now->level) : now->level;
	p->has_pk = true;
	memcpy(p->pk, now->pk, sizeof(p->pk));
	return true;
}

int hws_peers_file_keep(struct hws_peers_file *f, struct hws_known_peers *known, const char *server,
		const struct hws_known_peer *peer, bool decided)
{
	struct hws_known_peer p = *peer; /* may be in the list itself */
	const struct hws_known_peer *now;
	int fd, r = begin(f, known, server, &fd);

	now = hws_known_peers_find(known, p.target, p.server);
	if (now && !merge(now, decided, &p))
		r = HWS_ERR_KEY;
	else
		hws_known_peers_put(known, &p); /* for this program, whatever the disk says */
	hws_wipe(&p, sizeof(p));
	return end(f, known, fd, r);
}

int hws_peers_file_forget(struct hws_peers_file *f, struct hws_known_peers *known,
		const char *server, const char *target)
{
	int fd, r = begin(f, known, server, &fd);

	if (r == HWS_OK && !hws_known_peers_remove(known, target, server))
		r = HWS_ERR_NOTFOUND;
	return end(f, known, fd, r);
}
