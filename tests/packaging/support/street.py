"""Machines of clients for tests of containers: each a network of its own with an address of its own, behind the engine's, so
that what comes from one can be told from what comes from another, and from the machine itself."""
import os
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "support"))
from api_server import BUILD, LIMIT_S, Program, die_with_parent, own_env, until  # noqa: E402
from engine import enter_network  # noqa: E402

NET = "10.230.240"  # a /30 for each client


class Client:
    """`hosts`: names it knows, {name: [addresses]}. Programs run there as on a machine that has nothing else."""

    def __init__(self, engine, number, hosts):
        self.engine, self.number, self.programs = engine, number, []
        self.address, self.link = f"{NET}.{4 * number + 2}", f"client{number}"
        self.dir = tempfile.mkdtemp(prefix="hawser-client-")
        table = os.path.join(self.dir, "hosts")
        with open(table, "w", encoding="ascii") as f:
            f.write("127.0.0.1 localhost\n" + "".join(f"{a} {name}\n" for name, all_of in hosts.items() for a in all_of))
        os.chmod(table, 0o644)
        os.chmod(self.dir, 0o755)
        script = "mount --bind \"$0\" /etc/hosts && echo ready && exec sleep 3600"
        self.holder = subprocess.Popen(engine.enter(["unshare", "--net", "--mount", "sh", "-c", script, table]), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, preexec_fn=die_with_parent)
        assert self.holder.stdout.readline() == b"ready\n"
        pid = str(self.holder.pid)
        gateway = f"{NET}.{4 * number + 1}"
        for argv in (engine.enter(["ip", "link", "add", self.link, "type", "veth", "peer", "name", "eth0", "netns", pid]),
                engine.enter(["ip", "addr", "add", gateway + "/30", "dev", self.link]), engine.enter(["ip", "link", "set", self.link, "up"]),
                self.enter(["ip", "addr", "add", self.address + "/30", "dev", "eth0"]), self.enter(["ip", "link", "set", "eth0", "up"]),
                self.enter(["ip", "link", "set", "lo", "up"]), self.enter(["ip", "route", "add", "default", "via", gateway])):
            subprocess.run(argv, check=True)
        self.env = {**own_env(self.dir), "DBUS_SESSION_BUS_ADDRESS": "unix:path=/dev/null/no-bus"}
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
            self.env[name] = os.path.join(self.dir, name.lower())
            os.mkdir(self.env[name], 0o700)

    def trust(self, pem):
        """The certificate in this file, which may hold its key as well, is an authority for programs there."""
        path = os.path.join(self.dir, "trusted.pem")
        with open(pem, encoding="ascii") as f, open(path, "w", encoding="ascii") as to:
            to.write(f.read().partition("-----BEGIN PRIVATE KEY-----")[0])
        os.chmod(path, 0o644)
        self.env["SSL_CERT_FILE"] = path

    def enter(self, argv):
        return ["nsenter", "-t", str(self.holder.pid), "--net", "--mount", *argv]

    def start(self, *argv):
        argv = [os.path.join(BUILD, argv[0]), *argv[1:]] if "/" in argv[0] else list(argv)
        self.programs.append(Program(self.enter(argv), env=self.env))
        return self.programs[-1]

    def run_any(self, *argv, text=""):
        return subprocess.run(self.enter(list(argv)), env=self.env, check=True, capture_output=True, text=True, input=text, timeout=LIMIT_S).stdout.strip()

    def run(self, program, *argv, **more):
        return self.run_any(os.path.join(BUILD, program), *argv, **more)

    def inside(self, call, *args):
        """Calls a function whose sockets belong to this machine, and returns what it returns."""
        told = {}

        def run():
            try:
                enter_network(self.holder.pid)
                told["value"] = call(*args)
            except BaseException as e:
                told["fault"] = e
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if "fault" in told:
            raise told["fault"]
        return told["value"]

    def host(self, server, key, *more):
        """A virtual desktop on which something moves, and its host; its ID once it is registered."""
        screen = self.start("Xvfb", "-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp", "-noreset", "-ac")
        self.env["DISPLAY"] = ":" + screen.expect(r"^(\d+)$").group(1)
        self.start("xclock", "-update", "1")
        self.state = os.path.join(self.dir, "host")
        self.host_words = ["--display", self.env["DISPLAY"], "--state-dir", self.state, "--server", server, "--key", key, "--lan-port", "0",
            *(["--service-user", "root"] if os.geteuid() == 0 else []), *more]
        self.start_host()
        self.id = self.ask("id")
        return self.id

    def start_host(self):
        self.hostd = self.start("client/host/hawser-host", "run", *self.host_words)
        self.hostd.expect("registered")

    def ask(self, verb):
        return until(f"the host's {verb}", lambda: self.run("client/host/hawser-host", verb, "--state-dir", self.state))

    def view(self, host, server, key, *more):
        """A viewer of that client's host; a picture of it has come once this returns."""
        self.env["HAWSER_PASSWORD"] = host.ask("password")  # each is good for one session
        viewer = self.start("client/cli/hawser", "connect", host.id, "--server", server, "--key", key, "--headless", "--stats", *more)
        viewer.expect(r"stats frames=[1-9]")
        return viewer

    def close(self):
        for p in reversed(self.programs):
            p.stop()
        self.holder.kill()
        self.holder.wait()
        subprocess.run(["rm", "-rf", self.dir], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def goes_on(viewer, what):
    """More pictures come than had come by now."""
    def frames():
        for line in reversed(viewer.log().splitlines()):
            if line.startswith("stats frames="):
                return int(line.split()[1].partition("=")[2]), line.count("path=none")
        return 0, 1
    since = len(viewer.log().splitlines())
    before = frames()[0]

    def more():
        if viewer.proc.poll() is not None:
            raise AssertionError(f"{what}: the viewer has ended:\n{viewer.log()[-2000:]}")
        lines = viewer.log().splitlines()
        fresh = [line for line in lines[since:] if line.startswith("stats frames=")]
        return len(fresh) >= 2 and frames()[0] != before and " fps=0.0" not in fresh[-1]
    until(f"{what}: pictures go on coming\n{viewer.log()[-1500:]}", more)
