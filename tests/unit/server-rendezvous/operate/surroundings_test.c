/* What is wrong around a server: told for what it is, and not told where all is well. */
#include "server-rendezvous/operate/one_address.h"
#include "server-rendezvous/operate/surroundings.h"
#include "server-rendezvous/store/sqlite/hbbs.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "tests/unit/server-rendezvous/table.h"
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define S HWS_US_PER_S
#define DAY (86400 * S)

static struct table t;
static struct rdv_surroundings *s;
static char dir[40], file[80];
static uint64_t wall, running;

static void set_up(void)
{
	memcpy(dir, "/tmp/hws-around-XXXXXX", sizeof("/tmp/hws-around-XXXXXX"));
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(hws_fmt(file, sizeof(file), "%s/" RDV_HBBS_DATABASE, dir), HWS_OK);
	table_init(&t);
	t.core.loaded = true;
	wall = 2000000000 * S;
	running = 1000 * S;
}

static void begin(void)
{
	ck_assert_int_eq(rdv_surroundings_new(&t.core, t.loop, dir, &s), HWS_OK);
	rdv_surroundings_time(s, wall, running);
}

static void tear_down(void)
{
	rdv_surroundings_free(s);
	s = NULL;
	table_done(&t);
	unlink(file);
	rmdir(dir);
}

/* The findings, each as "what: text; ". */
static const char *look(void)
{
	static char all[2000];
	json_t *checks = json_array(), *one;
	size_t i, at = 0;

	rdv_surroundings_time(s, wall, running);
	rdv_surroundings_look(s, checks);
	all[0] = 0;
	json_array_foreach (checks, i, one) {
		ck_assert_str_eq(json_string_value(json_object_get(one, "state")), "look");
		ck_assert_uint_gt(json_string_length(json_object_get(one, "do")), 10);
		ck_assert_int_eq(hws_fmt(all + at, sizeof(all) - at, "%s: %s; ",
						 json_string_value(json_object_get(one, "what")),
						 json_string_value(json_object_get(one, "text"))),
				HWS_OK);
		at = strlen(all);
	}
	json_decref(checks);
	return all;
}

static void pass(uint64_t us)
{
	wall += us;
	running += us;
}

#define MUST_SAY(text) ck_assert_msg(strstr(look(), text) != NULL, "%s", look())
#define MUST_BE_SILENT() ck_assert_str_eq(look(), "")

START_TEST(a_clock_that_is_right_is_not_mentioned)
{
	begin();
	t.core.newest_s = wall / S;
	MUST_BE_SILENT();
	for (int i = 0; i < 100; i++) {
		pass(10 * S);
		MUST_BE_SILENT();
	}
}
END_TEST

START_TEST(a_clock_before_this_program_or_its_database_is_off)
{
	wall = 1500000000 * S;
	begin();
	MUST_SAY("clock: it is 2017-07-14");
	MUST_SAY("before this program was made");
	wall = 2000000000 * S;
	t.core.newest_s = 2000000000 + 299; /* another node's clock may be a little ahead */
	rdv_surroundings_free(s);
	begin();
	MUST_BE_SILENT();
	t.core.newest_s = 2000000000 + 301;
	MUST_SAY("but a device in the database was seen at 2033-05-18");
}
END_TEST

START_TEST(a_jump_is_told_for_an_hour)
{
	begin();
	MUST_BE_SILENT();
	pass(10 * S);
	wall += 25 * S; /* NTP's first correction */
	MUST_BE_SILENT();
	pass(10 * S);
	wall -= 90 * S;
	MUST_SAY("it was set 90 s back within the last hour");
	pass(3000 * S);
	MUST_SAY("90 s back");
	wall += DAY;
	MUST_SAY("it was set 86400 s forward");
	pass(3601 * S);
	MUST_BE_SILENT();
}
END_TEST

static void devices(unsigned from, unsigned n, const char *ip)
{
	for (unsigned i = from; i < from + n; i++) {
		char id[16];
		struct rdv_shard *shard;
		struct rdv_peer *p;

		ck_assert_int_eq(hws_fmt(id, sizeof(id), "device%u", i), HWS_OK);
		shard = rdv_presence_lock(t.core.presence, hws_bytes_str(id));
		p = rdv_shard_add(shard);
		ck_assert_ptr_nonnull(p);
		p->addr = rdv_addr_from_ip_text(ip);
		p->addr.port = (uint16_t)(40000 + i);
		p->seen = rdv_presence_time(t.core.presence, hws_clock_us());
		rdv_presence_unlock(shard);
	}
}

/* Not the gateway of a machine where this may run, as 172.17.0.1 is: that needs fewer. */
#define HOUSE "10.231.77.9"

START_TEST(devices_at_one_private_address_are_told)
{
	begin();
	devices(0, 4, HOUSE);
	MUST_BE_SILENT(); /* a small house */
	devices(4, 1, HOUSE);
	MUST_SAY("addresses: all 5 devices that are on line seem to be at " HOUSE);
	devices(5, 1, "198.51.100.7");
	MUST_BE_SILENT();
}
END_TEST

START_TEST(devices_at_one_public_address_are_a_company)
{
	begin();
	devices(0, 20, "198.51.100.7");
	MUST_BE_SILENT();
}
END_TEST

START_TEST(a_folder_of_hbbs_is_told_until_its_devices_are_here)
{
	int fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	close(fd);
	begin();
	t.core.loaded = false;
	MUST_BE_SILENT();
	t.core.loaded = true;
	MUST_SAY("hbbs: the state folder holds the database of hbbs");
	devices(0, 1, "198.51.100.7");
	MUST_BE_SILENT();
}
END_TEST

static struct rdv_one_address at(const char *ip, const char *gateway, unsigned n)
{
	struct rdv_one_address o = { .gateway = rdv_addr_from_ip_text(gateway) };
	struct rdv_addr a = rdv_addr_from_ip_text(ip);

	for (unsigned i = 0; i < n; i++) {
		a.port++;
		rdv_one_address_add(&o, &a);
	}
	return o;
}

static const struct {
	const char *ip, *gateway;
	unsigned n;
	bool is;
} cases[] = {
	{ "172.18.0.1", "172.18.0.1", 3, true },
	{ "172.18.0.1", "172.18.0.1", 2, false },
	{ "172.18.0.1", "172.18.0.254", 4, false },
	{ "172.18.0.1", "", 5, true },
	{ "10.0.2.100", "", 5, true },
	{ "192.168.255.1", "", 5, true },
	{ "100.64.0.9", "", 5, true },
	{ "fd00::1", "", 5, true },
	{ "2001:db8::1", "", 9, false },
	{ "127.0.0.1", "", 9, false },
	{ "172.32.0.1", "", 9, false },
	{ "203.0.113.1", "203.0.113.1", 9, false },
	{ "10.0.0.1", "", 0, false },
};

START_TEST(what_is_enough_is_known)
{
	struct rdv_one_address o = at(cases[_i].ip, cases[_i].gateway, cases[_i].n);

	ck_assert_int_eq(rdv_one_address_is(&o), cases[_i].is);
}
END_TEST

static const char head[] =
		"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

START_TEST(the_default_gateway_is_found_in_the_kernels_table)
{
	char text[600];
	struct rdv_addr a, want = rdv_addr_from_ip_text("172.17.0.1");
	uint32_t raw;

	memcpy(&raw, &want.ip[12], sizeof(raw));
	ck_assert_int_eq(hws_fmt(text, sizeof(text),
					 "%seth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\n"
					 "eth0\t00000000\t%08X\t0003\t0\t0\t0\t00000000\t0\t0\t0\n",
					 head, raw),
			HWS_OK);
	a = rdv_default_gateway(text);
	ck_assert(rdv_addr_ip_equal(&a, &want));
	for (size_t n = 0; n < strlen(text); n++) { /* whatever is cut off */
		char part[600];

		memcpy(part, text, n);
		part[n] = 0;
		(void)rdv_default_gateway(part);
	}
	a = rdv_default_gateway(head);
	ck_assert(!rdv_addr_is_set(&a));
	a = rdv_default_gateway("\n\n\n x");
	ck_assert(!rdv_addr_is_set(&a));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rendezvous/surroundings");
	TCase *c = tcase_create("surroundings");
	SRunner *run = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, a_clock_that_is_right_is_not_mentioned);
	tcase_add_test(c, a_clock_before_this_program_or_its_database_is_off);
	tcase_add_test(c, a_jump_is_told_for_an_hour);
	tcase_add_test(c, devices_at_one_private_address_are_told);
	tcase_add_test(c, devices_at_one_public_address_are_a_company);
	tcase_add_test(c, a_folder_of_hbbs_is_told_until_its_devices_are_here);
	tcase_add_loop_test(c, what_is_enough_is_known, 0, HWS_COUNT(cases));
	tcase_add_test(c, the_default_gateway_is_found_in_the_kernels_table);
	suite_add_tcase(suite, c);
	srunner_run_all(run, CK_ENV);
	failed = srunner_ntests_failed(run);
	srunner_free(run);
	return failed != 0;
}
