#!/usr/bin/env python3
"""Drives the console in headless Chromium against tests/support/console_server.py: what operators do, by keyboard and
pointer, in light and dark, wide and as narrow as a telephone; hostile names; labels and contrast of each view.
With a folder as argument it keeps pictures there. Exit status 77 without Chromium."""
import hashlib
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import browser  # noqa: E402
from console_audit import AUDIT, READY, VIEWS, go, keep, spoken  # noqa: E402

# Pictures that a reader of such codes (zbarimg) has read: one block of check bytes, and many.
QR = [("otpauth://totp/hawser:anna?secret=" + "A" * 52, 37, "2e58fd9e809334632dc57814d335f3a4a3cb7e7ebe97571f8dcb9e259bfd3830"),
    ("z" * 515, 77, "f1f75ec1e51a9c20a0773173e1ebb5e912e2a915e3cfa5b4e448c71568f35c66")]


class Server:
    def __init__(self, *args):
        self.proc = subprocess.Popen([sys.executable, os.path.join(ROOT, "tests", "support", "console_server.py"), "--devices", "130", *args],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.address = self.proc.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.proc.terminate()
        self.said = self.proc.communicate()[1]


def log_in(b, address, folder):
    b.open(address)
    b.give("Name", "anna")
    b.give("Password", "wrong")
    b.click("Log in")
    b.wait_text("The name or the password is wrong.")
    b.give("Password", "demo-password")
    keep(b, folder, "login")
    b.click("Log in")
    b.give("Code", "000000")
    b.click("Go on")
    b.wait_text("The code is wrong or too old.")
    b.give("Code", "123456")
    b.click("Go on")
    b.wait("document.querySelector('h1')?.textContent === 'Dashboard'")
    b.wait("document.querySelectorAll('svg.chart path.line').length === 5")
    keep(b, folder, "dashboard")


def hostile_names(b):
    go(b, "/devices")
    b.wait_text("<img src=x onerror=alert(1)>")
    assert b.eval("document.querySelectorAll('main img, main script, main b').length") == 0


def users(b, folder):
    go(b, "/users")
    b.click("Add user")
    # the settings' group is there, and who has no password is invited
    b.wait("test.field('Group').value === 'Helpdesk' && test.field('Group').validity.valid")
    b.give("Name", "emil")
    b.click("Add")
    b.wait("[...document.querySelectorAll('tbody tr')].some((r) => r.textContent.includes('emil') && r.textContent.includes('Invited'))")
    b.click("Add user")
    b.give("Name", "dora")
    b.give("Role", "operator")
    b.give("Group", "Helpdesk")
    b.wait("test.field('Group').validity.valid")
    b.give("Password", "a long sentence is best")
    keep(b, folder, "user-add")
    b.click("Add")
    b.wait_text("Added.")
    b.wait("[...document.querySelectorAll('tbody tr')].some((r) => r.textContent.includes('dora') && r.textContent.includes('Active'))")
    # a second of the name: the server's sentence stands at the field
    b.click("Add user")
    b.give("Name", "Dora")
    b.give("Group", "Helpdesk")
    b.wait("test.field('Group').validity.valid")
    b.click("Add")
    b.wait_text("There is one of that name already.")
    assert b.eval("document.activeElement.getAttribute('aria-invalid')") == "true"
    b.key("Escape")
    b.wait("!document.querySelector('dialog')")


def ldap(b, folder):
    """What is tried is what is stored: with something else in the form nothing is tried."""
    go(b, "/settings?tab=ldap")
    b.click("Try it")
    b.wait("document.querySelectorAll('#says p').length > 0 && !document.body.innerText.includes('Save first')")
    b.give("Base", "ou=elsewhere,dc=example,dc=org")
    b.click("Try it")
    b.wait_text("Save first: what is tried is what is stored.")
    keep(b, folder, "ldap")


def by_owner(b):
    """Devices of one person; the address has it, and a bookmark shows the name again."""
    go(b, "/devices")
    b.give("Owner", "anna")
    b.wait(f"location.hash.includes('owner=') && {READY}")
    hash_ = b.eval("location.hash")
    go(b, "/groups")
    go(b, hash_[1:])
    b.wait("test.field('Owner').value === 'anna'")


def devices(b, folder):
    go(b, "/devices")
    b.key("/")
    b.wait("document.activeElement.hasAttribute('data-search')")
    b.give("Search", "till-0")
    b.wait("location.hash.includes('q=till-0')")
    b.wait(f"{READY} && document.querySelector('.pages').textContent.includes('99 in all')")
    b.click("Next →")
    b.wait_text("page 2")
    b.click("← Back")
    b.wait_text("page 1")
    b.give("Select all rows of this page", True)
    b.click("Select all 99 that the filters leave")
    b.wait_text("99 selected")
    b.click("Disable")
    b.wait_text("99 would change.")
    keep(b, folder, "devices-dry-run")
    b.click("Disable: 99")
    b.wait_text("Done: 99 changed")
    b.wait("[...document.querySelectorAll('tbody tr')].every((r) => r.textContent.includes('Disabled'))")
    b.give("Not seen for", "30")
    b.wait(f"location.hash.includes('unseen_days=30') && {READY}")
    b.give("Select all rows of this page", True)
    b.click("Select all 99 that the filters leave")
    b.click("Add tag")
    b.give("Tag", "old")
    b.click("Next")
    b.wait_text("99 would change.")
    b.click("Cancel")
    b.wait("!document.querySelector('dialog')")
    # by the keyboard from row to row
    b.eval("document.querySelector('tbody .row').focus()")
    b.key("ArrowDown")
    assert b.eval("[...document.querySelectorAll('tbody .row')].indexOf(document.activeElement)") == 1
    b.eval("document.activeElement.click()")
    b.wait_text("Why this way")
    b.wait_text("the relay was the only way")
    keep(b, folder, "device")


def rules_books_tokens(b, folder):
    go(b, "/rules")
    b.click("Ask the rules")
    b.give("User (empty: who is not logged in)", "ben")
    b.wait("test.field('User (empty: who is not logged in)').validity.valid")
    b.give("Id of the device", "184726553")
    b.click("Ask")
    b.wait_text("Allowed by the rule")
    b.click("Close")
    # what holds where no rule speaks is what the settings say
    b.wait_text("(unowned-open in api.conf)")
    b.eval("""fetch('/api/v1/session').then((r) => r.json()).then((s) => fetch('/api/v1/settings', { method: 'PATCH',
        headers: { 'X-CSRF-Token': s.csrf, 'Content-Type': 'application/json' }, body: JSON.stringify({ require_login: false }) }))""")
    go(b, "/settings")
    b.wait_text("open to everyone who has the server's key")
    go(b, "/rules")
    b.wait_text("without logging in")
    keep(b, folder, "rules")
    b.click("Helpdesk to tills")
    b.give("Note", "looked at")
    assert b.eval("test.field('Control role').value") == "View and type"
    b.click("Save")
    b.wait_text("Saved.")
    b.wait("document.activeElement?.textContent === 'Helpdesk to tills'")
    b.click("Add rule")
    b.give("Name", "Sales to servers")
    b.give("Who", "group")
    keep(b, folder, "rule")
    b.key("Escape")
    go(b, "/books")
    b.click("Field service")
    b.click("Who may use it")
    b.wait_text("Group: Helpdesk")
    b.click("Add share")
    b.give("A group", "Sales")
    b.wait("test.field('A group').validity.valid")
    b.give("Right", "full")
    b.click("Add")
    b.wait_text("Group: Sales")
    keep(b, folder, "book")
    # given another name, given away, removed
    b.click("Change")
    b.give("Name", "Field service north")
    b.give("Owner", "ben")
    b.wait("test.field('Owner').validity.valid")
    b.click("Save")
    b.wait("document.querySelector('h1').textContent === 'Field service north'")
    b.wait(READY)
    b.click("Change")
    b.wait("test.field('Owner').value === 'ben'")
    b.click("Remove this book")
    b.click("Remove")
    b.wait(f"location.hash === '#/books' && {READY} && !document.querySelector('main').textContent.includes('Field service')")
    go(b, "/tokens")
    b.click("Add token")
    b.give("Name", "nightly")
    b.give("Device", "r")
    b.click("Add")
    b.wait_text("it is not shown again")
    assert b.eval("document.querySelector('.secret').textContent.startsWith('hwt_')")
    b.click("Copy")
    assert b.eval("getSelection().toString().trim() === document.querySelector('.secret').textContent")
    b.click("I have it")


def notes(b):
    """What went wrong can be put away, and does not follow to another page; what went well does."""
    bad = "document.querySelectorAll('#says p').length"
    for path, left in (("/groups", 1), ("/users", 0)):
        b.eval("import('/dialog.js').then((m) => m.say('It does not answer.', true))")
        b.wait(f"{bad} === 1")
        if left:
            b.eval("document.querySelector('#says .shut').click()")
            b.wait(f"{bad} === 0")
        go(b, path)
        assert b.eval(bad) == 0, path


def audit(b, folder):
    go(b, "/audit")
    b.give("Kind", "login")
    b.wait(f"{READY} && document.querySelectorAll('tbody tr').length === 1")
    link = b.eval("test.button('Export as CSV').getAttribute('href')")
    assert link == "/api/v1/audit/export?kind=login&format=csv", link
    assert b.eval(f"fetch({link!r}).then((r) => r.status)") == 200
    b.click("Check the chain")
    b.wait_text("none missing and none changed")
    keep(b, folder, "audit")
    b.click("Close")


def codes(b, folder):
    go(b, "/account")
    b.click("New recovery codes")
    b.give("Code of the authenticator", "123456")
    b.eval("test.root().querySelector('button[type=submit]').click()")
    b.wait_text("Each works once")
    b.click("I have them")
    for text, size, wanted in QR:
        rows = b.eval(f"import('/qr.js').then((m) => m.modules({text!r}).map((r) => [...r].join('')))")
        assert len(rows) == size and hashlib.sha256("".join(rows).encode()).hexdigest() == wanted, f"the picture of {text[:40]}"
    assert b.eval("import('/qr.js').then((m) => m.modules('w'.repeat(600)))") is None


def live(b):
    """A session that is ended leaves the list by itself."""
    go(b, "/live")
    b.click("End")
    b.click("End it")
    b.wait_text("It ends within some seconds.")
    b.wait_text("No session runs.")


def expired(b):
    """A session that is over leads to the login, and the login back to the view."""
    go(b, "/groups")
    b.eval("""fetch('/api/v1/session').then((r) => r.json())
        .then((s) => fetch('/api/v1/logout', { method: 'POST', headers: { 'X-CSRF-Token': s.csrf } }))""")
    b.click("Users")
    b.give("Name", "ben")
    b.give("Password", "demo-password")
    b.click("Log in")
    b.wait("document.querySelector('h1')?.textContent === 'Users'")
    # an operator sees users and changes none
    b.wait(READY)
    assert b.eval("test.button('Add user') === undefined && document.querySelectorAll('input[type=checkbox]').length === 0")
    b.click("anna")
    b.wait("document.querySelector('dialog form')")
    assert b.eval("test.button('Save') === undefined && test.button('Remove this user') === undefined")
    b.click("Close")
    # a server that answers with a page of somebody else's, and one that is not there
    b.eval("window.fetch = () => Promise.resolve(new Response('<h1>Bad gateway</h1>', { status: 502 }))")
    b.click("Devices")
    b.wait_text("The server answered with 502.")
    b.eval("window.fetch = () => Promise.reject(new TypeError('no'))")
    b.click("Groups")
    b.wait_text("The server cannot be reached.")
    b.eval("location.reload()")
    b.wait(READY)


def keyboard(b):
    """Without a pointer: past the menu, into a dialog and out of it again to where one was, and back by the history."""
    focus = "document.activeElement.textContent.trim()"
    go(b, "/groups")
    b.eval("document.body.tabIndex = -1; document.body.focus()")
    b.key("Tab")
    assert b.eval(focus) == "To the content", b.eval(focus)
    assert b.eval("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    b.key("Enter")
    b.wait("document.activeElement.id === 'main'")
    assert b.eval("location.hash") == "#/groups" and b.eval("document.querySelector('h1').textContent") == "Groups"
    for _ in range(12):
        b.key("Tab")
        if b.eval(focus) == "Add group":
            break
    assert b.eval(focus) == "Add group", b.eval(focus)
    b.key("Enter")
    b.wait("document.querySelector('dialog') && document.activeElement.closest('dialog')")
    for _ in range(12):
        b.key("Tab")
        # the browser's own bar is the body here: never what lies behind the dialog
        assert b.eval("document.activeElement === document.body || Boolean(document.activeElement.closest('dialog'))"), b.eval(focus)
    b.key("Escape")
    b.wait("!document.querySelector('dialog')")
    assert b.eval(focus) == "Add group", b.eval(focus)
    go(b, "/users?q=ben")
    b.eval("history.back()")
    b.wait("document.querySelector('h1')?.textContent === 'Groups'")
    b.eval("history.forward()")
    b.wait(f"document.querySelector('h1')?.textContent === 'Users' && {READY} && test.field('Search').value === 'ben'")


def each_view(b, what):
    faults = []
    for path in VIEWS:
        go(b, path)
        faults += [f"{what} {path}: {f}" for f in b.eval(AUDIT) + spoken(b)]
    return faults


def set_up():
    """The one-time link: the first owner, and then the console at once."""
    with Server("--ownerless") as s, browser.Browser() as b:
        b.open(s.address)
        b.wait_text("hawser-admin user setup-link")
        b.open(s.address + "#/setup?token=" + "u" * 32)
        b.wait_text("This link was used before.")  # with nothing filled in
        b.open(s.address + "#/setup?token=" + "t" * 32)
        b.give("Name", "olga")
        b.click("Show")
        b.wait("test.field('Password').type === 'text' && test.button('Hide')")
        b.click("Hide")
        b.wait("test.field('Password').type === 'password'")
        b.give("Password", "too short")
        b.click("Make the owner")
        b.wait("test.field('Password').getAttribute('aria-invalid') === 'true'")
        b.give("Password", "a long sentence is best")
        b.click("Make the owner")
        b.wait("document.querySelector('h1')?.textContent === 'Dashboard' && !location.href.includes('token')")
        return b.faults


def log_out(b):
    b.click("Log out")
    b.wait("test.button('Log in')")
    b.eval("location.hash = '#/users'")
    b.wait("test.button('Log in') && !document.querySelector('table')")


def roles(folder):
    """What a role may not call is not shown, and the server says no to those who ask all the same."""
    with Server("--as", "read-only") as s, browser.Browser(360, 740, dark=True) as b:
        b.open(s.address)
        b.wait(READY)
        titles = b.eval("[...document.querySelectorAll('#nav a')].map((a) => a.textContent)")
        assert titles == ["Dashboard", "Devices", "Live sessions", "Groups", "Device groups", "Relays"], titles
        go(b, "/users")
        b.wait_text("your role does not see it")
        assert b.eval("fetch('/api/v1/users').then((r) => r.status)") == 403
        go(b, "/devices")
        assert b.eval("document.querySelectorAll('input[type=checkbox]').length") == 0
        keep(b, folder, "telephone-dark")
        return b.faults


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else None
    if not browser.find():
        print("no Chromium here")
        return 77
    faults = []
    with Server() as s:
        with browser.Browser() as b:
            log_in(b, s.address, folder)
            hostile_names(b)
            by_owner(b)
            for part in (users, ldap, devices, rules_books_tokens, audit, codes):
                part(b, folder)
            notes(b)
            keyboard(b)
            faults += each_view(b, "light")
            b.scheme(dark=True)
            b.size(320, 740)
            faults += each_view(b, "dark, 320 wide")
            b.size(1200, 800)
            live(b)
            expired(b)
            log_out(b)
            faults += b.faults
    faults += set_up() + roles(folder)
    # answers that break the API's description would show as this
    faults += [line for line in s.said.splitlines() if line.startswith("console_server:")]
    for f in faults:
        print(f)
    print(f"console in a browser: {len(VIEWS)} views, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
