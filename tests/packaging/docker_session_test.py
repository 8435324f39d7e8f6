#!/usr/bin/env python3
"""`docker-compose up` with the compose files as they are, then real sessions between a host container and viewers in others: one
that finds a direct way and one that needs the relay. Each container is killed under a session and comes back by itself; the
sessions go on. With the API server beside it, who has no account is refused.

Where only the servers' images are made (HAWSER_TEST_PREBUILT), host and viewers are no containers but on machines of their own."""
import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "packaging", "support"))
from ends import Box, Boxes, Street, check  # noqa: E402
from engine import PREBUILT, Engine, version  # noqa: E402
from street import until  # noqa: E402

FILES = [os.path.join(ROOT, "docker", name) for name in ("compose.yml", "compose.api.yml")]
PROJECT = "session"
DENIED = 6


class Stack:
    def __init__(self, e, files):
        self.e, self.files = e, files
        self.compose("up", "-d")
        self.rendezvous, self.relay = self.box("rendezvous"), self.box("relay")
        for box in (self.rendezvous, self.relay):
            box.healthy()

    def compose(self, *argv):
        return self.e.compose(PROJECT, self.files, *argv, env={"HAWSER_VERSION": version()})

    def box(self, service):
        found = self.e.docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={PROJECT}", "--filter",
            f"label=com.docker.compose.service={service}", "--filter", "label=com.docker.compose.oneoff=False").split()
        check(len(found) == 1, f"containers of {service}: {found}")
        return Box(self.e, found[0])

    def key(self):
        return self.rendezvous.run("hawser-rendezvous", "key")


def sessions(e, stack, ends):
    key, device = stack.key(), ends.device
    check(json.loads(stack.compose("run", "--rm", "admin", "--json", "stats")), "hawser-admin")

    direct = ends.viewer("direct", True)
    figures = direct.sees("(?!relay).+")
    print(f"direct: path={figures['path']} encryption={figures['encryption']}", flush=True)
    check(figures["encryption"] == "v2", figures)
    relayed = ends.viewer("relayed", False)
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

    ends.crash()
    direct.goes_on("with the host that was started again")
    relayed.goes_on("with the host that was started again")
    direct.stop()
    relayed.stop()


def accounts_count(e, ends, key):
    """The same servers with hawser-api beside them: it is asked, and knows nobody."""
    stack = Stack(e, FILES)
    stack.box("api").healthy()
    check(stack.key() == key, "the ID server has another key")
    stack.compose("run", "--rm", "admin", "config", "set", "--require-login", "yes")
    until("the host is at the ID server again", lambda: ends.device in stack.compose("run", "--rm", "admin", "peers"))
    viewer = ends.viewer("stranger", True, "--no-retry")
    until("the viewer ends", lambda: viewer.status() is not None)
    check(viewer.status() == DENIED and "Log in" in viewer.log(), viewer.log())
    viewer.stop()
    return stack


def main():
    with Engine() as e:
        e.images()
        e.clear()
        ends = None
        try:
            stack = Stack(e, FILES[:1])
            key = stack.compose("exec", "-T", "rendezvous", "hawser-rendezvous", "key")
            ends = (Street if PREBUILT else Boxes)(e, key)
            sessions(e, stack, ends)
            stack = accounts_count(e, ends, key)
            stack.compose("stop", "-t", "20")
            for name in ("rendezvous", "relay", "api"):
                box = stack.box(name)
                check(box.status() == 0, f"{name} ends with {box.status()}: {box.log()[-2000:]}")
        finally:
            if ends:
                ends.close()
            e.clear()
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
