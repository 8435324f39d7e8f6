"""The suite as real processes on loopback, for tests in Python: rendezvous, relay, a virtual desktop with a host, and
viewers. tests/e2e/stack.c is the same for tests in C."""
import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile

from api_server import BUILD, LIMIT_S, Api, Program, own_env, until


def free_ports(count):
    """The first of so many in a row that are free for TCP and UDP; away from those that systems give out by themselves."""
    for _ in range(2000):
        first, held = 10000 + secrets.randbelow(20000), []
        try:
            for port in range(first, first + count):
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    held.append(socket.socket(socket.AF_INET, kind))
                    held[-1].bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for s in held:
                s.close()
    raise AssertionError("there are no free ports")


class LiveStack:
    """The relay is the only way unless `direct`. `api`: accounts count, with a hawser-api that is started by api()."""

    def __init__(self, direct=False, api=False):
        self.dir = tempfile.mkdtemp(prefix="hawser-live-")
        self.programs, self.direct = [], direct
        self.api_run = os.path.join(self.dir, "api") if api else None
        self.port = free_ports(8) + 1
        self.relay_port = self.port + 3
        self.env = {**own_env(self.dir), "DBUS_SESSION_BUS_ADDRESS": "unix:path=/dev/null/no-bus"}
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
            self.env[name] = os.path.join(self.dir, name.lower())
            os.mkdir(self.env[name], 0o700)
        self.rendezvous_control = os.path.join(self.dir, "rendezvous", "control.sock")
        self.relay_control = os.path.join(self.dir, "relay", "control.sock")

    def start(self, *argv):
        self.programs.append(Program([os.path.join(BUILD, argv[0]), *argv[1:]] if "/" in argv[0] else list(argv), env=self.env))
        return self.programs[-1]

    def run(self, program, *argv):
        return subprocess.run([os.path.join(BUILD, program), *argv], env=self.env, check=True, capture_output=True, text=True, timeout=LIMIT_S).stdout.strip()

    def servers(self):
        state = os.path.join(self.dir, "rendezvous")
        self.rendezvous = self.start("server-rendezvous/hawser-rendezvous", "--bind", "127.0.0.1", "--port", str(self.port), "--state-dir", state,
            "--control", self.rendezvous_control, "--relay-servers", f"127.0.0.1:{self.relay_port}",
            *([] if self.direct else ["--always-use-relay"]),
            *(["--policy-socket", self.api_run + "/policy.sock", "--api-socket", self.api_run + "/http.sock"] if self.api_run else []))
        self.rendezvous.expect("listening")
        self.key = self.run("server-rendezvous/hawser-rendezvous", "key", "--state-dir", state)
        self.relay = self.start("server-relay/hawser-relay", "--bind", "127.0.0.1", "--port", str(self.relay_port), "--key", self.key,
            "--runtime-dir", os.path.join(self.dir, "relay"))
        self.relay.expect("listening")

    def api(self, **more):
        return Api(run=self.api_run, args=["--rendezvous-control", self.rendezvous_control, "--relay-control", self.relay_control,
            "--register-by-reports"], **more)

    def host(self, *more):
        screen = self.start("Xvfb", "-displayfd", "1", "-screen", "0", "1280x720x24", "-nolisten", "tcp", "-noreset", "-ac")
        display = ":" + screen.expect(r"^(\d+)$").group(1)
        state = os.path.join(self.dir, "host")
        self.env["DISPLAY"] = display
        # the port for the local network is one for the whole machine, and nobody there is to hear of it
        self.hostd = self.start("client/host/hawser-host", "run", "--display", display, "--state-dir", state, "--server", f"127.0.0.1:{self.port}",
            "--key", self.key, "--lan-port", "0", *(["--service-user", "root"] if os.geteuid() == 0 else []), *more)
        self.hostd.expect("registered")
        self.id = self.ask_host("id")

    def ask_host(self, verb):
        state = os.path.join(self.dir, "host")
        return until(f"the host's {verb}", lambda: self.run("client/host/hawser-host", verb, "--state-dir", state))

    def view(self, *more):
        """A viewer that looks until it is stopped; it is in once this returns."""
        self.env["HAWSER_PASSWORD"] = self.ask_host("password")  # each is good for one session
        viewer = self.start("client/cli/hawser", "connect", self.id, "--server", f"127.0.0.1:{self.port}", "--key", self.key, "--headless", "--stats", *more)
        viewer.expect(r"stats frames=[1-9]")
        return viewer

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        faults = []
        for p in reversed(self.programs):
            status = p.stop()
            if status not in (0, None) and not re.match("Xvfb|hawser$", p.name):
                faults.append(f"{p.name} ends with {status}:\n{p.log()[-1500:]}")
        shutil.rmtree(self.dir, ignore_errors=True)
        if faults and kind is None:
            raise AssertionError("\n".join(faults))
