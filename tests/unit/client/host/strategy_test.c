/* host/strategy: what a signed text may set at this host and what not, what is left of one that
 * was made to do harm, and how it lies over the owner's settings: in each mode, and taken away
 * again. */
#include "client/host/strategy.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/permission.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct hws_settings s;
static struct hws_strategy got;
static struct hws_strategy_over over;

static void set_up(void)
{
	ck_assert_int_eq(hws_options_init(&hws_settings_options, &s), HWS_OK);
	got = (struct hws_strategy){ 0 };
	over = (struct hws_strategy_over){ 0 };
}

static void tear_down(void)
{
	hws_strategy_over_done(&over);
	hws_strategy_done(&got);
	hws_settings_done(&s);
}

static void set(const char *name, const char *value)
{
	struct hws_error err = { 0 };

	ck_assert_msg(hws_options_set(&hws_settings_options, &s, name, value, &err) == HWS_OK, "%s",
			err.text);
}

static void expect(const char *name, const char *value)
{
	char now[300];

	ck_assert_int_eq(
			hws_options_get(&hws_settings_options, &s, name, now, sizeof(now)), HWS_OK);
	ck_assert_msg(!strcmp(now, value), "%s is %s, not %s", name, now, value);
}

/* `options`: the members, with ' for ". */
static void read_options(const char *options)
{
	static char text[HWS_STRATEGY_TEXT_MAX];
	int n = snprintf(text, sizeof(text),
			"{'config_options':{%s},'id':'123','modified_at':7,'nonce':'ab'}", options);

	ck_assert_int_lt(n, (int)sizeof(text));
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	hws_strategy_done(&got);
	ck_assert_int_eq(hws_strategy_read(hws_bytes_str(text), &got), HWS_OK);
}

static void lay(const char *options)
{
	ck_assert_int_eq(hws_strategy_lift(&over, &s), HWS_OK);
	read_options(options);
	ck_assert_int_eq(hws_strategy_lay(&got, &s, &over), HWS_OK);
}

START_TEST(a_text_is_taken_apart)
{
	read_options("'enable-clipboard':'N','whitelist':'10.0.0.0/8,192.0.2.7','enable-abr':'Y'");
	ck_assert_int_eq(got.number, 7);
	ck_assert_str_eq(got.id, "123");
	ck_assert_str_eq(got.nonce, "ab");
	ck_assert_str_eq(got.others, "enable-abr");
}
END_TEST

/* Where it is, what it believes and what opens it stay the owner's, in every mode. */
START_TEST(network_and_passwords_are_never_set)
{
	static const char *const names[] = { "custom-rendezvous-server", "server", "api-server",
		"key", "relay-server", "relay", "proxy-url", "proxy-username", "proxy-password",
		"direct-server", "direct-access-port", "state-dir", "control-socket",
		"restart-command", "viewer-command", "files-roots", "tunnel-targets", "strategies",
		"sandbox", "require-v2", "trust-server-addresses", "viewer-keys", "gate-user",
		"service-user", "permanent-password", "password", "hardware-codecs" };
	char options[300];

	set("strategies", "on");
	for (size_t i = 0; i < HWS_COUNT(names); i++) {
		(void)snprintf(options, sizeof(options), "'%s':'Y'", names[i]);
		lay(options);
		ck_assert_str_eq(got.others, names[i]);
		for (unsigned k = 0; k < HWS_STRATEGY_ROWS; k++)
			ck_assert_ptr_null(over.own[k]);
	}
}
END_TEST

START_TEST(each_row_is_a_setting_that_changes_while_the_host_runs)
{
	for (unsigned i = 0; i < HWS_STRATEGY_ROWS; i++) {
		const struct hws_option *found = NULL;

		for (size_t k = 0; k < hws_settings_options.count; k++)
			if (hws_str_equal(hws_settings_options.table[k].name,
					    hws_strategy_setting(i)))
				found = &hws_settings_options.table[k];
		ck_assert_msg(found && found->flags & HWS_OPT_RELOAD, "%s",
				hws_strategy_setting(i));
	}
}
END_TEST

START_TEST(by_itself_it_only_narrows)
{
	expect("strategies", "narrow");
	set("enable-terminal", "no");
	lay("'enable-terminal':'Y','enable-clipboard':'N','access-mode':'full',"
	    "'temporary-password-length':'6','allow-numeric-one-time-password':'Y',"
	    "'allow-auto-record-incoming':'Y'");
	expect("enable-terminal", "no");
	expect("enable-clipboard", "no");
	expect("access-mode", "custom");
	expect("temporary-password-length", "10");
	expect("allow-numeric-one-time-password", "no");
	expect("record-incoming", "yes");
	ck_assert_str_eq(over.stays,
			"access-mode, temporary-password-length, allow-numeric-one-time-password, "
			"enable-terminal");
	ck_assert(!(hws_settings_permissions(&s, 0) & HWS_NEED(HWS_PERM_CLIPBOARD)));
	/* what the owner has narrowed in one way is not opened by another */
	set("verification-method", "use-permanent-password");
	set("whitelist", "10.0.0.0/8");
	set("access-mode", "full");
	lay("'verification-method':'use-temporary-password','whitelist':'192.0.2.0/24',"
	    "'access-mode':'view','id-whitelist':'12*'");
	expect("verification-method", "use-permanent-password");
	expect("whitelist", "10.0.0.0/8");
	expect("access-mode", "view");
	expect("id-whitelist", "12*");
	ck_assert_str_eq(over.stays, "verification-method, whitelist");
	ck_assert_uint_eq(hws_settings_permissions(&s, 0), 0);
}
END_TEST

/* Whatever is said: viewers may do no more than before. */
START_TEST(narrow_opens_nothing_in_any_mode)
{
	static const char *const modes[] = { "full", "custom", "view" };
	static const char *const wishes[] = { "full", "custom", "view", "" };
	char options[200];

	for (size_t i = 0; i < HWS_COUNT(modes) * HWS_COUNT(wishes); i++) {
		uint32_t before;

		tear_down();
		set_up();
		set("access-mode", modes[i % 3]);
		set("enable-tunnel", "no");
		before = hws_settings_permissions(&s, 0);
		(void)snprintf(options, sizeof(options),
				"'access-mode':'%s','enable-tunnel':'Y','enable-camera':'N'",
				wishes[i / 3]);
		lay(options);
		ck_assert_uint_eq(hws_settings_permissions(&s, 0) & ~before, 0);
	}
}
END_TEST

START_TEST(on_is_both_ways_and_off_is_nothing)
{
	set("enable-terminal", "no");
	set("whitelist", "10.0.0.0/8");
	set("strategies", "on");
	lay("'enable-terminal':'Y','whitelist':'192.0.2.0/24','enable-audio':'N'");
	expect("enable-terminal", "yes");
	expect("whitelist", "192.0.2.0/24");
	expect("enable-audio", "no");
	ck_assert_str_eq(over.stays, "");
	ck_assert_int_eq(hws_strategy_lift(&over, &s), HWS_OK);
	expect("enable-terminal", "no");
	expect("whitelist", "10.0.0.0/8");
	expect("enable-audio", "yes");
	set("strategies", "off");
	lay("'enable-terminal':'Y','enable-audio':'N'");
	expect("enable-terminal", "no");
	expect("enable-audio", "yes");
}
END_TEST

/* The whole of it holds: what another one does not name is the owner's again. */
START_TEST(what_is_not_said_any_more_is_the_owners)
{
	set("enable-camera", "no");
	lay("'enable-clipboard':'N','enable-audio':'N','enable-camera':'N'");
	lay("'enable-clipboard':'','enable-audio':'N'");
	expect("enable-clipboard", "yes");
	expect("enable-audio", "no");
	expect("enable-camera", "no");
	ck_assert_str_eq(got.others, "");
}
END_TEST

START_TEST(what_a_value_cannot_be_is_named_and_left)
{
	static const char *const odd[] = { "'enable-audio':'yes'", "'enable-audio':1",
		"'enable-audio':['N']", "'access-mode':'root'", "'access-mode':'full|custom'",
		"'approve-mode':'click'", "'temporary-password-length':'4'",
		"'whitelist':'10.0.0.0/33'", "'whitelist':'all'", "'id-whitelist':'1\\n[network]'",
		"'id-whitelist':'\\u0001'" };

	set("strategies", "on");
	for (size_t i = 0; i < HWS_COUNT(odd); i++) {
		lay(odd[i]);
		ck_assert_msg(*got.others, "%s is taken", odd[i]);
		for (unsigned k = 0; k < HWS_STRATEGY_ROWS; k++)
			ck_assert_ptr_null(over.own[k]);
	}
	/* of many only so many are named, and of odd names no letter */
	read_options("'a\\u001b[31m':'Y','\xc3\xa4':'Y','':'Y'");
	ck_assert_str_eq(got.others, "?, ?, ");
}
END_TEST

START_TEST(what_is_no_strategy_is_refused)
{
	static const char *const bad[] = {
		"", "{", "[]", "{}", "null", "{\"id\":\"1\",\"modified_at\":1}",
		"{\"id\":1,\"modified_at\":1,\"config_options\":{}}",
		"{\"modified_at\":1,\"config_options\":{}}",
		"{\"id\":\"1\",\"modified_at\":-1,\"config_options\":{}}",
		"{\"id\":\"1\",\"modified_at\":1.5,\"config_options\":{}}",
		"{\"id\":\"1\",\"modified_at\":9223372036854775808,\"config_options\":{}}",
		"{\"id\":\"1\",\"modified_at\":\"1\",\"config_options\":{}}",
		"{\"id\":\"1\",\"modified_at\":1,\"config_options\":[]}",
		"{\"id\":\"1\",\"modified_at\":1,\"config_options\":{},\"nonce\":1}",
		"{\"id\":\"1\",\"modified_at\":1,\"modified_at\":2,\"config_options\":{}}",
		"{\"id\":\"1\",\"modified_at\":1,\"config_options\":{}} x",
		"{\"id\":\"1\",\"modified_at\":1,\"config_options\":{},\"nonce\":\"0123456789012345678901234567890123\"}"
	};
	char *deep = malloc(HWS_STRATEGY_TEXT_MAX + 1);

	for (size_t i = 0; i < HWS_COUNT(bad); i++)
		ck_assert_msg(hws_strategy_read(hws_bytes_str(bad[i]), &got) == HWS_ERR_PROTO, "%s",
				bad[i]);
	ck_assert_ptr_nonnull(deep);
	memset(deep, '[', HWS_STRATEGY_TEXT_MAX + 1);
	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(
				hws_strategy_read(hws_bytes(deep, HWS_STRATEGY_TEXT_MAX + i), &got),
				HWS_ERR_PROTO);
	free(deep);
}
END_TEST

START_TEST(one_that_is_taken_away_sets_nothing)
{
	static const char text[] = "{\"id\":\"1\",\"modified_at\":0,\"config_options\":"
				   "{\"enable-audio\":\"\",\"enable-camera\":\"N\"}}";

	ck_assert_int_eq(hws_strategy_read(hws_bytes_str(text), &got), HWS_OK);
	ck_assert_int_eq(got.number, 0);
	for (unsigned i = 0; i < HWS_STRATEGY_ROWS; i++)
		ck_assert_ptr_null(got.value[i]);
}
END_TEST

START_TEST(without_memory_nothing_is_half_done)
{
	for (unsigned long n = 1; n < 40; n++) {
		tear_down();
		set_up();
		read_options("'enable-audio':'N','whitelist':'192.0.2.0/24','id-whitelist':'1'");
		(void)hws_mem_fail_at(n);
		int r = hws_strategy_lay(&got, &s, &over);

		(void)hws_mem_fail_at(0);
		ck_assert(r == HWS_OK || r == HWS_ERR_NOMEM);
		ck_assert_int_eq(hws_strategy_lift(&over, &s), HWS_OK);
		expect("enable-audio", "yes");
		expect("whitelist", "");
		expect("id-whitelist", "");
	}
}
END_TEST

int main(void)
{
	return test_main("strategy", 20, set_up, tear_down,
			TESTS(a_text_is_taken_apart, network_and_passwords_are_never_set,
					each_row_is_a_setting_that_changes_while_the_host_runs,
					by_itself_it_only_narrows, narrow_opens_nothing_in_any_mode,
					on_is_both_ways_and_off_is_nothing,
					what_is_not_said_any_more_is_the_owners,
					what_a_value_cannot_be_is_named_and_left,
					what_is_no_strategy_is_refused,
					one_that_is_taken_away_sets_nothing,
					without_memory_nothing_is_half_done));
}
