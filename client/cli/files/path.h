/* cli/files/path: paths of a host, which may be Windows or not, as people write them: joined,
 * without "." and "..", taken apart. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define FILES_PATH_MAX 4096u

/* Does `path` begin at a root ("/x"; on Windows "C:\x", "\\server\share", "\x")? */
bool files_path_is_absolute(const char *path, bool windows);
/* `arg`, taken from the folder `cwd` where it is not absolute, without ".", ".." and double
 * separators, and with the host's own. "" and "." are `cwd`. A `cwd` of "" stands for a home that is
 * not known: "" stays that, a relative path stays relative. HWS_ERR_TOOBIG; HWS_ERR_INVAL: ".."
 * leads out of such a home, or a name of Windows has a colon. */
int files_path_resolve(char *buf, size_t size, const char *cwd, const char *arg, bool windows);
/* The last part; "" for a root. Points into `path`. */
const char *files_path_base(const char *path, bool windows);
/* All but the last part: a root stays a root, "x" becomes "". HWS_ERR_TOOBIG. */
int files_path_parent(char *buf, size_t size, const char *path, bool windows);
/* folder + separator + name. HWS_ERR_TOOBIG. */
int files_path_join(char *buf, size_t size, const char *folder, const char *name, bool windows);
/* Can `name` be one name in a folder here or there: not empty, ".", "..", no separator? */
bool files_path_is_name(const char *name, bool windows);
