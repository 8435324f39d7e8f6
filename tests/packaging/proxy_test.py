#!/usr/bin/env python3
"""Servers on a bridge that would hide who calls, behind docker/compose.proxy.yml: a viewer by TCP and by WebSocket, one end
of a session at the relay, and a device by UDP are all seen with the addresses that they have; what a client says of its address
itself counts for nothing."""
import json
import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import base  # noqa: E402
import standins  # noqa: E402
from engine import BRIDGE, MACHINE, ROOT, Engine  # noqa: E402
from street import BUILD, Client, until  # noqa: E402
from wire import LIMIT_S, Device, call_by_tcp, call_by_web, frame, request  # noqa: E402

PROJECT, DEVICE = "proxy", "500000003"
FILES = [os.path.join(ROOT, "docker", name) for name in ("compose.yml", "compose.proxy.yml")]
FORGED = "X-Forwarded-For: 203.0.113.66\r\nX-Real-IP: 203.0.113.66\r\nForwarded: for=203.0.113.66\r\n"


def container(service):
    return f"{PROJECT}_{service}_1"


def admin(engine, *words):
    pid = engine.docker("inspect", "-f", "{{.State.Pid}}", container("rendezvous"))
    path = f"/proc/{engine.inner}/root/proc/{pid}/root/run/hawser-rendezvous/control.sock"
    said = subprocess.run([os.path.join(BUILD, "admin", "hawser-admin"), "--json", "--socket", path, *words], capture_output=True, text=True, check=False)
    return json.loads(said.stdout) if said.returncode == 0 else None


def seen_as(device, viewer, what, call):
    link = viewer.inside(call)
    ip, _ = device.called_by()
    link.close()
    assert ip == viewer.address, f"by {what} the viewer at {viewer.address} seems to be {ip}"


def own_header(viewer, key):
    """A client's own PROXY header comes behind the front's, and is the end of its link."""
    def call():
        s = socket.create_connection((MACHINE, 21116), LIMIT_S)
        s.sendall(b"PROXY TCP4 203.0.113.66 10.0.0.1 1000 21116\r\n" + frame(request(DEVICE, key)))
        try:
            while s.recv(1000):
                pass
        except ConnectionError:
            pass
        return s
    viewer.inside(call).close()


def at_relay(engine, viewer):
    """A leg that goes at once is told in the log, with whose it was."""
    viewer.inside(lambda: socket.create_connection((MACHINE, 21117), LIMIT_S)).close()
    until("the relay tells of the viewer's address", lambda: f"\"{viewer.address}:" in engine.docker("logs", container("relay")))
    assert "203.0.113.66" not in engine.docker("logs", container("relay"))


def main():
    with Engine() as engine:
        engine.images("rendezvous", "relay", "admin")
        env = {"HAWSER_GATEWAY": BRIDGE, "HAWSER_HAPROXY_IMAGE": standins.make(engine, "haproxy")}
        engine.compose(PROJECT, FILES, "up", "-d", "rendezvous", "relay", "front", env=env)
        try:
            until("the server is well", lambda: engine.docker("inspect", "-f", "{{.State.Health.Status}}", container("rendezvous")) == "healthy")
            key = engine.docker("exec", container("rendezvous"), "/usr/bin/hawser-rendezvous", "key")
            with Client(engine, 0, {}) as desk, Client(engine, 1, {}) as away:
                device = desk.inside(lambda: Device(MACHINE, DEVICE).register())
                peer = until("the server has the device", lambda: admin(engine, "peer", DEVICE))
                assert f"{desk.address}:" in json.dumps(peer), f"by UDP the device at {desk.address} seems to be {peer}"
                seen_as(device, away, "TCP", lambda: call_by_tcp(MACHINE, DEVICE, key))
                seen_as(device, away, "WebSocket", lambda: call_by_web(MACHINE, DEVICE, key, more=FORGED))
                own_header(away, key)
                seen_as(device, away, "TCP, after a forged header", lambda: call_by_tcp(MACHINE, DEVICE, key))
                at_relay(engine, away)
                # what it is for: the loopback ports lead there without the front, and are for nobody else
                wrong = subprocess.run(away.enter(["curl", "-s", "--max-time", "3", f"http://{MACHINE}:31118/"]), check=False, capture_output=True)
                assert wrong.returncode == 7, f"port 31118 is open to others: {wrong}"
                device.close()
        except BaseException:
            print(engine.compose(PROJECT, FILES, "logs", "--no-color", "--tail", "30", env=env))
            raise
        finally:
            engine.compose(PROJECT, FILES, "down", "-v", "-t", "2", env=env)
    print("proxy: all well")


if __name__ == "__main__":
    base.need("curl")
    main()
