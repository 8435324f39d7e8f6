/* Apart from the handshake, since a connection that becomes a leg of a session begins with the same
 * word and goes on with another. */
#include "shared/wire/signed_word.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"

static struct hws_bytes bytes_of(const ProtobufCBinaryData *b)
{
	return hws_bytes(b->data, b->len);
}

int hws_signed_word_read(struct hws_bytes in, Ses__IdPk **ret)
{
	ProtobufCMessage *m;
	int r;

	if (in.len < HWS_SIG_LEN)
		return HWS_ERR_CRYPTO;
	r = hws_msg_unpack(&ses__id_pk__descriptor,
			hws_bytes(in.ptr + HWS_SIG_LEN, in.len - HWS_SIG_LEN), HWS_SES_LIST_MAX,
			&m);
	if (r == HWS_OK)
		*ret = (Ses__IdPk *)m;
	return r;
}

bool hws_signed_word_by(const uint8_t pk[HWS_PK_LEN], struct hws_bytes in)
{
	struct hws_bytes content;

	return hws_verify_attached(pk, in, &content) == HWS_OK;
}

struct hws_bytes hws_signed_word_of(const Ses__Message *m)
{
	if (m && m->union_case == SES__MESSAGE__UNION_HASH)
		return bytes_of(&m->hash->v2_signed_id);
	if (m && m->union_case == SES__MESSAGE__UNION_LOGIN_RESPONSE)
		return bytes_of(&m->login_response->v2_signed_id);
	return hws_bytes(NULL, 0);
}

static int check(struct hws_bytes word, const uint8_t *host_pk, const char *id)
{
	Ses__IdPk *id_pk = NULL;
	int r = hws_signed_word_read(word, &id_pk);

	if (r < 0)
		return r == HWS_ERR_NOMEM ? r : HWS_ERR_PROTO;
	if (!hws_signed_word_by(host_pk, word) || !id_pk->v2 ||
			(*id && !hws_str_equal(id_pk->id, id)))
		r = HWS_ERR_KEY;
	hws_msg_free(&id_pk->base);
	return r;
}

int hws_signed_word_check(struct hws_bytes frame, const uint8_t host_pk[HWS_PK_LEN], const char *id)
{
	Ses__Message *m = NULL;
	struct hws_bytes word;
	int r = hws_ses_unpack(frame, &m);

	if (r < 0)
		return r == HWS_ERR_NOMEM ? r : HWS_ERR_PROTO;
	word = m->union_case == SES__MESSAGE__UNION_SIGNED_ID ? bytes_of(&m->signed_id->id)
							      : hws_signed_word_of(m);
	r = word.len ? check(word, host_pk, id) : HWS_ERR_PROTO;
	hws_ses_free(m);
	return r;
}
