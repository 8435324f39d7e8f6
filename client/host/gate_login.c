/* A LoginRequest boiled down to what the gate must remember: what kind of session it asks for,
 * and the request itself, so that a second one of the same viewer can be held against the
 * first. */
#include "client/host/gate_login.h"
#include "client/host/ipc_caps.h"
#include "client/host/resume.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/identity.h"
#include "shared/crypto/pake.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include "shared/wire/permission.h"
#include "shared/wire/session_rights.h"
#include "shared/wire/version.h"

void hws_gate_login_init(struct hws_gate_login *l)
{
	memset(l, 0, sizeof(*l));
	l->kind = HWS_KIND_REMOTE;
	hws_buf_init(&l->scope, HWS_SES_LOGIN_FRAME_MAX + 256);
	hws_buf_init(&l->request, HWS_SES_LOGIN_FRAME_MAX + 256);
}

void hws_gate_login_done(struct hws_gate_login *l)
{
	hws_buf_done(&l->scope);
	hws_buf_done_wiped(&l->request);
}

/* Items are length-prefixed, so that two different requests never give the same text. */
static void put_item(struct hws_buf *b, const char *s)
{
	uint32_t len = (uint32_t)strlen(s);

	hws_buf_put(b, &len, sizeof(len));
	hws_buf_put(b, s, len);
}

static void put_scope(struct hws_buf *b, const Ses__LoginRequest *lr)
{
	enum hws_session_kind kind = hws_session_kind_of(lr);

	put_item(b, lr->my_id);
	hws_buf_put_u8(b, (uint8_t)kind);
	switch (kind) {
	case HWS_KIND_FILE:
		put_item(b, lr->file_transfer->dir);
		hws_buf_put_u8(b, lr->file_transfer->show_hidden ? 1 : 0);
		break;
	case HWS_KIND_TERMINAL:
		put_item(b, lr->terminal->service_id);
		break;
	case HWS_KIND_FORWARD:
		put_item(b, lr->port_forward->host);
		hws_buf_put(b, &lr->port_forward->port, sizeof(lr->port_forward->port));
		break;
	default:
		break;
	}
}

int hws_gate_login_take(struct hws_gate_login *l, const Ses__LoginRequest *lr)
{
	Ses__LoginRequest safe = *lr;
	struct hws_buf scope;
	int r;

	hws_buf_init(&scope, HWS_SES_LOGIN_FRAME_MAX + 256);
	put_scope(&scope, lr);
	r = hws_buf_err(&scope);
	if (r < 0)
		goto out;
	r = HWS_ERR_DENIED;
	if (l->seen && !hws_bytes_equal(hws_buf_bytes(&scope), hws_buf_bytes(&l->scope)))
		goto out;
	hws_buf_reset(&l->scope);
	hws_buf_put(&l->scope, hws_buf_bytes(&scope).ptr, hws_buf_len(&scope));
	/* the agent has no use for the proofs, the account's password, the device mark or the
	 * picture */
	safe.password = (ProtobufCBinaryData){ 0, NULL };
	safe.n_pake = 0;
	safe.resume = NULL;
	safe.viewer = NULL;
	safe.hwid = (ProtobufCBinaryData){ 0, NULL };
	safe.avatar = (char *)"";
	safe.os_login = NULL;
	hws_buf_reset(&l->request);
	r = hws_msg_pack(&safe.base, &l->request);
	if (r == HWS_OK)
		r = hws_buf_err(&l->scope);
	if (r < 0)
		goto out;
	l->kind = hws_session_kind_of(lr);
	l->version = hws_version_number(lr->version);
	l->seen = true;
out:
	hws_buf_done(&scope);
	return r;
}

/* hostd takes no longer texts; what is right of a viewer's is shorter. Cuts no character in two. */
static char *clipped(char *text)
{
	size_t n = HWS_IPC_TEXT_MAX;

	if (strlen(text) <= n)
		return text;
	while (n && ((uint8_t)text[n] & 0xc0) == 0x80)
		n--;
	text[n] = '\0';
	return text;
}

/* What is of another length cannot be right, and hostd takes nothing longer. */
static ProtobufCBinaryData exactly(ProtobufCBinaryData d, size_t len)
{
	return d.len == len ? d : (ProtobufCBinaryData){ 0, NULL };
}

static void fill_proofs(const Ses__LoginRequest *lr, Agt__LoginCheck *check)
{
	for (size_t i = 0; i < lr->n_pake; i++) {
		const Ses__PakeProof *p = lr->pake[i];
		ProtobufCBinaryData share = exactly(p->share, HWS_PAKE_SHARE_LEN);
		ProtobufCBinaryData confirm = exactly(p->confirm, HWS_PAKE_CONFIRM_LEN);

		if (p->kind == HWS_PAKE_TEMPORARY) {
			check->temporary_share = share;
			check->temporary_confirm = confirm;
		} else if (p->kind == HWS_PAKE_PERMANENT) {
			check->permanent_share = share;
			check->permanent_confirm = confirm;
		}
	}
	if (lr->resume) {
		check->resume_id = exactly(lr->resume->id, HWS_RESUME_ID_LEN);
		check->resume_mac = exactly(lr->resume->mac, HWS_IPC_KEY_MAX);
	}
	if (lr->viewer) {
		check->viewer_pk = exactly(lr->viewer->pk, HWS_PK_LEN);
		check->viewer_signature = exactly(lr->viewer->signature, HWS_SIG_LEN);
	}
}

void hws_gate_login_switch(const Ses__SwitchSidesResponse *s, Agt__LoginCheck *check)
{
	static uint8_t none; /* what is of another length is wrong, and shown all the same */

	check->switch_secret = s->uuid.len == 16 ? s->uuid : (ProtobufCBinaryData){ 1, &none };
}

void hws_gate_login_check(const struct hws_gate_login *l, const Ses__LoginRequest *lr,
		const struct hws_gate_channel *channel, Agt__LoginCheck *check)
{
	check->level = channel->level;
	if (channel->level == HWS_LEVEL_V2) {
		check->binding.data = (uint8_t *)(uintptr_t)channel->binding;
		check->binding.len = HWS_IPC_KEY_MAX;
		fill_proofs(lr, check);
	} else {
		check->proof = lr->password;
		check->proof.len = HWS_MIN(check->proof.len, (size_t)HWS_IPC_PROOF_MAX);
	}
	check->username = clipped(lr->username);
	check->my_id = clipped(lr->my_id);
	check->my_name = clipped(lr->my_name);
	check->my_platform = clipped(lr->my_platform);
	check->version = clipped(lr->version);
	if (lr->os_login) {
		check->os_user = clipped(lr->os_login->username);
		check->os_password_secret = clipped(lr->os_login->password);
	}
	check->session_id = lr->session_id;
	check->looks_on = (hws_option_disabled(lr->option, 0) & HWS_NEED(HWS_PERM_KEYBOARD)) != 0;
	check->kind = (Agt__SessionKind)l->kind;
}
