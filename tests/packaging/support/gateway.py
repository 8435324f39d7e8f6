"""What leads out of the engine's network (engine.py), and nothing else does: a proxy for the machine's package sources, and a
store of compiled files, as ccache asks for one, so that a second build of an image compiles what is new only."""
import http.client
import os
import re
import select
import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit
from urllib.request import getproxies

GATEWAY_PORT = 3128
KEPT_BYTES = 64 << 20  # of one file in the store
STORE_BYTES = 1 << 30
PART = 1 << 16


class Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 120

    def log_message(self, *_):
        pass

    def reply(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def stored(self):
        """The file of a request for the store; names are hashes in two folders."""
        m = re.fullmatch(r"/ccache/([0-9a-z]{2}/)?([0-9a-z.]{4,80})", self.path)
        return os.path.join(self.server.store, m.group(2)) if m else None

    def do_GET(self):
        if self.path.startswith("/"):
            path = self.stored()
            if path is None or not os.path.exists(path):
                return self.reply(404)
            os.utime(path)
            with open(path, "rb") as f:
                return self.reply(200, f.read())
        return self.forward()

    do_HEAD = do_GET

    def do_PUT(self):
        path, size = self.stored(), int(self.headers.get("Content-Length", "-1"))
        if path is None or not 0 <= size <= KEPT_BYTES:
            self.close_connection = True
            return self.reply(400)
        part = f"{path}.{threading.get_ident()}.part"
        with open(part, "wb") as f:
            f.write(self.rfile.read(size))
        os.rename(part, path)
        return self.reply(201)

    def forward(self):
        """A whole URL, as a proxy is asked for it; by the proxy of the machine where it has one."""
        url, via = urlsplit(self.path), getproxies().get("http")
        self.close_connection = True
        if url.scheme != "http":
            return self.reply(400)
        peer = urlsplit(via) if via else url
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("proxy-connection", "connection", "keep-alive")}
        link = http.client.HTTPConnection(peer.hostname, peer.port or 80, timeout=60)
        try:
            path = self.path if via else (url.path or "/") + ("?" + url.query if url.query else "")
            link.request(self.command, path, headers={**headers, "Connection": "close"})
            answer = link.getresponse()
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            while self.command != "HEAD" and (data := answer.read(PART)):
                self.wfile.write(data)
        except OSError as e:
            return self.reply(502, str(e).encode())
        finally:
            link.close()
        return None

    def do_CONNECT(self):
        """https, where sources are reached so."""
        host, _, port = self.path.rpartition(":")
        try:
            far = socket.create_connection((host.strip("[]"), int(port)), 60)
        except (OSError, ValueError) as e:
            return self.reply(502, str(e).encode())
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        with far:
            pair = {self.connection: far, far: self.connection}
            while pair:
                ready = select.select(list(pair), [], [], 120)[0]
                for s in ready:
                    data = s.recv(PART)
                    if not data:
                        return None
                    pair[s].sendall(data)
                if not ready:
                    return None
        return None


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, *_):
        """Who hangs up in the middle is no subject here."""


def trim(store):
    """What was not asked for the longest goes first."""
    files = sorted(((f.stat().st_mtime, f.stat().st_size, f.path) for f in os.scandir(store) if f.is_file()), reverse=True)
    total = 0
    for _, size, path in files:
        total += size
        if total > STORE_BYTES:
            os.unlink(path)


class Gateway:
    def __init__(self, store):
        os.makedirs(store, exist_ok=True)
        trim(store)
        self.store, self.server = store, None

    def listen(self, enter):
        """A socket belongs to the network of the thread that made it: that one is there, those that serve are here."""
        def bind():
            enter()
            self.server = Server(("0.0.0.0", GATEWAY_PORT), Request)
            self.server.store = self.store
        maker = threading.Thread(target=bind)
        maker.start()
        maker.join()
        if self.server is None:
            raise AssertionError("the gateway cannot listen")
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
