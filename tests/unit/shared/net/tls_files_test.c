/* What is said about certificate and key files that a server cannot use: which of them, what it is,
 * and what to do; never the library's own words. */
#include "shared/base/macros.h"
#include "shared/net/tls.h"
#include "shared/net/tls_expiry.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char dir[200], cert[240], key[240];
static struct hws_error err;

static void write_key(EVP_PKEY *k, const char *passphrase)
{
	FILE *f = fopen(key, "we");

	ck_assert_ptr_nonnull(f);
	ck_assert(PEM_write_PrivateKey(f, k, passphrase ? EVP_aes_128_cbc() : NULL,
			(const unsigned char *)passphrase, passphrase ? (int)strlen(passphrase) : 0,
			NULL, NULL));
	fclose(f);
}

static EVP_PKEY *write_pair(EVP_PKEY *k)
{
	X509 *x = X509_new();
	FILE *f = fopen(cert, "we");

	ck_assert(k && x && f);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, k);
	ck_assert_int_gt(X509_sign(x, k, EVP_sha256()), 0);
	ck_assert(PEM_write_X509(f, x));
	fclose(f);
	X509_free(x);
	write_key(k, NULL);
	return k;
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	fclose(f);
}

static int load(void)
{
	struct hws_tls_server *t = NULL;
	int r;

	memset(&err, 0, sizeof(err));
	r = hws_tls_server_new(cert, key, &t, &err);
	hws_tls_server_free(t);
	return r;
}

static void must_say(const char *a, const char *b)
{
	ck_assert_int_lt(load(), 0);
	ck_assert_msg(strstr(err.text, a) && strstr(err.text, b), "%s", err.text);
	ck_assert_msg(!strstr(err.text, "error:") && !strstr(err.text, "routines"), "%s", err.text);
}

static void set_up(void)
{
	test_dir(dir, sizeof(dir));
	snprintf(cert, sizeof(cert), "%s/cert.pem", dir);
	snprintf(key, sizeof(key), "%s/key.pem", dir);
}

START_TEST(each_fault_is_named_with_its_file)
{
	EVP_PKEY *k = write_pair(EVP_EC_gen("P-256")), *other = EVP_EC_gen("P-256"),
		 *rsa = EVP_RSA_gen(2048), *weak;

	ck_assert_msg(load() == HWS_OK, "%s", err.text);
	write_key(other, NULL);
	must_say("do not belong together", key);
	write_key(rsa, NULL); /* of another kind */
	must_say("do not belong together", key);
	write_key(k, "secret");
	must_say("passphrase", key);
	put(key, "no key");
	must_say("holds no private key in PEM form", key);
	put(key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
	must_say("private key", key);
	ck_assert_int_eq(unlink(key), 0);
	must_say("No such file", key);
	write_key(k, NULL);
	put(cert, "");
	must_say("holds no certificate in PEM form", cert);
	put(cert, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	must_say("certificate", cert);
	ck_assert_int_eq(unlink(cert), 0);
	must_say("No such file", cert);
	weak = write_pair(EVP_RSA_gen(1024));
	must_say("too weak", cert);
	EVP_PKEY_free(k);
	EVP_PKEY_free(other);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(weak);
}
END_TEST

START_TEST(how_long_a_certificate_is_good)
{
	int64_t until = -1, now = (int64_t)time(NULL);

	EVP_PKEY_free(write_pair(EVP_EC_gen("P-256")));
	ck_assert_int_eq(hws_tls_expires(cert, &until), HWS_OK);
	ck_assert_int_gt(until, now + 3000);
	ck_assert_int_lt(until, now + 4200);
	until = -1;
	ck_assert_int_eq(hws_tls_expires(key, &until), HWS_ERR_CORRUPT);
	ck_assert_int_eq(hws_tls_expires("/nowhere/cert.pem", &until), HWS_ERR_NOTFOUND);
	put(cert, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	ck_assert_int_eq(hws_tls_expires(cert, &until), HWS_ERR_CORRUPT);
	ck_assert_int_eq(until, -1);
}
END_TEST

int main(void)
{
	return test_main("net/tls", 60, set_up, NULL,
			TESTS(each_fault_is_named_with_its_file, how_long_a_certificate_is_good));
}
