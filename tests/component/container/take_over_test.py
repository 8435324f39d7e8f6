#!/usr/bin/env python3
"""`hawser-rendezvous take-over DIR`: key and devices of an hbbs come into the state folder, from a folder that is only read: one whose
hbbs ended in order, was killed, or still runs; twice does no harm, and another key is not overwritten."""
import contextlib
import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from container_test import RENDEZVOUS, Place, api_server, key_pair  # noqa: E402

DEVICES = 40
# As hbbs makes it.
SCHEMA = """create table if not exists peer (guid blob primary key not null, id varchar(100) not null, uuid blob not null,
pk blob not null, created_at datetime not null default(current_timestamp), user blob, status tinyint, note varchar(300),
info text not null) without rowid"""
KILLED = """import os, sqlite3, sys
c = sqlite3.connect(sys.argv[1])
c.execute("pragma journal_mode=wal")
c.execute("insert into peer(guid, id, uuid, pk, info) values (randomblob(16), 'late', 'u', randomblob(32), '{}')")
c.commit()
os.kill(os.getpid(), 9)"""

HALF_DONE = """import os, sqlite3, sys
c = sqlite3.connect(sys.argv[1])
c.execute("pragma cache_size=1")
for i in range(200):
    c.execute("insert into peer(guid, id, uuid, pk, info) values (randomblob(16), ?, randomblob(3000), randomblob(32), '{}')", (f"half{i}",))
os.kill(os.getpid(), 9)"""


def make_hbbs(place, name, mode):
    """A folder of hbbs; returns it and its public key."""
    public, _ = key_pair(place, name)
    file = place.path(name, "db_v2.sqlite3")
    db = sqlite3.connect(file)
    db.execute(f"pragma journal_mode={mode}")
    db.execute(SCHEMA)
    for i in range(DEVICES):
        db.execute("insert into peer(guid, id, uuid, pk, info, note) values (randomblob(16), ?, ?, randomblob(32), ?, ?)",
            (str(100000000 + i), f"uuid-{i}".encode(), '{"ip":"::ffff:192.0.2.7"}', f"desk {i}" if i % 2 else None))
    db.commit()
    db.close()
    return place.path(name), public


def picture(folder):
    """Everything of a folder that a write would change."""
    found = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            found[name] = hashlib.sha256(f.read()).hexdigest(), os.stat(f.name).st_mtime_ns
    return found, os.stat(folder).st_mtime_ns


def devices(state):
    with contextlib.closing(sqlite3.connect(os.path.join(state, "rendezvous.sqlite3"))) as db:
        return {row[0] for row in db.execute("select id from peer")}


def doctor(place, state):
    done = subprocess.run([os.path.join(api_server.BUILD, "admin", "hawser-admin"), "doctor"], env=place.env(HAWSER_RENDEZVOUS_STATE_DIR=state),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=api_server.LIMIT_S, check=False)
    return done.stdout + done.stderr


def take(place, folder, state, status=0):
    before = picture(folder)
    said = place.run(RENDEZVOUS, "take-over", folder, "--state-dir", state, status=status)
    assert picture(folder) == before, (before, picture(folder))
    return said


def a_folder_comes_over_whole(place, mode):
    folder, public = make_hbbs(place, "hbbs", mode)
    state = place.folder("state")
    said = take(place, folder, state)
    assert f"{DEVICES} devices of {DEVICES} were taken over" in said and f"the key {public} was taken over" in said, said
    assert os.stat(os.path.join(state, "id_ed25519")).st_mode & 0o777 == 0o600
    said = take(place, folder, state)
    assert f"0 devices of {DEVICES} were taken over, {DEVICES} were there already" in said and "was here already" in said, said
    assert devices(state) == {str(100000000 + i) for i in range(DEVICES)}
    with place.program(RENDEZVOUS, "--port", "0", "--state-dir", state) as p:
        assert f"peers={DEVICES}" in p.expect("store.loaded").string
        assert public in p.expect("listening").string
        assert p.stop() == 0


def the_folder_of_one_that_was_killed(place):
    folder, _ = make_hbbs(place, "hbbs", "delete")
    done = subprocess.run([sys.executable, "-c", KILLED, os.path.join(folder, "db_v2.sqlite3")], check=False)
    assert done.returncode == -signal.SIGKILL and os.path.getsize(os.path.join(folder, "db_v2.sqlite3-wal")) > 0
    state = place.folder("state")
    assert f"{DEVICES + 1} devices of" in take(place, folder, state)
    assert "late" in devices(state)
    assert not [name for name in os.listdir(state) if name.startswith(".take-over")]


def the_folder_of_one_that_was_killed_while_it_wrote(place):
    folder, _ = make_hbbs(place, "hbbs", "delete")
    done = subprocess.run([sys.executable, "-c", HALF_DONE, os.path.join(folder, "db_v2.sqlite3")], check=False)
    assert done.returncode == -signal.SIGKILL and os.path.getsize(os.path.join(folder, "db_v2.sqlite3-journal")) > 512
    state = place.folder("state")
    assert f"{DEVICES} devices of {DEVICES} were taken over" in take(place, folder, state)


def the_folder_of_one_that_runs(place):
    folder, _ = make_hbbs(place, "hbbs", "wal")
    state = place.folder("state")
    with contextlib.closing(sqlite3.connect(os.path.join(folder, "db_v2.sqlite3"))) as db:
        db.execute("insert into peer(guid, id, uuid, pk, info) values (randomblob(16), 'now', 'u', randomblob(32), '{}')")
        db.commit()
        place.run(RENDEZVOUS, "take-over", folder, "--state-dir", state)
        assert "now" in devices(state)
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)


def the_state_folder_itself(place):
    """hbbs' volume mounted as ours: the start says what to run, and that does it."""
    folder, public = make_hbbs(place, "hbbs", "wal")
    with place.program(RENDEZVOUS, "--port", "0", "--state-dir", folder) as p:
        assert f"hawser-rendezvous take-over {folder}" in p.expect("hbbs.found").string
        assert f"hawser-rendezvous take-over {folder}" in doctor(place, folder)
        assert p.stop() == 0
    said = place.run(RENDEZVOUS, "take-over", folder, "--state-dir", folder)
    assert f"{DEVICES} devices of {DEVICES} were taken over" in said and f"the key {public} was here already" in said, said
    with place.program(RENDEZVOUS, "--port", "0", "--state-dir", folder) as p:
        p.expect("listening")
        assert p.stop() == 0
        assert "hbbs.found" not in p.log()


def a_clock_behind_the_database(place):
    """Devices that were seen in times to come: this machine's clock is off."""
    folder, _ = make_hbbs(place, "hbbs", "delete")
    state = place.folder("state")
    take(place, folder, state)
    with contextlib.closing(sqlite3.connect(os.path.join(state, "rendezvous.sqlite3"))) as db:
        db.execute("update peer set seen_s = 4102444800 where id = '100000003'")
        db.commit()
    with place.program(RENDEZVOUS, "--port", "0", "--state-dir", state) as p:
        assert "seen at 2100-01-01" in p.expect("clock.off").string
        assert "seen at 2100-01-01" in doctor(place, state)
        assert p.stop() == 0
        assert p.log().count("clock.off") == 1


def one_that_was_stopped_on_its_way(place):
    """Killed when the first devices are there: a server that is started on that has the key of hbbs, and the rest comes later."""
    folder, public = make_hbbs(place, "hbbs", "delete")
    many = 5000
    with contextlib.closing(sqlite3.connect(os.path.join(folder, "db_v2.sqlite3"))) as db, db:
        db.executemany("insert into peer(guid, id, uuid, pk, info, note) values (randomblob(16), ?, 'u', randomblob(32), '{}', 'desk')",
            ((str(200000000 + i),) for i in range(many)))
    state = place.folder("state")
    with place.program(RENDEZVOUS, "take-over", folder, "--state-dir", state) as p:
        def started():
            with contextlib.suppress(sqlite3.OperationalError):  # no table yet, or just being made
                return os.path.exists(os.path.join(state, "rendezvous.sqlite3")) and devices(state)
            return False
        api_server.until("the first devices are there", started)
        p.stop(signal.SIGKILL)
    with place.program(RENDEZVOUS, "--port", "0", "--state-dir", state) as p:
        assert public in p.expect("listening").string
        assert p.stop() == 0
    assert f"devices of {DEVICES + many} were taken over" in take(place, folder, state)
    assert len(devices(state)) == DEVICES + many


def what_is_refused(place):
    folder, _ = make_hbbs(place, "hbbs", "delete")
    other, secret = key_pair(place, "state")
    assert "holds another key than hbbs" in take(place, folder, place.path("state"), status=1)
    assert os.listdir(place.path("state")) == ["id_ed25519.pub", "id_ed25519"] or not os.path.exists(place.path("state", "rendezvous.sqlite3"))
    assert place.run(RENDEZVOUS, "key", "--state-dir", place.path("state")).strip() == other
    empty = place.folder("empty")
    said = place.run(RENDEZVOUS, "take-over", folder, "--state-dir", empty, status=1, HAWSER_RENDEZVOUS_SECRET_KEY=secret)
    assert "the settings give another secret key" in said and os.listdir(empty) == [], said
    assert "there is no file" in take(place, place.folder("nothing"), empty, status=1)
    os.unlink(os.path.join(folder, "id_ed25519"))
    assert "there is no key file" in take(place, folder, empty, status=1)
    assert os.listdir(empty) == []
    assert "which folder" in place.run(RENDEZVOUS, "take-over", status=2)
    with place.program(RENDEZVOUS, "--port", "0", "--state-dir", empty) as p:  # its database is in use
        p.expect("listening")
        folder2, _ = make_hbbs(place, "hbbs2", "delete")
        shutil.copy(place.path("empty", "id_ed25519"), folder2)
        os.unlink(os.path.join(folder2, "id_ed25519.pub"))
        assert "another" in take(place, folder2, empty, status=1)


def what_a_stranger_prepared(place):
    """A pipe for the database, a view without end for its table, a value that fills the memory: told at once, nothing taken."""
    folder, _ = make_hbbs(place, "hbbs", "delete")
    file, state = os.path.join(folder, "db_v2.sqlite3"), place.folder("out")

    def refused():
        return place.run(RENDEZVOUS, "take-over", folder, "--state-dir", state, status=1)

    with contextlib.closing(sqlite3.connect(file)) as db, db:
        db.execute("update peer set uuid = zeroblob(2000000) where id = '100000000'")
    assert "too big" in refused()
    with contextlib.closing(sqlite3.connect(file)) as db, db:
        db.execute("drop table peer")
        db.execute("create view peer as with recursive t(n) as (select 1 union all select n + 1 from t) select n as guid, '' as id, "
            "'' as uuid, '' as pk, '' as created_at, '' as info from t")
    assert file in refused()
    os.unlink(file)
    with contextlib.closing(sqlite3.connect(file)) as db, db:
        db.execute("pragma journal_mode = wal")
        db.execute("create table t (n)")
    with open(file + "-wal", "wb") as f:
        f.truncate(1 << 43)  # holes only
    assert "no room on the disk" in refused()
    os.unlink(file + "-wal")
    os.unlink(file)
    os.mkfifo(file)
    assert "is not a regular file" in refused()
    assert "id_ed25519" not in os.listdir(state)


def main():
    tests = [(a_folder_comes_over_whole, "delete"), (a_folder_comes_over_whole, "wal"), (the_folder_of_one_that_was_killed,),
        (the_folder_of_one_that_was_killed_while_it_wrote,),
        (the_folder_of_one_that_runs,), (the_state_folder_itself,), (one_that_was_stopped_on_its_way,),
        (a_clock_behind_the_database,), (what_is_refused,), (what_a_stranger_prepared,)]
    for test, *args in tests:
        place = Place()
        try:
            test(place, *args)
        finally:
            shutil.rmtree(place.dir, ignore_errors=True)
        print(f"ok {test.__name__} {' '.join(args)}", flush=True)


if __name__ == "__main__":
    main()
