/* Rows of recordings: names, who looked, lists and sums. On both engines. */
#include "admin/data/devices.h"
#include "admin/data/groups.h"
#include "admin/data/recordings.h"
#include "shared/base/str.h"
#include "tests/unit/admin/engines.h"

#include <string.h>

#define NOW 1790000000000ll

static struct dat_recording begin(const char *device, const char *file, int64_t started)
{
	struct dat_recording in = { .stored = 51, .started_at = started }, ret;
	char guid[DAT_GUID_TEXT];

	ck_ok(hws_str_copy(in.device_id, sizeof(in.device_id), device));
	ck_ok(hws_str_copy(in.file, sizeof(in.file), file));
	ck_ok(hws_str_copy(in.key_name, sizeof(in.key_name), "key"));
	ck_ok(hws_str_copy(in.chain, sizeof(in.chain), "00"));
	ck_ok(dat_recording_begin(test_conn, &in, NOW, guid));
	ck_ok(dat_recording_get(test_conn, guid, &ret));
	ck_assert_int_eq(dat_recording_begin(test_conn, &in, NOW, guid), HWS_ERR_EXISTS);
	return ret;
}

START_TEST(names_of_recordings)
{
	static const char *const bad[] = { "", "a", ".webm", "a.webm/", "a/b.webm", "a\\b.mp4",
		"c:x.mp4", "a\n.webm", "a.webm.exe", ".a.webm", "\xff.webm" };
	const char *format;

	ck_ok(dat_recording_name("a b.webm", &format));
	ck_assert_str_eq(format, "webm");
	ck_ok(dat_recording_name("\xc3\xa4.mp4", &format));
	ck_assert_str_eq(format, "mp4");
	for (size_t i = 0; i < HWS_COUNT(bad); i++)
		ck_assert_msg(dat_recording_name(bad[i], &format) == HWS_ERR_INVAL, "%s", bad[i]);
}
END_TEST

static void connection(const char *guid, const char *peer, int64_t from, int64_t to)
{
	ck_ok(sql_run(test_conn,
			"INSERT INTO audit_conn (guid, device_id, device_uuid, conn_id, peer_id, "
			"account_name, created_at, authed_at, end_at) VALUES ($1, '1', 'u', 1, $2, "
			"'ann', $3, $3, $4)",
			SQL_P(SQL_T(guid), SQL_T(peer), SQL_I(from), SQL_I(to))));
}

START_TEST(who_looked_is_known_from_the_connections)
{
	struct dat_recording rec;

	connection("a", "100", NOW - 5000, NOW - 4000);
	connection("b", "200", NOW - 3000, 0);
	rec = begin("1", "now.webm", 0);
	ck_assert_str_eq(rec.viewer_id, "200");
	ck_assert_str_eq(rec.account_name, "ann");
	ck_assert_int_eq(rec.started_at, NOW);
	rec = begin("1", "then.webm", NOW - 4500);
	ck_assert_str_eq(rec.viewer_id, "100");
	rec = begin("2", "other.webm", NOW + 5); /* nobody records the future */
	ck_assert_str_eq(rec.viewer_id, "");
	ck_assert_int_eq(rec.started_at, NOW);
}
END_TEST

static int count(const struct dat_recording *rec, void *arg)
{
	(void)rec;
	++*(int *)arg;
	return HWS_OK;
}

static int64_t listed(struct dat_recording_filter f)
{
	int64_t total = -1;
	int n = 0;

	ck_ok(dat_recording_list(test_conn, &f, (struct dat_page){ 0, 100 }, count, &n, &total));
	ck_assert_int_eq(n, total);
	return total;
}

START_TEST(lists_and_sums)
{
	struct dat_recording a = begin("1", "a.webm", NOW - 9000);
	struct dat_recording b = begin("1", "b.mp4", NOW - 1000), held;
	int64_t all, own;

	(void)begin("2", "a.webm", NOW);
	a.bytes = 5ll << 30;
	a.stored = 6ll << 30;
	a.parts = 7;
	a.done = true;
	ck_ok(dat_recording_store(test_conn, &a, NOW));
	ck_ok(dat_recording_hold(test_conn, "1", "a.webm", NOW + 1, &held));
	ck_assert(held.done && held.bytes == a.bytes && held.parts == 7);
	ck_assert_int_eq(held.updated_at, NOW + 1);
	ck_assert_int_eq(dat_recording_hold(test_conn, "2", "b.mp4", NOW, &held), HWS_ERR_NOTFOUND);
	ck_ok(dat_recording_sizes(test_conn, "1", &all, &own));
	ck_assert_int_eq(own, (6ll << 30) + 51);
	ck_assert_int_eq(all, own + 51);
	ck_assert_int_eq(listed((struct dat_recording_filter){ "", "" }), 3);
	ck_assert_int_eq(listed((struct dat_recording_filter){ "1", "" }), 2);
	ck_assert_int_eq(listed((struct dat_recording_filter){ "", "nobody" }), 0);
	ck_assert_int_eq(listed((struct dat_recording_filter){ "", "", .until = NOW - 5000 }), 1);
	ck_assert_int_eq(listed((struct dat_recording_filter){ "", "", .from = NOW - 5000 }), 2);
	/* what is done is never idle */
	ck_assert_int_eq(listed((struct dat_recording_filter){ "", "", .idle_since = NOW + 9 }), 2);
	ck_ok(dat_recording_remove(test_conn, b.guid));
	ck_assert_int_eq(dat_recording_remove(test_conn, b.guid), HWS_ERR_NOTFOUND);
}
END_TEST

START_TEST(the_key_of_a_device)
{
	char key[DAT_SHORT_TEXT], guid[DAT_GUID_TEXT], group[DAT_GUID_TEXT];

	ck_assert_int_eq(dat_recording_device_key(test_conn, "1", true, key), HWS_ERR_NOTFOUND);
	ck_ok(dat_device_register(test_conn, "1", "u", true, NOW, guid));
	ck_assert_int_eq(dat_recording_device_key(test_conn, "1", true, key), HWS_ERR_DENIED);
	ck_ok(dat_device_set_status(test_conn, guid, DAT_DEVICE_ON, NOW));
	ck_assert_int_eq(dat_recording_device_key(test_conn, "1", true, key), HWS_ERR_KEY);
	ck_ok(dat_device_set_key(
			test_conn, guid, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", NOW));
	ck_ok(dat_recording_device_key(test_conn, "1", true, key));
	ck_assert_uint_eq(strlen(key), 44);
	/* one that nobody has looked at is anybody's */
	ck_assert_int_eq(dat_recording_device_key(test_conn, "1", false, key), HWS_ERR_REFUSED);
	ck_ok(dat_group_add(test_conn, DAT_DEVICE_GROUP, "films", "", NOW, group));
	ck_ok(dat_device_change(
			test_conn, guid, &(struct dat_device_change){ .group_guid = group }, NOW));
	ck_ok(dat_recording_device_key(test_conn, "1", false, key));
}
END_TEST

int main(void)
{
	return test_engines_main("recordings",
			TESTS(names_of_recordings, who_looked_is_known_from_the_connections,
					lists_and_sums, the_key_of_a_device));
}
