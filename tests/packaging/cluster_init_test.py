#!/usr/bin/env python3
"""docker/cluster-init and what PostgreSQL's image runs of it, with a PostgreSQL of this machine: each kind of server has a role that comes
into its own database and into no other; folders and clusters of earlier versions go on; what openssl says is not hidden."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
from api_server import Postgres  # noqa: E402

SKIPPED = 77
INIT = os.path.join(ROOT, "docker", "cluster-init")
SCRIPT = os.path.join(ROOT, "docker", "postgres", "10-hawser.sh")
WORDS = ("192.0.2.1", "192.0.2.2")


def run(*argv, **more):
    return subprocess.run(argv, capture_output=True, text=True, errors="replace", timeout=120, check=False, **more)


def read(*path):
    with open(os.path.join(*path), encoding="ascii") as f:
        return f.read().strip()


def init(folder, name="id.test", **more):
    return run(INIT, name, *WORDS, folder, **more)


class Database:
    """As the image starts it: passwords for all but the image's own account."""

    def __init__(self):
        self.server = Postgres()
        self.port = re.search(r":(\d+)/", self.server.url).group(1)
        with open(os.path.join(self.server.dir, "data", "pg_hba.conf"), "w", encoding="ascii") as f:
            f.write("host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        assert self.query(self.server.url, "SELECT pg_reload_conf()").stdout.strip() == "t"

    def query(self, url, *sql):
        words = [w for text in sql for w in ("-c", text)]
        return run("psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-d", url, *words)

    def of(self, url, database=None):
        """What a server's file of settings names, at this machine."""
        url = url.replace("@postgres/", f"@127.0.0.1:{self.port}/")
        return url if database is None else re.sub(r"[a-z_]+$", database, url)

    def prepare(self, folder):
        env = {**os.environ, "PGHOST": "127.0.0.1", "PGPORT": self.port, "HAWSER_RENDEZVOUS_STORE_FILE": os.path.join(folder, "rendezvous_store"),
            "HAWSER_API_STORE_FILE": os.path.join(folder, "api_store")}
        return run(SCRIPT, env=env)

    def asked(self, url, *sql):
        done = self.query(url, *sql)
        assert done.returncode == 0, (url, sql, done.stderr)
        return done.stdout.strip()


def with_database(check, folder):
    database = Database()
    try:
        check(database, folder)
    finally:
        database.server.close()


def roles_are_two(db, folder):
    done = init(folder)
    assert done.returncode == 0, done.stderr
    done = db.prepare(folder)
    assert done.returncode == 0, done.stderr
    urls = {kind: read(folder, kind + "_store") for kind in ("rendezvous", "api")}
    for kind, url in urls.items():
        own, role = db.of(url), f"hawser_{kind}"
        assert db.asked(own, "SELECT current_user") == role
        db.asked(own, "CREATE SCHEMA hawser_test", "CREATE TABLE hawser_test.t (x int)")
        assert db.asked(own, f"SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication FROM pg_roles WHERE rolname = '{role}'") == "f|f|f|f"
        for other in {"hawser_rendezvous", "hawser_api", "postgres", "template1"} - {role}:
            refused = db.query(db.of(url, other), "SELECT 1")
            assert refused.returncode != 0 and "permission denied" in refused.stderr, (role, other, refused)
        wrong = db.query(re.sub(r":\w{48}@", ":wrong@", own), "SELECT 1")
        assert wrong.returncode != 0 and "authentication failed" in wrong.stderr, wrong
    # once more: nothing changes
    assert init(folder).returncode == 0
    assert urls == {kind: read(folder, kind + "_store") for kind in urls}


def an_earlier_folder_has_one_role_and_gets_two_by_hand(db, folder):
    os.mkdir(folder, 0o700)
    for kind in ("rendezvous", "api"):
        with open(os.path.join(folder, kind + "_store"), "w", encoding="ascii") as f:
            f.write(f"postgresql://hawser:{'5' * 48}@postgres/hawser_{kind}\n")
    done = init(folder)
    assert done.returncode == 0, done.stderr
    done = db.prepare(folder)
    assert done.returncode == 0, done.stderr
    urls = {kind: db.of(read(folder, kind + "_store")) for kind in ("rendezvous", "api")}
    for url in urls.values():
        assert db.asked(url, "SELECT current_user", "CREATE TABLE public.t (x int)").startswith("hawser")
    # as the guide says
    with open(os.path.join(ROOT, "docs", "operate-cluster.md"), encoding="utf-8") as f:
        said = re.search(r'psql -U postgres hawser_api ((?:-c "[^"]+"[ \\\n]*)+)', f.read()).group(1)
    sql = [text.replace("'PASSWORD'", "'abc7'") for text in re.findall(r'-c "([^"]+)"', said)]
    assert len(sql) == 3, sql
    db.asked(f"postgresql://postgres@127.0.0.1:{db.port}/hawser_api", *sql)
    own = f"postgresql://hawser_api:abc7@127.0.0.1:{db.port}/hawser_api"
    db.asked(own, "INSERT INTO public.t VALUES (1)", "ALTER TABLE public.t ADD y int", "CREATE SCHEMA more")
    db.asked(urls["rendezvous"], "INSERT INTO public.t VALUES (1)", "CREATE SCHEMA more")
    for url in (urls["api"], db.of(own, "hawser_rendezvous")):
        refused = db.query(url, "SELECT 1")
        assert refused.returncode != 0 and "permission denied" in refused.stderr, (url, refused)


def what_is_no_address_is_named(db, folder):
    assert init(folder).returncode == 0
    for text in ("postgresql://hawser_api:a';DROP@postgres/hawser_api", "sqlite:x", ""):
        path = os.path.join(folder, "api_store")
        os.chmod(path, 0o600)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        done = db.prepare(folder)
        assert done.returncode != 0 and path in done.stderr, done
        assert db.asked(db.server.url, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'hawser%'") == "0"


def openssl_is_heard(folder):
    done = init(folder, name="n" * 70)  # a certificate's name has 64 characters at most
    assert done.returncode == 1 and "openssl says:" in done.stderr and "string too long" in done.stderr, done
    left = [name for name in os.listdir(folder) if name == "front.pem" or name.startswith(".") and name != ".gitignore"]
    assert not left, left
    good = init(folder)
    assert good.returncode == 0 and good.stderr == "", good.stderr
    assert "BEGIN CERTIFICATE" in read(folder, "front.pem")


def main():
    lacks = [name for name in ("psql", "openssl") if shutil.which(name) is None]
    if lacks:
        print(f"SKIPPED: this machine has no {lacks[0]}")
        return SKIPPED
    folder = tempfile.mkdtemp(prefix="hawser-cluster-init-")
    try:
        openssl_is_heard(os.path.join(folder, "heard"))
        for check in (roles_are_two, an_earlier_folder_has_one_role_and_gets_two_by_hand, what_is_no_address_is_named):
            with_database(check, os.path.join(folder, check.__name__))
            print(check.__name__, flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
