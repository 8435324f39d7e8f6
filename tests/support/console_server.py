#!/usr/bin/env python3
"""Serves admin/console with an API made of the examples of admin/api/openapi.json: to work on the console, and to
drive it in a browser, without a server. Bodies, queries, roles and CSRF values are checked as the file says; what is
written is kept in memory. Log in as any name of the examples with the password `demo-password`, code 123456.
Prints its address on the first line."""
import argparse
import copy
import json
import os
import re
import secrets
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

import openapi

STATIC = os.path.join(openapi.ROOT, "admin", "console")
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
# As in admin/http/files.c.
CSP = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
       "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'")
PASSWORD, CODE = "demo-password", "123456"
BODY_MAX = 8 << 20


class Refused(Exception):
    def __init__(self, status, code, text, field=None):
        super().__init__(text)
        self.status = status
        self.body = {"error": {"code": code, "text": text, **({"field": field} if field else {})}}


def now():
    return int(time.time() * 1000)


class Store:
    """The things of each collection, by the path that lists them."""

    def __init__(self, doc, devices):
        self.doc, self.lock, self.lists, self.single = doc, threading.Lock(), {}, {}
        for path, method, op in openapi.operations(doc):
            name = self.answer(op)
            if method != "get" or not name:
                continue
            if name.endswith("Page"):
                self.lists[path] = copy.deepcopy(self.examples(name[:-4]))
            else:
                self.single[name] = copy.deepcopy((self.examples(name) or [None])[0])
        self.fill_devices(devices)
        self.fill_series()

    def answer(self, op):
        """The schema that an operation answers with, if it is JSON."""
        for status, reply in op["responses"].items():
            schema = reply.get("content", {}).get("application/json", {}).get("schema", {})
            if status.startswith("2") and "$ref" in schema:
                return schema["$ref"].rsplit("/", 1)[1]
        return None

    def examples(self, name):
        return self.doc["components"]["schemas"].get(name, {}).get("examples", [])

    def fill_devices(self, count):
        rows = self.lists["/devices"]
        systems = ["Windows 11 Pro", "Debian GNU/Linux 12", "macOS 15", "Android 14"]
        for i in range(len(rows), count):
            d = copy.deepcopy(rows[0])
            d.update(guid=str(uuid.UUID(int=0x40008000_00000000_0000 + i, version=4)), id=str(100000000 + i * 7919),
                name=f"till-{i:03}", hostname=f"TILL-{i:03}", online=i % 4 != 3, sessions=0, os=systems[i % 4],
                last_online_at=now() - (0 if i % 4 != 3 else i * 3600000))
            rows.append(d)

    def fill_series(self):
        self.series = {"online": (1250, 60), "sessions": (18, 9), "relay_bytes_per_s": (7e6, 4e6), "failures": (2, 2),
            "direct_share": (0.8, 0.1)}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        if self.server.verbose:
            super().log_message(*args)

    def reply(self, status, body=b"", ctype="application/json; charset=utf-8", **headers):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Security-Policy", CSP)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        if status != 204:
            self.send_header("Content-Type", ctype)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def static(self, path):
        name = path.lstrip("/") or "index.html"
        ext = os.path.splitext(name)[1]
        full = os.path.realpath(os.path.join(STATIC, name))
        if ext not in TYPES or not full.startswith(STATIC + os.sep) or not os.path.isfile(full):
            return self.reply(404, b"not found\n", "text/plain; charset=utf-8")
        with open(full, "rb") as f:
            return self.reply(200, f.read(), TYPES[ext] + "; charset=utf-8")

    def handle_any(self):
        url = urlsplit(self.path)
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > BODY_MAX:
            self.close_connection = True
            return self.reply(413, Refused(413, "too_large", "The body is too large.").body)
        raw = self.rfile.read(int(length))
        if not url.path.startswith("/api/v1/"):
            return self.static(url.path) if self.command == "GET" else self.reply(405)
        try:
            with self.server.store.lock:
                return self.api(url.path[len("/api/v1"):], dict(parse_qsl(url.query)), raw)
        except Refused as e:
            return self.reply(e.status, e.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def find(self, path):
        """The operation of a path; one without parameters goes first."""
        doc = self.server.store.doc
        for pattern in sorted(doc["paths"], key=lambda p: p.count("{")):
            m = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern), path)
            if m and self.command.lower() in doc["paths"][pattern]:
                return pattern, doc["paths"][pattern][self.command.lower()], {k: unquote(v) for k, v in m.groupdict().items()}
        raise Refused(404, "not_found", "There is no such path.")

    def session(self):
        if self.bearer():
            return {"account": self.server.store.examples("Session")[0]["account"], "csrf": ""}
        m = re.search(r"hawser_session=([\w-]+)", self.headers.get("Cookie", ""))
        return self.server.sessions.get(m.group(1)) if m else None

    def bearer(self):
        """A token proves by itself who asks: no CSRF value goes with it."""
        given = self.headers.get("Authorization", "")
        return bool(self.server.token) and secrets.compare_digest(given, "Bearer " + self.server.token)

    def body(self, op, raw):
        content = op.get("requestBody", {}).get("content", {})
        if "application/json" not in content:
            return None
        try:
            value = json.loads(raw, object_pairs_hook=openapi.once)
        except ValueError:
            raise Refused(400, "bad_request", "The body is no JSON.") from None
        faults = openapi.check(self.server.store.doc, content["application/json"]["schema"], value)
        if faults:
            raise Refused(400, "bad_field", faults[0], faults[0].split(" ")[0].removeprefix("body.")[:128])
        return value

    def allowed(self, op):
        if op.get("security") == []:
            return None
        session = self.session()
        if not session:
            raise Refused(401, "not_logged_in", "Log in first.")
        if op.get("x-csrf") and not self.bearer() and not secrets.compare_digest(self.headers.get("X-CSRF-Token", ""), session["csrf"]):
            raise Refused(403, "csrf", "The page is too old: load it again.")
        if session["account"]["role"] not in op["x-roles"]:
            raise Refused(403, "forbidden", "Your role may not do that.")
        return session

    def api(self, path, query, raw):
        pattern, op, names = self.find(path)
        session = self.allowed(op)
        for p in op.get("parameters", []):
            p = openapi.resolve(self.server.store.doc, p)
            if p["in"] == "query":
                self.check_query(p, query)
        known = {openapi.resolve(self.server.store.doc, p)["name"] for p in op.get("parameters", [])}
        if set(query) - known:
            raise Refused(400, "bad_field", f"{sorted(set(query) - known)[0]} is not known.")
        body = self.body(op, raw)
        name = self.server.store.answer(op)
        special = getattr(self, "op_" + op["operationId"], None)
        if special:
            return special(body, session, query)
        if op["operationId"].startswith(("export", "play")):
            return self.export(pattern.removesuffix("/export"))
        if name == "BulkAnswer":
            return self.bulk(pattern.removesuffix("/bulk"), body)
        return self.thing(pattern, op, names, query, body, name)

    def check_query(self, p, query):
        if p["name"] not in query:
            return
        value, schema = query[p["name"]], openapi.resolve(self.server.store.doc, p["schema"])
        if schema.get("type") == "integer" and value.isdigit():
            value = int(value)
        elif schema.get("type") == "boolean" and value in ("true", "false"):
            value = value == "true"
        faults = openapi.check(self.server.store.doc, schema, value, p["name"])
        if faults:
            raise Refused(400, "bad_field", faults[0], p["name"])
        query[p["name"]] = value

    def thing(self, pattern, op, names, query, body, name):
        """Lists, makes, reads, changes and removes what the store has."""
        store = self.server.store
        if self.command == "GET" and pattern in store.lists:
            return self.answer(200, name, self.page(store.lists[pattern], query))
        base, _, rest = pattern.partition("/{guid}")
        rows = store.lists.get(base)
        if rows is None:
            if body and name in store.single:
                store.single[name].update({k: v for k, v in body.items() if k in store.single[name]})
                self.refresh(store.single[name])
            value = store.single.get(name) or (store.examples(name) or [None])[0]
            return self.answer(200, name, value) if name else self.reply(204)
        if self.command == "POST" and "guid" not in names:
            return self.answer(201, name, self.make(rows, store.doc["components"]["schemas"][name], body))
        row = next((r for r in rows if r.get("guid") == names.get("guid")), None)
        if not row:
            raise Refused(404, "not_found", "There is no such thing (any more).")
        if self.command == "DELETE" and not rest:
            rows.remove(row)
        elif self.command == "PATCH":
            if body.pop("updated_at", row["updated_at"]) != row["updated_at"]:
                raise Refused(409, "changed", "Someone else changed it meanwhile. Load it again.")
            row.update({k: v for k, v in body.items() if k in row}, updated_at=now())
            self.refresh(row)
        elif rest.strip("/") in ("approve", "enable", "disable"):
            row["status"] = "disabled" if rest == "/disable" else "active"
        elif rest == "/kick":
            row["sessions"] = 0
        elif rest == "/end":
            rows.remove(row)
        if name and name == store.answer(store.doc["paths"][base + "/{guid}"].get("get", {"responses": {}})):
            return self.answer(200, name, row)
        return self.answer(200, name, store.single.get(name) or store.examples(name)[0]) if name else self.reply(
            int(next(iter(op["responses"]))))

    def make(self, rows, schema, body):
        if any(r.get("name") and r["name"].lower() == str(body.get("name", "")).lower() for r in rows):
            raise Refused(409, "exists", "There is one of that name already.", "name")
        row = copy.deepcopy(schema["examples"][0])
        for key, part in schema["properties"].items():
            if key not in body and part.get("type") == "string":
                row[key] = part["enum"][0] if "enum" in part else ""
        row.update({k: v for k, v in body.items() if k in row}, guid=str(uuid.uuid4()), created_at=now(), updated_at=now())
        self.refresh(row)
        rows.insert(0, row)
        return row

    def refresh(self, row):
        """Names beside guids: X beside X_guid."""
        for key in [k for k in row if k.endswith("_guid") and k[:-5] in row]:
            found = [r for rows in self.server.store.lists.values() for r in rows if row[key] and r.get("guid") == row[key]]
            row[key[:-5]] = {"guid": row[key], "name": found[0]["name"]} if found and "name" in found[0] else None

    def page(self, rows, query):
        rows = [r for r in rows if self.fits(r, query)]
        key = query.get("sort", "").lstrip("-")
        if key:
            rows.sort(key=lambda r: str(r.get(key, "")).lower(), reverse=query["sort"].startswith("-"))
        at, limit = int(query.get("cursor", "0") or 0), int(query.get("limit", 50))
        return {"items": rows[at:at + limit], "next": str(at + limit) if at + limit < len(rows) else None, "total": len(rows)}

    def fits(self, row, query):
        if "q" in query and query["q"].lower() not in json.dumps(row, ensure_ascii=False).lower():
            return False
        for key in ("online", "status", "role", "kind", "enabled"):
            if key in query and key in row and row[key] != query[key]:
                return False
        if "tag" in query and query["tag"] not in row.get("tags", []):
            return False
        return all(query[k] == row[k + "_guid"] for k in ("group", "owner") if k in query and k + "_guid" in row)

    def bulk(self, base, body):
        rows = self.server.store.lists.get(base, [])
        verb = body.get("action", "change")
        wanted = self.page(rows, dict(body["filter"], limit=10000))["items"] if "filter" in body else [
            r for r in rows if r["guid"] in set(body.get("guids", []))]
        if not body.get("dry_run", True):
            for row in wanted:
                if verb == "delete":
                    rows.remove(row)
                elif verb in ("enable", "disable", "approve"):
                    row.update({"enabled": verb == "enable"} if "enabled" in row else {
                        "status": "disabled" if verb == "disable" else "active"})
                elif verb in ("group", "owner"):
                    row[verb + "_guid"] = body.get(verb + "_guid")
                    self.refresh(row)
                elif verb == "tag_add" and body.get("tag") not in row["tags"]:
                    row["tags"].append(body["tag"])
        changes = [{"guid": r["guid"], "name": r.get("name") or r.get("id", ""), "text": verb.replace("_", " ")} for r in wanted]
        return self.answer(200, "BulkAnswer", {"dry_run": body.get("dry_run", True), "count": len(changes),
            "changes": changes[:1000], "refused": [], "cut": len(changes) > 1000})

    def answer(self, status, name, value):
        """A reply that the file would not allow is a fault of this program."""
        faults = openapi.check(self.server.store.doc, {"$ref": "#/components/schemas/" + name}, value)
        if faults:
            print("console_server:", name, faults[:3], file=sys.stderr)
            return self.reply(500, Refused(500, "away", "The mock broke its own rules: " + faults[0]).body)
        return self.reply(status, value)

    def export(self, base):
        rows = self.server.store.lists.get(base, [])
        lines = [",".join('"' + str(v).replace('"', '""') + '"' for v in r.values()) for r in rows]
        return self.reply(200, "\n".join(lines).encode(), "text/csv; charset=utf-8",
            Content_Disposition='attachment; filename="export.csv"')

    def may(self, role):
        return [op["operationId"] for _, _, op in openapi.operations(self.server.store.doc)
                if not op["x-roles"] or role in op["x-roles"]]

    def start_session(self, account):
        token, session = secrets.token_urlsafe(24), copy.deepcopy(self.server.store.examples("Session")[0])
        session.update(csrf=secrets.token_urlsafe(24), expires_at=now() + 43200000)
        session["account"].update({k: account[k] for k in ("guid", "name", "display_name", "role")})
        session["may"] = self.may(account["role"])
        self.server.sessions[token] = session
        return session, f"hawser_session={token}; Path=/; HttpOnly; SameSite=Strict"

    def op_listDirectory(self, body, session, query):
        rows = self.server.store.lists["/users" if query.pop("kind", "user") == "user" else "/groups"]
        page = self.page(rows, query)
        page["items"] = [{"guid": r["guid"], "name": r["name"]} for r in page["items"]]
        return self.answer(200, "RefPage", page)

    def op_logIn(self, body, _session, _query):
        users = [u for u in self.server.store.lists["/users"] if u["name"] == body["name"] and u["status"] == "active"]
        if not users or body["password"] != PASSWORD:
            raise Refused(401, "not_logged_in", "The name or the password is wrong.")
        challenge = secrets.token_urlsafe(24)
        if users[0]["totp"]:
            self.server.challenges[challenge] = users[0]
            return self.answer(200, "LoginAnswer", {"state": "second_factor", "session": None, "challenge": challenge,
                "kinds": ["totp", "recovery"]})
        session, cookie = self.start_session(users[0])
        return self.reply(200, {"state": "done", "session": session, "challenge": None, "kinds": []}, Set_Cookie=cookie)

    def op_logInSecond(self, body, _session, _query):
        user = self.server.challenges.get(body["challenge"])
        if not user or body["code"] != CODE:
            raise Refused(401, "second_factor", "The code is wrong or too old.")
        del self.server.challenges[body["challenge"]]
        session, cookie = self.start_session(user)
        return self.reply(200, {"state": "done", "session": session, "challenge": None, "kinds": []}, Set_Cookie=cookie)

    def op_setUpState(self, _body, _session, _query):
        return self.answer(200, "SetUpState", {"needed": self.server.ownerless})

    def op_checkSetUp(self, body, _session, _query):
        if body["token"] != "t" * 32:
            raise Refused(403, "forbidden", "This link was used before.", "token")
        return self.reply(204)

    def op_setUp(self, body, _session, _query):
        session, cookie = self.start_session({"guid": str(uuid.uuid4()), "name": body["name"], "display_name": "", "role": "owner"})
        return self.reply(200, session, Set_Cookie=cookie)

    def op_session(self, _body, session, _query):
        session = dict(session, may=self.may(session["account"]["role"]))
        return self.answer(200, "Session", session)

    def op_me(self, _body, session, _query):
        return self.answer(200, "Account", session["account"])

    def op_logOut(self, _body, session, _query):
        for token in [t for t, s in self.server.sessions.items() if s is session]:
            del self.server.sessions[token]
        return self.reply(204, Set_Cookie="hawser_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict")

    def op_addToken(self, body, _session, _query):
        schema = self.server.store.doc["components"]["schemas"]["Token"]
        token = self.make(self.server.store.lists["/tokens"], schema, dict(body))
        return self.answer(201, "TokenMade", {"token": token, "secret": "hwt_" + secrets.token_urlsafe(32)})

    def op_figureSeries(self, _body, _session, query):
        metric = query.get("metric", "online")
        step = {"hour": 60, "day": 600, "week": 3600}[query.get("span", "hour")]
        mean, swing = self.server.store.series[metric]
        values = [max(0, round(mean + swing * (((i * 37) % 17) / 17 - 0.5) + swing * ((i % 60) / 60 - 0.5), 3)) for i in range(120)]
        values[40:44] = [None] * 4
        return self.answer(200, "Series", {"metric": metric, "step_s": step, "start_at": now() - 120 * step * 1000, "values": values})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--devices", type=int, default=1840)
    parser.add_argument("--token", default="", help="a bearer token that is an owner's")
    parser.add_argument("--ownerless", action="store_true", help="nobody can log in yet")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--as", dest="role", choices=sorted(openapi.ROLES), help="needs no login: everyone is of this role")
    args = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", args.port), Handler)
    server.daemon_threads = True
    server.token, server.ownerless = args.token, args.ownerless
    server.verbose, server.sessions, server.challenges = args.verbose, {}, {}
    server.store = Store(openapi.load(), args.devices)
    if args.role:
        session = copy.deepcopy(server.store.examples("Session")[0])
        session["account"]["role"] = args.role
        Handler.session = lambda self: session
    print(f"http://127.0.0.1:{server.server_address[1]}/", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
