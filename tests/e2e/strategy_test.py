#!/usr/bin/env python3
"""A strategy at a host: made with the API that administrators have, signed by the ID server, in force in a session that runs
and after a start without the API server, and taken away again. What the owner has closed stays closed. Not taken: an answer
that somebody on the way says again, or changes, and one that nobody has signed. Real programs throughout."""
import http.client
import json
import os
import sqlite3
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
from api_server import BUILD, LIMIT_S, Api, until  # noqa: E402
from live_stack import LiveStack, free_ports  # noqa: E402

HOST = "client/host/hawser-host"
OPTIONS = {"enable-clipboard": "N", "enable-file-transfer": "N", "enable-tunnel": "Y", "access-mode": "full", "enable-abr": "N"}
OF_STRATEGY = ["enable-clipboard", "enable-file-transfer"]


class Way:
    """Between a host and an API server: passes on what is asked and what is answered, and keeps both; or answers by itself."""

    def __init__(self, port):
        outer, self.port_behind, self.lock = self, port, threading.Lock()
        self.beats, self.answers, self.instead = [], [], []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, reply = outer.answer(self.path, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True
        self.httpd.handle_error = lambda *_: None  # links that end
        self.address = f"http://127.0.0.1:{self.httpd.server_address[1]}"
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()

    def answer(self, path, body):
        beat = path == "/api/heartbeat"
        with self.lock:
            if beat:
                self.beats.append(json.loads(body))
            if beat and self.instead:
                return 200, self.instead.pop(0)
        link = http.client.HTTPConnection("127.0.0.1", self.port_behind, timeout=LIMIT_S)
        try:
            link.request("POST", path, body, {"Content-Type": "application/json"})
            got = link.getresponse()
            reply = got.read()
        except OSError:
            return 503, b""
        finally:
            link.close()
        with self.lock:
            if beat and b'"strategy"' in reply:
                self.answers.append(reply)
        return got.status, reply

    def say(self, *replies):
        """To the next heartbeats, and waits until the host has been told the last and has asked once more."""
        with self.lock:
            self.instead += replies
        until("the answers were asked for", lambda: not self.instead)
        count = len(self.beats)
        until("one more heartbeat", lambda: len(self.beats) > count)

    def stop(self):
        self.httpd.shutdown()
        self.httpd.server_close()


class Host:
    """With a configuration file of its own, so that its owner may change something."""

    def __init__(self, stack, api, *more):
        self.stack, self.conf = stack, os.path.join(stack.dir, "host.conf")
        if not os.path.exists(self.conf):
            with open(self.conf, "w", encoding="utf-8") as f:
                f.write("[permissions]\nenable-tunnel = no\n")
            os.chmod(self.conf, 0o600)
        stack.host("--config", self.conf, "--api-server", api, *more)

    def run(self, *argv):
        r = subprocess.run([os.path.join(BUILD, HOST), *argv, "--config", self.conf, "--state-dir", os.path.join(self.stack.dir, "host")],
            env=self.stack.env, check=True, capture_output=True, text=True, timeout=LIMIT_S)
        return r.stdout, r.stderr

    def get(self, name):
        return self.run("config", "get", name)[0].strip()

    def status(self):
        return json.loads(self.run("status", "--json")[0])

    def strategy(self):
        return self.status()["strategy"]

    def may(self):
        """What the session that runs may do."""
        words = self.run("permit", str(self.status()["sessions"][0]["conn"]))[0].split()
        return dict(w.split("=") for w in words)

    def stop(self):
        assert self.stack.hostd.stop() == 0, self.stack.hostd.log()[-2000:]


def make(admin, host_id, **more):
    device = until("the device is known", lambda: admin.must(200, "GET", "/devices", query={"q": host_id})["items"])[0]
    s = admin.must(201, "POST", "/strategies", {"name": "calm", "options": OPTIONS, **more})
    admin.must(200, "POST", f"/strategies/{s['guid']}/targets", {"add": [{"kind": "device", "guid": device["guid"]}], "dry_run": False})
    return s


def held_number(way, number):
    until(f"a heartbeat says number {number}", lambda: way.beats[-1]["modified_at"] == number)


def server_knows(api, host_id, number):
    """What it has written down as this device's."""
    with sqlite3.connect(f"file:{api.dir}/state/hawser-api.sqlite3?mode=ro", uri=True) as db:
        until(f"the server has seen number {number}",
            lambda: db.execute("SELECT strategy_seen FROM device WHERE id = ?", (host_id,)).fetchone() == (number,))


def in_force(host, way, admin, s):
    """In the session that runs; what the owner has closed is not opened, and what is not known here is named."""
    number = admin.must(200, "GET", f"/strategies/{s['guid']}")["revision"]
    line = host.stack.hostd.expect(r"strategy\.applied.*").group(0)
    assert "enable-abr" in line and "enable-clipboard=no" in line, line
    held_number(way, number)
    told = host.strategy()
    assert told["mode"] == "narrow" and told["number"] == number and told["settings"] == OF_STRATEGY, told
    assert told["stays"] == "access-mode, enable-tunnel" and told["others"] == "enable-abr" and told["refused"] == "", told
    may = until("the session may no more", lambda: (m := host.may())["clipboard"] == "off" and m)
    assert may["keyboard"] == "on", may
    assert host.get("enable-file-transfer") == "no" and host.get("enable-tunnel") == "no" and host.get("access-mode") == "custom"
    assert "sets enable-clipboard enable-file-transfer" in host.run("status")[0]
    said = host.run("config", "set", "enable-clipboard", "yes")[1]
    assert "strategy" in said and host.get("enable-clipboard") == "no", said
    assert "From a strategy of the API server: enable-clipboard" in host.run("config", "show")[0]
    return number


def the_owner_decides(host, way, number):
    host.run("config", "set", "strategies", "off")
    assert host.get("enable-clipboard") == "yes" and host.strategy()["number"] == 0
    held_number(way, 0)
    assert "hawser-nonce" not in way.beats[-1], way.beats[-1]
    host.run("config", "set", "strategies", "on")
    assert host.get("enable-tunnel") == "yes" and host.get("access-mode") == "full"
    held_number(way, number)
    host.run("config", "set", "strategies")
    assert host.get("enable-tunnel") == "no" and host.get("enable-clipboard") == "no"


def without_the_server(host, stack):
    """It holds from the first moment on."""
    host.stop()
    gone = Host(stack, f"http://127.0.0.1:{free_ports(1)}/")
    gone.stack.hostd.expect(r"strategy\.applied")
    assert gone.get("enable-clipboard") == "no" and gone.strategy()["settings"] == OF_STRATEGY
    gone.stop()
    off = Host(stack, f"http://127.0.0.1:{free_ports(1)}/", "--strategies", "off")
    assert off.get("enable-clipboard") == "yes" and "strategy." not in stack.hostd.log(), stack.hostd.log()
    off.stop()


def on_the_way(host, way, number):
    """Who can change what is answered changes nothing: nor can he say again what was said once."""
    old = way.answers[0]
    assert json.loads(old)["modified_at"] == number, old
    other = json.loads(old)
    other["strategy"]["extra"]["hawser-text"] = other["strategy"]["extra"]["hawser-text"].replace('"N"', '"Y"')
    way.say(old, json.dumps(other).encode(), b'{"modified_at":0,"strategy":{"config_options":{"enable-clipboard":""}}}',
        b'{"modified_at":0,"strategy":{"config_options":{},"extra":{"hawser-text":"{}","hawser-signature":"AA=="}}}',
        b'{"modified_at":0,"strategy":{"config_options":{},"extra":{"hawser-text":"' + b"x" * 40000 + b'","hawser-signature":"AA=="}}}',
        b'{"modified_at":0,"strategy":[]}')
    log = host.stack.hostd.log()
    for why in ("somebody says again", "not signed by the server", "is not signed: the API server"):
        assert why in log, f"{why}: {log[-3000:]}"
    assert host.strategy()["number"] == number and host.get("enable-clipboard") == "no"


def taken_away(host, way, admin, s):
    admin.must(200, "PATCH", f"/strategies/{s['guid']}", {"enabled": False})
    host.stack.hostd.expect(r"strategy\.gone")
    held_number(way, 0)
    assert host.get("enable-clipboard") == "yes" and host.strategy()["number"] == 0
    until("the session may again", lambda: host.may()["clipboard"] == "on")
    gone = way.answers[-1]
    assert json.loads(gone)["modified_at"] == 0, gone
    # another one, and nobody takes it away by saying again that it was
    admin.must(200, "PATCH", f"/strategies/{s['guid']}", {"enabled": True, "options": {"enable-audio": "N"}})
    until("the next one holds", lambda: host.get("enable-audio") == "no")
    assert host.get("enable-clipboard") == "yes" and host.strategy()["settings"] == ["enable-audio"]
    way.say(gone)
    assert host.get("enable-audio") == "no"
    host.stop()
    assert not [x for x in host.stack.hostd.log().splitlines() if "AddressSanitizer" in x or "runtime error" in x]


def signed_ones():
    with LiveStack(api=True) as stack:
        stack.servers()
        with stack.api() as api:
            way, admin = Way(api.port), api.admin()
            host = Host(stack, way.address)
            stack.view()
            s = make(admin, stack.id)
            number = in_force(host, way, admin, s)
            server_knows(api, stack.id, number)
            the_owner_decides(host, way, number)
            without_the_server(host, stack)
            host = Host(stack, way.address)
            stack.hostd.expect(r"strategy\.applied")
            stack.view()  # with a session it asks every three seconds
            on_the_way(host, way, number)
            taken_away(host, way, admin, s)
            way.stop()


def unsigned_ones():
    """The ID server is not known to that API server."""
    with LiveStack() as stack:
        stack.servers()
        with Api() as api:
            way = Way(api.port)
            host = Host(stack, way.address)
            make(api.admin(), stack.id, enforce=True)
            stack.hostd.expect(r"strategy\.refused.*rendezvous-control")
            count = len(way.answers)
            until("it is said again", lambda: len(way.answers) > count)
            assert host.get("enable-clipboard") == "yes" and all(b["modified_at"] == 0 for b in way.beats)
            assert "rendezvous-control" in host.strategy()["refused"], host.strategy()
            assert stack.hostd.log().count("strategy.refused") == 1, "said more than once"
            host.stop()
            way.stop()


def main():
    signed_ones()
    unsigned_ones()
    print("strategies at a host: what is signed holds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
