/* crypto/upload_proof: what a device signs with its key when it uploads a part of a recording, so
 * that the API server knows whose it is. Three fields of the request: X-Hawser-Device (ID),
 * X-Hawser-Time (Unix seconds), X-Hawser-Signature (base64). */
#pragma once
#include "shared/crypto/identity.h"

#define HWS_UPLOAD_AGE_S 300 /* how far clocks may differ */
#define HWS_UPLOAD_TEXT 1024

struct hws_upload {
	const char *id;                            /* of the device */
	const char *time_s;                        /* as in the field */
	const char *type, *file, *offset, *length; /* as in the query, "" where it is not there */
	const char *started, *seconds, *resume;    /* likewise */
	const char *hash;                          /* of the body: hws_upload_hash */
};

#define HWS_UPLOAD_HASH_TEXT 65
void hws_upload_hash(struct hws_bytes body, char buf[HWS_UPLOAD_HASH_TEXT]);

/* The text that is signed: it stands for nothing else. HWS_ERR_TOOBIG; HWS_ERR_INVAL: a line end in
 * one of the texts. */
int hws_upload_text(const struct hws_upload *u, char buf[HWS_UPLOAD_TEXT]) HWS_MUST_CHECK;
/* HWS_ERR_CRYPTO: not signed by this key; HWS_ERR_RANGE: it is, but at another time than now;
 * HWS_ERR_INVAL: no such claim. */
int hws_upload_check(const struct hws_upload *u, const char *signature,
		const uint8_t pk[HWS_PK_LEN], int64_t now_s) HWS_MUST_CHECK;
