/* shared/crypto/identity: keys are made, stored, read back and refused; files with wrong owners,
 * modes and lengths; signed statements. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/identity.h"

static char folder[] = "/tmp/hws-identity-XXXXXX";
static char path[64], pub[64];
static struct hws_identity id, again;
static struct hws_error err;

static void set_up(void)
{
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(hws_fmt(path, sizeof(path), "%s/id_ed25519", folder), HWS_OK);
	ck_assert_int_eq(hws_fmt(pub, sizeof(pub), "%s.pub", path), HWS_OK);
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&err, 0, sizeof(err));
}

static void tear_down(void)
{
	unlink(path);
	unlink(pub);
	ck_assert_int_eq(rmdir(folder), 0); /* nothing temporary was left behind */
}

static void write_text(const char *to, const char *text, mode_t mode)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void read_text(const char *from, char *buf, size_t size)
{
	int fd = open(from, O_RDONLY);
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	n = read(fd, buf, size - 1);
	ck_assert_int_ge(n, 0);
	buf[n] = '\0';
	close(fd);
}

static mode_t mode_of(const char *of)
{
	struct stat st;

	ck_assert_int_eq(stat(of, &st), 0);
	return st.st_mode & 07777;
}

START_TEST(a_new_key_is_private_and_loads_again)
{
	char text[256], key[HWS_KEY_TEXT];
	bool created = false;

	umask(0);
	ck_assert_int_eq(hws_identity_load_or_create(path, true, &id, &created, &err), HWS_OK);
	ck_assert(created);
	ck_assert_uint_eq(mode_of(path), 0600);
	ck_assert_uint_eq(mode_of(pub), 0644);
	read_text(path, text, sizeof(text));
	ck_assert_uint_eq(strlen(text), 88);
	read_text(pub, text, sizeof(text));
	ck_assert_str_eq(text, hws_key_text(id.pk, key));
	ck_assert_ptr_null(strpbrk(text, "/:"));
	ck_assert_int_eq(hws_identity_load_or_create(path, true, &again, &created, &err), HWS_OK);
	ck_assert(!created);
	ck_assert_mem_eq(&id, &again, sizeof(id));
}
END_TEST

/* hawser-relay identity, run by root beside a service that systemd has given an account */
START_TEST(what_root_makes_in_a_folder_of_another_account_is_that_accounts)
{
	struct stat st;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(folder, 54321, 54322), 0);
	ck_assert_int_eq(hws_identity_load_or_create(path, true, &id, NULL, &err), HWS_OK);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_uid, 54321);
	ck_assert_uint_eq(st.st_gid, 54322);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(stat(pub, &st), 0);
	ck_assert_uint_eq(st.st_uid, 54321);
	ck_assert_int_eq(hws_identity_load(path, &again, &err), HWS_OK); /* root still may */
}
END_TEST

START_TEST(creation_never_replaces_a_key)
{
	ck_assert_int_eq(hws_identity_create(path, false, &id, &err), HWS_OK);
	ck_assert_int_eq(hws_identity_create(path, false, &again, &err), HWS_ERR_EXISTS);
	ck_assert_int_eq(hws_identity_load(path, &again, &err), HWS_OK);
	ck_assert_mem_eq(&id, &again, sizeof(id));
}
END_TEST

/* People are told to copy this file: what lies beside the key must belong to it. */
START_TEST(a_public_file_of_another_key_is_replaced)
{
	static const char *const stale[] = { "IxeA2TyQzvq1yZMzVqBmIzLLtNvlf9IdfNDVQG4pgRU=", "",
		"not a key",
		"IxeA2TyQzvq1yZMzVqBmIzLLtNvlf9IdfNDVQG4pgRU=\nand more than one line" };
	char text[100], key[HWS_KEY_TEXT];
	struct stat before, after;

	ck_assert_int_eq(hws_identity_create(path, true, &id, &err), HWS_OK);
	for (size_t i = 0; i < HWS_COUNT(stale); i++) {
		write_text(pub, stale[i], 0644);
		ck_assert_int_eq(hws_identity_load_or_create(path, true, &again, NULL, &err),
				HWS_OK);
		read_text(pub, text, sizeof(text));
		ck_assert_str_eq(text, hws_key_text(id.pk, key));
		ck_assert_uint_eq(mode_of(pub), 0644);
	}
	/* a newline behind the right one is no reason to write */
	ck_assert_int_ge(hws_fmt(text, sizeof(text), "%s\n", key), 0);
	write_text(pub, text, 0644);
	ck_assert_int_eq(stat(pub, &before), 0);
	ck_assert_int_eq(hws_identity_load_or_create(path, true, &again, NULL, &err), HWS_OK);
	ck_assert_int_eq(stat(pub, &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	/* nor may one that somebody put there as a FIFO hold up the start */
	unlink(pub);
	ck_assert_int_eq(mkfifo(pub, 0600), 0);
	ck_assert_int_eq(hws_identity_load_or_create(path, true, &again, NULL, &err), HWS_OK);
	read_text(pub, text, sizeof(text));
	ck_assert_str_eq(text, key);
}
END_TEST

START_TEST(a_missing_public_file_is_made_again_but_a_lone_one_is_an_error)
{
	ck_assert_int_eq(hws_identity_create(path, false, &id, &err), HWS_OK);
	unlink(pub);
	ck_assert_int_eq(hws_identity_load_or_create(path, false, &again, NULL, &err), HWS_OK);
	ck_assert_int_eq(access(pub, F_OK), 0);
	unlink(path);
	ck_assert_int_eq(hws_identity_load_or_create(path, false, &again, NULL, &err),
			HWS_ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.text, "restore"));
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(a_key_others_can_read_is_refused_with_the_remedy)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0644, 0777 };

	ck_assert_int_eq(hws_identity_create(path, false, &id, &err), HWS_OK);
	ck_assert_int_eq(chmod(path, modes[_i]), 0);
	ck_assert_int_eq(hws_identity_load(path, &again, &err), HWS_ERR_PERM);
	ck_assert_ptr_nonnull(strstr(err.text, "chmod 600"));
}
END_TEST

START_TEST(a_link_a_folder_or_a_pipe_is_no_key_file)
{
	char target[80];

	ck_assert_int_eq(hws_fmt(target, sizeof(target), "%s/real", folder), HWS_OK);
	ck_assert_int_eq(hws_identity_create(target, false, &id, &err), HWS_OK);
	ck_assert_int_eq(symlink(target, path), 0);
	ck_assert_int_eq(hws_identity_load(path, &again, &err), HWS_ERR_PERM);
	ck_assert_ptr_nonnull(strstr(err.text, "symbolic link"));
	unlink(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(hws_identity_load(path, &again, &err), HWS_ERR_PERM);
	ck_assert_int_eq(hws_identity_load(folder, &again, &err), HWS_ERR_PERM);
	unlink(target);
	ck_assert_int_eq(hws_fmt(target, sizeof(target), "%s/real.pub", folder), HWS_OK);
	unlink(target);
}
END_TEST

START_TEST(a_damaged_file_is_named_and_left_alone)
{
	static const char *const texts[] = { "", "rubbish", "AAECAwQFBgc=",
		/* right length, but the public half does not belong to the seed */
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8DoQe/"
		"884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuQ==",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8DoQe/"
		"884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuA==x" };
	char back[256];

	write_text(path, texts[_i], 0600);
	ck_assert_int_eq(hws_identity_load_or_create(path, true, &id, NULL, &err), HWS_ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.text, path));
	read_text(path, back, sizeof(back));
	ck_assert_str_eq(back, texts[_i]);
}
END_TEST

START_TEST(a_file_of_a_deployed_server_loads_with_blanks_around)
{
	write_text(path,
			"  AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8DoQe/"
			"884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuA==\r\n",
			0600);
	char key[HWS_KEY_TEXT];

	ck_assert_int_eq(hws_identity_load(path, &id, &err), HWS_OK);
	ck_assert_str_eq(hws_key_text(id.pk, key), "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=");
}
END_TEST

START_TEST(an_overlong_file_or_one_with_nul_is_damaged)
{
	char big[400];

	memset(big, 'A', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	write_text(path, big, 0600);
	ck_assert_int_eq(hws_identity_load(path, &id, NULL), HWS_ERR_CORRUPT);

	int fd = open(path, O_WRONLY | O_TRUNC);

	ck_assert_int_eq(write(fd, "AA\0A", 4), 4);
	close(fd);
	ck_assert_int_eq(hws_identity_load(path, &id, NULL), HWS_ERR_CORRUPT);
}
END_TEST

START_TEST(a_missing_folder_is_reported)
{
	ck_assert_int_eq(hws_identity_load("/nonexistent/key", &id, &err), HWS_ERR_NOTFOUND);
	ck_assert_int_lt(hws_identity_create("/nonexistent/key", false, &id, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent/key"));
}
END_TEST

START_TEST(a_signature_fails_with_any_flipped_bit)
{
	uint8_t signed_msg[HWS_SIG_LEN + 5];
	struct hws_bytes msg;

	hws_identity_generate(false, &id);
	hws_identity_sign_attached(&id, hws_bytes_str("hello"), signed_msg);
	ck_assert_int_eq(
			hws_verify_attached(id.pk, hws_bytes(signed_msg, sizeof(signed_msg)), &msg),
			HWS_OK);
	ck_assert(hws_bytes_equal(msg, hws_bytes_str("hello")));
	for (size_t bit = 0; bit < sizeof(signed_msg) * 8; bit++) {
		signed_msg[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_eq(hws_verify_attached(id.pk,
						 hws_bytes(signed_msg, sizeof(signed_msg)), &msg),
				HWS_ERR_CRYPTO);
		signed_msg[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ck_assert_int_eq(hws_verify_attached(id.pk, hws_bytes(signed_msg, HWS_SIG_LEN - 1), &msg),
			HWS_ERR_CRYPTO);
}
END_TEST

START_TEST(a_key_text_is_exactly_a_key)
{
	uint8_t pk[HWS_PK_LEN];

	ck_assert_int_eq(hws_key_parse(" A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\n", pk),
			HWS_OK);
	ck_assert_int_eq(hws_key_parse("", pk), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_key_parse("A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg", pk),
			HWS_ERR_INVAL);
	ck_assert_int_eq(hws_key_parse("A6EHv/POEL4dcN0Y50vA mWfk1jCbpQ1fHdyGZBJVMbg=", pk),
			HWS_ERR_INVAL);
	ck_assert_int_eq(hws_key_parse("A6EH", pk), HWS_ERR_INVAL);
	/* found by the fuzzer: bytes above 0x7f are no digits */
	ck_assert_int_eq(hws_key_parse("A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ\315\231\267\233\206\270"
				       "\245\275JVMbg=",
					 pk),
			HWS_ERR_INVAL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("crypto/identity");
	TCase *t = tcase_create("identity");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_new_key_is_private_and_loads_again);
	tcase_add_test(t, what_root_makes_in_a_folder_of_another_account_is_that_accounts);
	tcase_add_test(t, creation_never_replaces_a_key);
	tcase_add_test(t, a_public_file_of_another_key_is_replaced);
	tcase_add_test(t, a_missing_public_file_is_made_again_but_a_lone_one_is_an_error);
	tcase_add_loop_test(t, a_key_others_can_read_is_refused_with_the_remedy, 0, 6);
	tcase_add_test(t, a_link_a_folder_or_a_pipe_is_no_key_file);
	tcase_add_loop_test(t, a_damaged_file_is_named_and_left_alone, 0, 5);
	tcase_add_test(t, a_file_of_a_deployed_server_loads_with_blanks_around);
	tcase_add_test(t, an_overlong_file_or_one_with_nul_is_damaged);
	tcase_add_test(t, a_missing_folder_is_reported);
	tcase_add_test(t, a_signature_fails_with_any_flipped_bit);
	tcase_add_test(t, a_key_text_is_exactly_a_key);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
