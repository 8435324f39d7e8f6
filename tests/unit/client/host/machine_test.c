/* host/machine, host/whoami: copies of a state folder on other machines get an identity of their
 * own; a machine that is the same, or that cannot be told, keeps what it has. */
#include "client/host/machine.h"
#include "client/host/whoami.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "tests/support/proc.h"
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define A "00112233445566778899aabbccddeeff"
#define B "ffeeddccbbaa99887766554433221100"
#define UUID_A "4c4c4544-0042-3510-8036-b4c04f4a3132"
#define UUID_B "4C4C4544-0042-3510-8036-B4C04F4A3133"

static char state[256], root[256];
static struct hws_error err;

static void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	test_dir(state, sizeof(state));
	test_dir(root, sizeof(root));
}

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
	char command[1024];
	va_list ap;

	va_start(ap, format);
	ck_assert_int_lt(vsnprintf(command, sizeof(command), format, ap), (int)sizeof(command));
	va_end(ap);
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };

	ck_assert_int_eq(test_run(argv, NULL, NULL), 0);
}

/* The paths of a machine below `root`; NULL = it has none. */
static void machine_is(const char *id, const char *product, const char *container)
{
	run("rm -rf '%s'/* '%s'/.dockerenv && mkdir -p '%s'/etc '%s'/run/systemd "
	    "'%s'/sys/class/dmi/id",
			root, root, root, root, root);
	if (id)
		run("echo '%s' > '%s'/etc/machine-id", id, root);
	if (product)
		run("echo '%s' > '%s'/sys/class/dmi/id/product_uuid", product, root);
	if (container)
		run("touch '%s%s'", root, container);
}

static bool start(struct hws_whoami *ret)
{
	bool moved = true;

	ck_assert_msg(hws_machine_settle(state, root, &moved, &err) == HWS_OK, "%s", err.text);
	ck_assert_msg(hws_whoami_load(state, ret, &err) == HWS_OK, "%s", err.text);
	return moved;
}

static bool same(const struct hws_whoami *a, const struct hws_whoami *b)
{
	bool id = hws_str_equal(a->id, b->id), uuid = hws_str_equal(a->uuid, b->uuid);
	bool key = !memcmp(a->identity.pk, b->identity.pk, sizeof(a->identity.pk));

	ck_assert(id == uuid && uuid == key); /* all of it or nothing */
	return id;
}

static const struct {
	const char *what;
	const char *id, *product, *container;    /* at the first start */
	const char *id2, *product2, *container2; /* at the second one */
	bool copy;
} cases[] = {
	{ "the same machine", A, NULL, NULL, A, NULL, NULL, false },
	{ "a copy at another machine", A, NULL, NULL, B, NULL, NULL, true },
	{ "the same hardware", A, UUID_A, NULL, A, UUID_A, NULL, false },
	{ "a template whose machine-id was not reset", A, UUID_A, NULL, A, UUID_B, NULL, true },
	{ "another system on the same hardware", A, UUID_A, NULL, B, UUID_A, NULL, false },
	{ "hardware that tells nothing", A, "00000000-0000-0000-0000-000000000000", NULL, B,
			"00000000-0000-0000-0000-000000000000", NULL, true },
	{ "hardware with its maker's default", A, "03000200-0400-0500-0006-000700080009", NULL, B,
			"03000200-0400-0500-0006-000700080009", NULL, true },
	{ "first as root, then not", A, UUID_A, NULL, A, NULL, NULL, false },
	{ "first not as root", A, NULL, NULL, A, UUID_A, NULL, false },
	{ "no machine-id at all", NULL, NULL, NULL, NULL, NULL, NULL, false },
	{ "no machine-id any more", A, NULL, NULL, NULL, NULL, NULL, false },
	{ "no machine-id before", NULL, NULL, NULL, A, NULL, NULL, false },
	{ "a first boot", "uninitialized", NULL, NULL, A, NULL, NULL, false },
	{ "an empty machine-id", "", NULL, NULL, "", NULL, NULL, false },
	{ "a container made anew", A, NULL, "/run/systemd/container", B, NULL,
			"/run/systemd/container", false },
	{ "docker", A, NULL, "/.dockerenv", B, NULL, "/.dockerenv", false },
	{ "podman", A, NULL, "/run/.containerenv", B, NULL, "/run/.containerenv", false },
	{ "moved into a container", A, NULL, NULL, B, NULL, "/.dockerenv", false },
};

START_TEST(a_copy_gets_an_identity_of_its_own)
{
	struct hws_whoami first = { 0 }, second = { 0 }, third = { 0 };

	machine_is(cases[_i].id, cases[_i].product, cases[_i].container);
	ck_assert(!start(&first));
	machine_is(cases[_i].id2, cases[_i].product2, cases[_i].container2);
	ck_assert_msg(start(&second) == cases[_i].copy, "%s", cases[_i].what);
	ck_assert_msg(same(&first, &second) == !cases[_i].copy, "%s", cases[_i].what);
	/* and stays what it is then */
	ck_assert_msg(!start(&third), "%s", cases[_i].what);
	ck_assert(same(&second, &third));
}
END_TEST

START_TEST(three_copies_of_a_template_are_three_hosts)
{
	static const char *const ids[] = { A, B, "0123456789abcdef0123456789abcdef" };
	struct hws_whoami w[3] = { { .created = false } };
	char saved[300];

	/* The template itself has run once. */
	machine_is("fedcba9876543210fedcba9876543210", NULL, NULL);
	start(&w[0]);
	ck_assert_int_ge(hws_fmt(saved, sizeof(saved), "%s.template", state), 0);
	run("cp -a '%s' '%s'", state, saved);
	for (int i = 0; i < 3; i++) {
		run("rm -rf '%s' && cp -a '%s' '%s'", state, saved, state);
		machine_is(ids[i], NULL, NULL);
		ck_assert(start(&w[i]));
	}
	run("rm -rf '%s'", saved);
	ck_assert(!same(&w[0], &w[1]) && !same(&w[1], &w[2]) && !same(&w[0], &w[2]));
}
END_TEST

/* A folder of before this file existed, or whose mark was removed by who moved it: it is at home
 * here. */
START_TEST(a_folder_without_a_mark_keeps_its_identity_and_the_former_one_is_kept)
{
	struct hws_whoami first = { 0 }, now = { 0 };
	char path[400];
	struct stat st;

	machine_is(A, NULL, NULL);
	start(&first);
	run("rm '%s/machine'", state);
	machine_is(B, NULL, NULL);
	ck_assert(!start(&now));
	ck_assert(same(&first, &now));
	machine_is(A, NULL, NULL);
	ck_assert(start(&now));
	/* back again, as the manual says */
	run("cd '%s' && mv -f of-other-machine/* . && rm machine", state);
	ck_assert(!start(&now));
	ck_assert(same(&first, &now));
	ck_assert_int_ge(hws_fmt(path, sizeof(path), "%s/machine", state), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	/* the machine-id itself is not for others, not even in a backup of this folder */
	run("! grep -rqi -e " A " -e " B " '%s'", state);
}
END_TEST

/* A disk that is put into another machine for a day, and back: no identity is lost on the way. */
START_TEST(no_identity_is_overwritten_by_one_that_is_put_aside_later)
{
	static const char *const machines[] = { A, B, A, B };
	struct hws_whoami w[4] = { { .created = false } }, now = { 0 };

	for (unsigned i = 0; i < HWS_COUNT(machines); i++) {
		machine_is(machines[i], NULL, NULL);
		ck_assert(start(&w[i]) == (i > 0));
	}
	for (unsigned i = 0; i < 3; i++) {
		const char *end[] = { "", ".2", ".3" };
		run("cd '%s' && cp -f of-other-machine%s/* . && rm -f machine", state, end[i]);
		ck_assert(!start(&now));
		ck_assert(same(&w[i], &now));
	}
}
END_TEST

/* The machine stopped when only the key had been put aside. */
START_TEST(what_was_put_aside_in_part_goes_to_one_place)
{
	struct hws_whoami first = { 0 }, now = { 0 };

	for (unsigned i = 0; i < 2; i++) {
		const char *end = i ? ".2" : "";

		machine_is(i ? B : A, NULL, NULL);
		start(&first);
		run("cd '%s' && mkdir -m 700 of-other-machine%s && mv id_ed25519 "
		    "of-other-machine%s",
				state, end, end);
		machine_is(i ? A : B, NULL, NULL);
		ck_assert(start(&now));
		run("cd '%s' && test ! -e of-other-machine.%u && cp -f of-other-machine%s/* . "
		    "&& rm machine",
				state, i + 2, end);
		ck_assert(!start(&now));
		ck_assert(same(&first, &now));
	}
}
END_TEST

START_TEST(a_damaged_mark_or_a_hostile_machine_id_changes_nothing)
{
	static const char *const marks[] = { "", "x", "- -", "zz zz zz",
		"00000000000000000000000000000000000000000000000000000000000000000000000000 -" };
	struct hws_whoami first = { 0 }, now = { 0 };

	machine_is(A, NULL, NULL);
	start(&first);
	for (size_t i = 0; i < HWS_COUNT(marks); i++) {
		run("printf '%%s\\n' '%s' > '%s/machine' && chmod 600 '%s/machine'", marks[i],
				state, state);
		start(&now);
		/* "x" and "zz" are marks of nobody: what is stored must not open a way to lose an
		 * id */
		ck_assert_msg(same(&first, &now), "%s", marks[i]);
	}
	run("head -c 100000 /dev/urandom > '%s/etc/machine-id'", root);
	ck_assert(!start(&now));
	run("rm '%s/etc/machine-id' && mkfifo '%s/etc/machine-id'", root, root);
	ck_assert(!start(&now));
	ck_assert(same(&first, &now));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("host/machine");
	TCase *t = tcase_create("machine");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_loop_test(t, a_copy_gets_an_identity_of_its_own, 0, HWS_COUNT(cases));
	tcase_add_test(t, three_copies_of_a_template_are_three_hosts);
	tcase_add_test(t, a_folder_without_a_mark_keeps_its_identity_and_the_former_one_is_kept);
	tcase_add_test(t, no_identity_is_overwritten_by_one_that_is_put_aside_later);
	tcase_add_test(t, what_was_put_aside_in_part_goes_to_one_place);
	tcase_add_test(t, a_damaged_mark_or_a_hostile_machine_id_changes_nothing);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
