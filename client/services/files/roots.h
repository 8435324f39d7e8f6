/* files/roots: what of the file system a session may touch: folders, each readable, writable or
 * both, and everything below them, and nothing else, whatever links say or become meanwhile. A
 * path is resolved by the kernel beneath the root (openat2), where that is missing one component
 * after the other. What is opened is a regular file or a folder: no device, pipe or socket is
 * ever touched.
 *
 * Blocking: for workers. Immutable once made, so any thread; errors come with a sentence for the
 * other end, which names the path. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#define HWS_ROOTS_MAX 32u

enum hws_root_access {
	HWS_ROOT_READ = 1,
	HWS_ROOT_WRITE = 2,
	HWS_ROOT_BOTH = 3,
};

struct hws_roots;

/* Nothing is permitted yet. `home`: what an empty path means; may be NULL (none). */
int hws_roots_new(const char *home, struct hws_roots **ret) HWS_MUST_CHECK;
/* `path`: absolute, an existing folder; it may be reached by links itself. "/" permits everything,
 * and there, since everything is permitted, links are followed wherever they lead (but none of a
 * job's own names). */
int hws_roots_add(struct hws_roots *roots, const char *path, unsigned access,
		struct hws_error *err) HWS_MUST_CHECK;
/* The settings of a host: a list of "[ro:|wo:]PATH" separated by ':'-free commas; "" or NULL: the
 * home folder, "~" at the start is home, too. */
int hws_roots_add_list(
		struct hws_roots *roots, const char *list, struct hws_error *err) HWS_MUST_CHECK;
void hws_roots_free(struct hws_roots *roots); /* takes NULL */
/* Narrows all of them to these accesses, or widens them again; also while they are in use. */
void hws_roots_limit(struct hws_roots *roots, unsigned access);
/* Is that permitted at all now, wherever? */
bool hws_roots_may(const struct hws_roots *roots, unsigned access);
/* Before use: the folder and what is below it may not be used, though a root above it may: the
 * host's own keys and settings. Nothing happens when it is not there. */
int hws_roots_shut(struct hws_roots *roots, const char *path) HWS_MUST_CHECK;
/* Is what is open there one of those folders, or below one? */
bool hws_roots_is_shut(const struct hws_roots *roots, int fd);
/* `leaf` in the folder `dir`: is it a way to one of them, that is one of the folders above it, or a
 * link that its path goes through? Whoever moves that away can put another in its place. */
bool hws_roots_is_way(const struct hws_roots *roots, int dir, const char *leaf);
/* Is it one of those folders itself? */
bool hws_roots_is_shut_folder(const struct hws_roots *roots, const struct stat *st);
int hws_roots_set_home(struct hws_roots *roots, const char *home) HWS_MUST_CHECK; /* before use */
/* The first that was added; NULL: there is none. */
const char *hws_roots_first(const struct hws_roots *roots);
/* Tests: as on a kernel without openat2. */
void hws_roots_without_openat2(struct hws_roots *roots);

/* The absolute path that a path means: "" and "~" are home; what is relative is below home; no
 * "..". `buf` has HWS_FILE_PATH_MAX + 1 bytes. */
int hws_roots_absolute(const struct hws_roots *roots, const char *path, char *buf,
		struct hws_error *err) HWS_MUST_CHECK;
/* Each takes an absolute path of the above. HWS_ERR_DENIED: outside of the roots, or not for this
 * access; HWS_ERR_NOTFOUND and others as the system says. */
int hws_roots_open_folder(const struct hws_roots *roots, const char *path, unsigned access,
		int *ret_fd, struct hws_error *err) HWS_MUST_CHECK;
int hws_roots_open_file(const struct hws_roots *roots, const char *path, int *ret_fd,
		struct stat *ret_st, struct hws_error *err) HWS_MUST_CHECK;
/* The folder in which a name is, and that name: for what makes, removes and renames. `leaf` has
 * HWS_FILE_NAME_MAX + 1 bytes. The root itself is in no folder: HWS_ERR_DENIED. */
int hws_roots_open_parent(const struct hws_roots *roots, const char *path, unsigned access,
		int *ret_fd, char *leaf, struct hws_error *err) HWS_MUST_CHECK;
/* Makes the folder with those above it; fine when it is there. `ret_fd` may be NULL. */
int hws_roots_make_folder(const struct hws_roots *roots, const char *path, int *ret_fd,
		struct hws_error *err) HWS_MUST_CHECK;

/* --- below an open folder, as the names of a job: no component may be a link ------------------ */

/* A folder below; `name` "" is the folder itself. `make`: with what is missing (0777 & umask). */
int hws_below_folder(const struct hws_roots *roots, int dir, const char *name, bool make,
		int *ret_fd) HWS_MUST_CHECK;
/* A regular file below, to read; HWS_ERR_UNSUPPORTED: it is something else. */
int hws_below_file(const struct hws_roots *roots, int dir, const char *name, int *ret_fd,
		struct stat *ret_st) HWS_MUST_CHECK;
/* Splits `name` into its folder (opened) and its last component, which points into `name`. */
int hws_below_parent(const struct hws_roots *roots, int dir, const char *name, bool make,
		int *ret_fd, const char **ret_leaf) HWS_MUST_CHECK;
/* A name in the folder `dir` itself, without '/': what it is, links not followed. */
int hws_below_stat(int dir, const char *leaf, struct stat *ret_st) HWS_MUST_CHECK;
