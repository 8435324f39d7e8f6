#!/usr/bin/env python3
"""A mail server (aiosmtpd) and a web server for one test. Says its ports, then a line for each mail and call:
mail NAME: what arrived, as JSON. Arguments: certificate, key, needs (none, starttls, tls), and what RCPT is answered with."""
import asyncio
import hashlib
import hmac
import http.server
import json
import ssl
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

CERT, KEY, NEEDS = sys.argv[1:4]
ANSWER = sys.argv[4] if len(sys.argv) > 4 else ""
SECRET = b"a secret of the test"


def say(kind, what):
    print(kind + " " + json.dumps(what), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if ANSWER and "refuse" in address:
            return ANSWER
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        say("mail", {"from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": bool(session.ssl) or NEEDS == "tls",
                     "user": session.auth_data, "text": envelope.content.decode("ascii")})
        return "250 taken"


def check(server, session, envelope, mechanism, data):
    ok = data.login == b"hawser" and data.password == b"let me in"
    return AuthResult(success=ok, handled=ok, auth_data=data.login.decode())


class Place(Controller):
    def factory(self):
        context = None
        if NEEDS == "starttls":
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(CERT, KEY)
        return SMTP(self.handler, tls_context=context, require_starttls=NEEDS == "starttls", authenticator=check,
                    auth_require_tls=NEEDS != "tls", hostname="mail.test", enable_SMTPUTF8=False)


class Web(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = self.headers["X-Hawser-Time"].encode() + b"." + body
        good = "sha256=" + hmac.new(SECRET, signed, hashlib.sha256).hexdigest() == self.headers["X-Hawser-Signature"]
        say("call", {"path": self.path, "signed": good, "body": json.loads(body)})
        self.send_response(503 if self.path == "/away" else 302 if self.path == "/elsewhere" else 204)
        if self.path == "/elsewhere":
            self.send_header("Location", "/hook")
        self.end_headers()

    def log_message(self, *_):
        pass


web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
threading.Thread(target=web.serve_forever, daemon=True).start()
outer = None
if NEEDS == "tls":
    outer = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    outer.load_cert_chain(CERT, KEY)
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
place = Place.__new__(Place)
place.handler = Handler()
server = loop.run_until_complete(loop.create_server(lambda: Place.factory(place), "127.0.0.1", 0, ssl=outer))
print("ready smtp=%d web=%d" % (server.sockets[0].getsockname()[1], web.server_address[1]), flush=True)
loop.run_forever()
