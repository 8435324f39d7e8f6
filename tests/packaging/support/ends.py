"""What takes part in sessions through the servers' containers: a host and viewers in containers, of the image `host`; or, where that
image is not made, the programs of the build on machines of their own (street.py). Tests see no difference."""
import re
import signal

from engine import MACHINE, client, version
from street import Client, until

PASSWORD = "what opens this desktop"


def check(condition, text):
    if not condition:
        raise AssertionError(text)


class Box:
    """A container by its name."""

    def __init__(self, e, name):
        self.e, self.name = e, name

    def state(self, what):
        return self.e.docker("inspect", "--format", f"{{{{.{what}}}}}", self.name)

    def log(self):
        _, out, err = self.e.run([client(), "logs", self.name])
        return out + err

    def expect(self, pattern):
        def found():
            m = re.search(pattern, self.log())
            if not m and self.state("State.Running") != "true" and self.state("HostConfig.RestartPolicy.Name") == "no":
                raise AssertionError(f"{self.name} has ended:\n{self.log()[-3000:]}")
            return m
        return logged(self, f"says '{pattern}'", found)

    def healthy(self):
        logged(self, "is healthy", lambda: self.state("State.Health.Status") == "healthy")

    def run(self, *argv):
        return self.e.docker("exec", self.name, *argv)

    def crash(self):
        """As a fault would end it, so that the engine starts it anew by its own rule; it does not after 'docker kill'."""
        count = self.state("RestartCount")
        self.e.must(self.e.inside(["kill", "-KILL", self.state("State.Pid")]))
        until(f"{self.name} is started again", lambda: self.state("RestartCount") != count and self.state("State.Running") == "true")

    def status(self):
        """Its exit status; None while it runs."""
        return None if self.state("State.Running") == "true" else int(self.state("State.ExitCode"))


def logged(end, what, condition):
    """Waits; what the end has said belongs to a failure."""
    try:
        return until(f"{end.name} {what}", condition)
    except AssertionError as fault:
        raise AssertionError(f"{fault}\n{end.log()[-3000:]}") from fault


class Viewer:
    """Of something that has `name` and `log`: how its session goes."""

    def stats(self):
        lines = [line for line in self.log().splitlines() if line.startswith("stats frames=")]
        return dict(word.split("=", 1) for word in lines[-1].split()[1:]) if lines else {}

    def sees(self, path):
        logged(self, f"has pictures by {path}", lambda: int(self.stats().get("frames", 0)) > 0 and re.fullmatch(path, self.stats()["path"]))
        return self.stats()

    def goes_on(self, why):
        """Pictures come that had not come: something on the desktop changes all the time."""
        had = self.log().count("\nstats ")

        def more():
            lines = [line for line in self.log().splitlines() if line.startswith("stats ")][had + 1:]
            got = [int(re.search(r"frames=(\d+)", line).group(1)) for line in lines]
            return len(got) > 2 and got[-1] > got[-2]
        logged(self, f"goes on {why}", more)


class BoxViewer(Viewer, Box):
    """`direct`: on the network of the machine, so that host and viewer reach each other."""

    def __init__(self, e, name, direct, device, key, *more):
        super().__init__(e, name)
        e.docker("run", "-d", "--name", name, "--network", "host" if direct else "offices", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL",
            "--no-healthcheck", "-e", f"HAWSER_PASSWORD={PASSWORD}", "--entrypoint", "/usr/bin/hawser", f"hawser-host:{version()}", "connect", device,
            "--server", MACHINE, "--key", key, "--headless", "--stats", *more)

    def stop(self):
        self.e.docker("rm", "-f", "-v", self.name)


class Boxes:
    """The host has a desktop on which something always changes, in a network of its own behind the machine."""

    def __init__(self, e, key):
        self.e, self.key = e, key
        e.docker("network", "create", "homes")
        e.docker("network", "create", "offices")
        e.docker("run", "-d", "--name", "host", "--restart", "always", "--network", "homes", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL",
            "--security-opt", "no-new-privileges:true", "-e", f"HAWSER_HOST_SERVER={MACHINE}", "-e", f"HAWSER_HOST_KEY={key}",
            "-e", "HAWSER_DESKTOP_RUN=exec xterm -e 'while date +%N; do sleep 0.2; done'", f"hawser-host:{version()}")
        self.host = Box(e, "host")
        self.host.expect("registered")
        e.must([client(), "exec", "-i", "host", "hawser-host", "password", "set"], text=PASSWORD + "\n")
        owners = {line.split()[1] for line in e.docker("top", "host", "-eo", "pid,uid").splitlines()[1:]}
        check(owners == {"10990"}, f"in the host's container run {owners}")
        self.device = self.host.run("hawser-host", "id")

    def crash(self):
        self.host.crash()
        self.host.expect("(?s)registered.*registered")

    def viewer(self, name, direct, *more):
        return BoxViewer(self.e, name, direct, self.device, self.key, *more)

    def close(self):
        """The containers go with the others."""


class StreetViewer(Viewer):
    def __init__(self, name, machine, device, key, *more):
        self.name = name
        self.program = machine.start("client/cli/hawser", "connect", device, "--server", MACHINE, "--key", key, "--headless", "--stats", *more)
        self.log = self.program.log

    def status(self):
        return self.program.proc.poll()

    def stop(self):
        self.program.stop()


class Street:
    """The same on machines of their own: one that reaches the host's, and one that reaches the servers only."""

    def __init__(self, e, key):
        self.e, self.key, self.machines, self.rules = e, key, [], []
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self):
        for number in range(3):
            self.machines.append(Client(self.e, number, {}))
        self.home, self.near, self.far = self.machines
        # whatever the engine's rules say of others
        for machine, verdict in ((self.near, "ACCEPT"), (self.far, "DROP")):
            for one, other in ((self.home, machine), (machine, self.home)):
                rule = ["FORWARD", "-s", one.address, "-d", other.address, "-j", verdict]
                self.e.must(self.e.enter(["iptables", "-I", *rule]))
                self.rules.append(rule)
        self.device = self.home.host(MACHINE, self.key)
        self.home.run("client/host/hawser-host", "password", "set", "--state-dir", self.home.state, text=PASSWORD + "\n")
        for machine in (self.near, self.far):
            machine.env["HAWSER_PASSWORD"] = PASSWORD

    def crash(self):
        self.home.hostd.stop(signal.SIGKILL)
        self.home.start_host()

    def viewer(self, name, direct, *more):
        return StreetViewer(name, self.near if direct else self.far, self.device, self.key, *more)

    def close(self):
        for rule in self.rules:
            self.e.must(self.e.enter(["iptables", "-D", *rule]))
        for machine in self.machines:
            machine.close()
