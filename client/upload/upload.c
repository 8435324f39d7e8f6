/* upload/upload: the lock that a recorder holds says that a file is not finished; ours keeps the
 * recorder's tidying from taking it away meanwhile. */
#include "client/upload/upload.h"
#include "client/upload/folder.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/crypto/upload_proof.h"
#include "shared/daemon/control.h"
#include "shared/web/fetch.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART (1u << 20)
#define TAIL 1024u
#define HOST_US 5000000u
#define TIMEOUT_US 60000000u
#define ANSWER_MAX 65536u

struct uploading {
	const struct hws_upload_conf *conf;
	struct hws_web *web;
	struct hws_upload_list done;
	struct hws_upload_report *report;
	uint8_t *part; /* PART bytes */
};

struct question {
	const char *type, *file;
	uint64_t offset;
	struct hws_bytes body;
	int64_t began_s, seconds; /* 0 = not told */
};

/* --- one request ------------------------------------------------------------------------------ */

/* Its numbers as the query has them, which is what is signed; "" = not told. */
struct numbers {
	char offset[24], length[24], started[24], seconds[24];
};
#define RESUME "1"

struct proof {
	char id[101], time_s[24], signature[100];
};

static int copy(const json_t *o, const char *name, char *buf, size_t size)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? hws_str_copy(buf, size, s) : HWS_ERR_PROTO;
}

static int write_numbers(const struct question *q, struct numbers *n)
{
	int r = hws_fmt(n->offset, sizeof(n->offset), "%llu", (unsigned long long)q->offset);

	if (r == HWS_OK)
		r = hws_fmt(n->length, sizeof(n->length), "%zu", q->body.len);
	n->started[0] = n->seconds[0] = '\0';
	if (r == HWS_OK && q->began_s)
		r = hws_fmt(n->started, sizeof(n->started), "%lld", (long long)q->began_s * 1000);
	if (r == HWS_OK && q->began_s)
		r = hws_fmt(n->seconds, sizeof(n->seconds), "%lld", (long long)q->seconds);
	return r;
}

static int ask_host(struct uploading *u, const struct question *q, const struct numbers *n,
		struct proof *ret, struct hws_error *err)
{
	char hash[HWS_UPLOAD_HASH_TEXT];
	json_t *req, *answer = NULL;
	int r = HWS_ERR_NOMEM;

	hws_upload_hash(q->body, hash);
	req = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "cmd", "sign-upload", "for",
			"hawser-host", "type", q->type, "file", q->file, "offset", n->offset,
			"length", n->length, "started", n->started, "seconds", n->seconds, "resume",
			RESUME, "hash", hash);
	if (req)
		r = hws_control_call(u->conf->control_socket, req, HOST_US, &answer, err);
	if (r == HWS_OK)
		r = copy(answer, "id", ret->id, sizeof(ret->id));
	if (r == HWS_OK)
		r = copy(answer, "time", ret->time_s, sizeof(ret->time_s));
	if (r == HWS_OK)
		r = copy(answer, "signature", ret->signature, sizeof(ret->signature));
	json_decref(req);
	json_decref(answer);
	if (r < 0 && !*err->text)
		hws_error_set(err, r, "the host does not sign: %s", hws_err_text(r));
	return r;
}

static int url_of(struct uploading *u, const struct question *q, const struct numbers *n, char *buf,
		size_t size)
{
	char name[3 * sizeof(((struct hws_upload_file *)NULL)->name)], more[80] = "";
	int r = hws_url_escape(q->file, name, sizeof(name));

	if (r == HWS_OK && q->began_s)
		r = hws_fmt(more, sizeof(more), "&started=%s&seconds=%s", n->started, n->seconds);
	return r == HWS_OK ? hws_fmt(buf, size,
					     "%s/api/record?type=%s&file=%s&offset=%s&length=%s"
					     "&resume=" RESUME "%s",
					     u->conf->server, q->type, name, n->offset, n->length,
					     more)
			   : r;
}

/* *ret_offset: where the server wants to go on. HWS_ERR_CLOSED: it has it whole; HWS_ERR_DENIED: it
 * does not want it; HWS_ERR_FULL. */
static int judge(const struct hws_fetch_answer *a, uint64_t *ret_offset, struct hws_error *err)
{
	struct hws_bytes body = hws_buf_bytes(&a->body);
	json_t *o = json_loadb((const char *)body.ptr, body.len, 0, NULL);
	const char *why = json_string_value(json_object_get(o, "error"));
	json_int_t at = json_integer_value(json_object_get(o, "offset"));
	char shown[200];
	int r = HWS_OK;

	hws_str_plain(shown, sizeof(shown), hws_bytes_str(why ? why : ""));
	if (a->status == 200 && json_is_integer(json_object_get(o, "offset")) && at >= 0)
		*ret_offset = (uint64_t)at;
	else if (a->status == 410)
		r = HWS_ERR_CLOSED;
	else if (a->status == 413)
		r = HWS_ERR_FULL;
	else if (a->status >= 500 || a->status == 429)
		r = HWS_ERR_BUSY;
	else
		r = HWS_ERR_DENIED;
	if (r < 0)
		hws_error_set(err, r, "the server answers %d: %s", a->status, shown);
	json_decref(o);
	return r;
}

static int ask(struct uploading *u, const struct question *q, uint64_t *ret_offset,
		struct hws_error *err)
{
	char url[1200], id[160], moment[60], signature[160];
	const char *headers[] = { id, moment, signature, NULL };
	struct hws_fetch fetch = { .url = url,
		.method = "POST",
		.body = q->body.len ? q->body : hws_bytes("", 0),
		.content_type = "application/octet-stream",
		.headers = headers,
		.ca_file = u->conf->ca_file,
		.timeout_us = TIMEOUT_US,
		.answer_max = ANSWER_MAX,
		.flags = u->conf->plain ? HWS_FETCH_PLAIN : 0 };
	struct hws_fetch_answer answer;
	struct numbers n;
	struct proof p;
	int r = write_numbers(q, &n);

	if (r == HWS_OK)
		r = url_of(u, q, &n, url, sizeof(url));
	if (r < 0)
		return hws_error_set(err, r, "%s: %s", q->file, hws_err_text(r));
	r = ask_host(u, q, &n, &p, err);
	if (r < 0)
		return r;
	if (hws_fmt(id, sizeof(id), "X-Hawser-Device: %s", p.id) < 0 ||
			hws_fmt(moment, sizeof(moment), "X-Hawser-Time: %s", p.time_s) < 0 ||
			hws_fmt(signature, sizeof(signature), "X-Hawser-Signature: %s",
					p.signature) < 0)
		return hws_error_set(err, HWS_ERR_PROTO, "the host's proof is too long");
	r = hws_fetch(u->web, &fetch, &answer, err);
	if (r < 0)
		return r;
	r = judge(&answer, ret_offset, err);
	hws_fetch_done(&answer);
	return r;
}

/* --- one file --------------------------------------------------------------------------------- */

static int read_at(int fd, uint64_t at, uint8_t *to, size_t n, size_t *ret)
{
	ssize_t got;

	do {
		got = pread(fd, to, n, (off_t)at);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return HWS_ERR_DISK;
	*ret = (size_t)got;
	return HWS_OK;
}

static int send_all(struct uploading *u, int fd, uint64_t size, struct question *q,
		struct hws_error *err)
{
	uint64_t at = 0;
	size_t n = 0;
	int r = ask(u, q, &at, err);

	while (r == HWS_OK && at < size) {
		r = read_at(fd, at, u->part, PART, &n);
		if (r == HWS_OK && !n)
			r = HWS_ERR_CORRUPT; /* it has become shorter */
		if (r < 0)
			return hws_error_set(err, r, "%s cannot be read", q->file);
		q->type = "part";
		q->offset = at;
		q->body = hws_bytes(u->part, n);
		r = ask(u, q, &at, err);
		if (r == HWS_OK && at != q->offset + n)
			r = hws_error_set(err, HWS_ERR_PROTO, "the server loses count of %s",
					q->file);
		u->report->bytes += r == HWS_OK ? n : 0;
	}
	if (r < 0)
		return r;
	r = read_at(fd, 0, u->part, TAIL, &n);
	if (r < 0)
		return hws_error_set(err, r, "%s cannot be read", q->file);
	q->type = "tail";
	q->offset = 0;
	q->body = hws_bytes(u->part, n);
	return ask(u, q, &at, err);
}

/* HWS_ERR_BUSY: it is being written. */
static int open_file(const struct hws_upload_conf *conf, const char *name, int *ret_fd,
		struct stat *st, struct hws_error *err)
{
	char path[4200];
	int fd;

	if (hws_fmt(path, sizeof(path), "%s/%s", conf->folder, name) < 0)
		return hws_error_set(err, HWS_ERR_TOOBIG, "%s: the name is too long", name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return hws_error_set(
				err, hws_err_from_errno(errno), "%s: %s", path, strerror(errno));
	if (flock(fd, LOCK_SH | LOCK_NB) < 0) {
		close(fd);
		return hws_error_set(err, HWS_ERR_BUSY, "%s is being written", name);
	}
	if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode) || !st->st_size) {
		close(fd);
		return hws_error_set(err, HWS_ERR_INVAL, "%s is no recording", name);
	}
	*ret_fd = fd;
	return HWS_OK;
}

static void remove_file(const struct hws_upload_conf *conf, const char *name)
{
	char path[4200];

	if (hws_fmt(path, sizeof(path), "%s/%s", conf->folder, name) < 0 || unlink(path) < 0)
		hws_warn("upload.not_removed", HWS_STR("file", name));
}

/* What the file itself is the matter with is told and counted; else the result. */
static int one_file(struct uploading *u, const struct hws_upload_file *f, struct hws_error *err)
{
	struct question q = { .type = "new", .file = f->name, .body = hws_bytes("", 0) };
	struct stat st;
	int fd = -1;
	int r = open_file(u->conf, f->name, &fd, &st, err);

	if (r == HWS_ERR_BUSY) {
		u->report->busy++;
		return HWS_OK;
	}
	if (r == HWS_OK) {
		q.began_s = hws_upload_began_s(f->name);
		if (q.began_s && (int64_t)st.st_mtime > q.began_s)
			q.seconds = (int64_t)st.st_mtime - q.began_s;
		r = send_all(u, fd, (uint64_t)st.st_size, &q, err);
	}
	if (r == HWS_OK)
		hws_info("upload.done", HWS_STR("file", f->name),
				HWS_U64("bytes", (uint64_t)st.st_size));
	if (r == HWS_OK || r == HWS_ERR_CLOSED) {
		u->report->uploaded += r == HWS_OK;
		u->report->already += r == HWS_ERR_CLOSED;
		if (u->conf->remove)
			remove_file(u->conf, f->name);
		r = hws_upload_done_add(
				u->conf->state_file, u->conf->folder, &u->done, f->name, err);
	} else if (fd < 0 || r == HWS_ERR_DENIED || r == HWS_ERR_CORRUPT || r == HWS_ERR_DISK) {
		hws_warn("upload.failed", HWS_STR("file", f->name), HWS_STR("text", err->text));
		u->report->failed++;
		r = HWS_OK;
	}
	if (fd >= 0)
		close(fd);
	return r;
}

int hws_upload_folder(const struct hws_upload_conf *conf, struct hws_upload_report *ret,
		struct hws_error *err)
{
	struct uploading u = { .conf = conf, .report = ret, .part = hws_alloc(PART) };
	struct hws_upload_list list = { 0 };
	int r = u.part ? hws_web_new(&u.web) : HWS_ERR_NOMEM;

	memset(ret, 0, sizeof(*ret));
	if (r < 0)
		hws_error_set(err, r, "out of memory");
	if (r == HWS_OK)
		r = hws_upload_done_read(conf->state_file, &u.done, err);
	if (r == HWS_OK)
		r = hws_upload_list(conf->folder, &u.done, &list, err);
	for (size_t i = 0; i < list.count && r == HWS_OK; i++)
		r = one_file(&u, &list.file[i], err);
	hws_upload_list_free(&list);
	hws_upload_list_free(&u.done);
	hws_web_free(u.web);
	hws_free(u.part);
	return r;
}
