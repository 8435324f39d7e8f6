/* bench media: pictures and sound of a session, beside the bare encoder, settings of deployed peers
 * and TigerVNC on the same content in the same run. Prints "bench media.METRIC=VALUE". Without
 * names all parts run but audio-line, which takes ten minutes. */
#include "tests/bench/common/report.h"
#include "tests/bench/media/parts.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

static const struct part {
	const char *name;
	void (*run)(bool quick);
	bool named_only; /* it takes long */
} parts[] = {
	{ "idle", bench_media_idle },
	{ "typing", bench_media_typing },
	{ "cost", bench_media_cost },
	{ "latency", bench_media_latency },
	{ "bytes", bench_media_bytes },
	{ "still", bench_media_still },
	{ "codecs", bench_media_codecs },
	{ "audio", bench_media_audio },
	{ "audio-line", bench_media_audio_line, true },
	{ "narrow", bench_media_narrow },
	{ "patches", bench_media_patches },
};
#define PARTS (sizeof(parts) / sizeof(*parts))

static bool wanted[PARTS], all = true, quick;

/* What starts and watches processes for tests reports its failures to Check: one test for each
 * part, so that the others go on when one fails. */
START_TEST(measure)
{
	if (all ? parts[_i].named_only : !wanted[_i])
		return;
	printf("# %s\n", parts[_i].name);
	parts[_i].run(quick);
}
END_TEST

static bool take(const char *word)
{
	for (size_t i = 0; i < PARTS; i++) {
		if (strcmp(word, parts[i].name) != 0)
			continue;
		wanted[i] = true;
		all = false;
		return true;
	}
	return false;
}

static int usage(void)
{
	fprintf(stderr, "usage: bench-media [--quick] [PART ...]; parts:");
	for (size_t i = 0; i < PARTS; i++)
		fprintf(stderr, " %s", parts[i].name);
	fprintf(stderr, "\n");
	return 2;
}

int main(int argc, char **argv)
{
	Suite *s = suite_create("bench-media");
	TCase *t = tcase_create("bench");
	SRunner *runner = srunner_create(s);
	int failed;

	report_of("media");
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--quick") == 0)
			quick = true;
		else if (!take(argv[i]))
			return usage();
	}
	tcase_add_loop_test(t, measure, 0, (int)PARTS);
	suite_add_tcase(s, t);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	if (failed)
		srunner_print(runner, CK_NORMAL);
	srunner_free(runner);
	return failed ? 1 : 0;
}
