"""A whole deployment whose metrics can be scraped: two rendezvous nodes on one PostgreSQL, a relay and an API server, with
traffic of every kind that boards and alert rules look at. And the metrics page, read as Prometheus reads it."""
import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import urllib.request

from api_server import BUILD, LIMIT_S, Postgres, Program, own_env, until
from live_stack import free_ports

SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')
UUID = "5c9d0a1e-7a3c-4f7e-8f59-0123456789ab"
SOME = b"x" * 100


class Page:
    """The samples of a page: [(name, {label: value}, number)], and each name's type and help."""

    def __init__(self, text):
        self.text, self.samples, self.types, self.help = text, [], {}, {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ", 3)
                assert name not in self.types, f"{name} has two types"
                self.types[name] = kind
            elif line.startswith("# HELP "):
                _, _, name, text_of = line.split(" ", 3)
                self.help[name] = text_of
            elif line:
                m = SAMPLE.match(line)
                assert m, f"no sample: {line!r}"
                labels = dict(LABEL.findall(m.group(2) or ""))
                assert ",".join(f'{k}="{v}"' for k, v in labels.items()) == (m.group(2) or ""), f"bad labels: {line!r}"
                self.samples.append((m.group(1), labels, float(m.group(3))))

    def value(self, name, **labels):
        """The sum of the samples with these labels; at least one is there."""
        found = [v for n, at, v in self.samples if n == name and all(at.get(k) == want for k, want in labels.items())]
        assert found, f"no {name} with {labels} in\n{self.text}"
        return sum(found)


def frame(body):
    assert len(body) < 1 << 14
    return (bytes([len(body) << 2]) if len(body) < 64 else struct.pack("<H", len(body) << 2 | 1)) + body


def field(number, value):
    """A field of bytes of a protocol buffer."""
    tag = number << 3 | 2
    head = bytes([tag]) if tag < 128 else bytes([tag & 127 | 128, tag >> 7])
    return head + bytes([len(value)]) + value


def relay_request(key, device=b""):
    """What each end says to a relay first: RendezvousMessage.request_relay; the viewer names the device."""
    return frame(field(18, (field(1, device) if device else b"") + field(2, UUID.encode()) + field(6, key.encode())))


class Monitored:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="hawser-monitored-")
        self.env = own_env(self.dir)
        self.programs, self.database = [], None
        first = free_ports(24)
        self.port = {"a": first + 1, "b": first + 7, "relay": first + 13, "api": first + 16}
        self.metrics = {name: first + 17 + i for i, name in enumerate(self.port)}

    def start(self, path, *argv):
        self.programs.append(Program([os.path.join(BUILD, path), *argv], env=self.env))
        return self.programs[-1]

    def monitoring(self, name):
        return ["--metrics", "--metrics-bind", "127.0.0.1", "--metrics-port", str(self.metrics[name])]

    def folder(self, name):
        path = os.path.join(self.dir, name)
        os.makedirs(path, 0o700, exist_ok=True)
        return path

    def rendezvous(self, name):
        state = self.folder(name)
        if name != "a":
            shutil.copy(os.path.join(self.dir, "a", "id_ed25519"), state)
        program = self.start("server-rendezvous/hawser-rendezvous", "--bind", "127.0.0.1", "--port", str(self.port[name]), "--state-dir", state,
            "--control", os.path.join(state, "control.sock"), "--relay-servers", f"127.0.0.1:{self.port['relay']}", "--store", self.database.url,
            "--node", name, "--node-address", f"127.0.0.1:{self.port[name] + 4}", "--block", "127.0.0.9", *self.monitoring(name))
        program.expect("listening")
        return program

    def servers(self):
        self.database = Postgres()
        self.node = {"a": self.rendezvous("a")}
        self.key = subprocess.run([os.path.join(BUILD, "server-rendezvous/hawser-rendezvous"), "key", "--state-dir", self.folder("a")], env=self.env,
            check=True, capture_output=True, text=True, timeout=LIMIT_S).stdout.strip()
        self.relay = self.start("server-relay/hawser-relay", "--bind", "127.0.0.1", "--port", str(self.port["relay"]), "--key", self.key,
            "--runtime-dir", self.folder("relay"), *self.monitoring("relay"))
        self.api = self.start("admin/api/hawser-api", "--bind", "127.0.0.1", "--port", str(self.port["api"]), "--state-dir", self.folder("api"),
            "--runtime-dir", self.folder("api-run"), "--secrets-file", os.path.join(self.dir, "api.keys"), "--register-by-reports", *self.monitoring("api"))
        self.node["b"] = self.rendezvous("b")
        self.relay.expect("listening")
        self.api.expect("listening")
        for name in self.port:
            until(f"{name} is ready", lambda at=name: self.answers(at, "/readyz"))
        for name in "ab":
            until(f"node {name} sees two nodes", lambda at=name: self.page(at).value("hawser_rdv_nodes") == 2)
            until(f"node {name} has a link to the other", lambda at=name: self.page(at).value("hawser_rdv_node_links") == 1)
            until(f"node {name} sees the relay", lambda at=name: self.page(at).value("hawser_rdv_relays_up") == 1)

    def get(self, name, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics[name]}{path}", timeout=LIMIT_S) as answer:
            return answer.read().decode()

    def answers(self, name, path):
        try:
            self.get(name, path)
            return True
        except OSError:
            return False

    def page(self, name):
        return Page(self.get(name, "/metrics"))

    def pages(self):
        return {name: self.page(name) for name in self.port}

    def load(self, name, hosts=30, seconds=2, calls=20):
        """Devices that register and answer, viewers that ask."""
        done = subprocess.run([os.path.join(BUILD, "tests/load/hawser-load"), "--server", f"127.0.0.1:{self.port[name]}", "--key", self.key, "--hosts",
            str(hosts), "--seconds", f"{seconds}s", "--interval", "1s", "--calls", str(calls), "--relay", "0.2", "--online", "0.1"], env=self.env,
            capture_output=True, text=True, timeout=LIMIT_S + seconds, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def pair(self, to_host=3, to_viewer=5):
        """A relayed pair with so many times 100 bytes each way; both ends know what they get."""
        ends = [socket.create_connection(("127.0.0.1", self.port["relay"]), LIMIT_S) for _ in range(2)]
        try:
            viewer, host = ends
            viewer.sendall(relay_request(self.key, b"123456789"))
            host.sendall(relay_request(self.key))
            for sender, receiver, times in ((viewer, host, to_host), (host, viewer, to_viewer)):
                sender.sendall(SOME * times)
                receiver.settimeout(LIMIT_S)
                got = b""
                while len(got) < len(SOME) * times:
                    more = receiver.recv(65536)
                    assert more, "the relay has closed the pair"
                    got += more
                assert got == SOME * times
        finally:
            for end in ends:
                end.close()

    def stranger(self, name):
        """From an address that is blocked."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.9", 0))
            s.sendto(b"\x0a\x00", ("127.0.0.1", self.port[name]))

    def visit_api(self):
        for path in ("/health", "/api/v1/health", "/api/v1/nothing", "/"):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port['api']}{path}", timeout=LIMIT_S).read()
            except urllib.error.HTTPError:
                pass

    def traffic(self, seconds=2):
        for name in "ab":
            self.load(name, seconds=seconds)
            self.stranger(name)
        self.pair()
        self.visit_api()

    def __enter__(self):
        try:
            self.servers()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        faults = []
        for p in reversed(self.programs):
            began, status = time.monotonic(), p.stop()
            if status != 0:
                faults.append(f"{p.name} ends with {status} after {time.monotonic() - began:.1f} s:\n{p.log()[-2000:]}")
        if self.database:
            self.database.close()
        shutil.rmtree(self.dir, ignore_errors=True)
        return faults

    def __exit__(self, kind, *_):
        faults = self.stop()
        if faults and kind is None:
            raise AssertionError("\n".join(faults))
