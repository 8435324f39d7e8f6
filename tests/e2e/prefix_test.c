/* The whole installation below a prefix: nothing outside, nothing of another prefix inside,
 * everything in its place, and gone again afterwards. Needs no screen. */
#include "tests/support/proc.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char dir[300], dest[320], build[600], source[600];
static const char *env[] = { dest, build, source, "CMAKE=" CMAKE, "LC_ALL=C", NULL };

static void sh(const char *script)
{
	const char *argv[] = { "/bin/bash", "-ec", script, NULL };
	char *out = NULL;
	int r = test_run(argv, env, &out);

	ck_assert_msg(r == 0, "%s\nended with %d:\n%s", script, r, out);
	free(out);
}

/* $D is what would be the root of a system. What was installed from this build folder before stays
 * on record. */
#define INSTALL(prefix)                                                                            \
	"mkdir -p $D; DESTDIR=$D $CMAKE --install $BUILD --prefix " prefix " >$D.log; "
#define KEEP_RECORD                                                                                \
	"mkdir $D.record; cp -p $BUILD/install_manifest*.txt $D.record 2>/dev/null || true; "      \
	"trap 'rm -f $BUILD/install_manifest*.txt; cp -p $D.record/* $BUILD 2>/dev/null || "       \
	"true' EXIT; "

static void setup(void)
{
	test_dir(dir, sizeof(dir));
	snprintf(dest, sizeof(dest), "D=%s/root", dir);
	snprintf(build, sizeof(build), "BUILD=%s", BUILD_DIR);
	snprintf(source, sizeof(source), "SOURCE=%s", SOURCE_DIR);
}

START_TEST(everything_is_below_the_prefix_and_names_it)
{
	sh(KEEP_RECORD INSTALL(
			"/opt/tree") "cd $D; test \"$(ls -A)\" = opt; test \"$(ls -A opt)\" = "
				     "tree; cd opt/tree; "
				     /* the decoder is found from where the library is */
				     "bin/hawser connect 127.0.0.1:1 --headless --no-retry 2>&1 "
				     "| grep -q 'connection refused'; "
				     "mv libexec elsewhere; "
				     "bin/hawser connect 127.0.0.1:1 --headless --no-retry 2>&1 "
				     "| grep -q 'hawser-decoder is missing'; mv elsewhere libexec; "
				     /* units start what is installed with them */
				     "grep -q '^ExecStart=/opt/tree/bin/hawser-rendezvous ' "
				     "lib/systemd/system/hawser-rendezvous.service; "
				     "grep -q '^ExecStart=/opt/tree/bin/hawser-host run' "
				     "lib/systemd/user/hawser-host.service; "
				     "grep -q '^ExecStart=/opt/tree/bin/hawser-host run' "
				     "lib/systemd/system/hawser-host-system.service; "
				     "test ! -e lib/systemd/user/hawser-host-system.service; "
				     "for p in $(grep -rhoE '[^ =\"]*/bin/hawser[a-z-]*' "
				     "lib/systemd share/applications); do "
				     "test -x $D$p || { echo \"$p is not there\"; exit 1; }; done; "
				     "test -f lib/sysusers.d/hawser.conf; "
				     "test -f lib/tmpfiles.d/hawser.conf; "
				     "test -f etc/fail2ban/filter.d/hawser-rendezvous.conf");
}
END_TEST

/* What systemd itself says of the units, with a program that is there in the place of ours. */
START_TEST(the_units_are_valid_and_closed)
{
	sh("command -v systemd-analyze >/dev/null || exit 0; mkdir -p $D; cd "
	   "$SOURCE/packaging/systemd; for u in *.service; do u=${u%.service}; "
	   "sed 's,/usr/bin/hawser-[a-z]*,/bin/true,' $u.service > $D/$u.service; "
	   "SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no $D/$u.service > $D/said "
	   "2>&1 || true; "
	   "if grep \"$u.service:\" $D/said; then exit 1; fi; "
	   /* of a user's own: shells are that user's, and sudo works in them */
	   "if [ $u = hawser-host ]; then grep -q '^LimitCORE=0$' $u.service; "
	   "! grep -E '^(NoNewPrivileges|SystemCall|Restrict|Lock|MemoryDeny)' $u.service; "
	   "continue; fi; "
	   "for l in NoNewPrivileges=yes LimitCORE=0 MemoryDenyWriteExecute=yes LockPersonality=yes "
	   "SystemCallErrorNumber=EPERM SystemCallArchitectures=native RestrictSUIDSGID=yes; do "
	   "grep -q \"^$l$\" $u.service || { echo \"$u: no $l\"; exit 1; }; done; done; "
	   /* of 10: as open as can be */
	   "for u in hawser-relay:20 hawser-relay@:20 hawser-rendezvous:20 hawser-rendezvous@:20 "
	   "hawser-api:20 hawser-api@:20 hawser-upload:20 hawser-host-system:35; do "
	   "systemd-analyze security --offline=true --threshold=${u#*:} ${u%:*}.service "
	   ">$D/said 2>&1 || { tail -n 3 $D/said; exit 1; }; done; " /* root, but hardly: it becomes others, and that is all */
	   "test \"$(grep ^CapabilityBoundingSet= hawser-host-system.service)\" = "
	   "'CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_KILL'");
}
END_TEST

START_TEST(the_systems_own_prefix_has_its_settings_in_etc)
{
	sh(KEEP_RECORD INSTALL(
			"/usr") "cd $D; test \"$(ls -A | sort | tr '\\n' ' ')\" = 'etc usr '; "
				"test -f etc/fail2ban/jail.d/hawser-rendezvous.conf; test ! -e "
				"usr/etc; "
				"grep -q '^ExecStart=/usr/bin/hawser-relay' "
				"usr/lib/systemd/system/hawser-relay.service");
}
END_TEST

START_TEST(what_was_installed_is_removed_again)
{
	sh(KEEP_RECORD INSTALL(
			"/opt/tree") "test $(find $D -type f | wc -l) -gt 30; touch "
				     "$D/opt/tree/bin/of-somebody-else; "
				     "DESTDIR=$D $CMAKE -DBUILD=$BUILD -P "
				     "$SOURCE/cmake/uninstall.cmake >$D.log 2>&1; "
				     "left=$(find $D -type f -o -type l); "
				     "test \"$left\" = $D/opt/tree/bin/of-somebody-else || { "
				     "echo \"left: $left\"; exit 1; }; "
				     "test -z \"$(find $D -name '*hawser*')\"; "
				     /* a second time there is nothing to do, and that is said */
				     "! DESTDIR=$D $CMAKE -DBUILD=$BUILD -P "
				     "$SOURCE/cmake/uninstall.cmake >$D.log 2>&1; "
				     "grep -q 'nothing was installed' $D.log");
}
END_TEST

START_TEST(programs_manuals_and_completion_belong_together)
{
	sh(KEEP_RECORD INSTALL(
			"/opt/tree") "cd $D/opt/tree; for p in bin/*; do p=${p#bin/}; "
				     "ls share/man/man[18]/$p.[18] >/dev/null || { echo \"no "
				     "manual of $p\"; exit 1; }; "
				     "for f in bash-completion/completions/$p "
				     "zsh/site-functions/_$p "
				     "fish/vendor_completions.d/$p.fish; do test -f share/$f || { "
				     "echo \"no $f\"; exit 1; }; done; done; "
				     "test -x bin/hawser-load; "
				     /* files that the pages beside it are about are there */
				     "cd share/doc/hawser; for f in $(grep -ohE "
				     "'`(docs/|packaging/)?[A-Za-z-]+\\.md`' README.md | tr -d "
				     "'`'); do "
				     "test -f $f || { echo \"no $f\"; exit 1; }; done; cd "
				     "../../..; "
				     "test -z \"$(find share/man -type f | xargs mandoc -T lint "
				     "-W warning)\"");
}
END_TEST

/* What hawser-admin makes of its table is what is in the packaging: 'hawser-admin man' and
 * 'hawser-admin completion SHELL' make it new. */
START_TEST(what_is_made_of_the_table_of_hawser_admin_is_of_today)
{
	sh("A=$BUILD/admin/hawser-admin; cd $SOURCE/packaging; "
	   "$A man | cmp - man/hawser-admin.1; "
	   "$A completion bash | cmp - completion/hawser-admin.bash; "
	   "$A completion zsh | cmp - completion/_hawser-admin; "
	   "$A completion fish | cmp - completion/hawser-admin.fish; "
	   "bash -n completion/hawser-admin.bash; "
	   "page=$(mandoc -T ascii man/hawser-admin.1 | col -b); "
	   "for w in 'user list' 'device tag' 'rule test' 'group-add GROUP MEMBER' "
	   "'relay pairs' 'db import-hbbs'; do "
	   "echo \"$page\" | grep -q \"$w\" || { echo \"hawser-admin.1 lacks $w\"; exit 1; }; done");
}
END_TEST

/* What --help names, the manual names: the one that has no table in its manual. */
START_TEST(the_manuals_know_every_command_and_option)
{
	sh("man() { mandoc -T ascii $SOURCE/packaging/man/$1 | col -b | sed 's/ - / /'; }; "
	   "page=$(man hawser-load.1); for o in $($BUILD/tests/load/hawser-load --help | sed "
	   "'s/--.no-./--/' | "
	   "grep -oE -- '--[a-z-]+' | sort -u); do "
	   "echo \"$page\" | grep -q -- \"$o\" || { echo \"hawser-load.1 lacks $o\"; exit 1; }; "
	   "done");
}
END_TEST

/* What a shell offers, asked of bash itself. */
static const char complete[] =
		"PATH=$BUILD/client/cli:$BUILD/client/host:$BUILD/client/gtk:$BUILD/client/upload:$BUILD/admin:"
		"$BUILD/tests/load:$BUILD/server-rendezvous:$BUILD/server-relay:"
		"$BUILD/admin/api:$PATH; "
		"for f in $SOURCE/packaging/completion/*.bash; do . $f; done; "
		"offers() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); "
		"_${1//-/_} \"$1\" || :; got=\" "
		"${COMPREPLY[*]} \"; }; "
		"has() { for w; do [[ $got == *\" $w \"* ]] || { echo \"no $w in:$got\"; exit "
		"1; }; "
		"done; }; "
		"lacks() { for w; do [[ $got != *\" $w \"* ]] || { echo \"$w in:$got\"; exit 1; }; "
		"done; }; ";

static void sh_complete(const char *script)
{
	char all[4000];
	int n = snprintf(all, sizeof(all), "%s%s", complete, script);

	ck_assert(n > 0 && (size_t)n < sizeof(all));
	sh(all);
}

START_TEST(completion_offers_what_the_tables_hold)
{
	sh_complete("offers hawser ''; has connect id password status config version; lacks the "
		    "of usage; "
		    "offers hawser config ''; has show get set path; lacks all; "
		    "offers hawser id ''; lacks the; "
		    "offers hawser connect --q; has --quality; "
		    "offers hawser connect 123 --codec ''; has vp8 vp9; "
		    "offers hawser connect --view-only ''; "
		    "offers hawser-host ''; has run id status password kick config; "
		    "offers hawser-host config ''; has show get set path; "
		    "offers hawser-host password ''; has show renew set remove; "
		    "offers hawser-host kick ''; has all; "
		    "offers hawser-host run --log-level ''; has error warn info debug trace; "
		    "offers hawser-rendezvous ''; has key config; "
		    "offers hawser-relay ''; has identity config; "
		    "offers hawser-admin ''; has stats peers why block relay db user; "
		    "offers hawser-admin relay ''; has pairs usage limit drain list; lacks man; "
		    "offers hawser-admin db ''; has status backup restore; "
		    "offers hawser-admin --server x user ''; has list break-glass; "
		    "cd $SOURCE; offers hawser-admin user show R; lacks README.md; "
		    "offers hawser-admin user add x --group R; lacks README.md; "
		    "offers hawser-admin user import R; has README.md; "
		    "offers hawser-admin user add x --password-file R; has README.md; "
		    "offers hawser-admin user list --r; has --role; lacks --quality; "
		    "offers hawser-admin user list --role ''; has owner auditor; "
		    "offers hawser-admin device list --format ''; has jsonl csv; "
		    "offers hawser config set ''; has server key quality; lacks show path; "
		    "offers hawser config get q; has quality; "
		    "offers hawser-host config set ''; has direct-port; lacks show set; "
		    "offers hawser-host password ''; has show renew set remove; offers "
		    "hawser-host status --; has --json; lacks --server; "
		    "offers hawser-rendezvous key --; has --state-dir; lacks --port; "
		    "offers hawser-load --h; has --hosts; "
		    "offers hawser-desktop --full; has --fullscreen; ");
	/* every option of every program */
	sh_complete("for p in hawser-host hawser-rendezvous hawser-relay hawser-api hawser-admin "
		    "hawser-load hawser-upload hawser-desktop; do "
		    "offers $p --; n=0; for o in $($p --help 2>&1 | sed 's/--.no-./--/' | awk "
		    "'{ for (i = 1; i <= 2; i++) "
		    "if ($i ~ /^--[a-z]/) print $i }' | tr -d ','); do has $o; n=$((n + 1)); done; "
		    "test $n -gt 1 || { echo \"$p has $n options\"; exit 1; }; done");
	/* files where a file is wanted, and nothing invented where nobody can know */
	sh_complete("cd $SOURCE; offers hawser-relay --config READ; has README.md; "
		    "offers hawser-relay --key ''; test -z \"${COMPREPLY[*]}\"");
}
END_TEST

START_TEST(the_desktop_entry_starts_what_is_installed)
{
	sh(KEEP_RECORD INSTALL(
			"/opt/tree") "cd $D/opt/tree; "
				     "f=share/applications/net.hawser.Hawser.desktop; "
				     "test \"$(head -1 $f)\" = '[Desktop Entry]'; grep -q "
				     "'^Type=Application' $f; "
				     "test -x bin/$(sed -n 's/^Exec=//p' $f); grep -q '^Name=' $f; "
				     "test -f share/icons/hicolor/scalable/apps/$(sed -n "
				     "'s/^Icon=//p' $f).svg; "
				     "python3 -c 'import sys, xml.dom.minidom; "
				     "xml.dom.minidom.parse(sys.argv[1])' "
				     "share/icons/hicolor/scalable/apps/net.hawser.Hawser.svg; "
				     /* the window says by this name which entry it belongs to */
				     "grep -q 'gtk_application_new(\"net.hawser.Hawser\"' "
				     "$SOURCE/client/gtk/app.c");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("e2e/prefix");
	TCase *tc = tcase_create("prefix");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, everything_is_below_the_prefix_and_names_it);
	tcase_add_test(tc, the_systems_own_prefix_has_its_settings_in_etc);
	tcase_add_test(tc, the_units_are_valid_and_closed);
	tcase_add_test(tc, what_was_installed_is_removed_again);
	tcase_add_test(tc, programs_manuals_and_completion_belong_together);
	tcase_add_test(tc, what_is_made_of_the_table_of_hawser_admin_is_of_today);
	tcase_add_test(tc, the_manuals_know_every_command_and_option);
	tcase_add_test(tc, completion_offers_what_the_tables_hold);
	tcase_add_test(tc, the_desktop_entry_starts_what_is_installed);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
