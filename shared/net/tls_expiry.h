/* net/tls_expiry: until when a certificate is good. */
#pragma once
#include "shared/base/err.h"
#include <stdint.h>

/* Of the first certificate in a PEM file, which is a server's own: Unix time in seconds. Reads the
 * file. HWS_ERR_PERM, HWS_ERR_NOTFOUND, HWS_ERR_CORRUPT: there is none in it. */
int hws_tls_expires(const char *cert_file, int64_t *ret) HWS_MUST_CHECK;
