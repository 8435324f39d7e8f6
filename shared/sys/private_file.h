/* sys/private_file: small files that belong to one account: keys, passwords, settings, state.
 * Reading checks who could have written or seen them, writing replaces them as a whole. Blocking:
 * not on a loop that serves. Any thread. Each error comes with a sentence that names the file and
 * says what to do; `err` may be NULL. */
#pragma once
#include "shared/base/buf.h"
#include "shared/base/err.h"
#include <sys/types.h>

/* Whom a file to be read must belong to and whom it must be closed to. Never more than a regular
 * file that stands under this very name: links, folders, pipes and devices are refused. */
enum hws_private_trust {
	HWS_PRIVATE_ANY, /* no matter whose: the caller proves the content */
	HWS_PRIVATE_OWN, /* ours or root's, and nobody else may change it */
	/* The same, but root takes it from any account: a server reads its key before it changes to
	 * the account that owns it, and an operator's commands work on what a service owns. */
	HWS_PRIVATE_OWN_OF_ANYBODY,
	HWS_PRIVATE_SECRET, /* as HWS_PRIVATE_OWN, and nobody else may read it */
	HWS_PRIVATE_SECRET_OF_ANYBODY,
};

/* The checked file, open for reading: *ret_fd is the caller's to close. HWS_ERR_NOTFOUND: there is
 * none; HWS_ERR_PERM: not to be trusted, or we may not read it. */
int hws_private_file_open(const char *path, enum hws_private_trust trust, int *ret_fd,
		struct hws_error *err) HWS_MUST_CHECK;
/* Appends the whole content. Besides the above: HWS_ERR_TOOBIG: more than fits below the maximum of
 * the buffer. `out` is to be wiped by its owner where the content is secret; no copy of it stays
 * behind. */
int hws_private_file_read(const char *path, enum hws_private_trust trust, struct hws_buf *out,
		struct hws_error *err) HWS_MUST_CHECK;

enum hws_private_write {
	HWS_PRIVATE_FRESH = 1,    /* never over a file that is there: HWS_ERR_EXISTS */
	HWS_PRIVATE_SHOWN = 2,    /* mode 0644 instead of 0600: for others to read */
	HWS_PRIVATE_OVER_ANY = 4, /* whatever has the name gives way, but a folder */
	HWS_PRIVATE_FOLDERS = 8,  /* makes the folders that are missing above it (0700) */
	/* What root writes into another account's folder is that account's from its first moment
	 * on, as far as the system lets root give it away: an operator's command must not leave a
	 * service a file that it cannot read. */
	HWS_PRIVATE_OF_FOLDER = 16,
};
/* Writes the file, mode 0600: after a crash, or on a full disk, either the old or the new
 * content is there, whole. HWS_ERR_INVAL: a folder, a link, a pipe or a device has the name, and
 * keeps it. */
int hws_private_file_write(const char *path, struct hws_bytes content, unsigned flags,
		struct hws_error *err) HWS_MUST_CHECK;
/* A new, empty file, mode 0600, open for reading and writing: for what grows while it is written.
 * HWS_ERR_EXISTS: something has the name. */
int hws_private_file_create(const char *path, int *ret_fd, struct hws_error *err) HWS_MUST_CHECK;
/* A file that is there, open for reading and writing: for what is mended where it stands. A regular
 * file under this very name. HWS_ERR_INVAL: something else. */
int hws_private_file_mend(const char *path, int *ret_fd, struct hws_error *err) HWS_MUST_CHECK;
/* What root's command made in the folder of a service becomes the service's. A regular file of
 * root's with this name alone, by itself and not by its name, which others could lend to another
 * file meanwhile; anything else stays as it is, and is HWS_OK. */
int hws_private_file_give(const char *path, uid_t uid, gid_t gid) HWS_MUST_CHECK;
/* HWS_OK also when there is none. */
int hws_private_file_remove(const char *path, struct hws_error *err) HWS_MUST_CHECK;

/* Makes the folder and what is missing above it, mode 0700; what is there already is left as it
 * is. */
int hws_private_folder_make(const char *path, struct hws_error *err) HWS_MUST_CHECK;
