#!/usr/bin/env python3
"""A viewer with an account: refused without a login, let in with one, by name, password and one-time code; the login never
crosses the wire to the ID server in the open, nor goes to one that offers no encryption; and it ends from both sides. Real
programs throughout."""
import base64
import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
from api_server import BUILD, LIMIT_S, totp, until  # noqa: E402
from live_stack import LiveStack, free_ports  # noqa: E402

NAME, PASSWORD = "vera", "a sentence that nobody else knows"
SESSIONS = 6  # short ones, each of which has to be in the audit
DENIED, BAD_PASSWORD, INSECURE, USAGE, OK = 6, 4, 5, 2, 0


class Wire:
    """Between the viewer and a server: passes all on, and keeps what was sent, both ways. Without a port behind it: a
    server that answers `words` to whoever connects, and then listens."""

    def __init__(self, port=None, words=b""):
        self.behind, self.words, self.seen, self.links = port, words, [], 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            self.links += 1
            if self.behind is None:
                near.sendall(self.words)
                threading.Thread(target=self.carry, args=(near, None), daemon=True).start()
                continue
            far = socket.create_connection(("127.0.0.1", self.behind))
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=(a, b), daemon=True).start()

    def carry(self, a, b):
        try:
            while data := a.recv(65536):
                self.seen.append(data)
                if b:
                    b.sendall(data)
        except OSError:
            pass
        finally:
            if b:
                try:
                    b.shutdown(socket.SHUT_WR)
                except OSError:
                    pass

    def bytes(self):
        return b"".join(self.seen)

    def close(self):
        self.listener.close()


class Viewer:
    """The command line, as somebody with a home uses it."""

    def __init__(self, stack):
        self.stack = stack
        self.home = os.path.join(stack.dir, "viewer")
        os.makedirs(self.home, 0o700)
        self.env = {k: v for k, v in stack.env.items() if k not in ("HAWSER_PASSWORD", "DISPLAY")}
        self.env["XDG_CONFIG_HOME"] = self.home
        self.file = os.path.join(self.home, "hawser", "accounts.json")

    def run(self, *argv, typed=None, password=None):
        env = {**self.env, **({"HAWSER_PASSWORD": password} if password else {})}
        # no terminal to be asked on
        r = subprocess.run([os.path.join(BUILD, "client", "cli", "hawser"), *argv], env=env, input=typed or "", capture_output=True, text=True,
            timeout=3 * LIMIT_S, start_new_session=True)
        return r.returncode, r.stdout + r.stderr

    def must(self, status, *argv, **more):
        code, text = self.run(*argv, **more)
        if code != status:
            raise AssertionError(f"hawser {' '.join(argv)} ends with {code}, not {status}: {text}")
        return text

    def log_in(self, status, *more, words=(PASSWORD,), user=NAME):
        return self.must(status, "login", "--user", user, "--password-stdin", *more, typed="".join(w + "\n" for w in words))

    def look(self, status, *more):
        """A session that ends with the first picture."""
        picture = os.path.join(self.stack.dir, "picture.png")
        return self.must(status, "connect", self.stack.id, "--headless", "--screenshot", picture, "--no-retry", *more,
            password=self.stack.ask_host("password"))

    def token(self):
        with open(self.file, encoding="utf-8") as f:
            return json.load(f)["accounts"][0]["token"]


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def where_it_goes(v, api):
    """Before anything of a password is sent."""
    v.must(OK, "config", "set", "api-server", "http://192.0.2.7:21114/")
    text = v.log_in(INSECURE)
    check("plain http" in text and "192.0.2.7" in text, text)
    v.must(OK, "config", "set", "api-server")
    wrong = v.log_in(USAGE, "--api", "ftp://x")
    check("no address of an API server" in wrong, wrong)
    hidden = v.log_in(USAGE, "--api", "http://127.0.0.1@192.0.2.7/")
    check("no address of an API server" in hidden, hidden)
    # something answers, and is none
    other = Wire(words=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
    text = v.log_in(1, "--api", f"http://127.0.0.1:{other.port}")
    check("no API server" in text, text)
    other.close()
    v.must(OK, "config", "set", "api-server", api.address)
    check(not os.path.exists(v.file), "a login that failed was kept")


def refused_without(v):
    text = v.look(DENIED)
    check("Log in" in text and "'hawser login'" in text, text)
    check("nobody is logged in" in v.must(3, "account"), "account without a login")
    check("nobody is logged in" in v.must(3, "logout"), "logout without a login")


def known_by_name(api):
    """The host, which knows no accounts, tells of the session with what the ID server gave it for that, however short the
    session was."""
    events = []

    def told():
        events[:] = api.admin().must(200, "GET", "/audit?kind=connection")["items"]
        hers = [e["action"] for e in events if e["actor"] == NAME]
        return all(hers.count(action) == SESSIONS for action in ("new", "authorised", "close"))
    try:
        until("the audit says whose viewer it was", told)
    except AssertionError as e:
        raise AssertionError(f"{e}; it says {[(x['action'], x['actor']) for x in events]}") from None


def let_in(v, stack, wire, api):
    text = v.log_in(BAD_PASSWORD, words=("wrong",))
    check("Wrong credentials" in text, text)
    text = v.log_in(OK)
    check(f"logged in as {NAME}" in text, text)
    check(stat.S_IMODE(os.stat(v.file).st_mode) == 0o600, "others can read the login")
    text = v.must(OK, "account")
    check(NAME in text and "counts" in text, text)
    token = v.token()
    for _ in range(SESSIONS):
        v.look(OK)
    known_by_name(api)
    v.look(OK, "--relay")
    sent = wire.bytes()
    check(wire.links and sent, "the viewer did not come by the wire that is watched")
    for form in (token.encode(), base64.b64encode(token.encode())[:-4]):
        check(form not in sent, "the login crossed the wire in the open")
    return token


def unmasked(sent):
    """A viewer's frames are masked by the four bytes before them: each place may be one."""
    for i in range(len(sent) - 4):
        rest = sent[i + 4:i + 4100]
        mask = (sent[i:i + 4] * 1024)[:len(rest)]
        yield (int.from_bytes(rest, "big") ^ int.from_bytes(mask, "big")).to_bytes(len(rest), "big")


def by_websocket(v, stack, token):
    """No key is agreed there: one without TLS is for those who are not logged in."""
    wire = Wire(stack.port + 2)
    text = v.look(DENIED, "--server", f"ws://127.0.0.1:{wire.port}/ws/id", "--key", stack.key)
    check("wss://" in text, text)
    asked = False
    for plain in unmasked(wire.bytes()):
        asked |= stack.id.encode() in plain
        check(token.encode() not in plain, "the login crossed the wire in the open")
    check(asked, "the question for the host is not found on the wire, so the login would not be, either")
    wire.close()


def no_encryption(v, stack, token):
    """A server that speaks first, but of something else; and one whose offer another key has signed."""
    fake = Wire(words=b"\x0c\xa2\x01\x00")
    server = ("--server", f"127.0.0.1:{fake.port}", "--key", stack.key)
    code, text = v.run("connect", stack.id, "--headless", "--screenshot", "/dev/null", "--no-retry", *server, password="x")
    check(code != 0 and "offers no encryption" in text, text)
    check(fake.links > 0, "nobody came to the server without encryption")
    # the test of the NAT, which says nothing of anybody, goes there all the same
    check(token.encode() not in fake.bytes() and stack.id.encode() not in fake.bytes(), f"said without encryption: {fake.bytes()!r}")
    fake.close()
    port = free_ports(8) + 1
    other = stack.start("server-rendezvous/hawser-rendezvous", "--bind", "127.0.0.1", "--port", str(port), "--state-dir",
        os.path.join(stack.dir, "other"), "--control", os.path.join(stack.dir, "other.sock"))
    other.expect("listening")
    wire = Wire(port)
    server = ("--server", f"127.0.0.1:{wire.port}", "--key", stack.key)
    code, text = v.run("connect", stack.id, "--headless", "--screenshot", "/dev/null", "--no-retry", *server, password="x")
    check(code == INSECURE and "another key" in text, text)
    check(wire.links > 0 and token.encode() not in wire.bytes() and stack.id.encode() not in wire.bytes(), "said to a server with another key")
    wire.close()


def second_factor(v, api):
    me = api.client().log_in(NAME, PASSWORD)
    secret = me.must(200, "POST", "/me/totp")["secret"]
    me.must(200, "POST", "/me/totp/confirm", {"code": totp(secret)})
    v.must(OK, "logout")
    check(not os.path.exists(v.file), "the login is still there")
    v.log_in(BAD_PASSWORD, words=(PASSWORD, "000000"))
    code, text = v.run("login", "--user", NAME, "--password-stdin", typed=PASSWORD + "\n")
    check(code != OK and "no code was given" in text, text)
    check(not os.path.exists(v.file), "logged in without the second factor")
    # of the step to come: each code works once
    v.log_in(OK, words=(PASSWORD, totp(secret, time.time() + 30)))
    v.look(OK)


def ended_there(v, api, guid):
    api.admin().must(204, "POST", f"/users/{guid}/logout")
    text = v.must(DENIED, "account")
    check("has ended" in text, text)
    # an answer of a moment ago is believed for some seconds
    def refused():
        code, text = v.run("connect", v.stack.id, "--headless", "--screenshot", "/dev/null", "--no-retry", password=v.stack.ask_host("password"))
        return text if code == DENIED else None
    text = until("a login that has ended counts no more", refused)
    check("Your login has ended" in text, text)
    v.must(OK, "logout")
    check(not os.path.exists(v.file), "the login is still there")
    refused_without(v)


def main():
    with LiveStack(api=True) as stack:
        stack.servers()
        with stack.api() as api:
            stack.host("--api-server", api.address)
            admin = api.admin()
            group = admin.must(200, "GET", "/groups")["items"][0]["guid"]
            user = admin.must(201, "POST", "/users", {"name": NAME, "role": "user", "group_guid": group, "password": PASSWORD})
            wire = Wire(stack.port)
            v = Viewer(stack)
            text = v.log_in(USAGE)
            check("no server is set" in text, text)
            v.must(OK, "config", "set", "server", f"127.0.0.1:{wire.port}")
            text = v.log_in(USAGE)
            check("key" in text, text)
            v.must(OK, "config", "set", "key", stack.key)
            admin.must(200, "PATCH", "/settings", {"require_login": True})
            where_it_goes(v, api)
            refused_without(v)
            token = let_in(v, stack, wire, api)
            by_websocket(v, stack, token)
            no_encryption(v, stack, token)
            second_factor(v, api)
            ended_there(v, api, user["guid"])
            wire.close()


if __name__ == "__main__":
    main()
