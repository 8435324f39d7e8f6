#!/usr/bin/env python3
"""hawser-admin against tests/support/console_server.py, which holds each call against admin/api/openapi.json: every noun,
what names mean, what is asked before many are changed, formats, and how it ends."""
import http.server
import json
import os
import signal
import subprocess
import sys
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import admin_tool  # noqa: E402

TOKEN = "hwt_of-a-test"
DONE, FAILED, USAGE, NOTHING, REFUSED, CONFLICT, PARTLY, AWAY = range(8)


def lists(tool):
    """Each list that there is, in each form."""
    for noun in ("user", "group", "dgroup", "device", "book", "rule", "role", "strategy", "token", "relay", "session", "recording",
            "notice", "oidc", "audit"):
        rows = tool.rows(noun, "list")
        assert rows, noun
        assert json.loads(tool.run(noun, "list", "--json")) == rows, noun
        table = tool.run(noun, "list", "--format", "table").splitlines()
        assert len(table) == len(rows) + 1, (noun, table)
        assert len(tool.run(noun, "list", "--format", "csv").splitlines()) >= len(rows) + 1, noun
        assert len(tool.run(noun, "list", "--format", "ids").splitlines()) == len(rows), noun
        assert len(tool.rows(noun, "list", "--limit", "1")) == 1, noun
    assert len(tool.rows("device", "list")) == 450  # three pages
    assert len(tool.rows("device", "list", "--limit", "205")) == 205
    names = [d["name"] for d in tool.rows("device", "list", "--sort", "-name", "--columns", "name")]
    assert names == sorted(names, key=str.lower, reverse=True)
    tool.says("device", "list", "--columns", "id,nothing", status=USAGE, said="there is no 'nothing'")
    tool.says("device", "list", "--sort", "nothing", status=USAGE, said="no column 'nothing'")
    assert all(not d["online"] for d in tool.rows("device", "list", "--online", "no"))
    assert tool.rows("entry", "list", "--book", "Field service") and tool.rows("book", "shares", "--book", "Field service")
    tool.says("entry", "list", status=USAGE, said="which book?")
    assert tool.rows("device", "tags") and tool.rows("strategy", "options") and tool.rows("user", "sessions", "anna")
    tool.says("device", "list", "--tag", "", status=USAGE, said="--tag")
    tool.says("device", "list", "--owner", "none", status=USAGE, said="--owner")


def names(tool):
    """Selectors."""
    one = tool.one("device", "show", "till-100")
    assert tool.one("device", "show", "TILL-100") == one
    assert tool.one("device", "show", one["id"]) == one
    assert tool.one("device", "show", "id:" + one["id"]) == one
    assert tool.one("device", "show", "name:till-100") == one
    assert tool.one("device", "show", "guid:" + one["guid"]) == one
    assert tool.one("device", "show", one["guid"]) == one
    assert len(tool.rows("device", "show", "till-10?")) == 10
    assert len(tool.rows("device", "show", "re:^till-1[0-4]7$")) == 5
    assert len(tool.rows("device", "show", "till-10?", "till-100", one["id"])) == 10  # each once
    lines = "".join(f"till-{i:03}\n" for i in range(100, 140))
    assert len(tool.rows("device", "show", "-", text=lines + "\n  \n")) == 40
    assert len(tool.rows("device", "show", "@" + tool.file("names", lines))) == 40
    ids = tool.run("device", "list", "--format", "ids", "--status", "pending")
    assert {d["status"] for d in tool.rows("device", "show", "-", text=ids)} == {"pending"}
    tool.says("device", "show", "till-1", status=NOTHING, said="there is no device 'till-1'")
    tool.says("device", "show", "-", text=lines + "nobody\n", status=NOTHING, said="'nobody'")
    tool.says("device", "show", "x*", status=NOTHING, said="no device is meant")
    tool.says("device", "show", "re:(", status=USAGE, said="re:(")
    tool.says("device", "show", "@/nowhere", status=USAGE, said="/nowhere")
    tool.says("device", "show", status=USAGE, said="which device?")
    tool.says("device", "show", "guid:00000000-0000-4000-8000-00000000ffff", status=NOTHING, said="there is no device")


def many(tool):
    """Nothing happens to many unasked, and nothing at all in a dry run."""
    tool.says("device", "disable", "till-20*", status=USAGE, said="that is 10: give --yes")
    told = tool.rows("device", "disable", "till-20*", "--dry-run")
    assert len(told) == 10 and {r["result"] for r in told} == {"would be disabled"}
    assert not tool.rows("device", "list", "--status", "disabled")
    assert len(tool.rows("device", "disable", "till-20*", "--yes")) == 10
    assert len(tool.rows("device", "list", "--status", "disabled")) == 10
    assert len(tool.rows("device", "enable", "--status", "disabled", "--yes")) == 10
    tool.says("device", "enable", "--status", "disabled", status=NOTHING, said="no device is meant")
    tool.says("device", "delete", status=USAGE, said="--all")
    tool.says("device", "delete", "--all", "till-200", status=USAGE, said="do not go together")
    assert tool.one("device", "kick", "till-200")["result"] == "sessions ended"
    assert len(tool.rows("device", "tag", "floor 1", "till-20*", "--yes")) == 10
    assert len(tool.rows("device", "list", "--tag", "floor 1")) == 10
    assert tool.run("device", "delete", "till-200", "--quiet") == ""
    assert len(tool.rows("device", "list")) == 449
    assert len(tool.rows("user", "2fa-require", "--all", "--dry-run")) == len(tool.rows("user", "list"))


def changes(tool):
    """add, set, delete of each kind: once, and once more."""
    for noun, name, more in (("user", "bob", ("--email", "bob@example.org")), ("group", "Night", ("--intra", "yes")), ("dgroup", "Cash", ()),
            ("book", "Depot", ()), ("role", "Careful", ("--deny", "file")), ("strategy", "Calm", ("--option", "approve-mode=click")),
            ("relay", "relay-9", ("--address", "192.0.2.9:21117")), ("notice", "Pager", ("--url", "https://pager.example.org/x",
            "--alarms", "relay_down")), ("oidc", "corp", ("--issuer", "https://id.corp.example", "--client-id", "h"))):
        planned = tool.one(noun, "add", name, *more, "--dry-run")
        assert planned["name"] == name and "guid" not in planned, noun
        made = tool.one(noun, "add", name, *more)
        assert made["name"] == name and made["guid"], noun
        tool.says(noun, "add", name, *more, status=CONFLICT, said="already")
        tool.says(noun, "add", name, *more, "--dry-run", status=CONFLICT, said="already")
        assert tool.one(noun, "add", name, *more, "--if-missing")["guid"] == made["guid"], noun
        field = ("--title", "New") if noun == "oidc" else ("--enabled", "no") if noun == "notice" else ("--note", "new note")
        assert tool.one(noun, "set", name, *field, "--dry-run")["result"] == "would be changed", noun
        assert tool.one(noun, "set", name, *field)["result"] == "changed", noun
        assert tool.one(noun, "set", name, *field)["result"] == "unchanged", noun
        assert tool.one(noun, "delete", name)["result"] == "deleted", noun
        tool.says(noun, "delete", name, status=NOTHING, said="there is no")
    tool.says("user", "set", "anna", status=USAGE, said="what is to be changed")
    tool.says("user", "add", "eve", "--group", "nobody", status=NOTHING, said="there is no group 'nobody'")
    tool.run("user", "passwd", "anna", "--password-stdin", text="a long enough password\n")
    assert len(tool.run("user", "passwd", "anna", "--generate").strip()) == 20
    tool.says("user", "passwd", "anna", status=USAGE, said="no terminal")
    tool.says("user", "passwd", "anna", "--password-file", tool.file("open", "a long enough password\n", 0o644), status=USAGE, said="open")
    assert tool.one("user", "2fa-reset", "anna")["result"] == "has no codes now"
    assert tool.one("group", "add-member", "Sales", "ben")["result"] == "in Sales"
    assert "ben" in [u["name"] for u in tool.rows("group", "members", "Sales")]
    assert tool.one("group", "remove-member", "Sales", "ben")["result"] == "in the default group"
    assert tool.rows("dgroup", "add-member", "Shop tills", "till-30*", "--yes")
    tool.rows("dgroup", "remove-member", "Shop tills", "till-301")
    device = tool.one("device", "set", "till-301", "--owner", "ben", "--tags", "a,b", "--note", "by the door")
    assert device["result"] == "changed"
    device = tool.one("device", "show", "till-301")
    assert device["owner"]["name"] == "ben" and device["tags"] == ["a", "b"] and device["group"] is None
    assert tool.one("device", "set", "till-301", "--owner", "none")["result"] == "changed"
    tool.one("device", "set", "till-301", "--owner", "ben")
    assert tool.one("device", "set", "till-301", "--owner", "")["result"] == "changed"
    assert tool.one("device", "show", "till-301")["owner"] is None


def policy(tool):
    rule = tool.one("rule", "add", "r1", "--from", "user:ben", "--to", "device:till-302", "--days", "mon-fri", "--hours", "08:00-18:00",
        "--zone", "Europe/Berlin", "--role", "View and type", "--until", "2099-12-31")
    assert rule["subject_kind"] == "user" and rule["object_kind"] == "device" and rule["expires_at"] == 4102358400000
    assert rule["hours"] == {"days": [0, 1, 2, 3, 4], "from": "08:00", "to": "18:00", "zone": "Europe/Berlin"}
    assert tool.one("rule", "set", "r1", "--hours", "any")["result"] == "changed"
    assert tool.one("rule", "show", "r1")["hours"] is None
    assert tool.one("rule", "set", "r1", "--to", "dgroup:Shop tills", "--role", "none")["result"] == "changed"
    tool.says("rule", "add", "r2", "--from", "device:1", "--to", "user:ben", status=USAGE, said="--from")
    tool.says("rule", "add", "r2", "--from", "user:ben", status=USAGE, said="who may reach what?")
    tool.says("rule", "set", "r1", "--hours", "8-18", status=USAGE, said="--hours")
    assert tool.one("rule", "disable", "r1")["result"] == "disabled"
    assert tool.one("rule", "test", "ben", "100031676")["allowed"] is True
    assert tool.one("access", "delete", "r1")["result"] == "deleted"
    assert tool.one("role", "set", "View and type", "--deny", "audio", "--leave", "file")["result"] == "changed"
    kept = tool.one("role", "show", "View and type")["permissions"]
    assert kept == {"keyboard": "allow", "file": "leave", "terminal": "deny", "audio": "deny"}, kept
    assert tool.one("strategy", "set", "Tills", "--option", "whitelist=192.0.2.1,192.0.2.2")["result"] == "changed"
    assert tool.one("strategy", "show", "Tills")["options"] == {"enable-file-transfer": "N", "approve-mode": "password",
        "whitelist": "192.0.2.1,192.0.2.2"}
    assert tool.one("strategy", "unset", "Tills", "whitelist")["result"] == "changed"
    tool.says("strategy", "unset", "Tills", "whitelist", status=NOTHING, said="no option 'whitelist'")
    assert tool.one("strategy", "assign", "Tills", "--devices", "till-30*", "--dgroups", "Shop tills", "--yes")
    tool.says("strategy", "assign", "Tills", status=USAGE, said="for whom?")
    assert tool.rows("device", "assign", "till-303", "--owner", "ben", "--strategy", "Tills")
    assert tool.one("strategy", "effective", "till-303")["name"]
    tool.run("book", "share", "Field service", "group:Sales", "write")
    assert tool.run("book", "share", "Field service", "group:Sales", "write") == "unchanged\n"
    tool.run("book", "unshare", "Field service", "group:Sales")
    tool.says("book", "unshare", "Field service", "group:Sales", status=NOTHING, said="not shared")
    tool.says("book", "share", "Field service", "everyone", "all", status=USAGE, said="read, write or full")
    tool.run("book", "tag", "Field service", "kasse/1 ä", "--color", "#00ff00")


def rest(tool):
    assert tool.run("token", "add", "nightly", "--scope", "device=rw,audit=r").startswith("hwt_")
    tool.says("token", "add", "nightly2", status=USAGE, said="what may it do?")
    assert tool.one("token", "revoke", "nightly")["result"] == "revoked"
    assert all(e["kind"] == "login" for e in tool.rows("audit", "login"))
    assert len(tool.run("audit", "export", "--as", "csv").splitlines()) == 3
    assert tool.one("audit", "verify")["ok"] is True
    tool.says("audit", "list", "--since", "yesterday", status=USAGE, said="--since")
    assert tool.one("config", "set", "--audit-days", "30", "--require-totp", "yes")["audit_days"] == 30
    assert tool.run("config", "set", "--audit-days", "30") == "unchanged\n"
    assert tool.one("config", "show")["require_totp"] is True
    assert tool.one("notice", "mail-set", "--host", "mx.example.org", "--to", "a@example.org,b@example.org")["to"][1] == "b@example.org"
    assert tool.one("notice", "test", "Chat")["ok"] is True
    assert tool.one("ldap", "test")["ok"] is True
    secret = tool.file("secret", "of the directory\n")
    tool.run("ldap", "set", "--password-file", secret)
    assert tool.one("relay", "drain", "relay-1")["result"] == "changed"
    assert tool.one("relay", "drain", "relay-1")["result"] == "unchanged"
    assert tool.one("session", "end", "771203945")["result"] == "ended"
    assert not tool.rows("session", "list")
    target = os.path.join(tool.home, "film")
    tool.run("recording", "get", tool.rows("recording", "list")[0]["guid"], target)
    assert os.stat(target).st_mode & 0o77 == 0
    assert tool.one("status")["devices"] == 1840
    tool.says("doctor", status=FAILED, said="")
    found = json.loads(tool.run("server", "doctor", "--json", status=FAILED))["checks"]
    assert {"API", "servers", "clocks", "audit", "relay"} <= {c["what"] for c in found}, found


def csv(tool):
    """Out, in again: nothing changes; what is changed in the file is changed there."""
    text = tool.run("device", "export")
    assert text.splitlines()[0] == "id,name,owner,group,tags,note"
    told = tool.rows("device", "import", "-", text=text)
    assert {r["result"] for r in told} == {"unchanged"}
    lines = text.splitlines()
    own = next(line for line in lines if ",till-310," in line).split(",")[0]
    text = f"id,name,owner,note\n{own},=till 310,ben,\"two, and\nmore\"\n"
    assert tool.one("device", "import", "-", "--dry-run", text=text)["result"] == "would be changed"
    assert tool.one("device", "import", "-", text=text)["result"] == "changed"
    assert tool.one("device", "import", "-", text=text)["result"] == "unchanged"
    assert tool.one("device", "show", own)["note"] == "two, and\nmore"
    assert f"{own},\"'=till 310\",ben" in tool.run("device", "export")
    told = tool.rows("device", "import", "-", text=f"id,owner\n{own},nobody\n999999999,ben\n{own},anna\n", status=PARTLY)
    assert [r["result"] for r in told] == ["changed"]
    assert "line 2: owner: 'nobody'" in tool.said and "line 3: there is no device '999999999'" in tool.said
    tool.says("device", "import", "-", text="id,colour\n1,red\n", status=USAGE, said="'colour' is not known")
    tool.says("device", "import", "-", text="name\nx\n", status=USAGE, said="no column 'id'")
    tool.says("device", "import", "-", text="id,name\n\"1,x\n", status=USAGE, said="a quote has no end")
    text = "id,alias,tags,password\n555000111,Door,\"a,b\",secret words\n555000112,Gate,,\n"
    assert [r["result"] for r in tool.rows("entry", "import", "-", "--book", "Field service", text=text)] == ["added", "added"]
    told = [r["result"] for r in tool.rows("entry", "import", "-", "--book", "Field service", text=text.replace(",secret words", ","))]
    assert told == ["unchanged", "unchanged"]
    assert "secret" not in tool.run("entry", "export", "--book", "Field service")
    users = tool.run("user", "export")
    assert users.splitlines()[0] == "name,display_name,email,role,group" and ",Helpdesk" in users
    assert tool.one("user", "import", "-", "--dry-run", text="name,role\nzoe,user\n", status=PARTLY)["errors"]


def somebody(tool, address):
    """Who sits at a terminal sees tables, is asked, and types secrets that nobody sees."""
    shown = tool.on_terminal("group", "list")
    assert shown.splitlines()[0].startswith("name"), shown
    shown = tool.on_terminal("device", "disable", "till-40*", typed=[("Go on?", "n")], status=USAGE)
    assert ": 10. Go on? [y/N]" in shown, shown
    assert not tool.rows("device", "list", "--status", "disabled")
    shown = tool.on_terminal("device", "disable", "till-40*", typed=[("Go on?", "y")])
    assert shown.count("disabled") == 10 and len(tool.rows("device", "list", "--status", "disabled")) == 10
    secret = "a sentence that is long"
    shown = tool.on_terminal("user", "passwd", "anna", typed=[("New password:", secret), ("once more:", secret)])
    assert secret not in shown
    shown = tool.on_terminal("user", "passwd", "anna", typed=[("New password:", "one"), ("once more:", "other")] * 3, status=USAGE)
    assert "not the same" in shown
    tool.on_terminal("user", "passwd", "anna", typed=[("New password:", None)], send_signal=signal.SIGINT, status=-signal.SIGINT)
    with admin_tool.Tool("--server", address) as bare:
        shown = bare.on_terminal("group", "list", typed=[("Token:", TOKEN)])
        assert "Helpdesk" in shown and TOKEN not in shown


def places(tool, address):
    """Where the server and the token come from, and who else could read them."""
    plain = admin_tool.Tool()
    with plain:
        token = plain.file("token", TOKEN + "\n")
        assert plain.rows("--server", address, "user", "list", "--token-file", token)
        assert plain.rows("user", "list", env={"HAWSER_ADMIN_SERVER": address, "HAWSER_ADMIN_TOKEN": TOKEN})
        profile = plain.file("work.conf", f"server = {address}\ntoken = {TOKEN}\n")
        assert plain.rows("--profile", profile, "user", "list")
        os.chmod(profile, 0o644)
        plain.says("--profile", profile, "user", "list", status=USAGE, said="work.conf")
        folder = os.path.join(plain.home, ".config", "hawser", "admin")
        os.makedirs(folder)
        os.replace(profile, os.path.join(folder, "default.conf"))
        os.chmod(os.path.join(folder, "default.conf"), 0o600)
        assert plain.rows("user", "list")
        plain.says("user", "list", "--local", status=AWAY, said="hawser-api does not answer")
        plain.says("--profile", "nothing", "user", "list", status=USAGE, said="nothing.conf")
        plain.says("user", "list", "--token-file", plain.file("wrong", "hwt_nothing\n"), status=REFUSED, said="Log in first")
        plain.says("user", "list", "--token", TOKEN, status=USAGE, said="unknown option --token")
        plain.says("--server", "desk.example.org", "user", "list", status=USAGE, said="https://NAME")
        plain.says("--server", "http://192.0.2.1", "user", "list", status=USAGE, said="without TLS")
        plain.says("--server", "http://127.0.0.1:1", "user", "list", status=AWAY, said="127.0.0.1:1")
    with admin_tool.Tool() as bare:
        bare.says("--server", address, "user", "list", status=USAGE, said="no token")
        bare.says("user", "list", status=AWAY, said="hawser-api does not answer")


class Odd(http.server.BaseHTTPRequestHandler):
    """A server that is none of ours, or has gone mad; `kind` says how."""
    kind, asked = "", 0

    def log_message(self, *_):
        pass

    def do_GET(self):
        type(self).asked += 1
        body, status, head = b"", 200, {}
        if self.kind == "html":
            body, head = b"<html>hello</html>", {"Content-Type": "text/html"}
        elif self.kind == "moved":
            status, head = 302, {"Location": "https://evil.example/\x1b[2J".replace("\x1b", "")}
        elif self.kind == "endless":
            body = json.dumps({"items": [{"guid": "g", "name": "x"}], "next": "again", "total": None}).encode()
        elif self.kind == "busy":
            status, head = (503, {"Retry-After": "1"}) if self.asked < 2 else (200, {})
            body = b'{"items": [], "next": null, "total": 0}'
        elif self.kind == "escape":
            status, body = 400, json.dumps({"error": {"code": "bad_field", "text": "\x1b]0;title\x07"}}).encode()
        elif self.kind == "types":
            body = b'{"items": [1, "x", null], "next": 5}'
        self.send_response(status)
        for name, value in head.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def strangers():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    with admin_tool.Tool(HAWSER_ADMIN_SERVER=address, HAWSER_ADMIN_TOKEN="x") as tool:
        for kind, status, said in (("html", FAILED, "does not answer in JSON"), ("moved", FAILED, "https://evil.example"),
                ("escape", FAILED, "\\x1b]0;title"), ("types", FAILED, "")):
            Odd.kind = kind
            tool.says("group", "list", status=status, said=said)
            assert "\x1b" not in tool.said
        Odd.kind = "endless"
        assert len(tool.rows("group", "list", "--limit", "7")) == 7
        Odd.kind, Odd.asked = "busy", 0
        assert tool.rows("group", "list") == []
        assert Odd.asked == 2
    server.shutdown()


def main():
    server = subprocess.Popen([sys.executable, os.path.join(ROOT, "tests", "support", "console_server.py"), "--devices", "450", "--token", TOKEN],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        address = server.stdout.readline().strip()
        with admin_tool.Tool(HAWSER_ADMIN_SERVER=address, HAWSER_ADMIN_TOKEN=TOKEN) as tool:
            for part in (lists, names, many, changes, policy, rest, csv):
                part(tool)
                print(part.__name__, "ok", flush=True)
            somebody(tool, address)
            places(tool, address)
        strangers()
    finally:
        server.terminate()
        said = server.communicate()[1]
    assert not said, f"the server that plays the API says: {said[-2000:]}"


if __name__ == "__main__":
    main()
