#!/usr/bin/env python3
"""Somebody deletes the database of a hawser-api that runs, or puts a backup in its place: it says so, answers that it has no
database, and keeps what it held in a file beside it. It makes no empty one, which anybody could set up; and with the file that an
operator has put there it goes on when it is started again."""
import glob
import os
import sqlite3
import sys
from contextlib import closing

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
from api_server import Api, Program, own_env  # noqa: E402

FILE = "hawser-api.sqlite3"


def names(api):
    return {g["name"] for g in api.admin().must(200, "GET", "/groups")["items"]}


def add(api, *groups):
    for name in groups:
        api.admin().must(201, "POST", "/groups", {"name": name})


def refuses(api):
    for _ in range(3):
        answer = api.admin().call("GET", "/groups")
        assert answer.status == 503, answer
    assert api.client().call("GET", "/health").status == 503
    api.program.expect("store.file_moved")
    api.program.expect("store.saved")


def saved(api):
    found = glob.glob(os.path.join(api.dir, "state", FILE + ".saved-*"))
    assert len(found) == 1, found
    return found[0]


def start_again(api):
    argv, env = api.program.proc.args, own_env(api.dir)
    assert api.program.stop() == 0, api.program.log()
    api.program = Program(argv, env=env)
    api.program.expect(r"\blistening\b")


def deleted():
    with Api() as api:
        db = os.path.join(api.dir, "state", FILE)
        add(api, "Werk", "Lager")
        os.unlink(db)
        refuses(api)
        assert not os.path.exists(db), "it made an empty one"
        os.rename(saved(api), db)
        start_again(api)
        assert names(api) >= {"Werk", "Lager"}


def replaced():
    with Api() as api:
        db, backup = os.path.join(api.dir, "state", FILE), os.path.join(api.dir, "backup")
        add(api, "Werk")
        with closing(sqlite3.connect(db)) as old, closing(sqlite3.connect(backup)) as new:
            old.backup(new)
        os.chmod(backup, 0o600)
        add(api, "Lager")
        os.rename(backup, db)
        refuses(api)
        with closing(sqlite3.connect(saved(api))) as what:
            assert ("Lager",) in set(what.execute("SELECT name FROM user_group")), "what it held is not saved"
        start_again(api)
        assert "Werk" in names(api) and "Lager" not in names(api)
        add(api, "Lager")
        with closing(sqlite3.connect(db)) as new:
            assert new.execute("PRAGMA integrity_check").fetchone() == ("ok",)


if __name__ == "__main__":
    deleted()
    replaced()
