"""docs/install.md as a test follows it: the commands of each way, and whether what they leave behind is a server: a device
registers, the relay is there, and the link that was printed makes the first owner."""
import http.client
import json
import os
import re
import socket
import sys
import threading

from base import ROOT
from engine import enter_network
from wire import Device

sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
from api_server import until  # noqa: E402

PASSWORD = "a long sentence is best"


def blocks(way):
    """The commands below this heading, block by block."""
    with open(os.path.join(ROOT, "docs", "install.md"), encoding="utf-8") as f:
        part, = re.findall(rf"^## {way}\n(.*?)(?=^## |\Z)", f.read(), re.M | re.S)
    found = re.findall(r"^```sh\n(.*?)^```$", part, re.M | re.S)
    if not found:
        raise AssertionError(f"docs/install.md says nothing of {way}")
    return found


def ask(method, path, body=None):
    c = http.client.HTTPConnection("127.0.0.1", 21114, timeout=60)
    c.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"} if body else {})
    answer = c.getresponse()
    text = answer.read()
    c.close()
    return answer.status, text


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 5):
            return True
    except OSError:
        return False


def look(token, doctor):
    for port in (21115, 21116, 21118, 21117, 21119, 21114):
        until(f"port {port} is open", lambda p=port: answers(p))
    device = Device("127.0.0.1", "123456789")
    device.register()
    device.close()
    status, page = ask("GET", "/")
    assert status == 200 and b"<html" in page.lower(), f"the console: {status} {page[:200]}"
    status, said = ask("POST", "/api/v1/setup", {"token": token, "name": "anna", "password": PASSWORD})
    assert status == 200, f"the first owner: {status} {said}"
    status, said = ask("POST", "/api/v1/login", {"name": "anna", "password": PASSWORD})
    assert status == 200 and json.loads(said)["state"] in ("done", "second_factor"), f"a login: {status} {said}"
    until("the ID server asks who may connect", lambda: re.search(r"^good +accounts", doctor(), re.M))


def must_serve(said, pid, doctor):
    """`said`: what the commands printed; `pid`: a process in the network that the servers are in; `doctor`: what hawser-admin's says."""
    key = re.search(r"(?<![A-Za-z0-9+/])([A-Za-z0-9+/]{43}=)\s*$", said, re.M)
    link = re.search(r"#/setup\?token=([^\s\"&]+)", said)
    assert key and link, f"neither key nor link:\n{said}"
    fault = []

    def run():
        try:
            enter_network(pid)
            look(link[1], doctor)
        except BaseException as e:
            fault.append(e)
    t = threading.Thread(target=run)
    t.start()
    t.join()
    if fault:
        raise fault[0]
