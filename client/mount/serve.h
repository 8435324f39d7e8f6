/* mount/serve: what the kernel asks of the mounted files, answered from the list, and reads passed
 * on to the owner. Of the program hawser-mount; one thread. */
#pragma once
#include "client/mount/list.h"

/* Mounts `list` at `path`, says so over `fd`, and serves until the owner closes it, a signal ends
 * us, or somebody has unmounted it; then unmounts. Failures are told over `fd`. */
void hws_mount_serve(int fd, struct hws_clip_list *list, const char *path);
/* Says to the owner why there is nothing. */
void hws_mount_say_failure(int fd, const char *why);
/* Reads the first message. HWS_ERR_PROTO: it is no list. */
int hws_mount_hear_list(int fd, struct hws_clip_list **ret, struct hws_error *err) HWS_MUST_CHECK;
