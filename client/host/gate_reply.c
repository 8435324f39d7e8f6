/* The messages that a gate makes itself. They are few; everything else passes through as bytes. */
#include "client/host/gate_reply.h"
#include "shared/base/buf.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include "shared/wire/permission.h"
#include "shared/wire/session_channel.h"

int hws_gate_send(struct hws_conn *c, const Ses__Message *m)
{
	struct hws_buf b;
	int r;

	hws_buf_init(&b, HWS_SES_FRAME_MAX);
	r = hws_ses_pack(m, &b);
	if (r == HWS_OK)
		r = hws_conn_send_whole(c,
				hws_session_channel(hws_session_row_of(m), HWS_TO_VIEWER),
				hws_buf_bytes(&b));
	hws_buf_done(&b);
	return r;
}

static int send_misc(struct hws_conn *c, Ses__Misc *misc)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = misc;
	return hws_gate_send(c, &m);
}

int hws_gate_send_hash(struct hws_conn *c, const struct hws_gate_hash *h)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Hash hash = SES__HASH__INIT;
	struct hws_offers_ses offers;

	hash.salt = (char *)(uintptr_t)h->salt;
	hash.challenge = (char *)(uintptr_t)h->challenge;
	hash.v2_signed_id.data = (uint8_t *)(uintptr_t)h->signed_id.ptr;
	hash.v2_signed_id.len = h->signed_id.len;
	if (h->offers) {
		hash.n_pake = hws_offers_ses(h->offers, &offers);
		hash.pake = offers.list;
	}
	m.union_case = SES__MESSAGE__UNION_HASH;
	m.hash = &hash;
	return hws_gate_send(c, &m);
}

int hws_gate_send_permission(struct hws_conn *c, Ses__PermissionInfo__Permission what, bool enabled)
{
	Ses__Misc misc = SES__MISC__INIT;
	Ses__PermissionInfo info = SES__PERMISSION_INFO__INIT;

	info.permission = what;
	info.enabled = enabled;
	misc.union_case = SES__MISC__UNION_PERMISSION_INFO;
	misc.permission_info = &info;
	return send_misc(c, &misc);
}

/* No default, so that a permission that the schema gains does not compile before it stands here. */
static enum hws_permission permission_of(Ses__PermissionInfo__Permission wire)
{
	switch (wire) {
	case SES__PERMISSION_INFO__PERMISSION__Keyboard:
		return HWS_PERM_KEYBOARD;
	case SES__PERMISSION_INFO__PERMISSION__Clipboard:
		return HWS_PERM_CLIPBOARD;
	case SES__PERMISSION_INFO__PERMISSION__Audio:
		return HWS_PERM_AUDIO;
	case SES__PERMISSION_INFO__PERMISSION__File:
		return HWS_PERM_FILE;
	case SES__PERMISSION_INFO__PERMISSION__Restart:
		return HWS_PERM_RESTART;
	case SES__PERMISSION_INFO__PERMISSION__Recording:
		return HWS_PERM_RECORDING;
	case SES__PERMISSION_INFO__PERMISSION__BlockInput:
		return HWS_PERM_BLOCK_INPUT;
	case SES__PERMISSION_INFO__PERMISSION__PrivacyMode:
		return HWS_PERM_PRIVACY_MODE;
	case _SES__PERMISSION_INFO__PERMISSION_IS_INT_SIZE:
		break;
	}
	return HWS_PERM_COUNT;
}

int hws_gate_send_permissions(struct hws_conn *c, uint32_t before, uint32_t now)
{
	/* by number, the order that deployed viewers know */
	const ProtobufCEnumDescriptor *d = &ses__permission_info__permission__descriptor;
	int r = HWS_OK;

	for (unsigned i = 0; i < d->n_values && r == HWS_OK; i++) {
		Ses__PermissionInfo__Permission wire =
				(Ses__PermissionInfo__Permission)d->values[i].value;
		uint32_t bit = HWS_NEED(permission_of(wire));

		if ((before ^ now) & bit)
			r = hws_gate_send_permission(c, wire, now & bit);
	}
	return r;
}

static int send_login_response(struct hws_conn *c, Ses__LoginResponse *response)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_LOGIN_RESPONSE;
	m.login_response = response;
	return hws_gate_send(c, &m);
}

int hws_gate_send_login_error(struct hws_conn *c, const char *text, struct hws_offers *offers)
{
	Ses__LoginResponse response = SES__LOGIN_RESPONSE__INIT;
	struct hws_offers_ses list;

	response.union_case = SES__LOGIN_RESPONSE__UNION_ERROR;
	response.error = (char *)(uintptr_t)text;
	if (offers) {
		response.n_pake = hws_offers_ses(offers, &list);
		response.pake = list.list;
	}
	return send_login_response(c, &response);
}

int hws_gate_send_turned_away(struct hws_conn *c, const char *text, struct hws_bytes signed_id)
{
	Ses__LoginResponse response = SES__LOGIN_RESPONSE__INIT;

	response.union_case = SES__LOGIN_RESPONSE__UNION_ERROR;
	response.error = (char *)(uintptr_t)text;
	response.v2_signed_id.data = (uint8_t *)(uintptr_t)signed_id.ptr;
	response.v2_signed_id.len = signed_id.len;
	return send_login_response(c, &response);
}

int hws_gate_send_peer_info(
		struct hws_conn *c, struct hws_bytes peer_info, struct hws_gate_welcome *welcome)
{
	Ses__LoginResponse response = SES__LOGIN_RESPONSE__INIT;
	Ses__Resume resume = SES__RESUME__INIT;
	ProtobufCMessage *info = NULL;
	int r = hws_msg_unpack(&ses__peer_info__descriptor, peer_info, HWS_SES_LIST_MAX, &info);

	if (r < 0)
		return r;
	response.union_case = SES__LOGIN_RESPONSE__UNION_PEER_INFO;
	response.peer_info = (Ses__PeerInfo *)info;
	if (welcome->has_confirm)
		response.pake_confirm =
				(ProtobufCBinaryData){ sizeof(welcome->confirm), welcome->confirm };
	if (welcome->has_leg_session)
		response.leg_session = (ProtobufCBinaryData){ sizeof(welcome->leg_session),
			welcome->leg_session };
	if (welcome->has_ticket) {
		resume.id = (ProtobufCBinaryData){ sizeof(welcome->ticket.id), welcome->ticket.id };
		resume.secret = (ProtobufCBinaryData){ sizeof(welcome->ticket.secret),
			welcome->ticket.secret };
		response.resume = &resume;
	}
	r = send_login_response(c, &response);
	hws_msg_free(info);
	return r;
}

int hws_gate_send_test_delay(
		struct hws_conn *c, int64_t number, uint32_t last_delay_ms, uint32_t bitrate)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__TestDelay delay = SES__TEST_DELAY__INIT;

	delay.time = number;
	delay.last_delay = last_delay_ms;
	delay.target_bitrate = bitrate;
	m.union_case = SES__MESSAGE__UNION_TEST_DELAY;
	m.test_delay = &delay;
	return hws_gate_send(c, &m);
}

int hws_gate_send_close_reason(struct hws_conn *c, const char *reason)
{
	Ses__Misc misc = SES__MISC__INIT;

	misc.union_case = SES__MISC__UNION_CLOSE_REASON;
	misc.close_reason = (char *)(uintptr_t)reason;
	return send_misc(c, &misc);
}
