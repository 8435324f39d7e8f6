#!/usr/bin/env python3
"""What a host tells an API server ('api-server'), against a server of the test's that writes down what comes: heartbeats,
what machine it is, a session as it comes, is let in and goes; sessions that the server ends; answers that were made to do
harm; a server that is away for a while."""
import base64
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
from api_server import until  # noqa: E402
from live_stack import LiveStack, free_ports  # noqa: E402

# Answers to heartbeats that name no session of this host, or are none.
HOSTILE = [b"\xff{" + b"[" * 3000, b'{"disconnect":1,"disconnect":[1]}',
    b'{"disconnect":[0,-1,4294967297,1.5,"1",null,[1],{}' + b",77" * 9000 + b"]}",
    b'{"strategy":{"config_options":{"api-server":"http://evil.example","direct-server":"yes"}},"modified_at":9}', b"x" * 300000]


class Server:
    """`beats`: what is answered to the next heartbeats, one after the other; then {}."""

    def __init__(self, port):
        outer, self.got, self.beats, self.lock = self, [], [], threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with outer.lock:
                    outer.got.append((self.path, body))
                    reply = b"" if self.path == "/api/audit/conn" else b"SYSINFO_UPDATED" if self.path == "/api/sysinfo" else (
                        outer.beats.pop(0) if outer.beats else b"{}")
                self.send_response(200)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

        self.httpd = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.httpd.daemon_threads = True
        self.httpd.handle_error = lambda *_: None  # links that end
        self.port = self.httpd.server_address[1]
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()

    def all(self, path):
        with self.lock:
            return [body for p, body in self.got if p == path]

    def answer(self, *replies):
        with self.lock:
            self.beats += replies

    def stop(self):
        self.httpd.shutdown()
        self.httpd.server_close()


def who_and_what(stack, server):
    beat = until("a heartbeat", lambda: server.all("/api/heartbeat"))[0]
    with open(os.path.join(stack.dir, "host", "uuid"), encoding="ascii") as f:
        uuid = base64.b64encode(f.read().strip().encode()).decode()
    assert beat["id"] == stack.id and beat["uuid"] == uuid and beat["ver"] > 0 and "conns" not in beat, beat
    facts = until("what machine it is", lambda: server.all("/api/sysinfo"))[0]
    assert facts["id"] == stack.id and facts["hostname"] == os.uname().nodename and "linux" in facts["os"] and facts["memory"].endswith("GB"), facts
    server.answer(b'{"sysinfo":1}')


def questions(server):
    """One that nobody answers is not good for ever: an answer that was held back would be, too."""
    until("another question", lambda: len({b["hawser-nonce"] for b in server.all("/api/heartbeat")}) > 1)


def a_session(stack, server):
    """New, let in, in the heartbeats, and closed, by the server; nonsense ends nothing before."""
    records = lambda: server.all("/api/audit/conn")  # noqa: E731
    viewer = stack.view()
    new, opened = until("two records of the session", lambda: records()[:2] if len(records()) >= 2 else None)
    assert new["action"] == "new" and new["ip"] == "127.0.0.1" and new["session_id"] == 0, new
    assert "action" not in opened and opened["conn_id"] == new["conn_id"] and opened["type"] == 0 and len(opened["peer"]) == 2, opened
    assert new["nonce"] != opened["nonce"]
    until("the session is in a heartbeat", lambda: [b for b in server.all("/api/heartbeat") if b.get("conns") == [new["conn_id"]]])
    server.answer(*HOSTILE)
    until("all were answered", lambda: not server.beats)
    assert viewer.proc.poll() is None and len(records()) == 2, records()
    server.answer(json.dumps({"disconnect": [new["conn_id"]]}).encode())
    viewer.expect("Closed manually by web console")
    closed = until("the end of the session", lambda: records()[2:])[0]
    assert closed["action"] == "close" and closed["conn_id"] == new["conn_id"] and closed["session_id"] == opened["session_id"], closed


def main():
    with LiveStack() as stack:
        stack.servers()
        port = free_ports(1)
        stack.host("--api-server", f"http://127.0.0.1:{port}/")
        # it is not there yet, and is found once it is
        stack.hostd.expect("report.away")
        server = Server(port)
        stack.hostd.expect("report.back")
        who_and_what(stack, server)
        a_session(stack, server)
        questions(server)
        server.stop()
        log = stack.hostd.log()
        assert "AddressSanitizer" not in log and "runtime error" not in log, log[-3000:]
    print("reports of a host: all is told")
    return 0


if __name__ == "__main__":
    sys.exit(main())
