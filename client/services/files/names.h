/* files/names: names and paths of files as they come from the other end: what may be taken, how a
 * name that is no UTF-8 travels in a field that must be, and how the names of a Windows peer are
 * ours. Pure; any thread.
 *
 * On the wire a name is UTF-8. A byte of a local name that is not part of valid UTF-8 travels as
 * the character U+EF00 + byte (EF80 .. EFFF, which no system gives a meaning), and so does each
 * byte of a local name that holds one of these characters: so every name has exactly one form on
 * the wire, comes back as it was, and a deployed peer that only repeats it can open the file. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stddef.h>

#define HWS_FILE_NAME_MAX 255u  /* one component */
#define HWS_FILE_PATH_MAX 4095u /* without the NUL; local bytes */
/* A byte may become three. */
#define HWS_FILE_WIRE_MAX (3u * HWS_FILE_PATH_MAX)

/* Local bytes to the form on the wire. HWS_ERR_TOOBIG: does not fit into `size`. */
int hws_name_to_wire(const char *local, char *buf, size_t size) HWS_MUST_CHECK;
/* The other way round. `windows`: the peer's separator is '\', which becomes '/' (and so does no
 * '\' of others, whose names may hold one). HWS_ERR_TOOBIG; HWS_ERR_INVAL: no UTF-8. */
int hws_name_from_wire(const char *wire, bool windows, char *buf, size_t size) HWS_MUST_CHECK;

/* May this be the name of a file in a list, relative to the root of a job: one or more components,
 * none of them "." or ".." or empty, not absolute, no drive, no component or path overlong. Empty
 * is right only when `alone`: the list has this one entry. NULL: yes; else the reason in the words
 * that deployed peers use (static). */
const char *hws_name_refusal(const char *local, bool alone);
/* May this be one name in a folder, as of a rename; '/' and with it deeper names are refused. */
const char *hws_name_leaf_refusal(const char *name);
/* What Windows cannot have in a name becomes '_', with a name that it keeps for devices: a path
 * with '/' to one with '\'. HWS_ERR_TOOBIG. */
int hws_name_to_windows(const char *local, char *buf, size_t size) HWS_MUST_CHECK;
/* The last component of a path, without a '/' at its end; a copy of at most HWS_FILE_NAME_MAX.
 * HWS_ERR_INVAL: it has none ("/", "..", empty). */
int hws_name_last(const char *path, char *buf, size_t size) HWS_MUST_CHECK;
