/* The installed library, as an embedder finds it: put below a folder of its own, found by
 * pkg-config, compiled against, run against a real host. And the manuals and units that are
 * installed with it. */
#include "tests/e2e/similarity.h"
#include "tests/e2e/stack.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct test_stack stack;
static char tree[300], path[900], id[100], password[100], source[600], build[600];
static const char *env[] = { tree, path, id, password, source, build, "CMAKE=" CMAKE, "CC=" CC,
	"LC_ALL=C", NULL };

/* The terminal has drawn its text: there are more than a few greys. */
static bool desktop_is_drawn(void *arg)
{
	char file[300], script[600];
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	unsigned width, height, seen = 0;
	bool greys[256] = { false };

	(void)arg;
	snprintf(file, sizeof(file), "%s/desktop.png", stack.dir);
	snprintf(script, sizeof(script), "import -silent -window root -display %s %s",
			stack.screen.display, file);
	ck_assert_int_eq(test_run(argv, NULL, NULL), 0);
	uint8_t *luma = test_png_luma(file, &width, &height);
	for (unsigned i = 0; i < width * height; i++)
		greys[luma[i]] = true;
	free(luma);
	for (unsigned i = 0; i < 256; i++)
		seen += greys[i];
	return seen > 10;
}

static void setup(void)
{
	test_stack_start(&stack, STACK_TERMINAL);
	snprintf(tree, sizeof(tree), "TREE=%s/tree", stack.dir);
	snprintf(path, sizeof(path),
			"PKG_CONFIG_PATH=%s/tree/lib/pkgconfig:%s/tree/lib/x86_64-linux-gnu/"
			"pkgconfig:"
			"%s/tree/lib64/pkgconfig",
			stack.dir, stack.dir, stack.dir);
	snprintf(id, sizeof(id), "ID=%s", stack.target);
	snprintf(password, sizeof(password), "HAWSER_PASSWORD=%s", stack.password);
	snprintf(source, sizeof(source), "SOURCE=%s", SOURCE_DIR);
	snprintf(build, sizeof(build), "BUILD=%s", BUILD_DIR);
}

static void sh(const char *script)
{
	const char *argv[] = { "/bin/sh", "-ec", script, NULL };
	char *out = NULL;
	int r = test_run(argv, env, &out);

	ck_assert_msg(r == 0, "%s\nended with %d:\n%s", script, r, out);
	free(out);
}

#define INSTALL(component)                                                                         \
	"$CMAKE --install $BUILD --prefix $TREE --component " component " >/dev/null; "

static void must_be_picture(const char *file)
{
	unsigned width = 0, height = 0, seen = 0;
	unsigned char p[3];
	bool colours[256] = { false };
	FILE *f = fopen(file, "rb");

	ck_assert_msg(f != NULL, "no %s", file);
	ck_assert_int_eq(fscanf(f, "P6 %u %u 255%*c", &width, &height), 2);
	ck_assert_uint_eq(width, 1280);
	ck_assert_uint_eq(height, 720);
	for (unsigned i = 0; i < width * height; i++) {
		ck_assert_uint_eq(fread(p, 1, 3, f), 3);
		colours[p[1]] = true;
	}
	ck_assert_int_eq(fgetc(f), EOF);
	fclose(f);
	for (unsigned i = 0; i < 256; i++)
		seen += colours[i];
	ck_assert_msg(seen > 10, "the picture is blank"); /* there is a terminal with text */
}

static void must_look(const char *program)
{
	char script[600], file[300], typed[100] = "";
	uint64_t end;

	snprintf(file, sizeof(file), "%s/picture.ppm", stack.dir);
	ck_assert(test_until(desktop_is_drawn, NULL, TEST_PATIENCE_MS));
	/* The pointer gives the focus to the terminal. */
	snprintf(script, sizeof(script),
			"DISPLAY=%s xdotool mousemove 200 150; %s $ID %s 'by an embedder\n'",
			stack.screen.display, program, file);
	sh(script);
	must_be_picture(file);
	end = test_now_ms() + TEST_PATIENCE_MS;
	while (!typed[0] && test_now_ms() < end)
		test_read_file(stack.typed, typed, sizeof(typed));
	ck_assert_str_eq(typed, "by an embedder\n");
}

START_TEST(the_example_of_the_tree_looks_at_a_host)
{
	setup();
	must_look("$BUILD/tests/e2e/example-look");
	test_stack_stop(&stack);
}
END_TEST

START_TEST(an_embedder_builds_against_the_installed_tree)
{
	setup();
	sh(INSTALL("libhawser") "cd $TREE; test -z \"$(find . -name '*.a')\"; "
				"test $(pkg-config --modversion hawser) = " LIBRARY_VERSION);
	/* The name that programs are linked with is the one of the ABI. */
	sh("lib=$(pkg-config --variable=libdir hawser); "
	   "test $(readlink $lib/libhawser.so) = libhawser.so.1; test -f "
	   "$lib/libhawser.so.1." LIBRARY_VERSION "; "
	   "objdump -p $lib/libhawser.so | grep -Eq 'SONAME +libhawser.so.1$'");
	/* Nothing but the API can be seen. */
	sh("lib=$(pkg-config --variable=libdir hawser); "
	   "nm -D --defined-only $lib/libhawser.so | awk '{ print $3 }' | grep -v '^HAWSER_1' > "
	   "$TREE/symbols; "
	   "test $(grep -c '^hawser_' $TREE/symbols) -gt 40; ! grep -v '^hawser_' $TREE/symbols");
	sh("cd $TREE; $CC -std=c99 -pedantic -D_GNU_SOURCE -Wall -Wextra -Werror -o look "
	   "$SOURCE/examples/look.c "
	   "$(pkg-config --cflags --libs hawser) -Wl,-rpath,$(pkg-config --variable=libdir "
	   "hawser)");
	must_look("$TREE/look");
	test_stack_stop(&stack);
}
END_TEST

START_TEST(every_header_stands_alone_in_c_and_cpp)
{
	setup();
	sh(INSTALL("libhawser") "for h in hawser types session host files; do "
				"printf '#include <hawser/%s.h>\\nint main(void) { return 0; "
				"}\\n' $h > $TREE/a.c; "
				"$CC -std=c99 -pedantic -Wall -Wextra -Werror -fsyntax-only "
				"$(pkg-config --cflags hawser) $TREE/a.c; "
				"g++ -std=c++11 -Wall -Wextra -Werror -fsyntax-only "
				"$(pkg-config --cflags hawser) -x c++ $TREE/a.c; "
				"done");
	test_stack_stop(&stack);
}
END_TEST

START_TEST(programs_manuals_and_units_are_installed)
{
	setup();
	sh(INSTALL("libhawser") INSTALL(
			"hawser") "env -u LD_LIBRARY_PATH $TREE/bin/hawser version | grep -q "
				  "'^hawser 0'");
	sh(INSTALL("doc") "cd $TREE/share/man; for p in man1/hawser.1 man1/hawser-desktop.1 "
			  "man8/hawser-host.8; do "
			  "test -s $p; done; test -z \"$(find . -type f | xargs mandoc -T lint "
			  "-W warning)\"");
	sh(INSTALL("systemd") "grep -q \"^ExecStart=/.*/bin/hawser-host run\" "
			      "$TREE/lib/systemd/user/hawser-host.service; "
			      "grep -q \"^ExecStart=/.*/bin/hawser-host run\" "
			      "$TREE/lib/systemd/system/hawser-host-system.service");
	/* and who looks for them finds them */
	sh("cd $SOURCE; for f in README.md packaging/man/hawser-host.8; do grep -q "
	   "operate-host.md $f; done; "
	   "for u in hawser-host hawser-host-system; do grep -q \"enable --now $u\" "
	   "docs/operate-host.md; done");
	test_stack_stop(&stack);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("e2e/install");
	TCase *tc = tcase_create("install");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, the_example_of_the_tree_looks_at_a_host);
	tcase_add_test(tc, an_embedder_builds_against_the_installed_tree);
	tcase_add_test(tc, every_header_stands_alone_in_c_and_cpp);
	tcase_add_test(tc, programs_manuals_and_units_are_installed);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
