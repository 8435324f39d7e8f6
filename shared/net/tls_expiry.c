/* A certificate is looked at without being used: nothing of its chain or its key matters here. */
#include "shared/net/tls_expiry.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <time.h>

int hws_tls_expires(const char *cert_file, int64_t *ret)
{
	FILE *f = fopen(cert_file, "re");
	X509 *x;
	struct tm tm;
	int r = HWS_ERR_CORRUPT;

	if (!f)
		return hws_err_from_errno(errno);
	x = PEM_read_X509(f, NULL, NULL, NULL);
	if (x && ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1) {
		*ret = (int64_t)timegm(&tm);
		r = HWS_OK;
	}
	X509_free(x);
	fclose(f);
	ERR_clear_error();
	return r;
}
