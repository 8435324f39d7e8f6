/* The tables have the names and columns of the servers; all else in them is made up. */
#include "tests/unit/admin/import/files.h"
#include "tests/support/suite.h"
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

const char files_rustdesk_api[] =
		"CREATE TABLE groups (id integer primary key, name text, type integer, created_at "
		"timestamp, updated_at timestamp);"
		"INSERT INTO groups (id, name, type) VALUES (1, 'Helpdesk', 1), (2, 'Sales', 2);"
		"CREATE TABLE users (id integer primary key, username text, email text, password "
		"text, nickname text, avatar text, group_id integer, is_admin numeric, status "
		"integer);"
		"INSERT INTO users VALUES (1, 'admin', 'admin@example.com', '$2a$10$x', 'The "
		"Admin', '', 1, 1, 1), (2, 'ben', 'ben@firm.example', '$2a$10$y', '', '', 2, 0, 1),"
		"(3, 'gone', 'BEN@firm.example', 'z', '', '', 9, 0, 2);"
		"CREATE TABLE device_groups (id integer primary key, name text);"
		"INSERT INTO device_groups VALUES (4, 'Tills');"
		"CREATE TABLE peers (row_id integer primary key, id text, cpu text, hostname text, "
		"memory text, os text, username text, uuid text, version text, user_id integer, "
		"last_online_time integer, last_online_ip text, group_id integer, alias text);"
		"INSERT INTO peers VALUES (1, '111222333', 'c', 'till-1', '8GB', 'linux', 'cash', "
		"'dXVpZDE=', '1.4.2', 2, 0, '', 4, ''), (2, '444555666', '', '', '', '', '', '', "
		"'', 0, 0, '', 0, '');"
		"CREATE TABLE address_book_collections (id integer primary key, user_id integer, "
		"name text);"
		"INSERT INTO address_book_collections VALUES (7, 1, 'Branches'), (8, 2, "
		"'Branches');"
		"CREATE TABLE address_book_collection_rules (id integer primary key, user_id "
		"integer, collection_id integer, rule integer, type integer, to_id integer);"
		"INSERT INTO address_book_collection_rules VALUES (1, 1, 7, 2, 2, 1), (2, 1, 7, 1, "
		"1, 2), (3, 1, 7, 1, 1, 99);"
		"CREATE TABLE tags (id integer primary key, name text, user_id integer, color "
		"integer, collection_id integer);"
		"INSERT INTO tags VALUES (1, 'north', 1, 4294901760, 7), (2, 'mine', 2, 1, 0);"
		"CREATE TABLE address_books (row_id integer primary key, id text, username text, "
		"password text, hostname text, alias text, platform text, tags text, hash text, "
		"user_id integer, force_always_relay numeric, collection_id integer);"
		"INSERT INTO address_books VALUES (1, '111222333', 'cash', 'pw1', 'till-1', 'Till "
		"one', 'Linux', '[\"north\",\"new\"]', '', 1, 1, 7), (2, '777888999', '', '', '', "
		"'Home', 'Windows', '[\"mine\"]', 'aGFzaA==', 2, 0, 0), (3, '5', '', '', '', '', "
		"'', '[', '', 42, 0, 0);";

const char files_rustdesk_api_old[] =
		"CREATE TABLE groups (id integer primary key, name text);"
		"CREATE TABLE users (id integer primary key, username text, password text, group_id "
		"integer, is_admin numeric, status integer);"
		"INSERT INTO users VALUES (1, 'olga', 'x', 0, 0, 1);"
		"CREATE TABLE peers (row_id integer primary key, id text, cpu text, hostname text, "
		"memory text, os text, username text, uuid text, version text, user_id integer);"
		"INSERT INTO peers VALUES (1, '123', '', 'h', '', '', '', 'dQ==', '', 1);"
		"CREATE TABLE tags (id integer primary key, name text, user_id integer, color "
		"integer);"
		"CREATE TABLE address_books (row_id integer primary key, id text, username text, "
		"password text, hostname text, alias text, platform text, tags text, hash text, "
		"user_id integer, force_always_relay numeric);"
		"INSERT INTO address_books VALUES (1, '123', '', '', '', 'A', '', '[]', '', 1, "
		"0);";

const char files_pro[] =
		"CREATE TABLE user (id integer primary key, username varchar(50), password "
		"varchar(255), name varchar(100), email varchar(255), note varchar(255), status "
		"tinyint, is_admin tinyint);"
		"INSERT INTO user VALUES (1, 'root', 'x', 'Root', 'root@x.example', 'n', 1, 1), "
		"(2, 'eva', 'x', '', '', '', 0, 0);"
		"CREATE TABLE device (id integer primary key, user_id int, cpu varchar(255), "
		"hostname varchar(255), rustdesk_id varchar(255), memory varchar(50), os "
		"varchar(255), username varchar(255), uuid varchar(255), version varchar(255));"
		"INSERT INTO device VALUES (1, 1, 'c', 'pc', '321', '4GB', 'os', 'u', 'YQ==', '1');"
		"CREATE TABLE address_book (id integer primary key, user_id int, guid text, name "
		"text, owner text, note text, rule int, max_peer int, shared tinyint);"
		"INSERT INTO address_book VALUES (5, 1, 'g', 'My address book', 'root', '', 3, 0, "
		"0), (6, 1, 'h', 'All of us', 'root', 'for all', 1, 0, 1);"
		"CREATE TABLE tag (id integer primary key, user_id int, tag varchar(255), color "
		"varchar(255));"
		"INSERT INTO tag VALUES (1, 2, 'blue', '#0000ff');"
		"CREATE TABLE address_book_tag (id integer primary key, user_id int, ab_id int, "
		"name text, color int);"
		"INSERT INTO address_book_tag VALUES (1, 1, 6, 'red', -65536);"
		"CREATE TABLE peer (id integer primary key, user_id int, ab_id int, rustdesk_id "
		"varchar(255), hash varchar(255), username text, hostname text, platform text, "
		"alias text, tags text, note text, forceAlwaysRelay tinyint);"
		"INSERT INTO peer VALUES (1, 1, 6, '321', '', '', '', '', 'shared one', "
		"'[\"red\"]', '', 1), (2, 1, 5, '322', '', '', '', '', 'own', '', '', 0), (3, 2, 0, "
		"'323', '', '', '', '', 'evas', 'blue,green', '', 0);";

const char files_django[] =
		"CREATE TABLE api_userprofile (id integer primary key, password varchar(128), "
		"username varchar(50), is_active bool, is_admin bool);"
		"INSERT INTO api_userprofile VALUES (1, 'pbkdf2_sha256$x', 'kim', 1, 1), (2, "
		"'pbkdf2_sha256$y', 'lee', 0, 0);"
		"CREATE TABLE api_rustdesdevice (id integer primary key, rid varchar(60), cpu "
		"text, hostname text, memory text, os text, uuid text, username text, version "
		"text);"
		"INSERT INTO api_rustdesdevice VALUES (1, '900', 'c', 'h', 'm', 'o', 'eA==', 'u', "
		"'1');"
		"CREATE TABLE api_rustdesktag (id integer primary key, uid varchar(16), tag_name "
		"varchar(60), tag_color varchar(60));"
		"INSERT INTO api_rustdesktag VALUES (1, '1', 'lab', '4278190335');"
		"CREATE TABLE api_rustdeskpeer (id integer primary key, uid varchar(16), rid "
		"varchar(60), username text, hostname text, alias text, platform text, tags text, "
		"rhash text);"
		"INSERT INTO api_rustdeskpeer VALUES (1, '1', '900', 'u', 'h', 'Lab PC', 'Linux', "
		"'lab, west', 'aGFzaA==');";

const char files_sctg[] =
		"CREATE TABLE grp (guid blob primary key not null, team blob, name varchar(100), "
		"note varchar(300)) without rowid;"
		"INSERT INTO grp VALUES (x'01', x'00', 'Default', NULL), (x'02', x'00', 'Ops', "
		"'o');"
		"CREATE TABLE \"user\" (guid blob primary key not null, name varchar(100), email "
		"varchar(100), note varchar(300), status tinyint, grp blob, role tinyint) without "
		"rowid;"
		"INSERT INTO user VALUES (x'0a', 'sam', 'sam@x.example', NULL, 1, x'02', 1), "
		"(x'0b', 'tom', NULL, NULL, 1, x'01', 0);"
		"CREATE TABLE peer (guid blob primary key not null, id varchar(100), uuid blob, pk "
		"blob, \"user\" blob, status tinyint, note varchar(300), info JSON) without rowid;"
		"INSERT INTO peer VALUES (x'11', '600', x'6162', x'00', NULL, 1, 'n', "
		"'{\"hostname\":\"hq\",\"os\":\"linux\"}'), (x'12', '601', x'63', x'00', NULL, 0, "
		"NULL, 'no json');"
		"CREATE TABLE ab (guid blob primary key not null, name varchar(100), owner blob, "
		"personal tinyint, note varchar(300), info text) without rowid;"
		"INSERT INTO ab VALUES (x'21', 'sam''s', x'0a', 1, NULL, '{}'), (x'22', 'Team', "
		"x'0a', 0, NULL, '{}');"
		"CREATE TABLE ab_peer (guid blob primary key not null, ab blob, peer blob, id text, "
		"note varchar(300), deleted_at datetime, info text) without rowid;"
		"INSERT INTO ab_peer VALUES (x'31', x'22', x'11', NULL, 'hello', NULL, "
		"'{\"alias\":\"HQ\",\"tags\":[\"a\",\"b\"],\"password\":\"secret\"}'), (x'32', "
		"x'21', NULL, '700', NULL, NULL, '{}'), (x'33', x'21', NULL, '701', NULL, "
		"'2024-01-01', '{}');"
		"CREATE TABLE ab_tag (ab blob, name varchar(100), color INTEGER);"
		"INSERT INTO ab_tag VALUES (x'22', 'a', 7);"
		"CREATE TABLE ab_rule (guid blob primary key not null, ab blob, \"user\" blob, grp "
		"blob, rule tinyint) without rowid;"
		"INSERT INTO ab_rule VALUES (x'41', x'22', NULL, x'01', 3), (x'42', x'22', x'0b', "
		"NULL, 1), (x'43', x'22', NULL, NULL, 1);";

const char files_hbbs[] =
		"CREATE TABLE peer (guid blob primary key not null, id varchar(100), uuid blob, pk "
		"blob, created_at datetime, \"user\" blob, status tinyint, note varchar(300), info "
		"text) without rowid;"
		"INSERT INTO peer VALUES (x'01', '100200300', x'00ff10', x'00', '', NULL, 0, 'the "
		"old one', '{}');";

void files_sqlite(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	char *why = NULL;

	remove(path);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &why) == SQLITE_OK, "%s", why);
	sqlite3_close(db);
}

void files_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, strlen(text), f), strlen(text));
	ck_assert_int_eq(fclose(f), 0);
}
