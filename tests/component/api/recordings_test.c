/* Recordings from a device that uploads to the auditor who plays them, on the real hawser-api: who
 * may upload, in which order, what lies on the disk, who sees it, and that the film that comes out
 * is the one that went in. */
#include "admin/data/devices.h"
#include "admin/data/groups.h"
#include "admin/record/keys.h"
#include "admin/record/open.h"
#include "shared/base/clock.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/crypto/base64.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/upload_proof.h"
#include "tests/component/api/local.h"
#include "tests/support/suite.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILM_LEN 300000u
#define ID "123456789"
#define FILE_NAME "incoming_1_20261130.webm"

static struct local_api api;
static struct hws_identity device;
static char key_secret[320], key_public[320], clear[320], closed[320];
static uint8_t film[FILM_LEN];
static int64_t clock_off_s;
/* What is signed of an upload beside its part, and what goes out in its place. */
#define STARTED "1790000000000"
#define SECONDS "61"
static const char *sent_started, *sent_seconds, *sent_resume;

static void send_as_signed(void)
{
	sent_started = STARTED;
	sent_seconds = SECONDS;
	sent_resume = "1";
}

static void set_up(void)
{
	send_as_signed();
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	hws_identity_generate(false, &device);
	hws_rand_bytes(film, sizeof(film));
	clock_off_s = 0;
	memset(&api, 0, sizeof(api));
	test_dir(api.dir, sizeof(api.dir));
	ck_assert_int_eq(hws_fmt(key_secret, sizeof(key_secret), "%s/auditor", api.dir), HWS_OK);
	ck_assert_int_eq(
			hws_fmt(key_public, sizeof(key_public), "%s/auditor.pub", api.dir), HWS_OK);
	ck_assert_int_eq(hws_fmt(clear, sizeof(clear), "%s/film.webm", api.dir), HWS_OK);
	ck_assert_int_eq(hws_fmt(closed, sizeof(closed), "%s/film.rec", api.dir), HWS_OK);
}

static void tear_down(void)
{
	if (api.proc.pid)
		local_stop(&api);
}

/* A device that the ID server has told of; in a group, if somebody has put it into one. */
static void know(bool with_key, enum dat_device_status status, bool grouped)
{
	char path[320], key[HWS_KEY_TEXT], guid[DAT_GUID_TEXT], group[DAT_GUID_TEXT];
	struct hws_error err = { 0 };
	struct sql_db *db = NULL;
	struct sql_conn *c = NULL;
	int64_t now = (int64_t)(hws_wall_us() / 1000);

	ck_assert_int_eq(hws_fmt(path, sizeof(path), "%s/state/hawser-api.sqlite3", api.dir),
			HWS_OK);
	ck_assert_int_eq(sql_open(&(struct sql_place){ .path = path, .connections = 1 }, &db, &err),
			HWS_OK);
	ck_assert_int_eq(sql_take(db, &c), HWS_OK);
	ck_assert_int_eq(dat_device_register(c, ID, "dXVpZA==", false, now, guid), HWS_OK);
	if (with_key)
		ck_assert_int_eq(dat_device_set_key(c, guid, hws_key_text(device.pk, key), now),
				HWS_OK);
	ck_assert_int_eq(dat_device_set_status(c, guid, status, now), HWS_OK);
	if (grouped && dat_group_add(c, DAT_DEVICE_GROUP, "films", "", now, group) == HWS_OK)
		ck_assert_int_eq(dat_device_change(c, guid,
						 &(struct dat_device_change){ .group_guid = group },
						 now),
				HWS_OK);
	sql_give(c);
	sql_close(db);
}

static void know_device(bool with_key, enum dat_device_status status)
{
	know(with_key, status, true);
}

static void start(const char *more)
{
	struct hws_error err = { 0 };
	char conf[700];

	ck_assert_msg(rec_key_make(key_secret, key_public, "auditor-2026", &err) == HWS_OK, "%s",
			err.text);
	ck_assert_int_eq(hws_fmt(conf, sizeof(conf), "[recordings]\nrecording-key = %s\n%s",
					 key_public, more),
			HWS_OK);
	local_start(&api, conf);
}

/* One upload; status, and what the answer says of the offset (-1: nothing). */
static int upload(const char *type, const char *file, int64_t offset, const void *body, size_t len,
		int64_t *ret_offset)
{
	char path[400], head[500], at[24], length[24], moment[24], text[HWS_UPLOAD_TEXT];
	char signature[HWS_BASE64_TEXT(HWS_SIG_LEN)], hash[HWS_UPLOAD_HASH_TEXT];
	const struct hws_upload u = { ID, moment, type, file, at, length, STARTED, SECONDS, "1",
		hash };
	uint8_t sig[HWS_SIG_LEN];
	const char *answer;
	size_t answer_len;
	json_t *o;
	int status;

	ck_assert_int_eq(hws_fmt(at, sizeof(at), "%lld", (long long)offset), HWS_OK);
	ck_assert_int_eq(hws_fmt(length, sizeof(length), "%zu", len), HWS_OK);
	ck_assert_int_eq(hws_fmt(moment, sizeof(moment), "%lld",
					 (long long)(hws_wall_us() / 1000000) +
							 (long long)clock_off_s),
			HWS_OK);
	hws_upload_hash(hws_bytes(body, len), hash);
	ck_assert_int_eq(hws_upload_text(&u, text), HWS_OK);
	hws_identity_sign(&device, hws_bytes_str(text), sig);
	ck_assert_int_eq(hws_base64_encode(
					 hws_bytes(sig, sizeof(sig)), signature, sizeof(signature)),
			HWS_OK);
	ck_assert_int_eq(hws_fmt(path, sizeof(path),
					 "/api/record?type=%s&file=%s&offset=%s&length=%s&started="
					 "%s&seconds=%s&resume=%s",
					 type, file, at, length, sent_started, sent_seconds,
					 sent_resume),
			HWS_OK);
	ck_assert_int_eq(hws_fmt(head, sizeof(head),
					 "X-Hawser-Device: " ID "\r\nX-Hawser-Time: "
					 "%s\r\nX-Hawser-Signature: %s\r\n",
					 moment, signature),
			HWS_OK);
	status = local_ask_open(&api, "POST", path, head, body, len, &answer, &answer_len);
	o = json_loadb(answer, answer_len, 0, NULL);
	if (ret_offset)
		*ret_offset = json_is_integer(json_object_get(o, "offset"))
				? json_integer_value(json_object_get(o, "offset"))
				: -1;
	if (status == 200)
		ck_assert_ptr_null(json_object_get(o, "error"));
	json_decref(o);
	return status;
}

static void upload_all(void)
{
	int64_t at = 0;

	ck_assert_int_eq(upload("new", FILE_NAME, 0, "", 0, &at), 200);
	ck_assert_int_eq(at, 0);
	while ((size_t)at < sizeof(film)) {
		size_t n = HWS_MIN(sizeof(film) - (size_t)at, (size_t)100000);

		ck_assert_int_eq(upload("part", FILE_NAME, at, film + at, n, &at), 200);
	}
	memset(film, 7, 1000); /* the header is written anew at the end */
	ck_assert_int_eq(upload("tail", FILE_NAME, 0, film, 1000, &at), 200);
}

static json_t *list(size_t want)
{
	json_t *o;

	ck_assert_int_eq(local_ask(&api, "GET", "/api/v1/recordings", NULL, &o), 200);
	ck_assert_uint_eq(json_array_size(json_object_get(o, "items")), want);
	return o;
}

static const char *text(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

static void fetch(const char *guid, const char *to)
{
	char path[120];
	FILE *f = fopen(to, "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(
			hws_fmt(path, sizeof(path), "/api/v1/recordings/%s/content", guid), HWS_OK);
	ck_assert_int_eq(local_save(&api, path, f), 200);
	ck_assert_int_eq(fclose(f), 0);
}

static void must_be_the_film(const char *path)
{
	static uint8_t got[FILM_LEN + 1];
	FILE *f = fopen(path, "re");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(got, 1, sizeof(got), f), sizeof(film));
	ck_assert_int_eq(memcmp(got, film, sizeof(film)), 0);
	fclose(f);
}

/* How many events of a kind the audit has, and whether one holds a text. */
static int events(const char *kind, const char *with)
{
	char path[300];
	struct hws_error err = { 0 };
	struct sql_db *db = NULL;
	struct sql_conn *c = NULL;
	int64_t n = 0;

	ck_assert_int_eq(hws_fmt(path, sizeof(path), "%s/state/hawser-api.sqlite3", api.dir),
			HWS_OK);
	ck_assert_int_eq(sql_open(&(struct sql_place){ .path = path, .connections = 1 }, &db, &err),
			HWS_OK);
	ck_assert_int_eq(sql_take(db, &c), HWS_OK);
	ck_assert_int_eq(
			sql_number(c,
					"SELECT count(*) FROM audit_event WHERE kind = $1 AND info "
					"LIKE $2",
					SQL_P(SQL_T(kind), SQL_T(with)), &n),
			HWS_OK);
	sql_give(c);
	sql_close(db);
	return (int)n;
}

/* Whoever stands between cannot say that it was at another time, or begin it anew. */
START_TEST(all_that_is_said_of_a_film_is_signed)
{
	const char **const sent[] = { &sent_started, &sent_seconds, &sent_resume };
	json_t *o;

	start("");
	know_device(true, DAT_DEVICE_ON);
	for (size_t i = 0; i < HWS_COUNT(sent); i++) {
		*sent[i] = "0";
		ck_assert_int_eq(upload("new", FILE_NAME, 0, "", 0, NULL), 403);
		*sent[i] = "";
		ck_assert_int_eq(upload("new", FILE_NAME, 0, "", 0, NULL), 403);
		send_as_signed();
	}
	upload_all();
	o = list(1);
	ck_assert_int_eq(
			json_integer_value(json_object_get(
					json_array_get(json_object_get(o, "items"), 0), "seconds")),
			61);
	json_decref(o);
}
END_TEST

START_TEST(a_film_goes_from_the_device_to_the_auditor)
{
	struct rec_open_job job = { closed, key_secret, clear };
	struct rec_open_report report;
	struct hws_error err = { 0 };
	char guid[40], like[100];
	json_t *o, *item;

	start("");
	know_device(true, DAT_DEVICE_ON);
	upload_all();
	/* what is whole is neither gone on with nor taken away by the device */
	ck_assert_int_eq(upload("tail", FILE_NAME, 0, film, 1000, NULL), 410);
	ck_assert_int_eq(upload("part", FILE_NAME, FILM_LEN, film, 1000, NULL), 410);
	ck_assert_int_eq(upload("remove", FILE_NAME, 0, "", 0, NULL), 410);
	o = list(1);
	item = json_array_get(json_object_get(o, "items"), 0);
	ck_assert_str_eq(text(item, "device_id"), ID);
	ck_assert_str_eq(text(item, "encrypted_to"), "auditor-2026");
	ck_assert_str_eq(text(item, "format"), "webm");
	ck_assert_int_eq(json_integer_value(json_object_get(item, "bytes")), FILM_LEN);
	ck_assert_int_eq(hws_str_copy(guid, sizeof(guid), text(item, "guid")), HWS_OK);
	json_decref(o);
	fetch(guid, closed);
	ck_assert_msg(rec_open(&job, &report, &err) == HWS_OK, "%s", err.text);
	ck_assert(report.whole);
	ck_assert_uint_eq(report.bytes, FILM_LEN);
	ck_assert_uint_eq(report.parts, 5); /* three, the header, the end */
	must_be_the_film(clear);
	/* the chain in the audit is that of the file; each access is an event */
	ck_assert_int_eq(hws_fmt(like, sizeof(like), "%%%s%%", report.chain), HWS_OK);
	ck_assert_int_eq(events("recording.done", like), 1);
	ck_assert_int_eq(events("recording.play", "%"), 1);
	ck_assert_int_eq(events("recording.begin", "%"), 1);
	/* gone, with its file */
	ck_assert_int_eq(hws_fmt(like, sizeof(like), "/api/v1/recordings/%s", guid), HWS_OK);
	ck_assert_int_eq(local_ask(&api, "DELETE", like, NULL, NULL), 204);
	json_decref(list(0));
	ck_assert_int_eq(events("recording.remove", "%"), 1);
}
END_TEST

START_TEST(an_upload_goes_on_where_it_was)
{
	int64_t at = 0;
	json_t *o;

	start("");
	know_device(true, DAT_DEVICE_ON);
	ck_assert_int_eq(upload("part", FILE_NAME, 0, film, 10, &at), 404);
	ck_assert_int_eq(upload("new", FILE_NAME, 0, "", 0, &at), 200);
	ck_assert_int_eq(upload("part", FILE_NAME, 0, film, 1000, &at), 200);
	/* the answer was lost */
	ck_assert_int_eq(upload("part", FILE_NAME, 0, film, 1000, &at), 200);
	ck_assert_int_eq(at, 1000);
	/* other bytes that end where the first did are neither stored nor confirmed */
	ck_assert_int_eq(upload("part", FILE_NAME, 0, film + 1, 1000, &at), 416);
	ck_assert_int_eq(upload("part", FILE_NAME, 500, film, 500, &at), 416);
	ck_assert_int_eq(upload("part", FILE_NAME, 5000, film, 1000, &at), 416);
	ck_assert_int_eq(upload("tail", FILE_NAME, 0, film, 1001, &at), 416);
	/* the server starts anew meanwhile */
	local_stop(&api);
	memset(&api.proc, 0, sizeof(api.proc));
	{
		char conf[400];

		ck_assert_int_eq(hws_fmt(conf, sizeof(conf), "[recordings]\nrecording-key = %s\n",
						 key_public),
				HWS_OK);
		local_start(&api, conf);
	}
	ck_assert_int_eq(upload("new", FILE_NAME, 0, "", 0, &at), 200);
	ck_assert_int_eq(at, 1000);
	ck_assert_int_eq(upload("remove", FILE_NAME, 0, "", 0, NULL), 200);
	o = list(0);
	json_decref(o);
}
END_TEST

static const char *const bad_names[] = { "../../etc/passwd.webm", "a%2fb.webm", "..%5cb.webm",
	".webm", "x.exe", "", "%00.webm", "a%0d%0ab.webm", "C%3ax.webm" };

START_TEST(names_stay_in_their_folder)
{
	start("");
	know_device(true, DAT_DEVICE_ON);
	for (size_t i = 0; i < HWS_COUNT(bad_names); i++)
		ck_assert_msg(upload("new", bad_names[i], 0, "", 0, NULL) == 400, "%s",
				bad_names[i]);
	ck_assert_int_eq(upload("steal", FILE_NAME, 0, "", 0, NULL), 400);
}
END_TEST

START_TEST(only_the_device_uploads)
{
	struct hws_identity other, own = device;
	const char *answer;
	size_t len;

	start("");
	ck_assert_int_eq(upload("new", FILE_NAME, 0, "", 0, NULL), 403); /* unknown */
	know_device(false, DAT_DEVICE_ON);
	ck_assert_int_eq(upload("new", FILE_NAME, 0, "", 0, NULL), 403); /* its key is not known */
	know_device(true, DAT_DEVICE_PENDING);
	ck_assert_int_eq(upload("new", FILE_NAME, 0, "", 0, NULL), 403);
	know_device(true, DAT_DEVICE_ON);
	hws_identity_generate(false, &other);
	device = other;
	ck_assert_int_eq(upload("new", FILE_NAME, 0, "", 0, NULL), 403);
	device = own;
	clock_off_s = -HWS_UPLOAD_AGE_S - 60;
	ck_assert_int_eq(upload("new", FILE_NAME, 0, "", 0, NULL), 403); /* an old one once more */
	clock_off_s = 0;
	ck_assert_int_eq(local_ask_open(&api, "POST", "/api/record?type=new&file=a.webm", "", "", 0,
					 &answer, &len),
			403);
	ck_assert_int_eq(upload("new", FILE_NAME, 0, "", 0, NULL), 200);
	/* and nobody but auditors sees them */
	ck_assert_int_eq(
			local_ask_open(&api, "GET", "/api/v1/recordings", "", "", 0, &answer, &len),
			401);
}
END_TEST

START_TEST(devices_that_nobody_knows_upload_nothing)
{
	start("");
	know(true, DAT_DEVICE_ON, false);
	ck_assert_int_eq(upload("new", FILE_NAME, 0, "", 0, NULL), 403);
	/* who lets devices in has let this one in */
	ck_assert_int_eq(local_ask(&api, "PATCH", "/api/v1/settings", "{\"require_approval\":true}",
					 NULL),
			200);
	ck_assert_int_eq(upload("new", FILE_NAME, 0, "", 0, NULL), 200);
	ck_assert_int_eq(local_ask(&api, "PATCH", "/api/v1/settings",
					 "{\"require_approval\":false}", NULL),
			200);
	ck_assert_int_eq(upload("part", FILE_NAME, 0, film, 1000, NULL), 403);
	know_device(true, DAT_DEVICE_ON);
	ck_assert_int_eq(upload("part", FILE_NAME, 0, film, 1000, NULL), 200);
}
END_TEST

START_TEST(limits_hold)
{
	int64_t at;

	start("recordings-device-max = 100K\n");
	know_device(true, DAT_DEVICE_ON);
	ck_assert_int_eq(upload("new", FILE_NAME, 0, "", 0, &at), 200);
	ck_assert_int_eq(upload("part", FILE_NAME, 0, film, 90000, &at), 200);
	ck_assert_int_eq(upload("part", FILE_NAME, at, film, 20000, &at), 413);
}
END_TEST

START_TEST(without_a_key_nothing_is_taken)
{
	local_start(&api, "");
	know_device(true, DAT_DEVICE_ON);
	ck_assert_int_eq(upload("new", FILE_NAME, 0, "", 0, NULL), 404);
}
END_TEST

/* Of the file as it lies there: another key, a changed byte, a part that is missing. */
START_TEST(what_was_changed_does_not_open)
{
	struct rec_open_job job = { closed, key_secret, clear };
	char guid[40], other[340], other_pub[340];
	struct rec_open_report report;
	struct hws_error err = { 0 };
	json_t *o;
	char byte;
	int fd;

	start("");
	know_device(true, DAT_DEVICE_ON);
	upload_all();
	o = list(1);
	ck_assert_int_eq(hws_str_copy(guid, sizeof(guid),
					 text(json_array_get(json_object_get(o, "items"), 0),
							 "guid")),
			HWS_OK);
	json_decref(o);
	fetch(guid, closed);
	ck_assert_int_eq(hws_fmt(other, sizeof(other), "%s/other", api.dir), HWS_OK);
	ck_assert_int_eq(hws_fmt(other_pub, sizeof(other_pub), "%s/other.pub", api.dir), HWS_OK);
	ck_assert_int_eq(rec_key_make(other, other_pub, "x", &err), HWS_OK);
	job.key_file = other;
	ck_assert_int_eq(rec_open(&job, &report, &err), HWS_ERR_KEY);
	job.key_file = key_public;
	ck_assert_int_lt(rec_open(&job, &report, &err), 0);
	job.key_file = key_secret;
	/* broken off: as far as it goes, and it says so */
	ck_assert_int_eq(truncate(closed, 250000), 0);
	ck_assert_int_eq(rec_open(&job, &report, &err), HWS_OK);
	ck_assert(!report.whole);
	ck_assert_uint_eq(report.bytes, 200000);
	ck_assert_int_eq(unlink(clear), 0);
	fd = open(closed, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(pread(fd, &byte, 1, 150000), 1);
	byte ^= 1;
	ck_assert_int_eq(pwrite(fd, &byte, 1, 150000), 1);
	close(fd);
	ck_assert_int_eq(rec_open(&job, &report, &err), HWS_ERR_CORRUPT);
	ck_assert_int_lt(access(clear, F_OK), 0);
}
END_TEST

int main(void)
{
	return test_main("api recordings", 120, set_up, tear_down,
			TESTS(all_that_is_said_of_a_film_is_signed,
					a_film_goes_from_the_device_to_the_auditor,
					an_upload_goes_on_where_it_was, names_stay_in_their_folder,
					only_the_device_uploads,
					devices_that_nobody_knows_upload_nothing, limits_hold,
					without_a_key_nothing_is_taken,
					what_was_changed_does_not_open));
}
