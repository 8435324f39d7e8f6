#!/usr/bin/env python3
"""The data folder of an hbbs that was killed, as a volume (its last devices are in the write-ahead log only; all is root's), is
taken over by one command: the key stays, devices come back under the IDs that they had, nobody else gets these; the old volume is
only read. A second time changes nothing; another key in the way is refused.
The same goes for the cluster's database."""
import base64
import hashlib
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import base  # noqa: E402
from cluster import Cluster  # noqa: E402
from engine import FOLDER, MACHINE, ROOT, Engine  # noqa: E402
from street import Client, until  # noqa: E402
from wire import OK, UUID_MISMATCH, Device  # noqa: E402

PROJECT, OLD, OTHER, UID = "takeover", "hbbs-data", "takeover-other", 10990
FILES = [os.path.join(ROOT, "docker", name) for name in ("compose.yml", "compose.bridge.yml")]
STATE = "/var/lib/hawser-rendezvous"
# What hbbs makes at its first start.
SCHEMA = """
create table if not exists peer (guid blob primary key not null, id varchar(100) not null, uuid blob not null, pk blob not null,
  created_at datetime not null default(current_timestamp), user blob, status tinyint, note varchar(300), info text not null) without rowid;
create unique index if not exists index_peer_id on peer (id);
create index if not exists index_peer_user on peer (user);
create index if not exists index_peer_created_at on peer (created_at);
create index if not exists index_peer_status on peer (status);
"""
DEVICES = 300


def names(n):
    return str(600000000 + n), f"machine-{n}".encode(), hashlib.sha256(b"pk%d" % n).digest()


def make_key(folder):
    """As hbbs writes its pair. Returns the public one's text."""
    seed = os.urandom(32)
    with tempfile.NamedTemporaryFile() as f:
        f.write(bytes.fromhex("302e020100300506032b657004220420") + seed)
        f.flush()
        public = subprocess.run(["openssl", "pkey", "-inform", "DER", "-in", f.name, "-pubout", "-outform", "DER"], check=True,
            capture_output=True).stdout[-32:]
    for name, text in (("id_ed25519", seed + public), ("id_ed25519.pub", public)):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(base64.b64encode(text))
    return base64.b64encode(public).decode()


def make_hbbs(folder):
    """Half of the devices are still in the log when it is killed. Returns the key's text."""
    path = os.path.join(folder, "db_v2.sqlite3")
    script = f"""
import hashlib, os, sqlite3, sys
sys.path.insert(0, {os.path.dirname(os.path.abspath(__file__))!r})
from takeover_test import DEVICES, SCHEMA, names
db = sqlite3.connect({path!r}, isolation_level=None)
db.execute("pragma journal_mode = wal")
db.executescript(SCHEMA)
for n in range(DEVICES):
    if n == DEVICES // 2:
        db.execute("pragma wal_checkpoint(truncate)")
        db.execute("pragma wal_autocheckpoint = 0")
    db.execute("insert into peer (guid, id, uuid, pk, note, info) values (randomblob(16), ?, ?, ?, ?, ?)",
        (*names(n), "the till" if n == 7 else None, '{{"ip":"192.0.2.%d"}}' % (n % 250)))
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", script], check=True)
    assert os.path.getsize(path + "-wal") > 0
    return make_key(folder)


def prints(folder):
    found = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            found[name] = hashlib.sha256(f.read()).hexdigest()
    return found


def volume(engine, name):
    """A new one's folder on this machine."""
    engine.try_docker("volume", "rm", "-f", name)
    engine.docker("volume", "create", name)
    return os.path.join(FOLDER, "engine", "data", "volumes", name, "_data")


def refuses_another_key(engine):
    """A server that has a key is not given a second one: its devices and viewers have the first."""
    folder = volume(engine, OTHER)
    make_key(folder)
    for path in (folder, os.path.join(folder, "id_ed25519"), os.path.join(folder, "id_ed25519.pub")):
        os.chown(path, UID, UID)
    os.chmod(os.path.join(folder, "id_ed25519"), 0o600)
    before = prints(folder)
    status, said = engine.try_docker("run", "--rm", "-v", f"{OLD}:/old:ro", "-v", f"{OTHER}:{STATE}", engine.images("rendezvous")[0], "take-over", "/old")
    assert status == 1 and "key" in said, (status, said)
    after = prints(folder)
    assert {n: after[n] for n in before} == before, said


def into_a_cluster(engine, made, key):
    """The same folder into the database of compose.cluster.yml, whose key was put there first."""
    with Cluster(engine, os.path.join(made, "id_ed25519")) as cluster:
        assert cluster.key == key, "cluster-init has not kept the key"
        for _ in range(2):
            said = cluster.compose("run", "--rm", "-T", "-v", f"{OLD}:/old:ro", "rendezvous-a", "take-over", "/old")
            assert str(DEVICES) in said, said
        rows = engine.docker("exec", cluster.container("postgres"), "psql", "-U", "postgres", "-d", "hawser_rendezvous", "-Atc",
            "SELECT count(*) FROM hawser.peer")
        assert rows == str(DEVICES), rows


def main():
    with Engine() as engine, tempfile.TemporaryDirectory(dir=FOLDER) as made:
        engine.images("rendezvous", "relay", "admin")
        key = make_hbbs(made)
        old = volume(engine, OLD)
        subprocess.run(["cp", "-r", made + "/.", old], check=True)
        before = prints(old)

        def compose(*argv):
            return engine.compose(PROJECT, FILES, *argv)
        try:
            # the one command
            said = compose("run", "--rm", "-T", "-v", f"{OLD}:/old:ro", "rendezvous", "take-over", "/old")
            assert str(DEVICES) in said, said
            assert prints(old) == before, "the old volume is not as it was"
            compose("up", "-d", "rendezvous", "relay")
            container = f"{PROJECT}_rendezvous_1"
            until("the server is well", lambda: engine.docker("inspect", "-f", "{{.State.Health.Status}}", container) == "healthy")
            assert engine.docker("exec", container, "/usr/bin/hawser-rendezvous", "key") == key, "it has another key"
            with Client(engine, 0, {}) as street:
                for n in (0, 7, DEVICES - 1):
                    name, uuid, pk = names(n)
                    thief = street.inside(lambda: Device(MACHINE, name, uuid=b"another machine", pk=bytes(32)).ask())  # noqa: B023
                    assert thief == UUID_MISMATCH, f"another machine gets {name}: {thief}"
                    own = street.inside(lambda: Device(MACHINE, name, uuid=uuid, pk=pk).ask())  # noqa: B023
                    assert own == OK, f"{name} does not come back: {own}"
            # once more, beside the running server, whose devices are newer
            compose("stop", "rendezvous")
            again = compose("run", "--rm", "-T", "-v", f"{OLD}:/old:ro", "rendezvous", "take-over", "/old")
            assert str(DEVICES) in again, again
            refuses_another_key(engine)
            into_a_cluster(engine, made, key)
        finally:
            compose("down", "-v", "-t", "2")
            engine.try_docker("volume", "rm", "-f", OLD, OTHER)
    print("takeover: all well")


if __name__ == "__main__":
    base.need("openssl")
    main()
