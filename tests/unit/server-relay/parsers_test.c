/* What strangers send, and what operators write. */
#include "server-relay/config.h"
#include "server-relay/leg.h"
#include "server-relay/request.h"
#include "shared/base/buf.h"
#include "shared/base/mem.h"
#include "shared/crypto/identity.h"
#include "shared/net/addr.h"
#include "tests/support/vector.h"
#include "tests/unit/server-relay/suites.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

START_TEST(the_first_frame_names_the_pair)
{
	static const uint8_t good[] = { 0x92, 0x01, 9, 0x12, 2, 'i', 'd', 0x32, 3, 'k', 'e', 'y' };
	static const struct rly_keys none = { .count = 0 }, one = { 1, { "key" } },
				     other = { 2, { "kex", "keyy" } };
	struct rly_request f;
	enum rly_refusal why;

	ck_assert_int_eq(rly_request_parse(hws_bytes(good, 12), &none, &f, &why), HWS_OK);
	ck_assert_str_eq(f.uuid, "id");
	ck_assert_int_eq(rly_request_parse(hws_bytes(good, 12), &one, &f, &why), HWS_OK);
	ck_assert_int_eq(rly_request_parse(hws_bytes(good, 12), &other, &f, &why), HWS_ERR_KEY);
	ck_assert_int_eq(why, RLY_REFUSE_KEY);
	for (size_t n = 0; n < 12; n++) { /* cut anywhere */
		ck_assert_int_lt(rly_request_parse(hws_bytes(good, n), &none, &f, &why), 0);
		ck_assert_int_eq(why, RLY_REFUSE_JUNK);
	}
}
END_TEST

START_TEST(a_stash_keeps_order_and_cap)
{
	struct rly_stash *s = NULL;
	uint8_t expect = 0, next = 0;

	for (int i = 0; i < 2000; i++) {
		uint8_t buf[37];
		size_t n = (size_t)(i * 13 % 37);

		for (size_t k = 0; k < n; k++)
			buf[k] = next++;
		ck_assert_int_eq(rly_stash_add(&s, buf, n, 100000), HWS_OK);
		size_t take = (size_t)(i * 7 % 41);

		take = take < rly_stash_len(s) ? take : rly_stash_len(s);
		for (size_t k = 0; k < take; k++)
			ck_assert_uint_eq(s->data[s->at + k], expect++);
		rly_stash_drop(&s, take);
	}
	size_t have = rly_stash_len(s);
	uint8_t *big = calloc(1, 100);

	ck_assert_int_eq(rly_stash_add(&s, big, 100, have + 99), HWS_ERR_TOOBIG);
	ck_assert_uint_eq(rly_stash_len(s), have);
	ck_assert_int_eq(rly_stash_add(&s, big, 100, have + 100), HWS_OK);
	free(big);
	rly_stash_drop(&s, have + 100);
	ck_assert_ptr_null(s);
	rly_stash_drop(&s, 0);
}
END_TEST

static int read_config(struct rly_config *c, struct hws_error *err, const char *a, const char *b)
{
	char *argv[] = { (char *)"hawser-relay", (char *)(uintptr_t)a, (char *)(uintptr_t)b, NULL };
	int rest, r = rly_config_read(b ? 3 : 2, argv, c, &rest, err);

	if (r < 0)
		return r;
	r = rly_config_check(c, err);
	if (r < 0)
		rly_config_done(c);
	return r;
}

START_TEST(rules_follow_from_settings)
{
	static const char key[] = "OeVuKk5nlHiXp+APNn0Y3pC1Iwpwn44JGqrQCsWqmBw=";
	static const char other[] = "AAAAKk5nlHiXp+APNn0Y3pC1Iwpwn44JGqrQCsWqmBw=";
	struct sockaddr_storage a;
	struct hws_error err = { 0 };
	struct rly_config c;
	struct rly_rules *r;
	char path[] = "/tmp/hawser-relay-XXXXXX", both[120];
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");

	ck_assert_ptr_nonnull(f);
	/* as the deployed relay's file */
	fputs("192.0.2.7 a remark\n\n  198.51.100.0/24\n# nothing\n2001:db8::/32\r\n", f);
	fclose(f);
	snprintf(both, sizeof(both), "%s,%s", key, other);
	ck_assert_int_eq(read_config(&c, &err, "--key", both), HWS_OK);
	hws_free(c.block_file);
	c.block_file = hws_strdup(path);
	ck_assert_int_eq(rly_config_rules(&c, &r, &err), HWS_OK);
	ck_assert_uint_eq(r->keys.count, 2);
	ck_assert_str_eq(r->keys.text[1], other);
	ck_assert_uint_eq(r->rate_total, 0); /* none by default */
	ck_assert_uint_eq(r->rate_pair, 0);
	ck_assert_uint_eq(r->wait_us, 30000000);
	ck_assert_uint_eq(r->idle_us, 30000000);
	ck_assert_uint_eq(r->block.count, 3);
	const char *const blocked[] = { "192.0.2.7", "198.51.100.200", "2001:db8:1::1",
		"::ffff:192.0.2.7" };

	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(hws_addr_parse(blocked[i], 1, &a), HWS_OK);
		ck_assert(!rly_rules_admit(r, &a));
	}
	ck_assert_int_eq(hws_addr_parse("192.0.2.8", 1, &a), HWS_OK);
	ck_assert(rly_rules_admit(r, &a));
	rly_rules_unref(r);
	rly_config_done(&c);
	unlink(path);
}
END_TEST

START_TEST(a_secret_key_is_not_taken)
{
	struct hws_error err = { 0 };
	struct hws_identity id;
	struct rly_config c;
	struct rly_rules *r;
	char dir[] = "/tmp/hawser-relay-XXXXXX", path[60], text[100] = "";

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/id", dir);
	ck_assert_int_eq(hws_identity_create(path, true, &id, &err), HWS_OK);
	FILE *f = fopen(path, "re");

	ck_assert(f && fgets(text, sizeof(text), f));
	fclose(f);
	ck_assert_int_eq(read_config(&c, &err, "--key", text), HWS_OK);
	ck_assert_int_lt(rly_config_rules(&c, &r, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "secret"));
	ck_assert_ptr_null(strstr(err.text, text));
	rly_config_done(&c);
	hws_identity_wipe(&id);
	unlink(path);
	snprintf(path, sizeof(path), "%s/id.pub", dir);
	unlink(path);
	rmdir(dir);
}
END_TEST

START_TEST(the_websocket_port_follows_the_port)
{
	struct hws_error err = { 0 };
	struct rly_config c;
	uint16_t port;
	bool on;

	ck_assert_int_eq(read_config(&c, &err, "--open", "--port=4000"), HWS_OK);
	ck_assert_int_eq(rly_config_ws_port(&c, &port, &on, &err), HWS_OK);
	ck_assert(on && port == 4002);
	rly_config_done(&c);
	ck_assert_int_eq(read_config(&c, &err, "--open", "--ws-port=off"), HWS_OK);
	ck_assert_int_eq(rly_config_ws_port(&c, &port, &on, &err), HWS_OK);
	ck_assert(!on);
	rly_config_done(&c);
	ck_assert_int_lt(read_config(&c, &err, "--open", "--ws-port=21117"), 0);
}
END_TEST

START_TEST(the_manual_has_every_option_as_it_is)
{
	static char text[200000];
	struct hws_buf want;
	FILE *f = fopen(MANUAL, "re");

	ck_assert_ptr_nonnull(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = 0;
	fclose(f);
	hws_buf_init(&want, 1u << 20);
	hws_options_man(&rly_options, &want);
	ck_assert_msg(memmem(text, strlen(text), hws_buf_bytes(&want).ptr, hws_buf_len(&want)),
			"the list of options in hawser-relay.8 is not up to date:\n%.*s",
			(int)hws_buf_len(&want), (const char *)hws_buf_bytes(&want).ptr);
	hws_buf_done(&want);
}
END_TEST

TCase *parsers_case(void)
{
	TCase *t = tcase_create("parsers");

	tcase_add_test(t, the_first_frame_names_the_pair);
	tcase_add_test(t, a_stash_keeps_order_and_cap);
	tcase_add_test(t, rules_follow_from_settings);
	tcase_add_test(t, a_secret_key_is_not_taken);
	tcase_add_test(t, the_websocket_port_follows_the_port);
	tcase_add_test(t, the_manual_has_every_option_as_it_is);
	return t;
}
