/* How the viewer gets in: what it proves, what the host answers, what the user is asked.
 * Towards hosts of v2 a password is proved in a way that tells nobody anything to guess at,
 * and the host has to show that it knows it, too, before anything of the session is believed. */
#include "client/core/readable_text.h"
#include "client/core/viewer_parts.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/switch_proof.h"
#include "shared/crypto/transcript.h"
#include "shared/wire/version.h"
#include <stdio.h>

/* A host that asks for more than anybody types wants to keep this machine busy. */
#define STRETCHES_MAX 32u
#define RESUME_MAC_LEN 32
#define VIEWER_LABEL "hawser v2 viewer"

void hws_viewer_login_begin(struct hws_viewer *v)
{
	v->login.has_hash = false;
	v->job = NULL;
	v->stretched = 0;
	v->resuming = v->refused = false;
	v->empties = 0;
	hws_login_pake_begin(&v->login.pake);
}

/* --- what is sent ----------------------------------------------------------------------------- */

/* What proves that we may come in; each may be missing. */
struct proof {
	struct hws_bytes password; /* the deployed scheme */
	struct hws_pake_proofs *pake;
	Ses__ResumeProof *resume;
	const uint8_t *switched; /* 16 bytes of a switch of sides */
};

/* Which installation this is, for this connection only. */
struct viewer_proof {
	Ses__ViewerProof m;
	uint8_t pk[HWS_PK_LEN], signature[HWS_SIG_LEN];
};

static bool prove_viewer(struct hws_viewer *v, struct viewer_proof *ret)
{
	const uint8_t *binding = hws_secure_binding(&v->secure);
	uint8_t what[sizeof(VIEWER_LABEL) - 1 + HWS_BINDING_LEN + HWS_DIGEST_LEN];
	struct hws_identity own;

	if (v->level != HWS_LEVEL_V2 || !binding || !v->ops.identity ||
			!v->ops.identity(&own, v->arg))
		return false;
	memcpy(what, VIEWER_LABEL, sizeof(VIEWER_LABEL) - 1);
	memcpy(what + sizeof(VIEWER_LABEL) - 1, binding, HWS_BINDING_LEN);
	memcpy(what + sizeof(VIEWER_LABEL) - 1 + HWS_BINDING_LEN,
			hws_secure_signed_word(&v->secure), HWS_DIGEST_LEN);
	hws_identity_sign(&own, hws_bytes(what, sizeof(what)), ret->signature);
	hws_wipe(what, sizeof(what));
	memcpy(ret->pk, own.pk, sizeof(ret->pk));
	hws_identity_wipe(&own);
	ses__viewer_proof__init(&ret->m);
	ret->m.pk.data = ret->pk;
	ret->m.pk.len = sizeof(ret->pk);
	ret->m.signature.data = ret->signature;
	ret->m.signature.len = sizeof(ret->signature);
	return true;
}

static void send_login(struct hws_viewer *v, const struct proof *proof)
{
	Ses__LoginRequest lr = SES__LOGIN_REQUEST__INIT;
	Ses__SwitchSidesResponse sw = SES__SWITCH_SIDES_RESPONSE__INIT;
	Ses__Message m = SES__MESSAGE__INIT;
	struct hws_session_wish_login member;
	struct hws_option_message option;
	struct viewer_proof vp;

	v->told = v->options;
	hws_view_options_login(v->wish.kind, &v->told, &option);
	if (v->level != HWS_LEVEL_V2) /* deployed hosts know nothing of it */
		option.m.exact = SES__OPTION_MESSAGE__BOOL_OPTION__NotSet;
	hws_session_wish_put(&v->wish, &member, &lr);
	lr.username = v->username;
	if (v->level != HWS_LEVEL_V2) {
		lr.password.data = (uint8_t *)proof->password.ptr;
		lr.password.len = proof->password.len;
	}
	if (proof->pake) {
		lr.n_pake = proof->pake->count;
		lr.pake = proof->pake->list;
	}
	lr.resume = proof->resume;
	if (prove_viewer(v, &vp))
		lr.viewer = &vp.m;
	lr.my_id = v->my_id;
	lr.my_name = v->my_name;
	lr.my_platform = v->my_platform;
	lr.option = &option.m;
	lr.session_id = v->session_id;
	lr.version = (char *)HWS_PROTOCOL_VERSION;
	if (v->trusted) {
		lr.hwid.data = v->hwid;
		lr.hwid.len = sizeof(v->hwid);
	}
	m.union_case = SES__MESSAGE__UNION_LOGIN_REQUEST;
	m.login_request = &lr;
	if (proof->switched) {
		sw.uuid.data = (uint8_t *)(uintptr_t)proof->switched;
		sw.uuid.len = HWS_SWITCH_PROOF_LEN;
		sw.lr = &lr;
		m.union_case = SES__MESSAGE__UNION_SWITCH_SIDES_RESPONSE;
		m.switch_sides_response = &sw;
	}
	if (hws_viewer_pack(v, &m) < 0)
		hws_viewer_end(v, HWS_ERR_NOMEM, "out of memory while logging in", NULL);
}

/* An empty login lets the person at the host accept by a click. */
static void ask(struct hws_viewer *v, enum hws_login_step step)
{
	if (!hws_viewer_set_state(v, HWS_VIEWER_ASKING))
		return;
	v->empties++;
	send_login(v, &(struct proof){ 0 });
	if (v->state == HWS_VIEWER_ASKING)
		v->ops.ask(step, false, v->arg);
}

/* --- v2 --------------------------------------------------------------------------------------- */

/* Shows the ticket of the session whose line was lost. It is good at that host, for a short time;
 * and again where the host could not show its desktop yet. */
static bool resume(struct hws_viewer *v)
{
	struct hws_login_resume ticket = v->login.resume;
	const uint8_t *binding = hws_secure_binding(&v->secure);
	Ses__ResumeProof rp = SES__RESUME_PROOF__INIT;
	uint8_t mac[RESUME_MAC_LEN];

	if (!ticket.has || !binding || !v->has_host_pk ||
			memcmp(ticket.host_pk, v->host_pk, sizeof(ticket.host_pk)) != 0 ||
			(ticket.lost_us && v->now_us > ticket.lost_us + HWS_RESUME_US) ||
			!hws_viewer_set_state(v, HWS_VIEWER_VERDICT)) {
		hws_wipe(&ticket, sizeof(ticket));
		return false;
	}
	hws_digest_keyed(ticket.secret, "hawser v2 resume",
			&(struct hws_bytes){ binding, HWS_BINDING_LEN }, 1, mac);
	rp.id.data = ticket.id;
	rp.id.len = sizeof(ticket.id);
	rp.mac.data = mac;
	rp.mac.len = sizeof(mac);
	v->resuming = true;
	send_login(v, &(struct proof){ .resume = &rp });
	hws_wipe(&ticket, sizeof(ticket));
	return true;
}

/* True: it is on its way, or the link has ended. */
static bool stretch(struct hws_viewer *v)
{
	const uint8_t *h1 = hws_login_h1(&v->login);
	struct hws_pake_job *job;
	int r = HWS_OK;

	if (!h1)
		return false;
	job = hws_alloc(sizeof(*job));
	if (job && !hws_login_pake_missing(&v->login.pake, h1, job)) {
		hws_pake_job_free(job);
		return false;
	}
	if (v->stretched++ >= STRETCHES_MAX) {
		hws_pake_job_free(job);
		hws_viewer_end(v, HWS_ERR_PROTO,
				"the host asks for the password in ever new ways; it is no sound host",
				NULL);
		return true;
	}
	v->job = job;
	if (!job)
		r = HWS_ERR_NOMEM;
	else if (v->ops.stretch)
		r = v->ops.stretch(job, v->arg);
	else
		hws_viewer_stretched(v, job, hws_pake_job_run(job));
	if (r < 0) {
		v->job = NULL;
		hws_pake_job_free(job);
		hws_viewer_end(v, r, "the password could not be worked on: out of memory", NULL);
	}
	return true;
}

/* VERDICT: proves the password as soon as it is stretched. */
static void prove(struct hws_viewer *v)
{
	const uint8_t *binding = hws_secure_binding(&v->secure);
	struct hws_pake_proofs proofs;

	if (v->job || stretch(v))
		return;
	if (!binding || !v->has_host_pk ||
			!hws_login_pake_prove(&v->login.pake, binding, v->host_pk, &proofs)) {
		hws_viewer_end(v, HWS_ERR_PROTO,
				"the host offers no way to prove a password that could be used",
				NULL);
		return;
	}
	send_login(v, &(struct proof){ .pake = &proofs });
	hws_wipe(&proofs, sizeof(proofs));
}

void hws_viewer_stretched(struct hws_viewer *v, struct hws_pake_job *job, int r)
{
	bool current = job == v->job;

	if (current) {
		v->job = NULL;
		for (size_t i = 0; r == HWS_OK && i < job->count; i++)
			hws_login_pake_keep(&v->login.pake, &job->item[i]);
	}
	hws_pake_job_free(job);
	if (!current || v->state != HWS_VIEWER_VERDICT)
		return; /* of an earlier link; or the person at the host was faster */
	if (r < 0)
		hws_viewer_end(v, r,
				"the password could not be worked on: not enough memory for what the host "
				"demands",
				NULL);
	else
		prove(v);
}

static void try_v2(struct hws_viewer *v)
{
	if (v->login.resume.has && resume(v))
		return;
	if (!hws_login_can_prove(&v->login)) {
		/* what deployed hosts get instead would be for it to guess at */
		v->refused |= hws_login_h1(&v->login) != NULL;
		ask(v, v->login.pake.offer_count ? HWS_LOGIN_ASK : HWS_LOGIN_WAIT);
	} else if (hws_viewer_set_state(v, HWS_VIEWER_VERDICT)) {
		prove(v);
	}
}

/* --- the host's challenge --------------------------------------------------------------------- */

/* The deployed scheme, and plaintext. */
static bool try_v1(struct hws_viewer *v)
{
	uint8_t proof[HWS_PROOF_LEN];

	if (!hws_login_proof(&v->login, proof))
		return false;
	if (hws_viewer_set_state(v, HWS_VIEWER_VERDICT))
		send_login(v, &(struct proof){ .password = hws_bytes(proof, sizeof(proof)) });
	hws_wipe(proof, sizeof(proof));
	return true;
}

/* By what the user of that host has agreed to; used up by one attempt. True: it is on its way. */
static bool try_switch(struct hws_viewer *v)
{
	const uint8_t *binding = hws_secure_binding(&v->secure);
	uint8_t shown[HWS_SWITCH_PROOF_LEN];

	if (!v->has_switch)
		return false;
	v->has_switch = false;
	memcpy(shown, v->switch_secret, sizeof(shown));
	if (v->level == HWS_LEVEL_V2 && binding)
		hws_switch_proof(v->switch_secret, binding, shown);
	hws_wipe(v->switch_secret, sizeof(v->switch_secret));
	if (hws_viewer_set_state(v, HWS_VIEWER_VERDICT))
		send_login(v, &(struct proof){ .switched = shown });
	hws_wipe(shown, sizeof(shown));
	return true;
}

void hws_viewer_try_login(struct hws_viewer *v)
{
	if (try_switch(v))
		return;
	hws_login_take_later(&v->login);
	if (v->level == HWS_LEVEL_V2)
		try_v2(v);
	else if (!try_v1(v))
		ask(v, HWS_LOGIN_ASK);
}

static void go_one_by_one(struct hws_viewer *v)
{
	if (v->ops.one_by_one)
		v->ops.one_by_one(v->arg);
	else
		hws_viewer_end(v, HWS_ERR_UNSUPPORTED,
				"the host speaks no hawser v2, so every connection needs a session "
				"of its own",
				NULL);
}

/* A second Hash on a link is a new challenge (as deployed hosts mean it), also while the user
 * is asked. Not with v2: each proof is a guess for who only pretends to be the host, and one
 * who could ask for it again and again would soon have the password. */
void hws_viewer_on_hash(struct hws_viewer *v, const Ses__Hash *hash)
{
	if (v->level == HWS_LEVEL_V2 && v->login.has_hash) {
		v->ignored++;
		return;
	}
	if (hws_login_hash(&v->login, hash->salt, hash->challenge) < 0) {
		hws_viewer_end(v, HWS_ERR_PROTO,
				"the host's challenge is longer than any known host sends; "
				"it is no RustDesk-compatible host",
				NULL);
		return;
	}
	if (v->level == HWS_LEVEL_V2)
		hws_login_pake_offers(&v->login.pake, hash->pake, hash->n_pake);
	else if (v->wish.kind == HWS_KIND_FORWARD && v->wish.forward_port == 0) {
		go_one_by_one(v);
		return;
	}
	if (!hws_viewer_doubts(v))
		hws_viewer_try_login(v);
}

/* --- the host's verdict ----------------------------------------------------------------------- */

static void end_unproved(struct hws_viewer *v)
{
	hws_viewer_end(v, HWS_ERR_KEY,
			"the host that answered does not know the password: somebody may be pretending to "
			"be it. The password was not told to it",
			NULL);
}

/* v2: what the verdict means for what was shown. False: the link has ended. */
static bool take_verdict(
		struct hws_viewer *v, enum hws_login_step step, const Ses__LoginResponse *lr)
{
	struct hws_login_pake *pake = &v->login.pake;
	bool code = step == HWS_LOGIN_CODE || step == HWS_LOGIN_CODE_AGAIN;

	if (lr->n_pake)
		hws_login_pake_offers(pake, lr->pake, lr->n_pake);
	if (code) { /* the password was right, and the host may say so already */
		if (lr->pake_confirm.len && hws_login_pake_pending(pake) &&
				!hws_login_pake_confirm(pake,
						hws_bytes(lr->pake_confirm.data,
								lr->pake_confirm.len))) {
			end_unproved(v);
			return false;
		}
		return true;
	}
	v->refused |= hws_login_pake_pending(pake);
	hws_login_pake_void(pake);
	if (!pake->offer_count && (step == HWS_LOGIN_ASK || step == HWS_LOGIN_ASK_AGAIN)) {
		hws_viewer_end(v, HWS_ERR_PASSWORD,
				v->refused ? "the password is wrong, and the host takes no other one on this "
					     "connection"
					   : "the host asks for a password, but takes none on this "
					     "connection",
				NULL);
		return false;
	}
	return true;
}

/* An answer to something else than a password. */
static bool is_beside_the_password(struct hws_viewer *v, enum hws_login_step step)
{
	if (step != HWS_LOGIN_ASK && step != HWS_LOGIN_ASK_AGAIN)
		return false;
	if (v->resuming) { /* came too late: the usual way, then */
		hws_wipe(&v->login.resume, sizeof(v->login.resume));
		v->resuming = false;
		hws_viewer_try_login(v);
		return true;
	}
	return v->job != NULL; /* of the empty login; the password is on its way */
}

static void on_error(struct hws_viewer *v, const Ses__LoginResponse *lr)
{
	char text[400];
	int err;
	enum hws_login_step step = hws_login_verdict(lr->error, &err, text, sizeof(text));

	if (step == HWS_LOGIN_END) {
		hws_viewer_end(v, err, text, lr->error);
		return;
	}
	if (v->state == HWS_VIEWER_HASH || v->state == HWS_VIEWER_DOUBT) {
		v->ignored++; /* a question about a login that was not made */
		return;
	}
	/* The user is being asked, or has answered meanwhile. */
	if (step == HWS_LOGIN_ASK && v->empties && v->level != HWS_LEVEL_V2) {
		v->empties--;
		return;
	}
	v->empties = 0;
	if (v->level == HWS_LEVEL_V2 &&
			(!take_verdict(v, step, lr) || is_beside_the_password(v, step)))
		return;
	if (step == HWS_LOGIN_ASK || step == HWS_LOGIN_ASK_AGAIN) {
		hws_login_refused(&v->login);
		if (v->login.next_secret) { /* the user has answered already */
			hws_viewer_try_login(v);
			return;
		}
	}
	if (step == HWS_LOGIN_CODE || step == HWS_LOGIN_CODE_AGAIN)
		v->trusted = false;
	if (hws_viewer_set_state(v, HWS_VIEWER_ASKING))
		v->ops.ask(step, lr->enable_trusted_devices, v->arg);
}

/* A Windows host to which several people are logged in starts nothing before it is told whose
 * desktop to show: the one it stands in already. */
static void keep_windows_session(struct hws_viewer *v, const Ses__WindowsSessions *w)
{
	Ses__Misc misc = SES__MISC__INIT;

	misc.union_case = SES__MISC__UNION_SELECTED_SID;
	misc.selected_sid = w->current_sid;
	if (hws_viewer_send_misc(v, &misc) < 0)
		hws_viewer_end(v, HWS_ERR_NOMEM, "out of memory while logging in", NULL);
}

static void keep_ticket(struct hws_viewer *v, const Ses__Resume *r)
{
	struct hws_login_resume *t = &v->login.resume;

	*t = (struct hws_login_resume){ 0 };
	if (!r || r->id.len != sizeof(t->id) || r->secret.len != sizeof(t->secret))
		return;
	t->has = true;
	memcpy(t->id, r->id.data, sizeof(t->id));
	memcpy(t->secret, r->secret.data, sizeof(t->secret));
	memcpy(t->host_pk, v->host_pk, sizeof(t->host_pk));
}

/* It is of use only where the handshake said so. */
static void keep_leg_session(struct hws_viewer *v, const ProtobufCBinaryData *session)
{
	v->has_leg_session =
			hws_secure_legs_key(&v->secure) && session->len == sizeof(v->leg_session);
	if (v->has_leg_session)
		memcpy(v->leg_session, session->data, sizeof(v->leg_session));
}

/* v2: who got a proof of the password has to show that it knows it. False: the link has ended. */
static bool host_is_proved(struct hws_viewer *v, const Ses__LoginResponse *lr)
{
	struct hws_login_pake *pake = &v->login.pake;

	if (v->level != HWS_LEVEL_V2)
		return true;
	if (hws_login_pake_pending(pake) &&
			!hws_login_pake_confirm(pake,
					hws_bytes(lr->pake_confirm.data, lr->pake_confirm.len))) {
		end_unproved(v);
		return false;
	}
	keep_ticket(v, lr->resume);
	keep_leg_session(v, &lr->leg_session);
	v->resuming = false;
	return true;
}

static void on_welcome(struct hws_viewer *v, const Ses__LoginResponse *lr)
{
	struct hws_service *s;
	const char *unmet;
	int err;

	if (!host_is_proved(v, lr))
		return;
	hws_peer_set(&v->peer, lr->peer_info);
	unmet = hws_session_wish_unmet(&v->wish, lr->peer_info, &err);
	if (unmet) {
		hws_viewer_end(v, err, unmet, NULL);
		return;
	}
	if (!hws_viewer_set_state(v, HWS_VIEWER_READY))
		return;
	hws_login_accepted(&v->login);
	if (v->trust_asked)
		v->trusted = true;
	v->ops.frame_max(HWS_SES_FRAME_MAX, v->arg);
	v->services_open = true;
	each_open_service(v, s, open) s->impl->open(s);
	v->ops.ready(v->arg);
	hws_viewer_displays_begin(v);
	hws_viewer_tell_options(v);
	if (lr->peer_info->windows_sessions)
		keep_windows_session(v, lr->peer_info->windows_sessions);
}

void hws_viewer_on_login(struct hws_viewer *v, const Ses__LoginResponse *lr)
{
	if (lr->union_case == SES__LOGIN_RESPONSE__UNION_ERROR)
		on_error(v, lr);
	else if (v->state == HWS_VIEWER_HASH || v->state == HWS_VIEWER_DOUBT)
		v->ignored++;
	else if (lr->union_case == SES__LOGIN_RESPONSE__UNION_PEER_INFO)
		on_welcome(v, lr);
}

/* --- answers ---------------------------------------------------------------------------------- */

int hws_viewer_password(struct hws_viewer *v, const char *password)
{
	int r;

	if (v->state == HWS_VIEWER_READY)
		return HWS_ERR_DENIED;
	if (v->state != HWS_VIEWER_ASKING)
		return hws_login_later(&v->login, password);
	if (v->level == HWS_LEVEL_V2 && !v->login.pake.offer_count)
		return HWS_ERR_DENIED; /* nobody asked */
	r = hws_login_typed(&v->login, password);
	if (r < 0)
		return r;
	if (v->level != HWS_LEVEL_V2)
		return try_v1(v) ? HWS_OK : HWS_ERR_DENIED;
	if (!hws_viewer_set_state(v, HWS_VIEWER_VERDICT))
		return HWS_ERR_DENIED;
	prove(v);
	return HWS_OK;
}

int hws_viewer_code(struct hws_viewer *v, const char *code, bool trust)
{
	Ses__Auth2FA a = SES__AUTH2_FA__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	if (v->state != HWS_VIEWER_ASKING)
		return HWS_ERR_DENIED;
	if (strlen(code) > 32 || !hws_utf8_valid(hws_bytes_str(code)))
		return HWS_ERR_INVAL;
	a.code = (char *)code;
	if (trust) {
		a.hwid.data = v->hwid;
		a.hwid.len = sizeof(v->hwid);
	}
	v->trust_asked = trust;
	m.union_case = SES__MESSAGE__UNION_AUTH_2FA;
	m.auth_2fa = &a;
	hws_viewer_set_state(v, HWS_VIEWER_VERDICT);
	return hws_viewer_pack(v, &m);
}
