/* api/report_rate: the table of daemon/admit, whose addresses here are hashes of devices. Where it
 * is full the one that was silent for longest is forgotten, and nobody is refused for others. */
#include "admin/api/report_rate.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/digest.h"
#include "shared/daemon/admit.h"
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>

#define TOKENS_OF_BYTES 1024u

struct adi_report_rate {
	pthread_mutex_t lock;
	struct hws_admit *admit; /* under the lock; a token a second */
};

int adi_report_rate_new(struct adi_report_rate **ret)
{
	/* a device takes two, as an address of IPv6 does: its own, and a wider one */
	const struct hws_admit_conf conf = { .max_entries = 2 * ADI_REPORT_DEVICES,
		.rate = 1,
		.burst = ADI_REPORTS_AT_ONCE * ADI_REPORT_S };
	struct adi_report_rate *r = hws_alloc(sizeof(*r));

	if (!r)
		return HWS_ERR_NOMEM;
	if (hws_admit_new(&conf, &r->admit) < 0) {
		hws_free(r);
		return HWS_ERR_NOMEM;
	}
	pthread_mutex_init(&r->lock, NULL);
	*ret = r;
	return HWS_OK;
}

void adi_report_rate_free(struct adi_report_rate *r)
{
	if (!r)
		return;
	hws_admit_free(r->admit);
	pthread_mutex_destroy(&r->lock);
	hws_free(r);
}

bool adi_report_rate_take(
		struct adi_report_rate *r, const char *device, size_t len, uint64_t now_us)
{
	struct sockaddr_storage addr = { .ss_family = AF_INET6 };
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&addr;
	uint8_t hash[HWS_SHA256_LEN];
	bool taken;

	hws_sha256(hws_bytes_str(device), hash);
	memcpy(&in6->sin6_addr, hash, sizeof(in6->sin6_addr));
	pthread_mutex_lock(&r->lock);
	taken = hws_admit_event(r->admit, &addr, ADI_REPORT_S + len / TOKENS_OF_BYTES, now_us);
	pthread_mutex_unlock(&r->lock);
	return taken;
}
