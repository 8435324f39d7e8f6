#!/usr/bin/env python3
"""hawser-admin and the real hawser-api: by the local socket as the operator of the machine, from elsewhere with a token, and
on the database alone when nothing answers."""
import contextlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import admin_tool  # noqa: E402
import api_server  # noqa: E402

DONE, FAILED, USAGE, NOTHING, REFUSED, CONFLICT, PARTLY, AWAY = range(8)
PASSWORD = "a long sentence is best"


def log_in(api, name, password):
    return api.client().log_in(name, password)


def first_owner(tool, api):
    """The link that hawser-admin gives makes one owner, once."""
    url = tool.run("user", "setup-link").strip()
    token = re.search(r"token=([0-9a-f]{64})$", url).group(1)
    boss = api.client()
    assert boss.must(200, "GET", "/setup") == {"needed": True}
    newer = re.search(r"token=([0-9a-f]{64})$", tool.run("user", "setup-link").strip()).group(1)
    void = boss.call("POST", "/setup/check", {"token": token})
    assert void.status == 403 and "newer one" in str(void.json), void
    token = newer
    boss.must(204, "POST", "/setup/check", {"token": token})
    boss.must(200, "POST", "/setup", {"token": token, "name": "boss", "password": PASSWORD})
    tool.says("user", "setup-link", status=CONFLICT, said="owner already")
    assert boss.must(200, "GET", "/setup") == {"needed": False}
    assert boss.call("POST", "/setup/check", {"token": token}).status == 403
    assert boss.call("POST", "/setup", {"token": token, "name": "boss2", "password": PASSWORD}).status == 403


def people(tool, api):
    group = tool.one("group", "add", "Helpdesk", "--note", "day and night")
    assert tool.one("group", "add", "helpdesk", "--if-missing")["guid"] == group["guid"]
    made = tool.one("user", "add", "ann", "--group", "Helpdesk", "--role", "operator", "--email", "ann@example.org", "--password-stdin",
        text=PASSWORD + "\n")
    assert made["role"] == "operator" and made["group"]["name"] == "Helpdesk"
    log_in(api, "ann", PASSWORD)
    tool.says("user", "add", "Ann", status=CONFLICT, said="")
    for i in range(25):
        tool.run("user", "add", f"trainee-{i:02}", "--quiet")
    assert len(tool.rows("user", "list", "--q", "trainee")) == 25
    assert len(tool.rows("user", "show", "trainee-1?")) == 10
    assert tool.rows("user", "list", "--limit", "1", "--columns", "name") == [{"name": tool.rows("user", "list")[0]["name"]}]
    assert tool.one("user", "set", "ann", "--note", "knows printers", "--display-name", "Ann Lee")["result"] == "changed"
    assert tool.one("user", "set", "ann", "--note", "knows printers")["result"] == "unchanged"
    assert len(tool.rows("group", "add-member", "Helpdesk", "trainee-0*", "--dry-run")) == 10
    assert [u["name"] for u in tool.rows("group", "members", "Helpdesk")] == ["ann"]
    assert len(tool.rows("group", "add-member", "Helpdesk", "trainee-0*", "--yes")) == 10
    assert len(tool.rows("group", "members", "Helpdesk")) == 11
    assert len(tool.rows("group", "remove-member", "Helpdesk", "trainee-0*", "--yes")) == 10
    tool.says("group", "delete", "Helpdesk", status=CONFLICT, said="Helpdesk")
    assert len(tool.rows("user", "disable", "trainee-*", "--yes")) == 25
    assert len(tool.rows("user", "delete", "--status", "disabled", "--yes")) == 25
    tool.says("user", "show", "trainee-01", status=NOTHING, said="there is no user 'trainee-01'")
    tool.says("user", "delete", "boss", status=REFUSED, said="")
    text = tool.run("user", "export")
    assert "ann,Ann Lee,ann@example.org,operator,Helpdesk" in text.splitlines()
    new = tool.one("user", "import", "-", text=text + "zoe,Zoe,,user,Helpdesk\n")
    assert new["created"] == 1, new
    link = tool.one("user", "link", "ann")["url"]
    assert re.search(r"token=[0-9a-f]{64}$", link), link
    new_password = tool.run("user", "passwd", "ann", "--generate", "--must-change", "no").strip()
    log_in(api, "ann", new_password)
    assert api.client().call("POST", "/login", {"name": "ann", "password": PASSWORD}).status == 401
    sessions = tool.rows("user", "sessions", "ann")
    assert len(sessions) == 1 and sessions[0]["kind"] == "console", sessions
    assert tool.one("user", "logout", "ann")["result"] == "logged out"
    assert tool.rows("user", "sessions", "ann") == []
    return new_password


def report(api, number):
    """A device reports as deployed clients do."""
    about = {"id": f"10000000{number}", "uuid": "ODc2NTQzMj%dA" % number}
    api.client().must(200, "POST", "/api/heartbeat", {**about, "ver": 1004090, "modified_at": 0}, base="")
    api.client().call("POST", "/api/sysinfo", {**about, "version": "1.4.9", "hostname": f"TILL-{number}", "username": "kim",
        "os": "linux / Debian GNU/Linux 12 / x86_64", "cpu": "a processor", "memory": "8GB"}, base="")


def devices(tool, api):
    for number in (1, 2, 3):
        report(api, number)
    assert len(tool.rows("device", "list")) == 3
    tool.run("dgroup", "add", "Tills")
    assert len(tool.rows("dgroup", "add-member", "Tills", "id:100000001", "10000000[23]", "--yes")) == 3
    assert len(tool.rows("device", "list", "--group", "Tills")) == 3
    assert tool.one("device", "set", "100000001", "--owner", "ann", "--tags", "a,b", "--name", "till one")["result"] == "changed"
    assert tool.one("device", "show", "Till One")["tags"] == ["a", "b"]
    assert len(tool.rows("device", "tag", "floor 2", "till one", "100000002", "--yes")) == 2
    assert [d["id"] for d in tool.rows("device", "list", "--tag", "floor 2")] == ["100000001", "100000002"]
    assert tool.one("device", "disable", "100000003")["result"] == "disabled"
    tool.rows("device", "approve", "100000003", status=CONFLICT)
    text = tool.run("device", "export")
    assert {r["result"] for r in tool.rows("device", "import", "-", text=text)} == {"unchanged"}
    assert tool.one("device", "import", "-", text="id,note\n100000002,by the door\n")["result"] == "changed"


def books(tool):
    tool.run("book", "add", "Field", "--owner", "ann")
    assert tool.one("entry", "add", "100000001", "--book", "Field", "--alias", "One")["alias"] == "One"
    text = "id,alias,tags,password\n100000002,Two,\"x,y\",secret words\n100000009,,,\n"
    assert [r["result"] for r in tool.rows("entry", "import", "-", "--book", "Field", text=text)] == ["added", "added"]
    assert {r["result"] for r in tool.rows("entry", "import", "-", "--book", "Field", text=text.replace(",secret words", ","))} == {"unchanged"}
    assert tool.one("entry", "show", "Two", "--book", "Field")["has_password"] is True
    assert tool.one("entry", "delete", "100000009", "--book", "Field")["result"] == "deleted"
    assert tool.one("entry", "restore", "--deleted", "yes", "--book", "Field")["result"] == "restored"
    tool.run("book", "share", "Field", "group:Helpdesk", "read")
    tool.run("book", "share", "Field", "group:Helpdesk", "full")
    assert tool.one("book", "shares", "--book", "Field")["right"] == "full"
    assert tool.one("book", "shares", "Field")["right"] == "full"
    tool.says("book", "shares", status=USAGE, said="--book NAME")
    tool.run("book", "tag", "Field", "x", "--color", "#00ff00")
    assert {"x", "y"} <= {x["name"] for x in tool.rows("book", "tags", "Field")}


def policy(tool):
    tool.run("role", "add", "careful", "--deny", "file,clipboard")
    assert tool.one("role", "set", "careful", "--allow", "audio", "--leave", "file")["result"] == "changed"
    kept = tool.one("role", "show", "careful")["permissions"]
    assert kept["clipboard"] == "deny" and kept["audio"] == "allow" and kept.get("file", "leave") == "leave", kept
    tool.run("user", "add", "guest")
    assert tool.one("rule", "test", "guest", "100000002", status=REFUSED)["allowed"] is False
    rule = tool.one("rule", "add", "guests", "--from", "user:guest", "--to", "dgroup:Tills", "--role", "careful", "--days", "mon-sun", "--until", "9d")
    assert rule["control_role"]["name"] == "careful"
    allowed = tool.one("rule", "test", "guest", "100000002")
    assert allowed["allowed"] is True and allowed["rule"]["name"] == "guests", allowed
    assert tool.one("rule", "disable", "guests")["result"] == "disabled"
    tool.run("rule", "test", "guest", "100000002", status=REFUSED)
    tool.says("rule", "test", "guest", "999999999", status=NOTHING, said="no such device")
    tool.run("strategy", "add", "calm", "--option", "approve-mode=click")
    assert tool.one("strategy", "set", "calm", "--option", "access-mode=view")["result"] == "changed"
    assert tool.one("strategy", "show", "calm")["options"] == {"approve-mode": "click", "access-mode": "view"}
    tool.says("strategy", "set", "calm", "--option", "nonsense=1", status=FAILED, said="calm")
    tool.run("strategy", "assign", "calm", "--dgroups", "Tills")
    assert tool.one("strategy", "effective", "100000001")["name"] == "calm"
    tool.run("strategy", "unassign", "calm", "--dgroups", "Tills")
    tool.run("strategy", "effective", "100000001", status=NOTHING)


def apply(tool):
    """A file says how it is to be: once made, the same again changes nothing, and what it does not name stays."""
    wanted = {"groups": [{"name": "Night"}], "device_groups": [{"name": "Doors", "note": "all of them"}],
        "control_roles": [{"name": "Look", "permissions": {"keyboard": "deny"}}],
        "users": [{"name": "nia", "group": "Night", "display_name": "Nia"}, {"name": "nils"}],
        "books": [{"name": "Doors", "owner": "nia", "shares": [{"to": "group:Night", "right": "read"}, {"to": "everyone", "right": "read"}]}],
        "rules": [{"name": "night-doors", "from": "group:Night", "to": "dgroup:Doors", "control_role": "Look",
            "hours": {"days": [0, 1], "from": "20:00", "to": "24:00", "zone": "UTC"}}]}
    text = json.dumps(wanted)
    rows = tool.rows("apply", "-", "--dry-run", text=text)
    assert {r["result"] for r in rows} == {"would be added", "would be shared"} and len(rows) == 9, rows
    tool.says("user", "show", "nia", status=NOTHING, said="nia")
    rows = tool.rows("apply", "-", text=text)
    assert [r["result"] for r in rows] == ["added"] * 6 + ["shared"] * 2 + ["added"], rows
    assert {r["result"] for r in tool.rows("apply", "-", text=text)} == {"unchanged"}
    rule = tool.one("rule", "show", "night-doors")
    assert rule["subject"]["name"] == "Night" and rule["object"]["name"] == "Doors" and rule["control_role"]["name"] == "Look", rule
    assert tool.one("user", "show", "nia")["status"] == "invited" and tool.one("user", "show", "nia")["group"]["name"] == "Night"
    # what differs is changed, and that alone; what is left out stays
    wanted["users"] = [{"name": "nia", "display_name": "Nia B"}]
    wanted["books"][0]["shares"] = [{"to": "group:Night", "right": "write"}]
    wanted["rules"][0]["control_role"] = None
    rows = tool.rows("apply", "-", text=json.dumps(wanted))
    assert sorted(r["name"] for r in rows if r["result"] != "unchanged") == ["group:Night", "nia", "night-doors"], rows
    assert tool.one("user", "show", "nia")["group"]["name"] == "Night" and tool.one("user", "show", "nils")
    assert tool.one("rule", "show", "night-doors")["control_role"] is None
    assert {s["right"] for s in tool.rows("book", "shares", "Doors")} == {"read", "write"}
    # one that cannot be is told, and the others are done
    wanted = {"groups": [{"name": "Day"}], "rules": [{"name": "r", "from": "user:nobody-here", "to": "dgroup:Doors"}]}
    tool.says("apply", "-", text=json.dumps(wanted), status=PARTLY, said="nobody-here")
    assert tool.one("group", "show", "Day")
    for bad, said in (("{", "line"), ("[]", "no JSON object"), ('{"people": []}', "people"), ('{"users": [{"role": "user"}]}', "name")):
        tool.says("apply", "-", text=bad, status=USAGE, said=said)
    tool.says("apply", "-", text='{"groups": [{"name": "Day", "nonsense": 1}]}', status=FAILED, said="nonsense")
    for noun, name in (("rule", "night-doors"), ("book", "Doors"), ("user", "nia"), ("user", "nils"), ("group", "Night"), ("group", "Day"),
            ("dgroup", "Doors"), ("role", "Look")):
        tool.run(noun, "delete", name)


def from_elsewhere(tool, api):
    """A token of a person, with what it may."""
    owner = log_in(api, "boss", PASSWORD)
    made = owner.must(201, "POST", "/tokens", {"name": "nightly", "scopes": {"device": "r"}, "expires_at": 4102358400000})
    token = tool.file("token", made["secret"] + "\n")
    away = ("--server", api.origin, "--token-file", token)
    assert len(tool.rows(*away, "device", "list")) == 3
    tool.says(*away, "device", "disable", "100000001", status=REFUSED, said="no right")
    tool.says(*away, "user", "list", status=REFUSED, said="no right")
    state = ("--data-dir", os.path.join(api.dir, "state"))
    token = tool.file("token2", tool.run("user", "token", "boss", "weekly", "--scope", "group=rw,device=r", *state))
    tool.run("--server", api.origin, "--token-file", token, "group", "add", "Made by a token")
    tool.says("user", "token", "nobody", "x", "--scope", "group=rw", *state, status=NOTHING, said="no user 'nobody'")
    tool.says("user", "token", "boss", "x", "--scope", "moon=rw", *state, status=USAGE, said="moon=rw")
    assert {t["name"] for t in tool.rows("token", "list")} == {"nightly", "weekly"}
    assert tool.one("token", "revoke", "nightly")["result"] == "revoked"
    tool.run(*away, "device", "list", status=REFUSED)


def doctor(tool, folder):
    """The certificate's end, the database, and what to do where something is not as it should be."""
    found = {c["what"]: c for c in json.loads(tool.run("server", "doctor", "--json", status=FAILED))["checks"]}
    assert found["API"]["state"] == found["API database"]["state"] == "good", found
    assert found["rendezvous"]["state"] == "bad" and found["rendezvous"]["do"], found
    assert found["certificate"]["state"] == "look" and "in 4 days" in found["certificate"]["text"], found
    tool.says("--socket", os.path.join(folder, "nothing"), "doctor", status=NOTHING, said="nothing")  # as it always was


def audit(tool):
    """What was done stands there, and what is being done comes at once."""
    done = [e["action"] for e in tool.rows("audit", "console", "--since", "1d")]
    assert {"group.add", "user.add", "token.add"} <= set(done), set(done)
    assert tool.rows("audit", "console", "--limit", "3") == tool.rows("audit", "list", "--kind", "console", "--limit", "3")
    assert tool.rows("audit", "list", "--until", "2020-01-01") == []
    assert len(tool.run("audit", "export").splitlines()) == len(tool.rows("audit", "list"))
    assert tool.run("audit", "export", "--as", "csv").startswith("seq,")
    assert tool.one("audit", "verify")["ok"] is True
    with subprocess.Popen([admin_tool.PROGRAM, "audit", "list", "--follow"], env=tool.env, stdout=subprocess.PIPE, text=True) as proc:
        try:
            seen, number = threading.Event(), 0
            threading.Thread(target=lambda: proc.stdout.readline() and seen.set(), daemon=True).start()
            while not seen.wait(0.5):
                number += 1
                assert number < 120, "no event came within a minute"
                tool.run("group", "add", f"seen {number}", "--quiet")
        finally:
            proc.terminate()


def take_over(tool, folder):
    state = ("--data-dir", os.path.join(folder, "state"))
    people = tool.file("people.csv", "what,name,email\nuser,zed,z@example.org\ngroup,Night,\n")
    told = tool.rows("db", "import", people, "--dry-run", *state)
    assert {(r["name"], r["result"]) for r in told} == {("zed", "add"), ("Night", "add")} and "nothing was changed" in tool.said
    assert {r["result"] for r in tool.rows("db", "import", people, *state)} == {"add"}
    assert {r["result"] for r in tool.rows("db", "import", people, *state)} == {"same"}
    tool.says("db", "import", "/nowhere", *state, status=FAILED, said="/nowhere")


def backup(tool, api):
    """A copy beside the running server; its keys are named, not copied."""
    state = ("--data-dir", os.path.join(api.dir, "state"))
    copy = os.path.join(api.dir, "copy.sqlite3")
    told = json.loads(tool.run("db", "backup-api", copy, "--json", *state))
    assert told == {"store": "sqlite", "backup": copy, "keys": api.secrets}, told
    assert f"{api.secrets} belongs to this copy" in tool.said, tool.said
    assert os.stat(copy).st_mode & 0o777 == 0o600
    with contextlib.closing(sqlite3.connect(copy)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT role FROM account WHERE name = 'ann'").fetchone() is not None
    tool.says("db", "backup-api", copy, *state, status=FAILED, said="is there already")
    # with the keys it is the whole of it
    assert "would become" in tool.run("user", "break-glass", "ann", "--dry-run", *state, "--database", "sqlite:" + copy)


def break_glass(tool, api):
    """While it runs, and when it does not: the same."""
    state = ("--data-dir", os.path.join(api.dir, "state"))
    tool.says("user", "break-glass", "ann", "--data-dir", "/nowhere", status=FAILED, said="did hawser-api ever run")
    assert "would become" in tool.run("user", "break-glass", "ann", *state, "--dry-run")
    assert tool.one("user", "show", "ann")["role"] == "operator"
    password = tool.run("user", "break-glass", "ann", *state).strip()
    assert len(password) == 20
    assert tool.one("user", "show", "ann")["role"] == "owner"
    client = log_in(api, "ann", password)
    assert client.session["account"]["role"] == "owner" and client.session["account"]["must_change_password"]


def after_the_end(tool, folder):
    state = ("--data-dir", os.path.join(folder, "state"))
    tool.says("user", "list", status=AWAY, said="hawser-api does not answer")
    tool.run("user", "break-glass", "night", "--password-stdin", *state, text=PASSWORD + "\n")
    assert "was made" in tool.said
    tool.says("user", "break-glass", "night", "--password-stdin", *state, text="short\n", status=FAILED, said="a password has")
    tool.says("user", "setup-link", *state, status=CONFLICT, said="there is an owner already")


def of_another_account(tool, folder):
    """As systemd has it: the service has an account of its own. What root does there goes, and leaves files that the service can go on with."""
    if os.geteuid() != 0:
        return
    state, uid = os.path.join(folder, "state"), 63734
    for at, _, names in os.walk(folder):
        for name in (at, *(os.path.join(at, n) for n in names)):
            os.chown(name, uid, uid, follow_symlinks=False)
    tool.run("db", "backup-api", os.path.join(folder, "second.sqlite3"), "--data-dir", state)
    assert len(tool.run("user", "break-glass", "ann", "--data-dir", state).strip()) == 20
    theirs = {n: os.stat(os.path.join(state, n)).st_uid for n in os.listdir(state)}
    assert set(theirs.values()) == {uid}, theirs


class Kept(api_server.Api):
    """One whose folder stays when it ends, for a second start."""

    def end(self):
        assert self.program.stop() == 0, self.program.log()[-3000:]


def main():
    os.environ["HAWSER_API_SECRETS_FILE"] = ""
    folder = tempfile.mkdtemp(prefix="hawser-admin-")
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "5", "-subj", "/CN=localhost",
        "-keyout", key, "-out", cert], check=True, capture_output=True)
    api = Kept(args=("--tls-cert", cert, "--tls-key", key, "--tls-port", "0"))
    env = {"HAWSER_API_RUNTIME_DIR": os.path.join(api.dir, "run"), "HAWSER_API_SECRETS_FILE": api.secrets}
    try:
        with admin_tool.Tool(**env) as tool:
            first_owner(tool, api)
            people(tool, api)
            found = tool.run("status", "--json")
            assert '"api": "answers"' in found, found
            devices(tool, api)
            books(tool)
            policy(tool)
            apply(tool)
            from_elsewhere(tool, api)
            doctor(tool, folder)
            audit(tool)
            take_over(tool, api.dir)
            backup(tool, api)
            break_glass(tool, api)
            api.end()
            after_the_end(tool, api.dir)
            of_another_account(tool, api.dir)
    finally:
        api.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
