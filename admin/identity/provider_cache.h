/* identity/provider_cache: what providers say of themselves and their public keys, remembered for
 * all threads. Private to admin/identity. */
#pragma once
#include "admin/identity/metadata.h"
#include <jansson.h>

#define IDN_ANSWER_MAX (512u << 10) /* of a provider, of any kind */
#define IDN_FETCH_US 10000000u

struct idn_cache;

int idn_cache_new(const char *ca_file, struct idn_cache **ret) HWS_MUST_CHECK;
void idn_cache_free(struct idn_cache *c);
const char *idn_cache_ca_file(const struct idn_cache *c); /* NULL = the system's */
int idn_cache_metadata(struct idn_cache *c, const char *issuer, struct idn_metadata *ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* The provider's keys; the caller's to release. `older`: those that did not do (NULL = none did):
 * asks for newer ones, though not more often than every half a minute, and then gives the same
 * ones again. */
int idn_cache_keys(struct idn_cache *c, const struct idn_metadata *m, const json_t *older,
		json_t **ret, struct hws_error *err) HWS_MUST_CHECK;
