/* platform/uri_list: paths as desktops put them on a clipboard (text/uri-list, RFC 2483: an URI a
 * line). Pure. */
#pragma once
#include "shared/base/buf.h"

#define HWS_URI_LIST_MAX 1024u            /* paths of one list */
#define HWS_URI_LIST_BYTES_MAX (4u << 20) /* of its text */

/* Appends "file:///..." with `end` behind each. `paths` are absolute, any bytes. */
void hws_uri_list_put(struct hws_buf *out, const char *const *paths, size_t n, const char *end);
/* The paths of the files of this machine in it, absolute, in one block that hws_free frees; what is
 * no such file is left out. *ret is NULL when there are none. HWS_ERR_TOOBIG, HWS_ERR_NOMEM. */
int hws_uri_list_take(struct hws_bytes text, char ***ret, size_t *ret_n) HWS_MUST_CHECK;
