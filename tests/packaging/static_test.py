#!/usr/bin/env python3
"""hawser-server, the one static file of ID server and relay, does what the two programs do: a real host registers with it, a real
viewer reaches that by it, and the picture passes its relay. It needs nothing of the machine, is either server by its first word or
its name, and is as small as it is said to be."""
import json
import os
import runpy
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "support"), os.path.join(os.path.dirname(HERE), "support")]
import release
from api_server import Program, until
from live_stack import LiveStack, free_ports

# Not the aims (3 MB, 4 MB), but what would be a mistake: another library's code, a table made beforehand.
BYTES_MAX, RESIDENT_MAX = 3500000, 6 << 20


class StaticStack(LiveStack):
    def ask(self, control, *words):
        """An answer of a control socket, by the program's own word."""
        return json.loads(self.run(release.STATIC, "ask", control, *words))

    def servers(self):
        state = os.path.join(self.dir, "rendezvous")
        self.rendezvous = self.start(release.STATIC, "rendezvous", "--bind", "127.0.0.1", "--port", str(self.port), "--state-dir", state,
            "--control", self.rendezvous_control, "--relay-servers", f"127.0.0.1:{self.relay_port}", "--always-use-relay")
        self.rendezvous.expect("listening")
        self.key = self.run(release.STATIC, "rendezvous", "key", "--state-dir", state)
        link = os.path.join(self.dir, "hawser-relay")
        os.symlink(release.STATIC, link)
        self.relay = self.start(link, "--bind", "127.0.0.1", "--port", str(self.relay_port), "--key", self.key, "--runtime-dir",
            os.path.join(self.dir, "relay"))
        self.relay.expect("listening")


def check_session():
    with StaticStack() as stack:
        stack.servers()
        stack.host()
        stack.view()
        served = stack.ask(stack.rendezvous_control, "stats")
        assert served["store"]["kind"] == "sqlite" and served["online"] == 1 and served["counters"]["relayed"] >= 1, served
        moved = until("pictures pass the relay", lambda: (lambda s: s["pairs"] == 1 and s["bytes"])(stack.ask(stack.relay_control, "stats")))
        assert moved > 1000, moved
        print("a viewer sees a host through both servers:", moved, "bytes passed the relay so far")


def check_file():
    """No loader, no library; and hardened as the programs are."""
    dynamic = subprocess.run(["readelf", "-d", release.STATIC], capture_output=True, text=True, check=True).stdout
    assert "NEEDED" not in dynamic, dynamic
    header = subprocess.run(["readelf", "-lW", release.STATIC], capture_output=True, text=True, check=True).stdout
    assert "INTERP" not in header and "GNU_RELRO" in header and "(Position-Independent" in header, header
    assert not [line for line in header.splitlines() if "GNU_STACK" in line and "E" in line.split()[6:7]], header


def check_alone():
    """Below a root with nothing else but two files of /etc it serves, becomes another account, and finds a relay by its name."""
    if os.geteuid() != 0:
        print("SKIPPED: served alone below a root of its own: that takes root")
        return
    with tempfile.TemporaryDirectory(prefix="hawser-alone-") as root:
        os.chmod(root, 0o755)
        for name in ("etc", "proc", "state", "run"):
            os.mkdir(os.path.join(root, name))
        for name, text in (("hosts", "127.0.0.1 relay.test\n"), ("passwd", "lonely:x:65530:65530::/:/\n"), ("group", "lonely:x:65530:\n")):
            with open(os.path.join(root, "etc", name), "w", encoding="ascii") as f:
                f.write(text)
        shutil.copy(release.STATIC, os.path.join(root, "hawser-server"))
        os.chown(os.path.join(root, "state"), 65530, 65530)
        os.chown(os.path.join(root, "run"), 65530, 65530)
        port = free_ports(8) + 1
        path, alone = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, ["chroot", root, "/hawser-server"]
        relay = Program([*alone, "relay", "--open", "--user", "lonely", "--bind", "127.0.0.1", "--port", str(port + 3), "--runtime-dir", "/run"], env=path)
        server = Program([*alone, "rendezvous", "--user", "lonely", "--bind", "127.0.0.1", "--port", str(port), "--state-dir", "/state",
            "--relay-servers", f"relay.test:{port + 3}"], env=path)
        try:
            server.expect(f"relay.up relay=relay.test:{port + 3}")
            with open(f"/proc/{server.proc.pid}/status", encoding="ascii") as f:
                status = f.read()
            assert "Uid:\t65530\t" in status and "Seccomp:\t2" in status, status
        finally:
            ended = server.stop(), relay.stop()
        assert ended == (0, 0), (ended, server.log(), relay.log())


def check_words():
    def said(*argv, status=0):
        done = subprocess.run([release.STATIC, *argv], capture_output=True, text=True, check=False)
        assert done.returncode == status, (argv, done)
        return done.stdout + done.stderr
    assert said("--version").strip() == f"hawser-server {release.VERSION}"
    assert said("rendezvous", "--version").strip() == f"hawser-rendezvous {release.VERSION}"
    assert said("relay", "--version").strip() == f"hawser-relay {release.VERSION}"
    assert "rendezvous" in said("--help") and "Usage" in said(status=2)
    assert "Usage" in said("nonsense", status=2) and "Usage" in said("ask", "x", status=2)
    assert "NAME=TEXT" in said("ask", "/nonexistent", "stats", "=x", status=1)
    assert said("ask", "/nonexistent", "stats", status=1).startswith("hawser-server: ")
    with tempfile.TemporaryDirectory(prefix="hawser-name-") as folder:
        # what has a name of its own has no first word: this is no ID server
        link = os.path.join(folder, "hawser-relay")
        os.symlink(release.STATIC, link)
        done = subprocess.run([link, "rendezvous", "--version"], capture_output=True, text=True, check=False)
        assert done.stdout.strip() == f"hawser-relay {release.VERSION}", done
    with_tls = said("relay", "--open", "--tls-cert", __file__, "--tls-key", __file__, "--port", "0", "--bind", "127.0.0.1", status=1)
    assert "built without TLS" in with_tls, with_tls


def check_size():
    figures = runpy.run_path(os.path.join(release.ROOT, "packaging/release/static_figures"))["figures"](release.STATIC)
    for name, value in figures.items():
        print(f"{name}={value}")
    assert figures["static_bytes"] < BYTES_MAX, figures
    assert figures["static_rss_bytes"] < RESIDENT_MAX and figures["static_rss_relay_bytes"] < RESIDENT_MAX, figures


if __name__ == "__main__":
    release.make("static")
    check_file()
    check_alone()
    check_words()
    check_size()
    check_session()
    print("static_test: passed")
