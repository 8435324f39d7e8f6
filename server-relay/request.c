/* The one message a relay reads. It is judged without I/O, so that the fuzzer runs what the relay
 * runs. */
#include "server-relay/request.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"

static bool key_known(const struct rly_keys *keys, const char *key)
{
	if (!keys->count)
		return true;
	for (unsigned i = 0; i < keys->count; i++)
		if (hws_str_equal(keys->text[i], key))
			return true;
	return false;
}

int rly_request_parse(struct hws_bytes payload, const struct rly_keys *keys,
		struct rly_request *ret, enum rly_refusal *ret_why)
{
	Rdv__RendezvousMessage *m = NULL;
	int r;

	*ret_why = RLY_REFUSE_JUNK;
	if (payload.len > HWS_RLY_FIRST_FRAME_MAX) {
		*ret_why = RLY_REFUSE_TOO_BIG;
		return HWS_ERR_TOOBIG;
	}
	r = hws_rdv_unpack(payload, &m);
	if (r < 0)
		return r;
	if (m->union_case != RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY || !m->request_relay) {
		r = HWS_ERR_PROTO;
		goto out;
	}
	if (!key_known(keys, m->request_relay->licence_key)) {
		*ret_why = RLY_REFUSE_KEY;
		r = HWS_ERR_KEY;
		goto out;
	}
	ret->uuid_len = strlen(m->request_relay->uuid);
	if (!ret->uuid_len || ret->uuid_len > HWS_UUID_MAX) {
		r = HWS_ERR_PROTO;
		goto out;
	}
	memcpy(ret->uuid, m->request_relay->uuid, ret->uuid_len + 1);
	ret->viewer = m->request_relay->id[0] != 0;
out:
	hws_rdv_free(m);
	return r;
}
