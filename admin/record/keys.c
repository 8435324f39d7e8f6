/* record/keys: two files of one line each: what it is, its name, and the key in base64. */
#include "admin/record/keys.h"
#include "shared/base/buf.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/base64.h"
#include "shared/sys/private_file.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define PUBLIC_WORD "hawser-recording-key "
#define SECRET_WORD "hawser-recording-secret-key "
#define LINE_TEXT 256
#define KEY_TEXT HWS_BASE64_TEXT(HWS_SEALED_BOX_KEY_LEN)

static int check_name(const char *name, struct hws_error *err)
{
	if (!*name || strlen(name) >= REC_KEY_NAME_TEXT ||
			strspn(name,
					"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
					"._-") != strlen(name))
		return hws_error_set(err, HWS_ERR_INVAL,
				"a key's name has 1 to 64 letters, digits, dots and hyphens");
	return HWS_OK;
}

static int line_of(const char *word, const char *name, const uint8_t key[HWS_SEALED_BOX_KEY_LEN],
		char buf[LINE_TEXT])
{
	char text[KEY_TEXT];
	int r = hws_base64_encode(hws_bytes(key, HWS_SEALED_BOX_KEY_LEN), text, sizeof(text));

	if (r == HWS_OK)
		r = hws_fmt(buf, LINE_TEXT, "%s%s %s\n", word, name, text);
	hws_wipe(text, sizeof(text));
	return r;
}

int rec_key_make(const char *secret_path, const char *public_path, const char *name,
		struct hws_error *err)
{
	struct hws_sealed_box_pair pair;
	char line[LINE_TEXT];
	int r = check_name(name, err);

	if (r < 0)
		return r;
	if (access(public_path, F_OK) == 0) /* before there is a secret half */
		return hws_error_set(err, HWS_ERR_EXISTS, "%s is there already", public_path);
	hws_sealed_box_pair_new(&pair);
	r = line_of(SECRET_WORD, name, pair.sk_secret, line);
	if (r == HWS_OK)
		r = hws_private_file_write(
				secret_path, hws_bytes_str(line), HWS_PRIVATE_FRESH, err);
	if (r == HWS_OK)
		r = line_of(PUBLIC_WORD, name, pair.pk, line);
	if (r == HWS_OK)
		r = hws_private_file_write(public_path, hws_bytes_str(line),
				HWS_PRIVATE_FRESH | HWS_PRIVATE_SHOWN, err);
	hws_sealed_box_pair_wipe(&pair);
	hws_wipe(line, sizeof(line));
	return r;
}

static int parse(char *line, const char *word, char name[REC_KEY_NAME_TEXT],
		uint8_t key[HWS_SEALED_BOX_KEY_LEN])
{
	char *text, *end;

	if (!hws_str_starts(line, word))
		return HWS_ERR_CORRUPT;
	line += strlen(word);
	text = strchr(line, ' ');
	end = strchr(line, '\n');
	if (!text || !end || end[1])
		return HWS_ERR_CORRUPT;
	*text++ = '\0';
	*end = '\0';
	if (check_name(line, NULL) < 0 ||
			hws_base64_decode(hws_bytes_str(text), key, HWS_SEALED_BOX_KEY_LEN) < 0)
		return HWS_ERR_CORRUPT;
	return hws_str_copy(name, REC_KEY_NAME_TEXT, line);
}

static int read_key(const char *path, bool secret, char name[REC_KEY_NAME_TEXT],
		uint8_t key[HWS_SEALED_BOX_KEY_LEN], struct hws_error *err)
{
	char line[LINE_TEXT];
	struct hws_buf in;
	int r;

	hws_buf_init(&in, 4096);
	r = hws_private_file_read(path, secret ? HWS_PRIVATE_SECRET : HWS_PRIVATE_OWN, &in, err);
	if (r == HWS_OK) {
		if (hws_str_from_bytes(line, sizeof(line), hws_buf_bytes(&in)) < 0 ||
				parse(line, secret ? SECRET_WORD : PUBLIC_WORD, name, key) < 0)
			r = hws_error_set(err, HWS_ERR_CORRUPT,
					"%s is no %s key of recordings (hawser-admin recording key "
					"makes a pair)",
					path, secret ? "secret" : "public");
		hws_wipe(line, sizeof(line));
	}
	hws_buf_done_wiped(&in);
	return r;
}

int rec_key_public(const char *path, char ret_name[REC_KEY_NAME_TEXT],
		uint8_t ret_pk[HWS_SEALED_BOX_KEY_LEN], struct hws_error *err)
{
	return read_key(path, false, ret_name, ret_pk, err);
}

int rec_key_secret(const char *path, struct hws_sealed_box_pair *ret, struct hws_error *err)
{
	uint8_t sk[HWS_SEALED_BOX_KEY_LEN] = { 0 };
	char name[REC_KEY_NAME_TEXT];
	int r = read_key(path, true, name, sk, err);

	if (r == HWS_OK)
		hws_sealed_box_pair_of(sk, ret);
	hws_wipe(sk, sizeof(sk));
	return r;
}
