#!/usr/bin/env python3
"""A network that lets only the web through, and answers there itself: the viewer's login must not go to whoever says to be the server,
but whose certificate no authority of the machine, or none for this name, vouches for. In a network namespace of the test's own, since the
web's port is a fixed one."""
import base64
import hashlib
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

BUILD = os.environ["HAWSER_TEST_BUILD"]
NAME, TOKEN, KEY = "localhost", "token-of-ann-0123456789", base64.b64encode(bytes(range(1, 33))).decode()
SKIP = 77
PATIENCE_S = 60


def certificate(folder, name):
    """Signs itself; the file of the certificate, and that of its key."""
    cert, key = (os.path.join(folder, f"{name}.{what}") for what in ("pem", "key"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout", key,
        "-out", cert, "-subj", "/CN=hawser test", "-addext", f"subjectAltName=DNS:{name}"], check=True, capture_output=True)
    return cert, key


class Server:
    """The web's port of this machine: takes whoever comes through TLS and asks for a WebSocket, and keeps what is said."""

    def __init__(self, cert, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.said, self.came, self.sockets = b"", 0, []
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            s = socket.socket(family, socket.SOCK_STREAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((address, 443))
            s.listen(8)
            self.sockets.append(s)
            threading.Thread(target=self.take, args=(s,), daemon=True).start()

    def take(self, listener):
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            self.came += 1
            plain.settimeout(PATIENCE_S)
            try:
                with self.context.wrap_socket(plain, server_side=True) as s:
                    self.listen(s)
            except OSError:
                plain.close()

    def listen(self, s):
        head = b""
        while b"\r\n\r\n" not in head:
            more = s.recv(4096)
            if not more:
                return
            head += more
            self.said += more
        accept = next(line.split(b":", 1)[1].strip() for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:"))
        accept = base64.b64encode(hashlib.sha1(accept + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        frame = head.split(b"\r\n\r\n", 1)[1]
        while len(frame) < 6 or len(frame) < self.whole(frame):
            more = s.recv(4096)
            if not more:
                return
            frame += more
        at = self.whole(frame) - self.length(frame)
        mask = frame[at - 4:at]
        self.said += bytes(b ^ mask[i % 4] for i, b in enumerate(frame[at:self.whole(frame)]))

    @staticmethod
    def length(frame):
        short = frame[1] & 0x7f
        return int.from_bytes(frame[2:4], "big") if short == 126 else short

    def whole(self, frame):
        return 2 + (2 if frame[1] & 0x7f == 126 else 0) + 4 + self.length(frame)

    def close(self):
        for s in self.sockets:
            s.shutdown(socket.SHUT_RDWR)
            s.close()


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(self.folder.cleanup)
        config = os.path.join(self.folder.name, "config", "hawser")
        os.makedirs(config, mode=0o700)
        self.write(os.path.join(config, "accounts.json"), json.dumps({"accounts": [{"key": KEY, "api": "https://api.example.com", "user": "ann",
            "title": "Ann", "since": 1, "insecure_http": False, "token": TOKEN}]}))
        self.write(os.path.join(config, "hawser.conf"), f"server = {NAME}\nkey = {KEY}\n")

    @staticmethod
    def write(path, text):
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as f:
            f.write(text)

    def connect(self, cert, key, trusted):
        """What a viewer says to the server with that certificate, which trusts those of `trusted` alone, and what it says to its user."""
        server = Server(cert, key)
        env = {"PATH": os.environ["PATH"], "HOME": self.folder.name, "XDG_CONFIG_HOME": os.path.join(self.folder.name, "config"),
            "SSL_CERT_FILE": trusted, "SSL_CERT_DIR": self.folder.name}
        done = subprocess.run([os.path.join(BUILD, "client/cli/hawser"), "connect", "123456789", "--headless", "--no-retry"], env=env,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False)
        server.close()
        self.assertNotEqual(done.returncode, 0)
        self.assertGreater(server.came, 0, done.stderr)
        return server.said, done.stderr

    def test_a_stranger_hears_nothing(self):
        own, other = certificate(self.folder.name, NAME), certificate(self.folder.name, "other.example")
        said, text = self.connect(*own, other[0])
        self.assertEqual(said, b"", text)
        # nor one that an authority vouches for, by another name
        said, text = self.connect(*other, other[0])
        self.assertEqual(said, b"", text)
        self.assertIn("certificate", text)

    def test_the_server_hears_the_login(self):
        own = certificate(self.folder.name, NAME)
        said, text = self.connect(*own, own[0])
        self.assertIn(b"GET /ws/id HTTP/1.1", said, text)
        self.assertIn(TOKEN.encode(), said, text)


def main():
    if "--inside" in sys.argv[1:]:
        sys.argv.remove("--inside")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        unittest.main()
    room = ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*room, "true"], capture_output=True, check=False).returncode != 0:
        print("no network namespaces here")
        return SKIP
    return subprocess.run([*room, sys.executable, os.path.abspath(__file__), "--inside"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
