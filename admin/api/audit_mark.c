/* api/audit_mark: only what was committed is marked: it is read, not remembered from writing. */
#include "admin/api/audit_mark.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"

#include <pthread.h>
#include <string.h>

#define FILE_MAX 128u /* a number, a blank, 64 hex digits, a line end */

struct adi_audit_mark {
	char path[500];
	pthread_mutex_t lock; /* of what follows */
	struct dat_audit_mark seen;
	bool told; /* that it does not stand */
};

/* "17 MAC\n" */
static int parse(struct hws_bytes all, struct dat_audit_mark *ret)
{
	char text[FILE_MAX] = "", *mac;
	uint64_t seq = 0;

	if (all.len < 2 || all.len >= sizeof(text) || all.ptr[all.len - 1] != '\n')
		return HWS_ERR_CORRUPT;
	memcpy(text, all.ptr, all.len - 1);
	mac = strchr(text, ' ');
	if (!mac)
		return HWS_ERR_CORRUPT;
	*mac++ = '\0';
	if (hws_parse_u64(text, &seq) < 0 || seq > INT64_MAX || strlen(mac) != DAT_HASH_TEXT - 1 ||
			strspn(mac, "0123456789abcdef") != DAT_HASH_TEXT - 1)
		return HWS_ERR_CORRUPT;
	ret->seq = (int64_t)seq;
	return hws_str_copy(ret->mac, sizeof(ret->mac), mac);
}

static void read_file(struct adi_audit_mark *m)
{
	struct hws_error err = { 0 };
	struct hws_buf in;
	int r;

	hws_buf_init(&in, FILE_MAX);
	r = hws_private_file_read(m->path, HWS_PRIVATE_OWN, &in, &err);
	if (r == HWS_OK)
		r = parse(hws_buf_bytes(&in), &m->seen);
	hws_buf_done(&in);
	if (r == HWS_OK || r == HWS_ERR_NOTFOUND)
		return;
	m->seen = (struct dat_audit_mark){ 0 };
	hws_error_log("audit.mark_unreadable", HWS_STR("path", m->path), HWS_ERR("code", r),
			HWS_STR("error", err.text));
}

int adi_audit_mark_new(const char *folder, struct adi_audit_mark **ret, struct hws_error *err)
{
	struct adi_audit_mark *m = hws_alloc(sizeof(*m));

	if (!m)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	if (hws_fmt(m->path, sizeof(m->path), "%s/audit.mark", folder) < 0) {
		hws_free(m);
		return hws_error_set(
				err, HWS_ERR_TOOBIG, "the path of the state folder is too long");
	}
	pthread_mutex_init(&m->lock, NULL);
	read_file(m);
	*ret = m;
	return HWS_OK;
}

void adi_audit_mark_free(struct adi_audit_mark *m)
{
	if (!m)
		return;
	pthread_mutex_destroy(&m->lock);
	hws_free(m);
}

struct dat_audit_mark adi_audit_mark_seen(struct adi_audit_mark *m)
{
	struct dat_audit_mark seen;

	pthread_mutex_lock(&m->lock);
	seen = m->seen;
	pthread_mutex_unlock(&m->lock);
	return seen;
}

static void tell(struct adi_audit_mark *m, const struct dat_audit_mark *seen)
{
	bool told;

	pthread_mutex_lock(&m->lock);
	told = m->told;
	m->told = true;
	pthread_mutex_unlock(&m->lock);
	if (!told)
		hws_error_log("audit.put_back", HWS_I64("seen", seen->seq),
				HWS_STR("text",
						"the audit in the database is not what this server has "
						"seen: somebody put it back, or an older copy was "
						"restored; if that was you, stop this server and remove "
						"the file"),
				HWS_STR("path", m->path));
}

static void write_mark(struct adi_audit_mark *m, const struct dat_audit_mark *now)
{
	struct hws_error err = { 0 };
	char text[FILE_MAX];
	int r = hws_fmt(text, sizeof(text), "%lld %s\n", (long long)now->seq, now->mac);

	if (r == HWS_OK)
		r = hws_private_file_write(m->path, hws_bytes_str(text), 0, &err);
	if (r < 0)
		hws_warn_limited("audit.mark_not_written", HWS_ERR("code", r),
				HWS_STR("error", err.text));
	/* even then: this process has seen it */
	pthread_mutex_lock(&m->lock);
	m->seen = *now;
	pthread_mutex_unlock(&m->lock);
}

void adi_audit_mark_keep(struct adi_audit_mark *m, struct sql_conn *c, const struct dat_keys *keys)
{
	struct dat_audit_mark seen = adi_audit_mark_seen(m), now = { 0 };
	bool stands = true;
	int r = dat_audit_reached(c, keys, &seen, &now, &stands);

	if (r < 0)
		hws_debug("audit_not_read", HWS_ERR("error", r));
	else if (!stands)
		tell(m, &seen);
	else if (now.seq != seen.seq)
		write_mark(m, &now);
}
