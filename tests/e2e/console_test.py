#!/usr/bin/env python3
"""The console in headless Chromium against the real servers: the one-time link, one-time codes, a user, a shared address
book, a rule, a session that runs through the relay, the audit; names that were made to do harm; and two API servers on one
PostgreSQL that share sessions. With a folder as argument it keeps pictures there. Exit status 77 without Chromium."""
import csv
import io
import os
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import browser  # noqa: E402
from api_server import Api, Postgres, totp, until  # noqa: E402
from console_audit import AUDIT, READY, VIEWS, go, keep  # noqa: E402
from live_stack import LiveStack  # noqa: E402

OWNER, PASSWORD = "olga", "a long sentence is best"
HOSTILE = ["<img src=x onerror=alert(1)>", "<script>alert(2)</script>", "\"><b>bold</b>", "javascript:alert(3)", "a\u202eb"]
LINK = r"/#(/setup\?token=[\w-]+)"


def open_link(api):
    """What the first start prints."""
    return api.address + "#" + api.program.expect(LINK).group(1)


def first_owner(b, api, folder):
    b.open(open_link(api))
    b.give("Name", OWNER)
    b.give("Password", PASSWORD)
    keep(b, folder, "console-set-up")
    b.click("Make the owner")
    b.wait("document.querySelector('h1')?.textContent === 'Dashboard' && !location.href.includes('token')")
    # the link works once
    b2 = api.client()
    used = b2.call("POST", "/setup", {"token": api.program.expect(LINK).group(1).split("=")[1], "name": "eve", "password": PASSWORD})
    assert used.status in (401, 403, 404), used


def codes_on(b, folder):
    """Turns one-time codes on as a person does; the secret."""
    go(b, "/account")
    b.click("Turn on")
    b.wait("document.querySelector('dialog .secret')")
    secret = b.eval("document.querySelector('dialog p.secret').textContent").replace(" ", "")
    keep(b, folder, "console-codes")
    b.give("Code of the authenticator", totp(secret))
    b.eval("test.root().querySelector('button[type=submit]').click()")
    b.wait_text("Each works once")
    b.click("I have them")
    b.wait_text("New recovery codes")
    return secret


def log_in(b, secret, folder=None):
    b.give("Name", OWNER)
    b.give("Password", "wrong")
    b.click("Log in")
    b.wait_text("wrong")
    b.give("Password", PASSWORD)
    b.click("Log in")
    b.give("Code", "000000")
    b.click("Go on")
    b.wait("document.querySelector('form .bad, form [role=alert]')")
    keep(b, folder, "console-login")
    # of the step to come: each code works once, and one of the step before may be two steps old when it arrives
    b.give("Code", totp(secret, time.time() + 30))
    b.click("Go on")
    # back where one was
    b.wait_text("Your sessions")


def log_out(b):
    b.click("Log out")
    b.wait("test.button('Log in')")


def add(b, path, kind, values, wait=None):
    go(b, path)
    b.click(f"Add {kind}")
    for label, value in values:
        b.give(label, value)
        if label in ("Group", "User", "Device group", "A group"):
            b.wait(f"test.field({label!r}).validity.valid")
    b.click("Add")
    b.wait("!document.querySelector('dialog')")
    if wait:
        b.wait_text(wait)


def people(b, folder):
    add(b, "/groups", "group", [("Name", "Night desk")], "Night desk")
    for name in HOSTILE[:2]:
        add(b, "/groups", "group", [("Name", name)], name)
    go(b, "/users")
    b.click("Add user")
    for label, value in (("Name", "nora"), ("Role", "operator"), ("Group", "Night desk"), ("Password", PASSWORD), ("Shown as", HOSTILE[0])):
        b.give(label, value)
    b.wait("test.field('Group').validity.valid")
    keep(b, folder, "console-user")
    b.click("Add")
    b.wait("[...document.querySelectorAll('tbody th')].some((e) => e.textContent === 'nora')")
    b.wait_text(HOSTILE[0])


def shared_book(b, folder):
    add(b, "/books", "book", [("Name", "Field work")], "Field work")
    b.click("Field work")
    b.wait(READY)
    b.wait("document.querySelector('h1')?.textContent === 'Field work'")
    b.click("Add entry")
    b.give("Id of the device", "184726553")
    b.give("Called", HOSTILE[2])
    b.give("Tags", HOSTILE[1])
    b.click("Add")
    b.wait_text(HOSTILE[2])
    b.click("Who may use it")
    b.click("Add share")
    b.give("A group", "Night desk")
    b.wait("test.field('A group').validity.valid")
    b.give("Right", "write")
    b.click("Add")
    b.wait_text("Group: Night desk")
    keep(b, folder, "console-book")


def rule(b, api, number, folder):
    """Who is of the night desk may reach the till; the rules say so when they are asked."""
    add(b, "/device-groups", "device group", [("Name", "Tills")], "Tills")
    go(b, "/rules")
    b.click("Add rule")
    b.give("Name", "Night desk to the till")
    b.give("Who", "group")
    b.give("Who: its name", "Night desk")
    b.wait("test.field('Who: its name').validity.valid")
    b.give("What", "device")
    b.give("What: its name or id", number)
    b.wait("test.field('What: its name or id').validity.valid")
    keep(b, folder, "console-rule")
    b.click("Add")
    b.wait_text("Night desk to the till")
    b.click("Ask the rules")
    b.give("User (empty: who is not logged in)", "nora")
    b.wait("test.field('User (empty: who is not logged in)').validity.valid")
    b.give("Id of the device", number)
    b.click("Ask")
    b.wait_text("Allowed")
    b.click("Close")


def live_session(b, stack, folder):
    """A viewer comes by the relay: the list shows it by itself, the dashboard counts it, and the console ends it."""
    go(b, "/live")
    b.wait_text("No session runs.")
    viewer = stack.view()
    b.wait("document.querySelector('tbody')?.textContent.includes('Remote control')")
    b.wait("document.querySelector('tbody')?.textContent.includes('Relay')")
    keep(b, folder, "console-live")
    go(b, "/")
    b.wait("[...document.querySelectorAll('.card')].some((c) => c.textContent === 'Live sessions1')")
    go(b, "/live")
    b.eval("[...document.querySelectorAll('tbody a')][0].click()")
    b.wait_text("Why this way")
    b.wait("[...document.querySelectorAll('main tbody tr')].some((r) => r.textContent.toLowerCase().includes('relay'))")
    keep(b, folder, "console-why")
    go(b, "/live")
    b.click("End")
    b.click("End it")
    b.wait_text("It ends within some seconds.")
    viewer.expect("Closed manually by web console")
    b.wait_text("No session runs.")


def audit(b, folder):
    """What was done is there, by whom; the export has each event; the chain is whole."""
    go(b, "/audit")
    b.give("Kind", "console")
    b.wait(f"location.hash.includes('kind=console') && {READY} && document.querySelectorAll('tbody tr').length > 5")
    rows = b.eval("[...document.querySelectorAll('tbody tr')].map((r) => r.textContent)")
    assert any(OWNER in r for r in rows), rows
    lines = {}
    for text, kind in (("Export as CSV", "csv"), ("Export as JSON lines", "jsonl")):
        link = b.eval(f"test.button({text!r}).getAttribute('href')")
        lines[kind] = b.eval(f"fetch({link!r}).then(async (r) => [r.status, r.headers.get('content-type'), await r.text()])")
        assert lines[kind][0] == 200, lines[kind]
    count = len(lines["jsonl"][2].splitlines())
    table = list(csv.reader(io.StringIO(lines["csv"][2])))
    # each export is an event as well, and the second has the first in it
    assert count == len(table) == len(rows) + 2, (count, len(table), len(rows), lines)
    # a spreadsheet must take no cell for a formula
    assert not [c for row in table for c in row if c[:1] in "=+@-\t\r" and c], "a cell of the export begins as a formula does"
    b.click("Check the chain")
    b.wait("document.querySelector('dialog p.good')")
    keep(b, folder, "console-audit")
    b.click("Close")


def each_view(b, what):
    faults = []
    for path in VIEWS:
        go(b, path)
        faults += [f"{what} {path}: {f}" for f in b.eval(AUDIT)]
    return faults


def hostile_devices(b, api, folder):
    """What devices say of themselves is text in every view, and never more."""
    for i, name in enumerate(HOSTILE):
        c = api.client()
        number = str(700000000 + i)
        c.call("POST", "/api/heartbeat", {"id": number, "uuid": "ODc2NTQzMjE=", "ver": 1004090, "modified_at": 0}, base="")
        c.call("POST", "/api/sysinfo", {"id": number, "uuid": "ODc2NTQzMjE=", "version": "1.4.9", "hostname": name, "username": name, "os": name,
            "cpu": name, "memory": "8GB"}, base="")
    go(b, "/devices")
    for name in HOSTILE[:4]:
        b.wait_text(name)
    assert b.eval("document.querySelectorAll('main img, main script, main b, main a[href^=javascript]').length") == 0
    b.eval("[...document.querySelectorAll('a.row')].find((a) => a.textContent.includes('onerror')).click()")
    b.wait_text("Why this way")
    b.wait(READY)
    assert b.eval("document.querySelectorAll('main img, main script, main b').length") == 0
    keep(b, folder, "console-hostile")


def policy(b, api):
    """The policy of the page holds: code that came as text does not run, nothing is fetched from elsewhere, no frame shows it."""
    before = len(b.faults)
    tried = """(() => { try { %s; return 'done' } catch (e) { return e.name } })()"""
    for code in ("document.body.innerHTML = '<img src=x onerror=\"window.broken = 1\">'", "document.body.insertAdjacentHTML('beforeend', '<b>x</b>')",
            "document.createElement('script').textContent = 'window.broken = 2'", "new DOMParser().parseFromString('<b>x</b>', 'text/html')"):
        assert b.eval(tried % code) == "TypeError", code
    b.eval("(() => { const e = document.createElement('img'); e.setAttribute('src', 'x.png'); document.body.append(e); const s = document.createElement('p');"
        " s.setAttribute('style', 'color: red'); document.body.append(s); })()")
    assert b.eval(tried % "document.body.setAttribute('onclick', 'window.broken = 3')") == "TypeError"
    assert b.eval("fetch('http://127.0.0.1:1/').then(() => 'went', () => 'refused')") == "refused"
    assert b.eval("(() => { try { return eval('1') } catch { return 'refused' } })()") == "refused"
    b.wait("true")
    assert b.eval("window.broken ?? null") is None
    assert len(b.faults) > before, "the browser has refused nothing"
    del b.faults[before:]
    answer = api.client().call("GET", "", base="/")
    policy_text = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy_text and "unsafe" not in policy_text and answer.headers["X-Frame-Options"] == "DENY", policy_text


def one_server(folder):
    """All that an operator does on the first day, on SQLite, with the servers beside it."""
    with LiveStack(api=True) as stack:
        stack.servers()
        with stack.api() as api, browser.Browser() as b:
            stack.host("--api-server", api.address)
            first_owner(b, api, folder)
            secret = codes_on(b, folder)
            log_out(b)
            log_in(b, secret, folder)
            people(b, folder)
            shared_book(b, folder)
            hostile_devices(b, api, folder)
            rule(b, api, "700000000", folder)
            live_session(b, stack, folder)
            audit(b, folder)
            go(b, "/")
            b.wait("document.querySelectorAll('svg.chart').length === 5")
            keep(b, folder, "console-dashboard-real")
            faults = each_view(b, "light")
            b.scheme(dark=True)
            b.size(360, 740)
            faults += each_view(b, "dark, 360 wide")
            go(b, "/devices")
            keep(b, folder, "console-telephone")
            policy(b, api)
            return faults + b.faults


def two_servers():
    """Who has logged in at one is logged in at the other, with the same CSRF value, and out of both at once."""
    with Postgres() as pg, Api(store=pg.url) as one, Api(store=pg.url, secrets=one.secrets) as two, browser.Browser() as b:
        # of the two links that were printed the latest holds, at whichever server
        b.open(one.address + "#" + two.program.expect(LINK).group(1))
        b.give("Name", OWNER)
        b.give("Password", PASSWORD)
        b.click("Make the owner")
        b.wait("document.querySelector('h1')?.textContent === 'Dashboard'")
        # cookies know no ports: the browser is at the other server with what the first gave it
        b.open(two.address)
        b.wait("document.querySelector('h1')?.textContent === 'Dashboard'")
        add(b, "/groups", "group", [("Name", "Made at two")], "Made at two")
        b.open(one.address + "#/groups")
        b.wait_text("Made at two")
        log_out(b)
        b.open(two.address)
        b.wait("test.button('Log in')")
        # by scripts: a session of one, used and ended at the other
        a = one.client().log_in(OWNER, PASSWORD)
        c = two.client()
        c.cookie, c.csrf = a.cookie, a.csrf
        c.must(201, "POST", "/groups", {"name": "By a script"})
        c.must(204, "POST", "/logout")
        assert a.call("GET", "/me").status == 401
        token = until("a login", lambda: one.client().log_in(OWNER, PASSWORD)).must(201, "POST", "/tokens", {"name": "t", "scopes": {"group": "r"}, "expires_at": 0})
        assert two.client(token["secret"]).call("GET", "/groups").status == 200
        return b.faults


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else None
    if not browser.find():
        print("no Chromium here")
        return 77
    faults = one_server(folder) + two_servers()
    for f in faults:
        print(f)
    print(f"console at the real servers: {len(VIEWS)} views, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
