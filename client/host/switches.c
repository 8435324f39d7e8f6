/* Over a line of hawser's own encryption the number itself is not shown but a digest of it with the
 * line in it, so that it serves on no other. */
#include "client/host/switches.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"
#include "shared/crypto/secret.h"
#include "shared/crypto/switch_proof.h"
#include <string.h>

int hws_switches_expect(struct hws_switches *s, const char *id,
		const uint8_t number[HWS_SWITCH_NUMBER], uint64_t now_us)
{
	unsigned at = 0;

	if (!*id || strlen(id) > HWS_IPC_TEXT_MAX)
		return HWS_ERR_INVAL;
	for (unsigned i = 0; i < HWS_SWITCHES_MAX; i++) {
		if (hws_str_equal(s->item[i].id, id)) { /* one for each */
			at = i;
			break;
		}
		if (s->item[i].until_us < s->item[at].until_us)
			at = i;
	}
	memcpy(s->item[at].id, id, strlen(id) + 1);
	memcpy(s->item[at].number_secret, number, HWS_SWITCH_NUMBER);
	s->item[at].until_us = now_us + HWS_SWITCH_US;
	return HWS_OK;
}

bool hws_switches_use(struct hws_switches *s, const char *id, struct hws_bytes shown,
		const uint8_t *binding, uint64_t now_us)
{
	uint8_t right[HWS_SWITCH_NUMBER];
	bool good = false;

	for (unsigned i = 0; i < HWS_SWITCHES_MAX; i++) {
		if (!*id || !hws_str_equal(s->item[i].id, id))
			continue;
		if (binding)
			hws_switch_proof(s->item[i].number_secret, binding, right);
		else
			memcpy(right, s->item[i].number_secret, sizeof(right));
		good = now_us < s->item[i].until_us && shown.len == sizeof(right) &&
				hws_secret_equal(shown.ptr, right, sizeof(right));
		hws_wipe(right, sizeof(right));
		hws_wipe(&s->item[i], sizeof(s->item[i]));
	}
	return good;
}
