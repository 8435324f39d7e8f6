/* One-time links, providers of identity, logins that are under way there: on both engines. */
#include "admin/data/accounts.h"
#include "admin/data/flows.h"
#include "admin/data/links.h"
#include "admin/data/providers.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "tests/unit/admin/engines.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW 1790000000000ll

static struct dat_keys *keys;
static char account[DAT_GUID_TEXT], provider[DAT_GUID_TEXT];

static void begin(void)
{
	char dir[] = "/tmp/hawser-keys-XXXXXX", path[60];
	struct hws_error err = { 0 };
	struct dat_provider *p = hws_alloc(sizeof(*p));

	ck_assert_ptr_nonnull(p);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_ok(hws_fmt(path, sizeof(path), "%s/keys", dir));
	ck_assert_msg(dat_keys_open(path, &keys, &err) == HWS_OK, "%s", err.text);
	unlink(path);
	rmdir(dir);
	ck_ok(dat_account_add(test_conn,
			&(struct dat_account_new){ .name = "ann",
					.role = DAT_ROLE_USER,
					.status = DAT_ENABLED },
			NOW, account));
	ck_ok(hws_str_copy(p->name, sizeof(p->name), "corp"));
	ck_ok(hws_str_copy(p->issuer, sizeof(p->issuer), "https://id.example.org"));
	ck_ok(hws_str_copy(p->client_id, sizeof(p->client_id), "rd"));
	ck_ok(hws_str_copy(p->group_map, sizeof(p->group_map), "{}"));
	p->enabled = true;
	ck_ok(dat_provider_add(test_conn, keys, p, "s3cret", NOW, provider));
	hws_free(p);
}

static void end(void)
{
	dat_keys_free(keys);
}

START_TEST(a_link_serves_once_and_a_day)
{
	char token[DAT_TOKEN_TEXT], other[DAT_TOKEN_TEXT];
	struct dat_link l;
	int64_t n = 0;
	struct dat_link_new in = { .kind = DAT_LINK_SETUP, .made_by = "start" };

	begin();
	ck_ok(dat_link_add(test_conn, &in, NOW, token));
	ck_ok(dat_link_get(test_conn, DAT_LINK_SETUP, token, NOW, &l));
	ck_assert_str_eq(l.made_by, "start");
	ck_assert_int_eq(
			dat_link_get(test_conn, DAT_LINK_PASSWORD, token, NOW, &l), HWS_ERR_DENIED);
	ck_assert_int_eq(dat_link_get(test_conn, DAT_LINK_SETUP, token, NOW + DAT_LINK_MS, &l),
			HWS_ERR_DENIED);
	ck_assert_int_eq(dat_link_get(test_conn, DAT_LINK_SETUP, "short", NOW, &l), HWS_ERR_DENIED);
	ck_ok(dat_link_use(test_conn, DAT_LINK_SETUP, token, NOW, &l));
	ck_assert_int_eq(dat_link_use(test_conn, DAT_LINK_SETUP, token, NOW, &l), HWS_ERR_DENIED);
	/* of two for one purpose the newer one serves */
	ck_ok(dat_link_add(test_conn, &in, NOW, token));
	ck_ok(dat_link_add(test_conn, &in, NOW, other));
	ck_assert_int_eq(dat_link_use(test_conn, DAT_LINK_SETUP, token, NOW, &l), HWS_ERR_DENIED);
	/* what is rolled back was not used */
	ck_ok(sql_begin(test_conn));
	ck_ok(dat_link_use(test_conn, DAT_LINK_SETUP, other, NOW, &l));
	ck_assert_int_eq(sql_end(test_conn, HWS_ERR_EXISTS), HWS_ERR_EXISTS);
	ck_ok(dat_link_get(test_conn, DAT_LINK_SETUP, other, NOW, &l));
	/* one for a password goes with its account */
	in = (struct dat_link_new){ .kind = DAT_LINK_PASSWORD, .account_guid = account };
	ck_ok(dat_link_add(test_conn, &in, NOW, token));
	ck_ok(dat_link_get(test_conn, DAT_LINK_PASSWORD, token, NOW, &l));
	ck_assert_str_eq(l.account_guid, account);
	ck_ok(dat_account_remove(test_conn, account));
	ck_assert_int_eq(
			dat_link_get(test_conn, DAT_LINK_PASSWORD, token, NOW, &l), HWS_ERR_DENIED);
	ck_ok(dat_link_end(test_conn, DAT_LINK_SETUP));
	ck_assert_int_eq(dat_link_get(test_conn, DAT_LINK_SETUP, other, NOW, &l), HWS_ERR_DENIED);
	ck_ok(dat_link_add(test_conn,
			&(struct dat_link_new){
					.kind = DAT_LINK_INVITATION, .email = "bob@example.org" },
			NOW, token));
	ck_ok(dat_link_sweep(test_conn, NOW + DAT_LINK_MS, &n));
	ck_assert_int_eq(n, 1);
	end();
}
END_TEST

static int count_provider(const struct dat_provider *p, void *arg)
{
	int *n = arg;

	ck_assert_str_eq(p->issuer, "https://id.example.org");
	(*n)++;
	return HWS_OK;
}

START_TEST(a_provider_keeps_its_secret_and_who_changes_it_last_is_told)
{
	struct dat_provider *p = hws_alloc(sizeof(*p));
	char secret[DAT_CLIENT_SECRET_TEXT], guid[DAT_GUID_TEXT];
	int64_t total = 0;
	int n = 0;

	begin();
	ck_ok(dat_provider_find(test_conn, "corp", p));
	ck_assert_str_eq(p->guid, provider);
	ck_assert(p->has_secret && p->enabled && !p->auto_create);
	ck_ok(dat_provider_secret(test_conn, keys, provider, secret));
	ck_assert_str_eq(secret, "s3cret");
	ck_assert_int_eq(dat_provider_add(test_conn, keys, p, "", NOW, guid), HWS_ERR_EXISTS);
	p->name[0] = 'C';
	ck_assert_int_eq(dat_provider_add(test_conn, keys, p, "", NOW, guid), HWS_ERR_INVAL);
	p->name[0] = 'd';
	p->enabled = false;
	ck_ok(dat_provider_put(test_conn, keys, p, NULL, NOW));
	ck_assert_int_eq(dat_provider_put(test_conn, keys, p, NULL, NOW), HWS_ERR_BUSY);
	ck_ok(dat_provider_get(test_conn, provider, p));
	ck_assert_str_eq(p->name, "dorp");
	ck_ok(dat_provider_secret(test_conn, keys, provider, secret));
	ck_assert_str_eq(secret, "s3cret");
	/* another issuer has other people, and is not told the secret */
	ck_ok(dat_provider_get(test_conn, provider, p));
	ck_ok(dat_identity_link(test_conn, provider, "sub", account, "{}", NOW));
	ck_ok(hws_str_copy(p->title, sizeof(p->title), "Corp"));
	ck_ok(dat_provider_put(test_conn, keys, p, NULL, NOW));
	ck_ok(dat_identity_find(test_conn, provider, "sub", guid));
	ck_ok(dat_provider_get(test_conn, provider, p));
	ck_assert(p->has_secret);
	ck_ok(hws_str_copy(p->issuer, sizeof(p->issuer), "https://evil.example"));
	ck_ok(dat_provider_put(test_conn, keys, p, NULL, NOW));
	ck_assert_int_eq(dat_identity_find(test_conn, provider, "sub", guid), HWS_ERR_NOTFOUND);
	ck_ok(dat_provider_get(test_conn, provider, p));
	ck_assert(!p->has_secret);
	ck_ok(hws_str_copy(p->issuer, sizeof(p->issuer), "https://id.example.org"));
	ck_ok(dat_provider_put(test_conn, keys, p, "s3cret", NOW));
	ck_ok(dat_provider_get(test_conn, provider, p));
	ck_assert(p->has_secret);
	ck_ok(dat_provider_put(test_conn, keys, p, "", NOW));
	ck_ok(dat_provider_get(test_conn, provider, p));
	ck_assert(!p->has_secret);
	ck_ok(dat_provider_list(test_conn, (struct dat_provider_filter){ .enabled_only = true },
			(struct dat_page){ 0, 10 }, count_provider, &n, &total));
	ck_assert_int_eq(n, 0);
	ck_ok(dat_provider_list(test_conn, (struct dat_provider_filter){ .search = "or" },
			(struct dat_page){ 0, 10 }, count_provider, &n, &total));
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(total, 1);
	ck_ok(dat_identity_link(test_conn, provider, "sub", account, "{}", NOW));
	ck_ok(dat_provider_remove(test_conn, provider));
	ck_assert_int_eq(dat_provider_get(test_conn, provider, p), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(dat_identity_find(test_conn, provider, "sub", guid), HWS_ERR_NOTFOUND);
	hws_free(p);
	end();
}
END_TEST

static void begin_flow(struct dat_flow_keys *k)
{
	ck_ok(dat_flow_begin(test_conn, keys,
			&(struct dat_flow_new){ .kind = DAT_FLOW_CLIENT,
					.provider_guid = provider,
					.redirect_uri = "https://rd.example.net/api/oidc/callback",
					.device_id = "987654321",
					.device_uuid = "dmlld2Vy",
					.device_os = "linux",
					.device_name = "box",
					.ip = "192.0.2.9" },
			NOW, k));
}

START_TEST(a_flow_goes_its_steps_each_once)
{
	struct dat_flow_keys k;
	struct dat_flow f;
	char consent[DAT_TOKEN_TEXT];

	begin();
	begin_flow(&k);
#define TAKE(uuid, at) dat_flow_take(test_conn, k.code, "987654321", uuid, at, &f)
	ck_assert_int_eq(TAKE("dmlld2Vy", NOW), HWS_ERR_AGAIN);
	ck_assert_int_eq(TAKE("b3RoZXI=", NOW), HWS_ERR_DENIED);
	ck_assert_int_eq(dat_flow_return(test_conn, keys, k.code, NOW, &f), HWS_ERR_DENIED);
	ck_ok(dat_flow_return(test_conn, keys, k.state, NOW, &f));
	ck_assert_str_eq(f.nonce, k.nonce);
	ck_assert_str_eq(f.verifier, k.verifier);
	ck_assert_str_eq(f.device_name, "box");
	ck_assert_str_eq(f.ip, "192.0.2.9");
	ck_assert_int_eq(dat_flow_return(test_conn, keys, k.state, NOW, &f), HWS_ERR_DENIED);
	ck_ok(dat_flow_ask(test_conn, f.key, account, consent));
	ck_assert_int_eq(dat_flow_ask(test_conn, f.key, account, consent), HWS_ERR_DENIED);
	ck_assert_int_eq(TAKE("dmlld2Vy", NOW), HWS_ERR_AGAIN);
	ck_assert_int_eq(dat_flow_answer(test_conn, k.state, true, NOW, &f), HWS_ERR_DENIED);
	ck_ok(dat_flow_answer(test_conn, consent, true, NOW, &f));
	ck_assert_int_eq(dat_flow_answer(test_conn, consent, false, NOW, &f), HWS_ERR_DENIED);
	ck_assert_int_eq(TAKE("b3RoZXI=", NOW), HWS_ERR_DENIED);
	ck_assert_int_eq(TAKE("dmlld2Vy", NOW + DAT_FLOW_CLIENT_MS), HWS_ERR_DENIED);
	ck_ok(TAKE("dmlld2Vy", NOW));
	ck_assert_str_eq(f.account_guid, account);
	ck_assert_str_eq(f.error, "");
	ck_assert_int_eq(TAKE("dmlld2Vy", NOW), HWS_ERR_DENIED);
	end();
}
END_TEST

START_TEST(a_flow_that_fails_says_so_once)
{
	struct dat_flow_keys k, old;
	struct dat_flow f;
	char consent[DAT_TOKEN_TEXT];
	int64_t n = 0;

	begin();
	begin_flow(&old);
	begin_flow(&k); /* the same client: the older one ends */
	ck_assert_int_eq(dat_flow_return(test_conn, keys, old.state, NOW, &f), HWS_ERR_DENIED);
	ck_ok(dat_flow_return(test_conn, keys, k.state, NOW, &f));
	ck_ok(dat_flow_fail(test_conn, f.key, "The provider refused"));
	ck_assert_int_eq(dat_flow_ask(test_conn, f.key, account, consent), HWS_ERR_DENIED);
	ck_ok(TAKE("dmlld2Vy", NOW));
	ck_assert_str_eq(f.error, "The provider refused");
	ck_assert_int_eq(TAKE("dmlld2Vy", NOW), HWS_ERR_DENIED);

	begin_flow(&k);
	ck_ok(dat_flow_return(test_conn, keys, k.state, NOW, &f));
	ck_ok(dat_flow_ask(test_conn, f.key, account, consent));
	ck_ok(dat_flow_answer(test_conn, consent, false, NOW, &f));
	ck_ok(TAKE("dmlld2Vy", NOW));
	ck_assert_str_eq(f.error, "The login was refused in the browser");

	begin_flow(&k);
	ck_ok(dat_flow_sweep(test_conn, NOW + DAT_FLOW_CLIENT_MS, &n));
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(TAKE("dmlld2Vy", NOW), HWS_ERR_DENIED);
	end();
}
END_TEST

int main(void)
{
	return test_engines_main("admin/data/identity",
			TESTS(a_link_serves_once_and_a_day,
					a_provider_keeps_its_secret_and_who_changes_it_last_is_told,
					a_flow_goes_its_steps_each_once,
					a_flow_that_fails_says_so_once));
}
