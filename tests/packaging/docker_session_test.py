#!/usr/bin/env python3
"""`docker-compose up` with the compose files as they are, then real sessions between a host container and viewers in others: one
that finds a direct way and one that needs the relay. Each container is killed under a session and comes back by itself; the
sessions go on. With the API server beside it, who has no account is refused."""
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "packaging", "support"), os.path.join(ROOT, "tests", "support")]
from api_server import until  # noqa: E402
from engine import Engine, MACHINE, client, version  # noqa: E402

FILES = [os.path.join(ROOT, "docker", name) for name in ("compose.yml", "compose.api.yml")]
PROJECT = "session"
PASSWORD = "what opens this container"
DENIED = 6


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
        try:
            return until(f"{self.name} says '{pattern}'", found)
        except AssertionError as fault:
            raise AssertionError(f"{fault}\n{self.log()[-3000:]}") from fault

    def run(self, *argv):
        return self.e.docker("exec", self.name, *argv)

    def crash(self):
        """As a fault would end it, so that the engine starts it anew by its own rule; it does not after 'docker kill'."""
        count = self.state("RestartCount")
        self.e.must(self.e.inside(["kill", "-KILL", self.state("State.Pid")]))
        until(f"{self.name} is started again", lambda: self.state("RestartCount") != count and self.state("State.Running") == "true")


class Viewer(Box):
    def __init__(self, e, name, world, device, key, *more):
        super().__init__(e, name)
        e.docker("run", "-d", "--name", name, "--network", world, "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--no-healthcheck",
            "-e", f"HAWSER_PASSWORD={PASSWORD}", "--entrypoint", "/usr/bin/hawser", f"hawser-host:{version()}", "connect", device,
            "--server", MACHINE, "--key", key, "--headless", "--stats", *more)

    def stats(self):
        lines = [line for line in self.log().splitlines() if line.startswith("stats frames=")]
        return dict(word.split("=", 1) for word in lines[-1].split()[1:]) if lines else {}

    def sees(self, path):
        try:
            until(f"{self.name} has pictures by {path}", lambda: int(self.stats().get("frames", 0)) > 0 and re.fullmatch(path, self.stats()["path"]))
        except AssertionError as fault:
            raise AssertionError(f"{fault}\n{self.log()[-3000:]}") from fault
        return self.stats()

    def goes_on(self, why):
        """Pictures come that had not come: the clock on the desktop changes all the time."""
        had = self.log().count("\nstats ")
        def more():
            lines = [line for line in self.log().splitlines() if line.startswith("stats ")][had + 1:]
            got = [int(re.search(r"frames=(\d+)", line).group(1)) for line in lines]
            return len(got) > 2 and got[-1] > got[-2]
        try:
            until(f"{self.name} goes on {why}", more)
        except AssertionError as fault:
            raise AssertionError(f"{fault}\n{self.log()[-3000:]}") from fault


class Stack:
    def __init__(self, e, files):
        self.e, self.files = e, files
        self.compose("up", "-d")
        boxes = {name: Box(e, self.compose("ps", "-q", name)) for name in ("rendezvous", "relay")}
        self.rendezvous, self.relay = boxes["rendezvous"], boxes["relay"]
        for name, box in boxes.items():
            until(f"{name} is healthy", lambda b=box: b.state("State.Health.Status") == "healthy")

    def compose(self, *argv):
        return self.e.compose(PROJECT, self.files, *argv, env={"HAWSER_VERSION": version()})

    def key(self):
        return self.compose("exec", "-T", "rendezvous", "hawser-rendezvous", "key")


def new_host(e, key):
    """A desktop on which something always changes, in a network of its own behind the machine."""
    e.docker("network", "create", "homes")
    e.docker("network", "create", "offices")
    e.docker("run", "-d", "--name", "host", "--restart", "always", "--network", "homes", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL",
        "--security-opt", "no-new-privileges:true", "-e", f"HAWSER_HOST_SERVER={MACHINE}", "-e", f"HAWSER_HOST_KEY={key}",
        "-e", "HAWSER_DESKTOP_RUN=exec xterm -e 'while date +%N; do sleep 0.2; done'", f"hawser-host:{version()}")
    host = Box(e, "host")
    host.expect("registered")
    e.must([client(), "exec", "-i", "host", "hawser-host", "password", "set"], text=PASSWORD + "\n")
    owners = {line.split()[1] for line in e.docker("top", "host", "-eo", "pid,uid").splitlines()[1:]}
    check(owners == {"10990"}, f"in the host's container run {owners}")
    return host, host.run("hawser-host", "id")


def sessions(e):
    stack = Stack(e, FILES[:1])
    key = stack.key()
    check(json.loads(stack.compose("run", "--rm", "admin", "--json", "stats")), "hawser-admin")
    host, device = new_host(e, key)

    direct = Viewer(e, "direct", "host", device, key)
    figures = direct.sees("(?!relay).+")
    print(f"direct: path={figures['path']} encryption={figures['encryption']}", flush=True)
    check(figures["encryption"] == "v2", figures)
    relayed = Viewer(e, "relayed", "offices", device, key)
    figures = relayed.sees("relay")
    check(figures["encryption"] == "v2", figures)

    stack.rendezvous.crash()
    direct.goes_on("without the ID server")
    relayed.goes_on("without the ID server")
    until("the ID server serves again", lambda: e.try_docker("exec", stack.rendezvous.name, "hawser-rendezvous", "health", "--ready")[0] == 0)
    check(stack.key() == key, "the ID server has another key")
    until("the host is at the ID server again", lambda: device in stack.compose("run", "--rm", "admin", "peers"))

    stack.relay.crash()
    direct.goes_on("without the relay")
    relayed.goes_on("by the relay that was started again")
    check(relayed.stats()["path"] == "relay", relayed.stats())

    host.crash()
    host.expect("(?s)registered.*registered")
    direct.goes_on("with the host that was started again")
    relayed.goes_on("with the host that was started again")
    e.docker("rm", "-f", "-v", "direct", "relayed")
    return stack, device, key


def accounts_count(e, device, key):
    """The same servers with hawser-api beside them: it is asked, and knows nobody."""
    stack = Stack(e, FILES)
    until("the API server is healthy", lambda: Box(e, stack.compose("ps", "-q", "api")).state("State.Health.Status") == "healthy")
    check(stack.key() == key, "the ID server has another key")
    stack.compose("run", "--rm", "admin", "config", "set", "--require-login", "yes")
    until("the host is at the ID server again", lambda: device in stack.compose("run", "--rm", "admin", "peers"))
    viewer = Viewer(e, "stranger", "host", device, key, "--no-retry")
    until("the viewer ends", lambda: viewer.state("State.Running") == "false")
    check(viewer.state("State.ExitCode") == str(DENIED) and "Log in" in viewer.log(), viewer.log())
    viewer.e.docker("rm", "-f", "-v", "stranger")
    return stack


def main():
    with Engine() as e:
        e.images()
        e.clear()
        try:
            _, device, key = sessions(e)
            stack = accounts_count(e, device, key)
            stack.compose("stop", "-t", "20")
            for name in ("rendezvous", "relay", "api"):
                box = Box(e, stack.compose("ps", "-q", name))
                check(box.state("State.ExitCode") == "0", f"{name} ends with {box.state('State.ExitCode')}: {box.log()[-2000:]}")
        finally:
            e.clear()
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
