/* The settings of hawser-api: what goes together, what follows, and what the manual says of
 * them. */
#include "admin/api/config.h"
#include "shared/base/macros.h"
#include "tests/support/suite.h"
#include <stdio.h>
#include <string.h>

static struct adi_config conf;

/* The settings of this command line, which must be right each for itself. */
static int check(const char *a, const char *b, const char *c)
{
	const char *argv[] = { "hawser-api", "--config=/dev/null", a, b, c };
	struct hws_error err = { 0 };
	int rest, r;

	ck_assert_msg(adi_config_read(a ? b ? c ? 5 : 4 : 3 : 2, (char **)argv, &conf, &rest,
				      &err) == HWS_OK,
			"%s", err.text);
	r = adi_config_check(&conf, &err);
	ck_assert_int_eq(r < 0, *err.text != 0);
	return r;
}

START_TEST(what_belongs_together)
{
	ck_assert_int_eq(check(NULL, NULL, NULL), HWS_OK);
	ck_assert_uint_eq(conf.port, 21114); /* what clients try that were told nothing */
	adi_config_done(&conf);
	ck_assert_int_eq(check("--tls-cert=/a", NULL, NULL), HWS_ERR_INVAL);
	adi_config_done(&conf);
	ck_assert_int_eq(check("--tls-key=/a", NULL, NULL), HWS_ERR_INVAL);
	adi_config_done(&conf);
	ck_assert_int_eq(check("--tls-cert=/a", "--tls-key=/b", "--port=443"), HWS_ERR_INVAL);
	adi_config_done(&conf);
	ck_assert_int_eq(check("--tls-cert=/a", "--tls-key=/b", NULL), HWS_OK);
	adi_config_done(&conf);
}
END_TEST

START_TEST(limits_follow_from_settings)
{
	struct htp_limits l;

	ck_assert_int_eq(check("--login-rate=3", "--device-rate=0", "--trusted-proxies=10.0.0.0/8"),
			HWS_OK);
	l = adi_config_limits(&conf);
	ck_assert_uint_eq(l.rate[HTP_RATE_LOGIN].per_s, 3);
	ck_assert_uint_ge(l.rate[HTP_RATE_LOGIN].burst, 3);
	ck_assert_uint_eq(l.rate[HTP_RATE_DEVICE].per_s, 0);
	ck_assert_uint_eq(l.rate[HTP_RATE_FREE].per_s, 0);
	ck_assert_str_eq(l.trusted, "10.0.0.0/8");
	adi_config_done(&conf);
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
	hws_options_man(&adi_options, &want);
	ck_assert_msg(memmem(text, strlen(text), hws_buf_bytes(&want).ptr, hws_buf_len(&want)),
			"the list of options in hawser-api.8 is not what hws_options_man() gives");
	hws_buf_done(&want);
}
END_TEST

int main(void)
{
	return test_main("api", 60, NULL, NULL,
			TESTS(what_belongs_together, limits_follow_from_settings,
					the_manual_has_every_option_as_it_is));
}
