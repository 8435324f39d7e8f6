/* Memory for secrets, in children that touch what they must not, or may not lock any. */
#include "shared/crypto/crypto.h"
#include "shared/crypto/secret.h"
#include <check.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int status_of(int (*run)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		static const struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGSEGV, SIG_DFL);
		_exit(run());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static int read_beyond(void)
{
	volatile uint8_t *p = hws_secret_alloc(48);

	return p ? p[48] : 1;
}

static int write_beyond(void)
{
	uint8_t *p = hws_secret_alloc(33);

	if (!p)
		return 0;
	memset(p, 1, 49);
	return 0;
}

static int lock_nothing(void)
{
	static const struct rlimit none = { 0, 0 };
	void *p;

	if (mlock((void *)16, 1) == 0) /* a sanitizer pretends */
		return 0;
	if (setrlimit(RLIMIT_MEMLOCK, &none) < 0 || (geteuid() == 0 && setuid(65534) < 0))
		return 2;
	p = hws_secret_alloc(100);
	if (!p || hws_secret_locked())
		return 3;
	hws_secret_free(p);
	return 0;
}

START_TEST(it_is_zeroed_aligned_and_locked)
{
	static const size_t sizes[] = { 1, 16, 31, 32, 4096, 70000 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		uint8_t *p = hws_secret_alloc(sizes[i]);

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % 16, 0);
		for (size_t k = 0; k < sizes[i]; k++)
			ck_assert_uint_eq(p[k], 0);
		memset(p, 0xaa, sizes[i]);
		hws_secret_free(p);
	}
	hws_secret_free(NULL);
	ck_assert_ptr_null(hws_secret_alloc(SIZE_MAX));
	ck_assert(hws_secret_locked());
	hws_secret_tell(); /* nothing to tell */
}
END_TEST

START_TEST(who_runs_over_its_end_dies)
{
	ck_assert(!WIFEXITED(status_of(read_beyond)) || WEXITSTATUS(status_of(read_beyond)) == 1);
	ck_assert(!WIFEXITED(status_of(write_beyond)));
}
END_TEST

START_TEST(a_system_that_locks_nothing_is_noticed)
{
	int status = status_of(lock_nothing);

	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("crypto/secret");
	TCase *t = tcase_create("secret");
	SRunner *r;
	int failed;

	if (hws_crypto_init() < 0)
		return 1;
	tcase_add_test(t, it_is_zeroed_aligned_and_locked);
	tcase_add_test(t, who_runs_over_its_end_dies);
	tcase_add_test(t, a_system_that_locks_nothing_is_noticed);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
