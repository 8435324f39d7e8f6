/* Marks a state folder with the machine it belongs to, so that the copy of a virtual machine asks
 * for an ID of its own instead of taking the original's calls. */
#include "client/host/machine.h"
#include "client/host/state_file.h"
#include "client/host/whoami.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/crypto/digest.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOURCE_MAX 80 /* bytes of a source with its newline */
#define MARK_BYTES 16
#define MARK_TEXT (2 * MARK_BYTES + 1)
#define ABSENT "-"
#define FORMER_MAX 100 /* folders; a disk that goes to and fro fills the last one anew each time */

/* Digests as text; ABSENT = not known. */
struct marks {
	char id[MARK_TEXT], product[MARK_TEXT];
};

static bool is_there(const char *root, const char *path)
{
	char full[PATH_MAX];

	return hws_fmt(full, sizeof(full), "%s%s", root, path) >= 0 && access(full, F_OK) == 0;
}

static bool in_container(const char *root)
{
	return is_there(root, "/run/systemd/container") || is_there(root, "/.dockerenv") ||
			is_there(root, "/run/.containerenv");
}

/* Hex digits of the first line, without dashes, lower case; "" if there is anything else. */
static void read_digits(const char *root, const char *path, char *buf, size_t size)
{
	char full[PATH_MAX], text[SOURCE_MAX];
	size_t used = 0;
	ssize_t n;
	int fd;

	buf[0] = 0;
	if (hws_fmt(full, sizeof(full), "%s%s", root, path) < 0)
		return;
	fd = open(full, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return;
	text[n] = 0;
	text[strcspn(text, "\r\n")] = 0;
	for (const char *p = text; *p; p++) {
		if (*p == '-')
			continue;
		if (!isxdigit((unsigned char)*p) || used + 1 >= size) {
			buf[0] = 0;
			return;
		}
		buf[used++] = (char)tolower((unsigned char)*p);
		buf[used] = 0;
	}
}

/* What many machines have in common says nothing: all digits alike, or what makers leave in. */
static bool is_common(const char *digits)
{
	return strlen(digits) != 32 || strspn(digits, (char[]){ digits[0], 0 }) == 32 ||
			!strcmp(digits, "03000200040005000006000700080009");
}

static void take_mark(const char *root, const char *path, const char *purpose, char ret[MARK_TEXT])
{
	char digits[40], text[80];
	uint8_t digest[32];

	memcpy(ret, ABSENT, sizeof(ABSENT));
	read_digits(root, path, digits, sizeof(digits));
	if (is_common(digits) ||
			hws_fmt(text, sizeof(text), "hawser-host %s %s", purpose, digits) < 0)
		return;
	hws_sha256(hws_bytes_str(text), digest);
	if (hws_hex_encode(hws_bytes(digest, MARK_BYTES), ret, MARK_TEXT) < 0)
		memcpy(ret, ABSENT, sizeof(ABSENT));
}

static bool is_known(const char *mark)
{
	return !hws_str_equal(mark, ABSENT);
}

static bool is_mark(const char *text)
{
	return !is_known(text) ||
			(strlen(text) == MARK_TEXT - 1 &&
					strspn(text, "0123456789abcdef") == MARK_TEXT - 1);
}

static bool both_known(const char *a, const char *b)
{
	return is_known(a) && is_known(b);
}

static bool is_other(const struct marks *stored, const struct marks *now)
{
	if (both_known(stored->product, now->product))
		return !hws_str_equal(stored->product, now->product);
	return both_known(stored->id, now->id) && !hws_str_equal(stored->id, now->id);
}

static int path_in(const char *dir, const char *name, char *buf, size_t size, struct hws_error *err)
{
	int r = hws_fmt(buf, size, "%s/%s", dir, name);

	return r < 0 ? hws_error_set(err, r, "the state folder's name is too long") : HWS_OK;
}

/* "ID PRODUCT". */
static bool parse_marks(const char *text, struct marks *ret)
{
	size_t len = strcspn(text, " ");

	if (len >= sizeof(ret->id) || text[len] != ' ')
		return false;
	memcpy(ret->id, text, len);
	ret->id[len] = 0;
	return hws_str_copy(ret->product, sizeof(ret->product), text + len + 1) >= 0 &&
			is_mark(ret->id) && is_mark(ret->product);
}

/* HWS_ERR_NOTFOUND: no mark yet, or none that can be read: then nothing is known. */
static int read_marks(const char *path, struct marks *ret)
{
	struct hws_error err = { 0 };
	char text[200];
	int r = hws_state_read(path, text, sizeof(text), &err);

	if (r == HWS_OK && parse_marks(text, ret))
		return HWS_OK;
	if (r != HWS_ERR_NOTFOUND)
		hws_warn("machine.mark_unusable", HWS_STR("file", path),
				HWS_STR("why", r < 0 ? err.text : "it holds no mark of a machine"));
	return HWS_ERR_NOTFOUND;
}

/* A mark that cannot be written is no reason to stop: then a copy is not noticed. */
static void write_marks(const char *path, const struct marks *m)
{
	struct hws_error err = { 0 };
	char text[2 * MARK_TEXT + 2];

	if (hws_fmt(text, sizeof(text), "%s %s", m->id, m->product) >= 0 &&
			hws_state_write(path, text, &err) < 0)
		hws_warn("machine.mark_not_stored", HWS_STR("why", err.text));
}

/* What this machine knows today, and else what was known before. */
static void merge(struct marks *now, const struct marks *stored)
{
	if (!is_known(now->id))
		memcpy(now->id, stored->id, sizeof(now->id));
	if (!is_known(now->product))
		memcpy(now->product, stored->product, sizeof(now->product));
}

static int former_folder(const char *dir, unsigned n, char *buf, size_t size, struct hws_error *err)
{
	char name[sizeof(HWS_FORMER_FOLDER) + 8] = HWS_FORMER_FOLDER;
	int r = n < 2 ? HWS_OK : hws_fmt(name, sizeof(name), HWS_FORMER_FOLDER ".%u", n);

	return r < 0 ? r : path_in(dir, name, buf, size, err);
}

static bool has_key(const char *dir)
{
	char path[PATH_MAX];

	return hws_fmt(path, sizeof(path), "%s/%s", dir, HWS_KEY_FILE) >= 0 &&
			faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The last folder there is, or one behind it when that holds an identity that another would
 * overwrite: a folder that comes back from a second machine has put that of the first one aside
 * before. The key goes first, so that one that was half filled is found again. */
static int choose_former(const char *dir, char *buf, size_t size, struct hws_error *err)
{
	char next[PATH_MAX];
	int r = former_folder(dir, 1, buf, size, err);

	for (unsigned n = 2; r == HWS_OK && n <= FORMER_MAX; n++) {
		r = former_folder(dir, n, next, sizeof(next), err);
		if (r == HWS_OK && access(next, F_OK) < 0 && !(has_key(dir) && has_key(buf)))
			break;
		if (r == HWS_OK)
			r = hws_str_copy(buf, size, next);
		if (r == HWS_OK && access(next, F_OK) < 0)
			break;
	}
	return r;
}

/* Kept, not removed: who moved the folder on purpose may want its ID back. The mark is written
 * after that: a crash in between is gone on with at the next start. */
static int put_aside(const char *dir, struct hws_error *err)
{
	static const char *const names[] = { HWS_KEY_FILE, HWS_KEY_FILE ".pub", HWS_UUID_FILE,
		HWS_ID_FILE };
	char former[PATH_MAX], from[PATH_MAX], to[PATH_MAX];
	int r = choose_former(dir, former, sizeof(former), err);

	if (r == HWS_OK && mkdir(former, 0700) < 0 && errno != EEXIST)
		r = hws_error_set(err, hws_err_from_errno(errno),
				"%s cannot be made: %s (this folder comes from another machine; its "
				"identity must be put aside)",
				former, strerror(errno));
	for (size_t i = 0; i < HWS_COUNT(names) && r == HWS_OK; i++) {
		r = path_in(dir, names[i], from, sizeof(from), err);
		if (r == HWS_OK)
			r = path_in(former, names[i], to, sizeof(to), err);
		if (r == HWS_OK && rename(from, to) < 0 && errno != ENOENT)
			r = hws_error_set(err, hws_err_from_errno(errno),
					"%s cannot be put aside: %s (it comes from another machine)",
					from, strerror(errno));
	}
	return r;
}

int hws_machine_settle(const char *dir, const char *root, bool *ret_moved, struct hws_error *err)
{
	struct marks now, stored;
	char path[PATH_MAX];
	int r = path_in(dir, HWS_MACHINE_FILE, path, sizeof(path), err);

	*ret_moved = false;
	if (r < 0 || in_container(root))
		return r;
	take_mark(root, "/etc/machine-id", "machine-id", now.id);
	take_mark(root, "/sys/class/dmi/id/product_uuid", "product", now.product);
	if (!is_known(now.id) && !is_known(now.product))
		return HWS_OK;
	if (read_marks(path, &stored) == HWS_OK) {
		if (is_other(&stored, &now)) {
			r = put_aside(dir, err);
			if (r < 0)
				return r;
			*ret_moved = true;
		} else {
			merge(&now, &stored);
			if (hws_str_equal(now.id, stored.id) &&
					hws_str_equal(now.product, stored.product))
				return HWS_OK;
		}
	}
	write_marks(path, &now);
	return HWS_OK;
}
