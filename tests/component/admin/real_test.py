#!/usr/bin/env python3
"""hawser-admin and the real hawser-api: by the local socket as the operator of the machine, from elsewhere with a token, and
on the database alone when nothing answers."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import admin_tool  # noqa: E402
import api_server  # noqa: E402

DONE, FAILED, USAGE, NOTHING, REFUSED, CONFLICT, PARTLY, AWAY = range(8)
PASSWORD = "a long sentence is best"


def log_in(api, name, password):
    """The client; None while the server has no such route yet."""
    if api.client().call("POST", "/login", {}).status == 404:
        return None
    return api.client().log_in(name, password)


def first_owner(tool, api):
    """The link that hawser-admin gives makes one owner, once."""
    url = tool.run("user", "setup-link").strip()
    token = re.search(r"token=([0-9a-f]{64})$", url).group(1)
    boss = api.client()
    boss.must(200, "POST", "/setup", {"token": token, "name": "boss", "password": PASSWORD})
    tool.says("user", "setup-link", status=CONFLICT, said="owner already")
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
    new_password = tool.run("user", "passwd", "ann", "--generate", "--must-change", "no").strip()
    if log_in(api, "ann", new_password):
        assert api.client().call("POST", "/login", {"name": "ann", "password": PASSWORD}).status == 401
        sessions = tool.rows("user", "sessions", "ann")
        assert len(sessions) == 1 and sessions[0]["kind"] == "console", sessions
    assert tool.one("user", "logout", "ann")["result"] == "logged out"
    assert tool.rows("user", "sessions", "ann") == []
    return new_password


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
    assert not client or client.session["account"]["role"] == "owner" and client.session["account"]["must_change_password"]


def after_the_end(tool, folder):
    state = ("--data-dir", os.path.join(folder, "state"))
    tool.says("user", "list", status=AWAY, said="hawser-api does not answer")
    tool.run("user", "break-glass", "night", "--password-stdin", *state, text=PASSWORD + "\n")
    assert "was made" in tool.said
    tool.says("user", "break-glass", "night", "--password-stdin", *state, text="short\n", status=FAILED, said="a password has")
    tool.says("user", "setup-link", *state, status=CONFLICT, said="there is an owner already")


class Kept(api_server.Api):
    """One whose folder stays when it ends, for a second start."""

    def end(self):
        assert self.program.stop() == 0, self.program.log()[-3000:]


def main():
    os.environ["HAWSER_API_SECRETS_FILE"] = ""
    api = Kept()
    env = {"HAWSER_API_RUNTIME_DIR": os.path.join(api.dir, "run"), "HAWSER_API_SECRETS_FILE": api.secrets}
    try:
        with admin_tool.Tool(**env) as tool:
            first_owner(tool, api)
            people(tool, api)
            found = tool.run("status", "--json")
            assert '"api": "answers"' in found, found
            break_glass(tool, api)
            api.end()
            after_the_end(tool, api.dir)
    finally:
        api.close()


if __name__ == "__main__":
    main()
