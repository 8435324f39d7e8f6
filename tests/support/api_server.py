"""The real hawser-api for tests: started in folders of its own, on SQLite or on a PostgreSQL of the test's, and those who
call it: a browser's session with its cookie and CSRF value, a script's token, the operator at the admin socket."""
import base64
import ctypes
import glob
import hashlib
import hmac
import http.client
import json
import os
import pwd
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from urllib.parse import urlencode

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("HAWSER_TEST_BUILD", os.path.join(ROOT, "build", "release"))
LIMIT_S = 60
PR_SET_PDEATHSIG = 1
# Settings of servers that run on this machine, and what its account or a service has in the environment, are nothing to a
# test: it would use their database, for one (tests/support/places.c is the same for tests in C).
NO_CONFIG = {f"HAWSER_{name}_CONFIG": os.devnull for name in ("API", "RENDEZVOUS", "RELAY", "HOST")}
FOREIGN = ("HAWSER_", "XDG_", "DBUS_", "PG", "LISTEN_", "NOTIFY_", "WATCHDOG_")
LIBC = ctypes.CDLL(None)


def die_with_parent():
    """In a child: nothing outlives a test that was killed."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def own_env(home):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN) and not k.endswith("_DIRECTORY")}
    return {**kept, **NO_CONFIG, "HOME": home}


def until(what, condition):
    """Waits for a condition and returns what it gives."""
    limit = time.monotonic() + LIMIT_S
    while time.monotonic() < limit:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"this does not come true within a minute: {what}")


class Program:
    """A process whose lines are kept, and can be waited for."""

    def __init__(self, argv, env=None, **more):
        self.name, self.lines, self.lock = os.path.basename(argv[0]), [], threading.Lock()
        self.proc = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", env=env, **{"preexec_fn": die_with_parent, **more})
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.proc.stdout:
            with self.lock:
                self.lines.append(line.rstrip("\n"))

    def log(self):
        with self.lock:
            return "\n".join(self.lines)

    def expect(self, pattern):
        """The first line that has it."""
        def found():
            with self.lock:
                lines = list(self.lines)
            for line in lines:
                m = re.search(pattern, line)
                if m:
                    return m
            if self.proc.poll() is not None and not self.reader.is_alive():
                raise AssertionError(f"{self.name} has ended ({self.proc.returncode}) without saying {pattern!r}:\n" + "\n".join(lines[-20:]))
            return None
        return until(f"{self.name} says {pattern!r}", found)

    def stop(self, sig=signal.SIGTERM):
        if self.proc.poll() is None:
            self.proc.send_signal(sig)
            try:
                self.proc.wait(LIMIT_S)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait()
        self.reader.join(LIMIT_S)
        return self.proc.returncode


class Postgres:
    """A cluster of the test's own, on a free port of 127.0.0.1; as an account without rights where the test is root."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="hawser-pg-")
        self.program = None
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self):
        bins = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
        if not bins:
            raise AssertionError("no PostgreSQL server is installed")
        more = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.dir, account.pw_uid, account.pw_gid)
            more = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        data = os.path.join(self.dir, "data")
        subprocess.run([bins[-1], "-D", data, "-Upostgres", "-Atrust", "-EUTF8", "--locale=C", "-N"], check=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, cwd=self.dir, **more)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.program = Program([os.path.join(os.path.dirname(bins[-1]), "postgres"), "-D", data, "-clisten_addresses=127.0.0.1", f"-cport={port}",
            f"-cunix_socket_directories={self.dir}", "-cfsync=off"], cwd=self.dir, **more)
        self.program.expect("database system is ready to accept connections")
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"

    def close(self):
        if self.program:
            self.program.stop(signal.SIGINT)
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Answer:
    def __init__(self, reply):
        self.status, self.headers, self.raw = reply.status, reply.headers, reply.read()
        self.type = self.headers.get("Content-Type", "")
        self.json = json.loads(self.raw) if self.type.startswith("application/json") and self.raw else None

    def code(self):
        """Of an error of /api/v1."""
        error = self.json.get("error") if isinstance(self.json, dict) else None
        return error.get("code") if isinstance(error, dict) else None

    def __repr__(self):
        return f"{self.status} {self.raw[:300]!r}"


class LocalConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=LIMIT_S)
        self.local = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LIMIT_S)
        self.sock.connect(self.local)


class Client:
    """Somebody who calls: by a cookie, by a token, or by the admin socket."""

    def __init__(self, connection, token=None):
        self.connection, self.token, self.cookie, self.csrf, self.session = connection, token, None, None, None

    def call(self, method, path, body=None, query=None, headers=None, base="/api/v1"):
        """`body`: bytes go as they are, anything else as JSON. A header of value None is left out."""
        fields = {"Accept": "application/json"}
        if self.token:
            fields["Authorization"] = "Bearer " + self.token
        if self.cookie:
            fields["Cookie"] = "hawser_session=" + self.cookie
            if method != "GET" and self.csrf:
                fields["X-CSRF-Token"] = self.csrf
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            fields["Content-Type"] = "application/json"
        fields.update(headers or {})
        given = {k: v for k, v in (query or {}).items() if v is not None}
        target = base + path + ("?" + urlencode(given) if given else "")
        for attempt in (1, 2):
            try:
                self.connection.request(method, target, body, {k: v for k, v in fields.items() if v is not None})
                return Answer(self.connection.getresponse())
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                # a kept link that the server has ended meanwhile
                self.connection.close()
                if attempt == 2:
                    raise

    def must(self, status, method, path, body=None, **more):
        answer = self.call(method, path, body, **more)
        if answer.status != status:
            raise AssertionError(f"{method} {path} {json.dumps(body)[:200] if not isinstance(body, bytes) else '…'}: {answer!r}, not {status}")
        return answer.json

    def take_cookie(self, answer):
        """What a browser does with Set-Cookie."""
        for field in answer.headers.get_all("Set-Cookie") or []:
            m = re.match(r"hawser_session=([^;]*)", field)
            if m:
                self.cookie = m.group(1) or None

    def take_session(self, answer, session):
        self.take_cookie(answer)
        self.session, self.csrf = session, session["csrf"]

    def log_in(self, name, password, secret=None):
        """With the second factor's secret if there is one."""
        answer = self.call("POST", "/login", {"name": name, "password": password})
        if answer.status == 200 and answer.json["state"] == "second_factor" and secret:
            answer = self.call("POST", "/login/second", {"challenge": answer.json["challenge"], "kind": "totp", "code": totp(secret)})
        if answer.status != 200 or answer.json["state"] != "done":
            raise AssertionError(f"{name} cannot log in: {answer!r}")
        self.take_session(answer, answer.json["session"])
        return self


def totp(secret, at=None):
    """RFC 6238 with what authenticators take: SHA-1, 30 s, six digits."""
    key = base64.b32decode(secret.upper() + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int((time.time() if at is None else at) // 30)), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06}"


class Api:
    """One hawser-api. Without `store`: SQLite in a folder of its own. `run`: the folder of its sockets, if others must know."""

    def __init__(self, store=None, secrets=None, args=(), login_rate=0, run=None):
        self.dir = tempfile.mkdtemp(prefix="hawser-api-")
        self.run = run or os.path.join(self.dir, "run")
        self.secrets = secrets or os.path.join(self.dir, "api.keys")
        argv = [os.path.join(BUILD, "admin", "api", "hawser-api"), "--state-dir", os.path.join(self.dir, "state"), "--runtime-dir",
            self.run, "--bind", "127.0.0.1", "--port", "0", "--secrets-file", self.secrets, "--login-rate", str(login_rate),
            "--user-rate", "0", "--device-rate", "0", "--server-name", "test", "--register-by-reports", *(["--store", store] if store else []), *args]
        self.program = Program(argv, env=own_env(self.dir))
        try:
            self.port = int(self.program.expect(r"\blistening\b.* port=(\d+)").group(1))
        except BaseException:
            self.close()
            raise
        self.address = f"http://127.0.0.1:{self.port}/"
        self.origin = self.address.rstrip("/")

    def client(self, token=None):
        return Client(http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S), token)

    def admin(self):
        """The operator on this machine: an owner without a login."""
        return Client(LocalConnection(os.path.join(self.run, "admin.sock")))

    def close(self):
        """Ends it; its exit status, so that a test sees what a sanitizer found."""
        status = self.program.stop()
        shutil.rmtree(self.dir, ignore_errors=True)
        return status

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        status = self.close()
        if status != 0 and kind is None:
            raise AssertionError(f"hawser-api ended with {status}:\n{self.program.log()[-3000:]}")
