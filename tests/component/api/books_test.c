/* Address books and the group tab as deployed clients call them: replies byte for byte where their
 * parsers need that, rights, the form of older clients, lists in pages. */
#include "admin/data/audit.h"
#include "admin/data/books.h"
#include "admin/data/devices.h"
#include "admin/data/groups.h"
#include "admin/data/rules.h"
#include "shared/base/str.h"
#include "tests/component/api/desk.h"
#include "tests/support/suite.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct api api;
static struct desk desk;
static char ann_guid[DAT_GUID_TEXT], bob_guid[DAT_GUID_TEXT], ops[DAT_GUID_TEXT];
static struct api_as ann, bob;

static void set_up(void)
{
	memset(&api, 0, sizeof(api));
	api_start(&api, NULL, NULL);
	desk_open(&desk, &api);
	desk_ok(dat_group_add(desk.c, DAT_USER_GROUP, "ops", "", desk_now(), ops));
	desk_ok(dat_group_change(desk.c, DAT_USER_GROUP, ops, NULL, NULL, 0, desk_now()));
	desk_account(&desk, "ann", DAT_ROLE_USER, ops, ann_guid);
	desk_account(&desk, "bob", DAT_ROLE_USER, ops, bob_guid);
	ann = desk_client(&desk, ann_guid);
	bob = desk_client(&desk, bob_guid);
}

static void tear_down(void)
{
	desk_close(&desk);
	api_stop(&api);
}

/* A write that answers 200 and nothing at all: no byte of a body, nor its type. */
static void blank(struct api_as as, const char *method, const char *path, const char *body)
{
	const struct api_reply *r = api_call(&api, as, method, path, body ? "%s" : NULL, body);

	ck_assert_msg(r->status == 200 && !*r->body, "%s %s: %d %s", method, path, r->status,
			r->body);
	ck_assert_ptr_nonnull(strstr(r->head, "\r\nContent-Length: 0\r\n"));
	ck_assert_ptr_null(strstr(r->head, "\r\nContent-Type:"));
}

/* Value by value. */
static void same(const json_t *got, const char *want)
{
	char *quoted = strdup(want), *text;
	json_t *w;

	for (char *s = quoted; *s; s++)
		*s = *s == '\'' ? '"' : *s;
	w = json_loads(quoted, JSON_DECODE_ANY, NULL);
	ck_assert_msg(w != NULL, "no JSON: %s", quoted);
	text = json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY);
	ck_assert_msg(json_equal(got, w), "got %s, not %s", text, quoted);
	free(text);
	json_decref(w);
	free(quoted);
}

__attribute__((format(printf, 1, 2))) static const char *path_of(const char *format, ...)
{
	static char path[64][200];
	static unsigned next;
	char *p = path[next++ % 64];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(p, sizeof(path[0]), format, ap);
	va_end(ap);
	return p;
}

static const char *personal(struct api_as as)
{
	json_t *o = api_must(&api, 200, as, "POST", "/api/ab/personal", NULL);

	ck_assert_uint_eq(json_object_size(o), 1);
	return api_text(o, "guid");
}

#define HMI                                                                                        \
	"{'id':'123456789','alias':'HMI','tags':['hmi'],'username':'op1','hostname':'plant7-hmi'," \
	"'platform':'Linux','hash':'Vq8='}"
#define PEER                                                                                       \
	"'id':'123456789','hash':'Vq8=','username':'op1','hostname':'plant7-hmi','platform':"      \
	"'Linux','alias':'HMI','tags':['hmi'],'forceAlwaysRelay':'false','rdpPort':'',"            \
	"'rdpUsername':'','loginName':''"

START_TEST(a_personal_book)
{
	char device[DAT_GUID_TEXT];
	const char *guid, *peers;

	desk_device(&desk, "123456789", ann_guid, device);
	guid = personal(ann);
	/* the same once more, with a body that is none */
	same(api_must(&api, 200, ann, "POST", "/api/ab/personal", "%s", ""),
			path_of("{'guid':'%s'}", guid));
	same(api_must(&api, 200, ann, "GET", "/api/ab/personal", NULL),
			path_of("{'guid':'%s'}", guid));
	ck_assert_int_gt(api_int(api_must(&api, 200, ann, "POST", "/api/ab/settings", NULL),
					 "max_peer_one_ab"),
			999);
	blank(ann, "POST", path_of("/api/ab/peer/add/%s", guid), HMI);
	blank(ann, "PUT", path_of("/api/ab/peer/update/%s", guid),
			"{'id':'123456789','note':'line 2'}");
	peers = path_of("/api/ab/peers?current=1&pageSize=100&ab=%s", guid);
	same(api_must(&api, 200, ann, "POST", peers, NULL),
			"{'total':1,'data':[{" PEER
			",'password':'','device_group_name':'','note':'line 2','same_server':true}]}");
	same(api_must(&api, 200, ann, "POST", path_of("/api/ab/tags/%s", guid), NULL),
			"[{'name':'hmi','color':4278255360}]");
	/* away, and here again */
	blank(ann, "DELETE", path_of("/api/ab/peer/%s", guid), "['123456789','unknown']");
	same(api_must(&api, 200, ann, "POST", peers, NULL), "{'total':0,'data':[]}");
	blank(ann, "POST", path_of("/api/ab/peer/add/%s", guid), HMI);
	/* added twice it is there once */
	blank(ann, "POST", path_of("/api/ab/peer/add/%s", guid), HMI);
	ck_assert_int_eq(api_int(api_must(&api, 200, ann, "POST", peers, NULL), "total"), 1);
	/* nobody else's */
	api_must(&api, 404, bob, "POST", peers, NULL);
	api_must(&api, 404, bob, "POST", path_of("/api/ab/peer/add/%s", guid), HMI);
	api_must(&api, 404, bob, "DELETE", path_of("/api/ab/peer/%s", guid), "['123456789']");
	api_must(&api, 401, API_NOBODY, "POST", peers, NULL);
}
END_TEST

START_TEST(tags_and_what_they_are_on)
{
	const char *guid = personal(ann);

	blank(ann, "POST", path_of("/api/ab/peer/add/%s", guid), HMI);
	blank(ann, "POST", path_of("/api/ab/tag/add/%s", guid),
			"{'name':'red','color':4294901760}");
	blank(ann, "PUT", path_of("/api/ab/tag/update/%s", guid),
			"{'name':'red','color':4294967295}");
	blank(ann, "PUT", path_of("/api/ab/tag/rename/%s", guid), "{'old':'hmi','new':'panel'}");
	same(api_must(&api, 200, ann, "POST", path_of("/api/ab/tags/%s", guid), NULL),
			"[{'name':'panel','color':4278255360},{'name':'red','color':4294967295}]");
	same(api_at(api_must(&api, 200, ann, "POST", path_of("/api/ab/peers?ab=%s", guid), NULL),
			     "data.0.tags"),
			"['panel']");
	blank(ann, "DELETE", path_of("/api/ab/tag/%s", guid), "['panel','none']");
	same(api_at(api_must(&api, 200, ann, "POST", path_of("/api/ab/peers?ab=%s", guid), NULL),
			     "data.0.tags"),
			"[]");
	/* a name that clients have themselves; colours that are none */
	api_must(&api, 400, ann, "POST", path_of("/api/ab/tag/add/%s", guid),
			"{'name':'Untagged','color':1}");
	api_must(&api, 400, ann, "POST", path_of("/api/ab/tag/add/%s", guid),
			"{'name':'x','color':4294967296}");
	api_must(&api, 400, ann, "POST", path_of("/api/ab/tag/add/%s", guid),
			"{'name':'x','color':-1}");
	api_must(&api, 404, ann, "PUT", path_of("/api/ab/tag/rename/%s", guid),
			"{'old':'gone','new':'y'}");
}
END_TEST

static const struct {
	const char *body;
	int status;
} wrong[] = {
	{ "{'alias':'no id'}", 400 },
	{ "{'id':7}", 400 },
	{ "{'id':''}", 400 },
	{ "{'id':'1','tags':'x'}", 400 },
	{ "{'id':'1','tags':[1]}", 400 },
	{ "{'id':'1','tags':['']}", 400 },
	{ "{'id':'1','forceAlwaysRelay':1}", 400 },
	{ "{'id':'1','alias':{}}", 400 },
	{ "{'id':'1','alias':'a\\u0007b'}", 400 },
	{ "['1']", 400 },
	{ "{'id':'1'", 400 },
	{ "{'id':'1','id':'2'}", 400 },
	{ "{'id':'1','alias':null,'note':null,'tags':null}", 200 },
	{ "{'id':'1','forceAlwaysRelay':'true','unknown':[{}]}", 200 },
	{ "{'id':'Robert\\u0027); DROP TABLE ab_entry;--'}", 200 },
	{ "{'id':'<b onclick=1>','alias':'<script>'}", 200 },
};

START_TEST(what_an_entry_may_be)
{
	const char *guid = personal(ann), *path = path_of("/api/ab/peer/add/%s", guid);
	char *big = malloc(3000);

	for (size_t i = 0; i < HWS_COUNT(wrong); i++)
		api_must(&api, wrong[i].status, ann, "POST", path, "%s", wrong[i].body);
	memset(big, 'x', 2999);
	big[2999] = '\0';
	api_must(&api, 400, ann, "POST", path, "{'id':'1','alias':'%s'}", big);
	api_must(&api, 400, ann, "POST", path, "{'id':'%s'}", big);
	free(big);
	/* one that is not there is not made by a change */
	api_must(&api, 404, ann, "PUT", path_of("/api/ab/peer/update/%s", guid), "{'id':'99'}");
	ck_assert_int_eq(api_int(api_must(&api, 200, ann, "POST",
						 path_of("/api/ab/peers?ab=%s", guid), NULL),
					 "total"),
			3);
	api_must(&api, 404, ann, "POST", "/api/ab/peers", NULL);
	api_must(&api, 404, ann, "POST", "/api/ab/peers?ab=x%27--", NULL);
}
END_TEST

/* --- shared ----------------------------------------------------------------------------------- */

START_TEST(rights_of_a_shared_book)
{
	struct api_as cid;
	char book[DAT_GUID_TEXT], cid_guid[DAT_GUID_TEXT], other[DAT_GUID_TEXT];
	const char *profiles = "/api/ab/shared/profiles?current=1&pageSize=100", *add;
	struct dat_book b = { .guid = "" };
	char want[400];

	desk_account(&desk, "cid", DAT_ROLE_USER, "", cid_guid);
	cid = desk_client(&desk, cid_guid);
	desk_ok(dat_book_add(desk.c, ann_guid, "Plant 7", "", desk_now(), book));
	desk_ok(dat_book_rule(desk.c, book, "group", ops, DAT_BOOK_WRITE, desk_now()));
	(void)snprintf(want, sizeof(want),
			"{'total':1,'data':[{'guid':'%s','name':'Plant 7','owner':'ann','note':'',"
			"'rule':2,'info':{'password':''}}]}",
			book);
	same(api_must(&api, 200, bob, "POST", profiles, NULL), want);
	same(api_must(&api, 200, bob, "GET", profiles, NULL), want);
	same(api_must(&api, 200, cid, "POST", profiles, NULL), "{'total':0,'data':[]}");
	add = path_of("/api/ab/peer/add/%s", book);
	/* the password of an entry is there for who may read the book; what stands for somebody's
	 * own password is nobody else's */
	blank(bob, "POST", add, "{'id':'555','password':'open sesame','hash':'Vq8='}");
	same(api_must(&api, 200, ann, "POST", path_of("/api/ab/peers?ab=%s", book), NULL),
			"{'total':1,'data':[{'id':'555','hash':'','password':'open sesame',"
			"'username':'','hostname':'','platform':'','alias':'','tags':[],"
			"'forceAlwaysRelay':'false','rdpPort':'','rdpUsername':'','loginName':'',"
			"'device_group_name':'','note':'','same_server':false}]}");
	desk_ok(dat_book_rule(desk.c, book, "group", ops, DAT_BOOK_READ, desk_now()));
	same(api_must(&api, 403, bob, "POST", path_of("/api/ab/tag/add/%s", book),
			     "{'name':'x','color':4294901760}"),
			"{'error':'Permission denied'}");
	api_must(&api, 403, bob, "POST", add, "{'id':'1'}");
	api_must(&api, 403, bob, "DELETE", path_of("/api/ab/peer/%s", book), "['555']");
	api_must(&api, 200, bob, "POST", path_of("/api/ab/peers?ab=%s", book), NULL);
	/* for who has no rule it is not there */
	api_must(&api, 404, cid, "POST", path_of("/api/ab/peers?ab=%s", book), NULL);
	api_must(&api, 404, cid, "POST", path_of("/api/ab/tags/%s", book), NULL);
	/* clients tell books apart by their names */
	ck_assert_int_eq(dat_book_add(desk.c, bob_guid, "plant 7", "", desk_now(), other),
			HWS_ERR_EXISTS);
	desk_ok(dat_book_get(desk.c, book, ann_guid, &b));
	ck_assert_int_eq(b.entries, 1);
}
END_TEST

static int count_event(const struct dat_event *e, void *arg)
{
	*(int *)arg += strcmp(e->target_kind, "book") == 0;
	return HWS_OK;
}

START_TEST(changes_of_shared_books_are_in_the_audit)
{
	struct dat_audit_filter f = {
		.kind = "book", .actor = bob_guid, .target = "", .limit = 100
	};
	char book[DAT_GUID_TEXT];
	int events = 0;

	blank(bob, "POST", path_of("/api/ab/peer/add/%s", personal(bob)), "{'id':'1'}");
	desk_ok(dat_book_add(desk.c, bob_guid, "Ours", "", desk_now(), book));
	blank(bob, "POST", path_of("/api/ab/peer/add/%s", book), "{'id':'1'}");
	api_must(&api, 400, bob, "POST", path_of("/api/ab/peer/add/%s", book), "{'id':''}");
	blank(bob, "DELETE", path_of("/api/ab/peer/%s", book), "['1']");
	desk_ok(dat_audit_list(desk.c, &f, count_event, &events));
	ck_assert_int_eq(events, 2);
}
END_TEST

START_TEST(books_of_one_person_are_bounded)
{
	struct api_as ann_makes = desk_token(&desk, ann_guid, "book:rw");
	struct api_as bob_gives = desk_token(&desk, bob_guid, "book:rw");
	char name[20], book[DAT_GUID_TEXT];

	for (int i = 0; i < 99; i++) {
		(void)snprintf(name, sizeof(name), "Book %d", i);
		desk_ok(dat_book_add(desk.c, ann_guid, name, "", desk_now(), book));
	}
	api_must(&api, 201, ann_makes, "POST", "/api/v1/books", "{'name':'The last'}");
	api_must(&api, 409, ann_makes, "POST", "/api/v1/books", "{'name':'One more'}");
	/* nor by way of another */
	desk_ok(dat_book_add(desk.c, bob_guid, "Bob's", "", desk_now(), book));
	api_must(&api, 409, bob_gives, "PATCH", path_of("/api/v1/books/%s", book),
			"{'owner_guid':'%s'}", ann_guid);
	api_must(&api, 200, bob_gives, "PATCH", path_of("/api/v1/books/%s", book),
			"{'note':'stays'}");
}
END_TEST

/* Whose devices they are is not told by writing their ids into a book. */
START_TEST(an_entry_tells_of_what_may_be_reached_only)
{
	const struct dat_sysinfo info = {
		.hostname = "vault", .username = "root", .os = "debian / x"
	};
	char device[DAT_GUID_TEXT], second[DAT_GUID_TEXT], theirs[DAT_GUID_TEXT];
	const char *guid = personal(bob), *mine = personal(ann);
	json_t *o;

	desk_ok(dat_book_add(desk.c, ann_guid, "Second", "", desk_now(), second));
	desk_ok(dat_book_add(desk.c, bob_guid, "Theirs", "", desk_now(), theirs));
	desk_device(&desk, "777", ann_guid, device);
	desk_ok(dat_device_sysinfo(desk.c, "777", "u", &info, desk_now()));
	blank(bob, "POST", path_of("/api/ab/peer/add/%s", guid), "{'id':'777','hostname':'guess'}");
	o = api_must(&api, 200, bob, "POST", path_of("/api/ab/peers?ab=%s", guid), NULL);
	ck_assert_str_eq(api_text(o, "data.0.hostname"), "guess");
	ck_assert(json_is_false(api_at(o, "data.0.same_server")));
	blank(ann, "POST", path_of("/api/ab/peer/add/%s", mine), "{'id':'777','hostname':'old'}");
	o = api_must(&api, 200, ann, "POST", path_of("/api/ab/peers?ab=%s", mine), NULL);
	ck_assert_str_eq(api_text(o, "data.0.hostname"), "vault");
	ck_assert_str_eq(api_text(o, "data.0.username"), "root");
	ck_assert_str_eq(api_text(o, "data.0.platform"), "Linux");
	ck_assert(json_is_true(api_at(o, "data.0.same_server")));
	/* in the console it stands in for what nobody wrote */
	blank(bob, "POST", path_of("/api/ab/peer/add/%s", theirs), "{'id':'777'}");
	blank(ann, "POST", path_of("/api/ab/peer/add/%s", second), "{'id':'777'}");
	o = api_must(&api, 200, desk_token(&desk, ann_guid, "book:r"), "GET",
			path_of("/api/v1/books/%s/entries", second), NULL);
	ck_assert_str_eq(api_text(o, "items.0.hostname"), "vault");
	ck_assert_str_eq(api_text(o, "items.0.platform"), "Linux");
	o = api_must(&api, 200, desk_token(&desk, bob_guid, "book:r"), "GET",
			path_of("/api/v1/books/%s/entries", theirs), NULL);
	ck_assert_str_eq(api_text(o, "items.0.hostname"), "");
	ck_assert_str_eq(api_text(o, "items.0.platform"), "");
}
END_TEST

/* --- older clients ---------------------------------------------------------------------------- */

static json_t *legacy(struct api_as as, const char *method, const char *path)
{
	json_t *o = api_must(&api, 200, as, method, path, NULL), *inner;

	ck_assert_uint_eq(json_object_size(o), 1);
	inner = json_loads(api_text(o, "data"), 0, NULL);
	ck_assert_ptr_nonnull(inner);
	return inner;
}

static void push(struct api_as as, const json_t *inner)
{
	char *text = json_dumps(inner, JSON_COMPACT), *body;
	json_t *outer = json_pack("{s:s}", "data", text);
	const struct api_reply *r;

	body = json_dumps(outer, JSON_COMPACT);
	r = api_send(&api, as, "POST", "/api/ab", body);
	ck_assert_msg(r->status == 200 && !*r->body, "%d %s", r->status, r->body);
	free(text);
	free(body);
	json_decref(outer);
}

START_TEST(an_older_client_keeps_what_it_does_not_see)
{
	const char *guid = personal(ann), *peers = path_of("/api/ab/peers?ab=%s", guid);
	json_t *book, *o;

	/* an empty book is no null, which would leave the client without one */
	book = legacy(ann, "GET", "/api/ab");
	same(book, "{'tags':[],'peers':[],'tag_colors':'{}'}");
	json_decref(book);
	blank(ann, "POST", path_of("/api/ab/peer/add/%s", guid), HMI);
	blank(ann, "POST", path_of("/api/ab/peer/add/%s", guid), "{'id':'222','note':'keep'}");
	blank(ann, "PUT", path_of("/api/ab/peer/update/%s", guid),
			"{'id':'123456789','note':'line 2','password':'secret'}");
	blank(ann, "DELETE", path_of("/api/ab/peer/%s", guid), "['222']");
	book = legacy(ann, "GET", "/api/ab");
	same(json_object_get(book, "peers"), "[{" PEER "}]");
	ck_assert_str_eq(api_text(book, "tag_colors"), "{\"hmi\":4278255360}");
	/* the same text again changes nothing */
	push(ann, book);
	o = api_must(&api, 200, ann, "POST", peers, NULL);
	ck_assert_str_eq(api_text(o, "data.0.note"), "line 2");
	ck_assert_str_eq(api_text(o, "data.0.password"), "secret");
	ck_assert_str_eq(api_text(o, "data.0.hash"), "Vq8=");
	/* renamed here, one more, a tag with a colour */
	json_object_set_new(json_array_get(json_object_get(book, "peers"), 0), "alias",
			json_string("Panel"));
	json_array_append_new(json_object_get(book, "peers"),
			json_pack("{s:s,s:[s]}", "id", "333", "tags", "new"));
	json_array_append_new(json_object_get(book, "tags"), json_string("new"));
	json_object_set_new(book, "tag_colors", json_string("{\"hmi\":1,\"new\":2}"));
	push(ann, book);
	o = api_must(&api, 200, ann, "POST", peers, NULL);
	ck_assert_int_eq(api_int(o, "total"), 2);
	ck_assert_str_eq(api_text(o, "data.0.alias"), "Panel");
	ck_assert_str_eq(api_text(o, "data.0.note"), "line 2");
	same(api_must(&api, 200, ann, "POST", path_of("/api/ab/tags/%s", guid), NULL),
			"[{'name':'hmi','color':1},{'name':'new','color':2}]");
	/* what it leaves out goes to the bin, with its note */
	(void)json_array_remove(json_object_get(book, "peers"), 0);
	push(ann, book);
	json_decref(book);
	book = legacy(ann, "POST", "/api/ab/get");
	ck_assert_uint_eq(json_array_size(json_object_get(book, "peers")), 1);
	ck_assert_str_eq(api_text(book, "peers.0.id"), "333");
	json_decref(book);
	/* and a text that is none changes nothing */
	api_must(&api, 400, ann, "POST", "/api/ab", "{'data':'{'}");
	api_must(&api, 400, ann, "POST", "/api/ab", "{'data':7}");
	api_must(&api, 400, ann, "POST", "/api/ab", "{}");
	(void)api_send(&api, ann, "POST", "/api/ab", "{\"data\":\"{\\\"peers\\\":[7]}\"}");
	ck_assert_int_eq(api_int(api_must(&api, 200, ann, "POST", peers, NULL), "total"), 1);
}
END_TEST

START_TEST(an_older_clients_large_book)
{
	json_t *book = json_pack("{s:[],s:[],s:s}", "tags", "peers", "tag_colors", "{}"), *again;
	char id[16];

	for (int i = 0; i < 3000; i++) {
		(void)snprintf(id, sizeof(id), "9%08d", i);
		json_array_append_new(json_object_get(book, "peers"),
				json_pack("{s:s,s:s,s:[]}", "id", id, "alias", "x", "tags"));
	}
	push(ann, book);
	again = legacy(ann, "GET", "/api/ab");
	ck_assert_uint_eq(json_array_size(json_object_get(again, "peers")), 3000);
	push(ann, again);
	json_decref(again);
	json_decref(book);
}
END_TEST

/* --- the group tab ---------------------------------------------------------------------------- */

START_TEST(each_device_once_while_they_come_and_go)
{
	char guid[DAT_GUID_TEXT], group[DAT_GUID_TEXT], id[16], path[100];
	bool seen[205] = { false };
	json_t *o, *d;
	size_t i;
	int n = 0;

	desk_ok(dat_group_add(desk.c, DAT_DEVICE_GROUP, "Plant 7", "", desk_now(), group));
	desk_ok(sql_begin(desk.c));
	for (int k = 0; k < 205; k++) {
		(void)snprintf(id, sizeof(id), "%09d", k);
		desk_device(&desk, id, ann_guid, guid);
	}
	desk_device(&desk, "other", bob_guid, guid);
	desk_ok(sql_end(desk.c, HWS_OK));
	for (int page = 1; page <= 3; page++) {
		const struct dat_seen now[] = { { "000000100", "192.0.2.1", desk_now() },
			{ "000000003", "192.0.2.1", desk_now() } };

		(void)snprintf(path, sizeof(path),
				"/api/peers?current=%d&pageSize=100&accessible=&status=1", page);
		o = api_must(&api, 200, ann, "GET", path, NULL);
		ck_assert_int_eq(api_int(o, "total"), 205);
		ck_assert_uint_eq(json_array_size(json_object_get(o, "data")), page < 3 ? 100 : 5);
		json_array_foreach (json_object_get(o, "data"), i, d) {
			unsigned long at = strtoul(api_text(d, "id"), NULL, 10);

			ck_assert_uint_lt(at, 205);
			ck_assert(!seen[at]);
			seen[at] = true;
			n++;
		}
		desk_ok(dat_device_seen(desk.c, now, 2));
	}
	ck_assert_int_eq(n, 205);
	o = api_must(&api, 200, ann, "GET", "/api/peers?current=4294967295&pageSize=4294967295",
			NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(o, "data")), 0);
}
END_TEST

START_TEST(what_the_group_tab_shows)
{
	const struct dat_sysinfo info = {
		.hostname = "plant7-hmi", .username = "op1", .os = "debian / Linux 12 Debian"
	};
	const char *devices = "/api/peers?current=1&pageSize=100&accessible=&status=1";
	const char *users = "/api/users?current=1&pageSize=100&accessible=&status=1";
	const char *groups = "/api/device-group/accessible?current=1&pageSize=100";
	struct dat_rule rule = {
		.subj_kind = DAT_END_USER, .obj_kind = DAT_END_DEVICE_GROUP, .enabled = true
	};
	char device[DAT_GUID_TEXT], group[DAT_GUID_TEXT], guid[DAT_GUID_TEXT];

	desk_ok(dat_group_add(desk.c, DAT_DEVICE_GROUP, "Plant 7", "", desk_now(), group));
	desk_device(&desk, "123456789", ann_guid, device);
	desk_ok(dat_device_sysinfo(desk.c, "123456789", "u", &info, desk_now()));
	desk_ok(dat_device_change(desk.c, device,
			&(struct dat_device_change){ .group_guid = group }, desk_now()));
	same(api_must(&api, 200, bob, "GET", devices, NULL), "{'total':0,'data':[]}");
	same(api_must(&api, 200, bob, "GET", groups, NULL), "{'total':0,'data':[]}");
	ck_assert_int_eq(api_int(api_must(&api, 200, bob, "GET", users, NULL), "total"), 1);
	rule.when = DAT_ALWAYS;
	memcpy(rule.subj_guid, bob_guid, DAT_GUID_TEXT);
	memcpy(rule.obj_guid, group, DAT_GUID_TEXT);
	desk_ok(dat_rule_add(desk.c, &rule, desk_now(), guid));
	same(api_must(&api, 200, bob, "GET", devices, NULL),
			"{'total':1,'data':[{'id':'123456789','info':{'username':'op1','os':"
			"'linux / Linux 12 Debian','device_name':'plant7-hmi'},'status':1,'user':"
			"'ann','user_name':'ann','device_group_name':'Plant 7','note':''}]}");
	same(api_must(&api, 200, bob, "GET", groups, NULL),
			"{'total':1,'data':[{'name':'Plant 7'}]}");
	same(api_must(&api, 200, bob, "GET", users, NULL),
			"{'total':2,'data':[{'name':'ann','display_name':'','email':'','note':'','status':"
			"1,'is_admin':false,'info':{}},{'name':'bob','display_name':'','email':'','note':"
			"'','status':1,'is_admin':false,'info':{}}]}");
	ck_assert_str_eq(api_text(api_must(&api, 200, bob, "POST", "/api/currentGroup", "{}"),
					 "name"),
			"ops");
	api_must(&api, 401, API_NOBODY, "GET", devices, NULL);
	/* switched off: a failure whose word clears the tab */
	desk_ok(sql_run(desk.c,
			"INSERT INTO setting (skey, sval, updated_at) VALUES "
			"('server.accessible_lists', '0', 1)",
			SQL_NONE));
	api_stop(&api);
	api.replies = NULL;
	api_start(&api, NULL, NULL);
	same(api_must(&api, 200, bob, "GET", devices, NULL),
			"{'error':'Retrieving accessible devices is disabled.'}");
	same(api_must(&api, 200, bob, "GET", users, NULL),
			"{'error':'Retrieving accessible devices is disabled.'}");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("api/books");
	TCase *c = test_case(s, "books", 60,
			TESTS(a_personal_book, tags_and_what_they_are_on, what_an_entry_may_be,
					books_of_one_person_are_bounded, rights_of_a_shared_book,
					changes_of_shared_books_are_in_the_audit,
					an_entry_tells_of_what_may_be_reached_only,
					an_older_client_keeps_what_it_does_not_see,
					an_older_clients_large_book,
					each_device_once_while_they_come_and_go,
					what_the_group_tab_shows));

	tcase_add_checked_fixture(c, set_up, tear_down);
	return test_suite_run(s);
}
