#!/usr/bin/env python3
"""Each version of the tables that there was (released/*.sql, made from the versions' own texts) is opened by the servers of now:
the tables become those of a fresh database, every row is still there, and of a file the copy beside it is what was there before.
A newer database is refused with who wrote it, and a step that fails leaves everything as it was. On SQLite and PostgreSQL."""
import glob
import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from api_server import BUILD, Postgres, Program, own_env  # noqa: E402
from live_stack import free_ports  # noqa: E402

RELEASED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "released")
MARKS = {"rendezvous": 0x48575352, "api": 0x48575341}
SCHEMAS = {"rendezvous": "hawser", "api": "hawser_api"}
# What the server notes for itself, and what belongs to nodes that are gone.
OWN = {"version", "schema_version", "node", "location"}


def texts(program, engine, upto):
    """The texts that make version `upto`, in their order."""
    found = {}
    for path in glob.glob(os.path.join(RELEASED, f"{program}-*.sql")):
        m = re.fullmatch(rf"{program}(?:-(\w+))?-v(\d+)\.sql", os.path.basename(path))
        if m and m[1] in (None, engine):
            with open(path, encoding="utf-8") as f:
                found[int(m[2])] = f.read()
    return [found[v] for v in sorted(found) if v <= upto]


def versions(program, engine):
    names = [os.path.basename(p) for p in glob.glob(os.path.join(RELEASED, f"{program}-*.sql"))]
    return sorted({int(re.search(r"-v(\d+)\.", n)[1]) for n in names if engine in n or program == "api"})


class Sqlite:
    name = "sqlite"

    def __init__(self, program, folder):
        self.program, self.path = program, os.path.join(folder, program + ".sqlite3")
        self.store = ["--store", self.path if program == "rendezvous" else f"sqlite:{self.path}"]

    def sql(self, text, path=None):
        db = sqlite3.connect(path or self.path)
        try:
            return db.executescript(text).fetchall()
        finally:
            db.close()

    def rows_of(self, text, path=None):
        db = sqlite3.connect(path or self.path)
        try:
            return db.execute(text).fetchall()
        finally:
            db.close()

    def fill(self, version):
        fd = os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600)
        os.close(fd)
        for text in texts(self.program, self.name, version):
            self.sql(text)
        self.sql(f"PRAGMA application_id = {MARKS[self.program]}; PRAGMA user_version = {version}; PRAGMA journal_mode = WAL")

    def set_version(self, version, program):
        self.sql(f"PRAGMA user_version = {version}; UPDATE version SET program = '{program}'")

    def version(self, path=None):
        return self.rows_of("PRAGMA user_version", path)[0][0]

    def made_by(self):
        return self.rows_of("SELECT program FROM version ORDER BY step DESC LIMIT 1")[0][0]

    def tables(self, path=None):
        """name: columns; and what else makes a difference."""
        found = {}
        for (name,) in self.rows_of("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", path):
            if name not in OWN:
                found[name] = sorted(r[1:] for r in self.rows_of(f"PRAGMA table_info({name})", path))
                found[name + " keys"] = sorted(r[2:] for r in self.rows_of(f"PRAGMA foreign_key_list({name})", path))
                found[name + " checks"] = re.findall(r"CHECK \((.*)\)", self.rows_of(
                    f"SELECT sql FROM sqlite_schema WHERE name = '{name}'", path)[0][0])
        for name, text in self.rows_of("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL", path):
            found["index " + name] = " ".join(text.split())
        return found

    def rows(self, columns, path=None):
        return {(t, r) for t, names in columns.items() for r in self.rows_of(f"SELECT {', '.join(names)} FROM {t}", path)}

    def columns(self):
        """Of tables with something in them."""
        return {t: [c[0] for c in cols] for t, cols in self.tables().items() if " " not in t and self.rows_of(f"SELECT 1 FROM {t} LIMIT 1")}

    def state(self):
        """Everything, byte by byte."""
        with open(self.path, "rb") as f:
            return hashlib.sha256(f.read()).hexdigest(), sorted(os.listdir(os.path.dirname(self.path)))


class Server:
    """The same of a PostgreSQL."""
    name = "postgres"
    pg = None
    client = (sorted(glob.glob("/usr/lib/postgresql/*/bin/psql")) or ["psql"])[-1]  # that of the path is a script that takes its time

    def __init__(self, program, _folder):
        self.program, self.schema = program, SCHEMAS[program]
        self.store = ["--store", Server.pg.url]
        self.psql(f"DROP SCHEMA IF EXISTS {self.schema} CASCADE")

    def psql(self, text):
        done = subprocess.run([Server.client, Server.pg.url, "-qAtX", "-v", "ON_ERROR_STOP=1", "-f", "-"], input=text, capture_output=True,
            text=True, env=own_env("/nonexistent"), timeout=60, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return done.stdout.splitlines()

    def sql(self, text):
        return self.psql(f"SET search_path TO {self.schema};\n{text}")

    def fill(self, version):
        if self.program == "api":
            self.psql("CREATE SCHEMA hawser_api; CREATE TABLE hawser_api.schema_version (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL);"
                f"INSERT INTO hawser_api.schema_version SELECT n, 1 FROM generate_series(1, {version}) n")
            self.sql("".join(texts(self.program, self.name, version)))
        else:
            self.psql("".join(texts(self.program, self.name, version)))

    def set_version(self, version, program):
        if self.program == "api":
            self.sql(f"INSERT INTO schema_version (version, applied_at, program) VALUES ({version}, 1, '{program}')")
        else:
            self.sql(f"UPDATE version SET step = {version}, program = '{program}'")

    def version(self):
        return int(self.sql("SELECT max(version) FROM schema_version" if self.program == "api" else "SELECT step FROM version")[0])

    def made_by(self):
        return self.sql("SELECT program FROM schema_version ORDER BY version DESC LIMIT 1" if self.program == "api" else
            "SELECT program FROM version")[0]

    def tables(self):
        found = {}
        for line in self.psql("SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns "
                f"WHERE table_schema = '{self.schema}' ORDER BY table_name, column_name"):
            table, *column = line.split("|")
            if table not in OWN:
                found.setdefault(table, []).append(tuple(column))
        for line in self.psql(f"SELECT tablename, replace(indexdef, chr(10), ' ') FROM pg_indexes WHERE schemaname = '{self.schema}' UNION ALL "
                "SELECT conrelid::regclass::text, "
                f"pg_get_constraintdef(c.oid) FROM pg_constraint c JOIN pg_namespace n ON n.oid = connamespace WHERE nspname = '{self.schema}'"):
            table, text = line.split("|", 1)
            if table.removeprefix(self.schema + ".") not in OWN:
                found.setdefault(table + " rules", []).append(text)
        return {k: sorted(v) for k, v in found.items()}

    def rows(self, columns):
        lines = self.sql("".join(f"SELECT '{t} ' || row_to_json(x)::text FROM (SELECT {', '.join(names)} FROM {t}) x;\n"
            for t, names in columns.items()))
        return {tuple(line.split(" ", 1)) for line in lines}

    def columns(self):
        tables = {t: [c[0] for c in cols] for t, cols in self.tables().items() if " " not in t}
        filled = self.sql("".join(f"SELECT '{t}' WHERE EXISTS (SELECT 1 FROM {t});\n" for t in tables))
        return {t: tables[t] for t in filled}

    def state(self):
        return self.tables(), self.rows(self.columns()), self.version()


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        Server.pg = Postgres()

    @classmethod
    def tearDownClass(cls):
        Server.pg.close()

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="hawser-upgrade-")
        self.addCleanup(shutil.rmtree, self.dir, True)

    def fresh(self, kind, program):
        folder = tempfile.mkdtemp(dir=self.dir)
        return kind(program, folder)

    def server(self, db, *more):
        """Runs what keeps this database, in a folder of its own."""
        folder = tempfile.mkdtemp(dir=self.dir)
        where = ["admin", "api"] if db.program == "api" else ["server-rendezvous"]
        argv = [os.path.join(BUILD, *where, "hawser-" + db.program), "--state-dir", folder, "--bind", "127.0.0.1"]
        argv += ["--runtime-dir", folder, "--port", "0"] if db.program == "api" else ["--port", str(free_ports(4) + 1)]
        return Program([*argv, *db.store, *more], env=own_env(folder))

    def must_serve(self, db, *more):
        p = self.server(db, *more)
        p.expect(r"\blistening\b")
        self.assertEqual(p.stop(), 0, p.log())
        return p.log()

    def must_refuse(self, db, *words):
        p = self.server(db)
        p.expect("start.failed")
        p.proc.wait(60)
        self.assertEqual(p.proc.returncode, 1, p.log())
        for word in words:
            self.assertIn(word, p.log())

    def each(self):
        for program in ("rendezvous", "api"):
            for kind in (Sqlite, Server):
                yield program, kind

    def test_every_version_is_brought_up_with_all_that_is_in_it(self):
        for program, kind in self.each():
            fresh = self.fresh(kind, program)
            self.must_serve(fresh)
            want, newest = fresh.tables(), fresh.version()
            self.assertEqual(versions(program, kind.name)[-1], newest, "released/ lacks the newest version: add it")
            for version in versions(program, kind.name):
                with self.subTest(program=program, engine=kind.name, version=version):
                    db = self.fresh(kind, program)
                    db.fill(version)
                    columns = db.columns()
                    rows = db.rows(columns)
                    self.assertGreater(len(rows), 5)
                    log = self.must_serve(db)
                    self.assertEqual(db.version(), newest)
                    self.assertEqual(db.tables(), want)
                    # counters go on
                    lost = {r for r in rows - db.rows(columns) if r[0] != "counter"}
                    self.assertEqual(lost, set())
                    if version == newest:
                        continue
                    self.assertRegex(log, rf"store.migrated .*from={version} to={newest}")
                    self.assertRegex(db.made_by(), r"^\d+\.\d+")
                    if kind is Sqlite:
                        self.look_at_copy(db, version, columns, rows)

    def look_at_copy(self, db, version, columns, rows):
        copy = f"{db.path}.before-v{version}"
        self.assertEqual(os.stat(copy).st_mode & 0o7777, 0o600)
        self.assertEqual(db.version(copy), version)
        self.assertEqual(db.rows(columns, copy), rows)
        # the way back: it takes the place of the file, and the next start brings it up again
        os.rename(copy, db.path)
        self.must_serve(db)
        self.assertTrue(os.path.exists(copy))

    def test_a_newer_database_is_refused_and_left_alone(self):
        for program, kind in self.each():
            with self.subTest(program=program, engine=kind.name):
                db = self.fresh(kind, program)
                self.must_serve(db)
                db.set_version(99, "9.8.7")
                before = db.state()
                self.must_refuse(db, "hawser 9.8.7, which is newer", "version 99", "Nothing was changed", "docs/upgrade.md")
                self.assertEqual(db.state(), before)

    def test_nodes_that_start_at_once_make_the_tables_once(self):
        for program in ("rendezvous", "api"):
            with self.subTest(program=program):
                keys = os.path.join(self.dir, "api.keys")
                if program == "api":
                    self.must_serve(self.fresh(Sqlite, program), "--secrets-file", keys)  # nodes share them
                db = self.fresh(Server, program)
                nodes = [self.server(db, *(["--node", name] if program == "rendezvous" else ["--secrets-file", keys])) for name in "abc"]
                for p in nodes:
                    p.expect(r"\blistening\b")
                for p in nodes:
                    self.assertEqual(p.stop(), 0, p.log())
                    self.assertNotIn("store.failed", p.log())

    def test_a_step_that_fails_leaves_all_as_it_was(self):
        # the second of two steps, in the API's; the name is taken already
        broken = {"rendezvous": (1, "ALTER TABLE peer ADD COLUMN proves bigint"), "api": (7, "CREATE TABLE order_due (x BIGINT)")}
        for program, kind in self.each():
            with self.subTest(program=program, engine=kind.name):
                version, trouble = broken[program]
                db = self.fresh(kind, program)
                db.fill(version)
                db.sql(trouble)
                tables, rows = db.tables(), db.rows(db.columns())
                self.must_refuse(db, "already exists" if (program, kind) != ("rendezvous", Sqlite) else "duplicate column")
                self.assertEqual((db.tables(), db.rows(db.columns()), db.version()), (tables, rows, version))


if __name__ == "__main__":
    unittest.main()
