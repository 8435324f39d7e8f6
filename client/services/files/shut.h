/* files/shut: folders that no session may touch, though a root above them may be used: the host's
 * own keys and settings. Known by open descriptors, so that it does not matter which way leads
 * there, and by the names of that way, which must stay, or something else could be put in their
 * place. Blocking; immutable once made. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define HWS_SHUT_MAX 4u
#define HWS_SHUT_WAYS_MAX 128u

struct hws_shut {
	int fd[HWS_SHUT_MAX];
	size_t count;
	char *way[HWS_SHUT_WAYS_MAX]; /* "FOLDER/NAME", the folder without links */
	size_t ways;
};

void hws_shut_done(struct hws_shut *s);
/* Nothing happens where `path` is not there. */
int hws_shut_add(struct hws_shut *s, const char *path) HWS_MUST_CHECK;
/* Is what is open there one of them, or below one? */
bool hws_shut_has(const struct hws_shut *s, int fd);
bool hws_shut_is(const struct hws_shut *s, const struct stat *st);
/* `leaf` in the folder `dir`: is it one of them, a folder above one, or a link that the way to one
 * goes through? */
bool hws_shut_is_way(const struct hws_shut *s, int dir, const char *leaf);
