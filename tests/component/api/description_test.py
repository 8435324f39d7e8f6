#!/usr/bin/env python3
"""Holds the real hawser-api to admin/api/openapi.json: each operation answers as the file says, refuses what the file does
not know, and gives hostile texts back as they came. `--postgres`: on a PostgreSQL of the test's own, what a database has part
in. `--partial`: says
which operations the server does not have, instead of failing by them."""
import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import openapi  # noqa: E402
from api_server import Api, Postgres, totp  # noqa: E402
from api_world import NOBODY, PASSWORD, World  # noqa: E402

# Asked for in flows() and by tests of their own, since they need more than one call.
FLOWS = {"setUp", "checkSetUp", "logIn", "logInSecond", "logInOidc", "logOut", "changePassword", "startTotp", "confirmTotp", "newRecoveryCodes", "dropTotp",
    "endMySession", "removeBookTag", "endLiveSession", "playRecording", "removeRecording", "whyDevice", "deviceStrategy", "setUpLink", "choosePassword"}
# These have a form of their own, and refuse what has not.
FORMED = {"email", "zone", "address", "control", "host", "from", "scopes", "filter", "name_attribute", "url", "issuer", "bind_dn", "base"}
# Nobody's own words: identifiers that others have given.
ASCII = {"device_id", "id", "token", "secret"}
# What a text may do to those who put it into statements, pages, logs, spreadsheets and headers. Control characters may be refused.
HOSTILE = ["'; DROP TABLE account; -- \" OR \"1\"=\"1", "<script>alert(1)</script><img src=x onerror=alert(1)>", "=HYPERLINK(\"http://x\") $1 {{7*7}} ${7*7}",
    "%s%n%00 ..%2f..\\..", "a\u202eb\u200b \U0001f600 Ärger \u0646", "x" * 60]
CONTROLS = ["a\u0000b", "a\r\nSet-Cookie: x=y\u001b[2J\u0085"]
CSV = b"name,display_name,email,role,group\nivy,\"Ivy \"\"I\"\", <b>\",ivy@example.org,user,Staff\n"
SECURITY = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
# Takes a picture and nothing else: session_test has one.
FLOWS |= {"putMyAvatar"}


class Checks:
    def __init__(self, world, brief):
        self.w, self.faults, self.calls, self.brief = world, [], 0, brief

    def say(self, what, answer=None):
        self.faults.append(what if answer is None else f"{what}: {answer!r}")

    def check_headers(self, what, answer):
        for name, value in SECURITY.items():
            if answer.headers.get(name) != value:
                self.say(f"{what}: {name} is {answer.headers.get(name)!r}")

    def error(self, what, answer, status, *codes):
        """An error as the file describes them."""
        if answer.status != status or (codes and answer.code() not in codes):
            self.say(f"{what}: not {status} {' or '.join(codes)}", answer)
        elif openapi.check(self.w.doc, {"$ref": "#/components/schemas/Error"}, answer.json):
            self.say(f"{what}: an error of another form", answer)

    def call(self, name, path, body=None, client=None, wanted=None, **more):
        """Calls an operation, and looks at its answer by its schema."""
        _, method, op = self.w.ops[name]
        self.calls += 1
        answer = (client or self.w.boss).call(method, path, body, **more)
        what = f"{name} ({method} {path})"
        self.check_headers(what, answer)
        if wanted is not None and answer.status != wanted:
            self.say(f"{what} with {json.dumps(body)[:200] if not isinstance(body, bytes) else '…'}: not {wanted}", answer)
            return answer
        if (answer.status >= 500 and (answer.status, answer.code()) != (503, "away")) or (str(answer.status) not in op["responses"] and answer.status < 300):
            self.say(f"{what}: a status that the file does not know", answer)
        schema = self.w.answer_schema(name, answer.status)
        if schema is None:
            content = op["responses"].get(str(answer.status), {}).get("content", {})
            if answer.status < 300 and content and answer.type.split(";")[0] not in content:
                self.say(f"{what}: {answer.type} is not {', '.join(content)}")
            if answer.status in (202, 204) and answer.raw:
                self.say(f"{what}: a body with {answer.status}", answer)
        elif answer.json is None:
            self.say(f"{what}: no JSON", answer)
        else:
            for fault in openapi.check(self.w.doc, schema, answer.json)[:4]:
                self.say(f"{what}: {fault}")
        return answer

    # --- one operation ------------------------------------------------------------------------------------------------

    def base_of(self, name):
        path = self.w.ops[name][0]
        return path[:path.index("/{guid}")] if "/{guid}" in path else path

    def good(self, name):
        """A call that is as it should be."""
        path, method, op = self.w.ops[name]
        guid = self.w.make(self.base_of(name)) if "{guid}" in path else None
        if "{guid}" in path and guid is None:
            return self.say(f"{name}: nothing can be made there")
        success = min(int(s) for s in op["responses"] if s.startswith("2"))
        body = self.w.body(name) if name != "importUsers" else CSV
        answer = self.call(name, self.w.path(path, guid), body if method != "GET" else None, wanted=success,
            **({"headers": {"Content-Type": "text/csv"}, "query": {"dry_run": "true"}} if body is CSV else {}))
        if answer.status != success:
            return None
        if method == "GET" and not guid and isinstance(answer.json, dict) and "items" in answer.json:
            self.pages(name, self.w.path(path))
        if method == "PATCH" and guid:
            self.stale(name, self.w.path(path, guid), answer.json)
        # an entry of a book goes into its bin first
        if method == "DELETE" and guid and path.endswith("/{guid}") and name != "removeBookEntry":
            self.error(f"{name}, twice", self.w.boss.call(method, self.w.path(path, guid)), 404, "not_found")
        return answer

    def stale(self, name, path, now_is):
        """A change of what somebody else has changed is refused."""
        body = self.w.body(name)
        if "updated_at" not in self.w.schema(name)["properties"]:
            return
        self.error(f"{name} of an older one", self.w.boss.call("PATCH", path, {**body, "updated_at": now_is["updated_at"] - 1}), 409, "changed")
        self.call(name, path, {**self.w.body(name), "updated_at": now_is["updated_at"]}, wanted=200)

    def pages(self, name, path):
        """A list in pages of one: each thing once, and as many as are said to be there."""
        seen, cursor = [], None
        if not any(openapi.resolve(self.w.doc, p)["name"] == "limit" for p in self.w.ops[name][2].get("parameters", [])):
            return None
        whole = self.call(name, path, query={"limit": 200}).json
        while whole and len(seen) < 5:
            page = self.call(name, path, query={"limit": 1, "cursor": cursor}, wanted=200).json
            if not page or len(page.get("items", [1, 2])) > 1:
                return self.say(f"{name}: a page of one is {page}")
            seen += page["items"]
            if page["next"] is None:
                break
            cursor = page["next"]
        keys = [json.dumps(i, sort_keys=True) if "guid" not in i else i["guid"] for i in seen]
        if len(set(keys)) != len(keys):
            self.say(f"{name}: pages show a thing twice")
        if whole and whole["total"] is not None and whole["next"] is None and whole["total"] != len(whole["items"]):
            self.say(f"{name}: total is {whole['total']} of {len(whole['items'])}")
        for bad in ({"cursor": "nonsense"}, {"limit": 0}, {"limit": 201}, {"limit": "x"}):
            self.error(f"{name} {bad}", self.w.boss.call("GET", path, query=bad), 400, "bad_field")
        return None

    def unknown(self, name):
        """What the file does not know is refused: keys, queries, types, guids, bodies that are no JSON."""
        path, method, _ = self.w.ops[name]
        call, path = self.w.boss.call, self.w.path(path)
        self.error(f"{name} with an unknown query", call(method, path, self.sample(name), query={"nonsense": "1"}), 400, "bad_field")
        schema = self.w.schema(name)
        if schema is None:
            return
        self.error(f"{name} with an unknown key", call(method, path, {**self.sample(name), "nonsense": 1}), 400, "bad_field")
        for raw in (b"", b"{", b"[]", b"null", b"\"x\"", b"{\"a\":1,\"a\":2}", b"[" * 40 + b"]" * 40, b"{\"name\":\"\xff\"}"):
            self.error(f"{name} with {raw[:20]!r}", call(method, path, raw), 400, "bad_request", "bad_field")
        for key, part in schema["properties"].items():
            for value in ({"a": {}}, 1.5, "\U0001f600" * 5000):
                if openapi.check(self.w.doc, part, value):
                    self.error(f"{name} with {key} of another kind", call(method, path, {**self.sample(name), key: value}), 400, "bad_field")
        for key in schema.get("required", []):
            short = {k: v for k, v in self.sample(name).items() if k != key}
            self.error(f"{name} without {key}", call(method, path, short), 400, "bad_field")

    def sample(self, name):
        """A body that is right by its form."""
        if not hasattr(self, "samples"):
            self.samples = {}
        if name not in self.samples:
            special = {"logIn": {"name": "nobody", "password": "x"}, "logInSecond": {"challenge": "c" * 32, "kind": "totp", "code": "000000"},
                "setUp": {"token": "t" * 32, "name": "x", "password": PASSWORD}, "checkSetUp": {"token": "t" * 32}, "logInOidc": {"provider": "none"}, "choosePassword": {"token": "t" * 32, "password": PASSWORD}, "changePassword": {
                    "old": "x", "new": PASSWORD}, "confirmTotp": {"code": "000000"}, "dropTotp": {"code": "000000"}, "newRecoveryCodes": {"code": "000000"}}
            self.samples[name] = special.get(name) or self.w.body(name)
        return self.samples[name]

    def nobody(self, name):
        """What is not there is not found; what is no guid is not there either."""
        path, method, _ = self.w.ops[name]
        if "{guid}" not in path:
            return
        body = self.sample(name)
        self.error(f"{name} of nobody", self.w.boss.call(method, self.w.path(path, NOBODY), body), 404, "not_found")
        for odd in ("x", "%27%20OR%201=1", "..%2f..", "A" * 300):
            answer = self.w.boss.call(method, self.w.path(path, odd), body)
            if answer.status not in (400, 404, 414):
                self.say(f"{name} of {odd[:20]}", answer)

    # --- hostile texts ------------------------------------------------------------------------------------------------

    def texts(self, name):
        """Each free text of a body: it comes back as it went in, from the answer and from a second look, or is refused."""
        path, method, _ = self.w.ops[name]
        schema = self.w.schema(name)
        for key, part in schema["properties"].items():
            part = openapi.resolve(self.w.doc, part)
            if part.get("type") != "string" or "enum" in part or "pattern" in part or part.get("writeOnly") or part.get("format"):
                continue
            guid = self.w.make(self.base_of(name)) if "{guid}" in path else None
            for text in HOSTILE[::3] if self.brief else HOSTILE + CONTROLS:
                self.text(name, self.w.path(path, guid), key, text[:part["maxLength"]])

    def longest(self, name):
        """As many letters as the file says, whatever they are in bytes: they come back, and one more is refused by the bound."""
        path, method, _ = self.w.ops[name]
        for key, part in self.w.schema(name)["properties"].items():
            part = openapi.resolve(self.w.doc, part)
            if part.get("type") != "string" or "enum" in part or "pattern" in part or part.get("format") or key in FORMED | ASCII:
                continue
            guid = self.w.make(self.base_of(name)) if "{guid}" in path else None
            text = (f"{next(self.w.serial)} " + "\u6f22\U00020000" * part["maxLength"])[:part["maxLength"]]
            for value, wanted in ((text, (200, 201)), (text + "\u6f22", (400,))):
                answer = self.call(name, self.w.path(path, guid), {key: value} if method == "PATCH" else {**self.w.body(name), key: value})
                if answer.status not in wanted:
                    self.say(f"{name}: {len(value)} letters for {key}", answer)
            made = self.w.boss.call("GET", self.w.path(path, guid)) if method == "PATCH" else None
            if made and made.status == 200 and not part.get("writeOnly") and made.json.get(key, text) != text:
                self.say(f"{name}: {key} is {made.json[key]!r}")

    def text(self, name, path, key, text):
        method = self.w.ops[name][1]
        hostile = text in HOSTILE
        if key == "name":
            text = f"{text[:100]} {next(self.w.serial)}"  # no name stands twice
        answer = self.call(name, path, {key: text} if method == "PATCH" else {**self.w.body(name), key: text})
        if answer.status == 400:
            if hostile and key not in FORMED:
                self.say(f"{name}: {key} refuses {text!r}", answer)
            return
        if answer.status not in (200, 201):
            return self.say(f"{name}: {key} of {text!r}", answer)
        made = answer.json.get("token", answer.json)
        if "dry_run" in made:
            return None  # a change of many says what it would do, in words of its own
        again = made
        reader = next((n for n, (p, m, _) in self.w.ops.items() if m == "GET" and p == (path if method == "PATCH" else None)), None)
        if method == "POST" and "guid" in made:
            found = self.w.boss.call("GET", path + "/" + made["guid"])
            again = found.json if found.status == 200 else made
        elif reader:
            again = self.w.boss.must(200, "GET", path)
        for where, value in (("the answer", made.get(key)), ("a second look", again.get(key))):
            # spaces at the ends of names are nobody's wish; an address of a relay has a port in the end
            if value not in (text, text.strip()) and not (key == "address" and value == text + ":21117"):
                self.say(f"{name}: {key} {text!r} is {value!r} in {where}")
                break

    def searches(self, name):
        """A search is a text, whatever it looks like."""
        path, _, op = self.w.ops[name]
        names = [openapi.resolve(self.w.doc, p)["name"] for p in op.get("parameters", [])]
        for key in [k for k in names if k in ("q", "actor", "address", "tag", "os")]:
            for text in HOSTILE + ["%", "_", "\\", "'"]:
                answer = self.call(name, self.w.path(path), query={key: text[:60]})
                if answer.status not in (200, 400):
                    self.say(f"{name} ?{key}={text!r}", answer)

    # --- what needs several calls -------------------------------------------------------------------------------------

    def own_account(self):
        """Codes on, a login with them, new recovery codes, one used once, codes off."""
        w = self.w
        user = w.add_user("operator")
        me = w.api.client().log_in(user["name"], PASSWORD)
        start = self.call("startTotp", "/me/totp", client=me, wanted=200).json
        self.error("confirmTotp with a wrong code", me.call("POST", "/me/totp/confirm", {"code": "000000"}), 400, "bad_field")
        codes = self.call("confirmTotp", "/me/totp/confirm", {"code": totp(start["secret"])}, client=me, wanted=200).json["codes"]
        stranger = w.api.client()
        half = self.call("logIn", "/login", {"name": user["name"], "password": PASSWORD}, client=stranger, wanted=200)
        if half.json["state"] != "second_factor" or half.json["session"] is not None or half.headers.get("Set-Cookie"):
            self.say("logIn: a password alone gives a session", half)
        self.error("a challenge is no session", stranger.call("GET", "/me", headers={"Cookie": "hawser_session=" + half.json["challenge"]}), 401)
        body = {"challenge": half.json["challenge"], "kind": "recovery", "code": codes[0]}
        done = self.call("logInSecond", "/login/second", body, client=stranger, wanted=200)
        stranger.take_session(done, done.json["session"])
        self.error("a recovery code, twice", w.api.client().call("POST", "/login/second", body), 401, "second_factor", "not_logged_in")
        left = me.must(200, "GET", "/me")["recovery_codes_left"]
        if left != len(codes) - 1:
            self.say(f"me: {left} recovery codes are left of {len(codes)}")
        return user, me, stranger, start["secret"]

    def links(self):
        """Who is invited, or has forgotten the password, chooses one by a link: once, and by the latest link alone."""
        w = self.w
        token = lambda user: self.call("linkUser", f"/users/{user['guid']}/link", {}, wanted=200).json["url"].split("#/password?token=")[1]  # noqa: E731
        use = lambda token, word: w.api.client().call("POST", "/login/password", {"token": token, "password": PASSWORD + word})  # noqa: E731
        guest = w.boss.must(201, "POST", "/users", {"name": "guest", "role": "user", "group_guid": w.things["group"], "status": "invited"})
        self.error("who is invited", w.api.client().call("POST", "/login", {"name": "guest", "password": PASSWORD}), 401, "not_logged_in")
        first, second = token(guest), token(guest)
        self.error("choosePassword by an older link", use(first, "1"), 403, "forbidden")
        self.call("choosePassword", "/login/password", {"token": second, "password": PASSWORD + "2"}, client=w.api.client(), wanted=204)
        self.error("choosePassword, twice", use(second, "3"), 403, "forbidden")
        if w.boss.must(200, "GET", f"/users/{guest['guid']}")["status"] != "active":
            self.say("choosePassword: who was invited is not active")
        client = w.api.client().log_in("guest", PASSWORD + "2")
        last = token(guest)
        w.boss.must(200, "PATCH", f"/users/{guest['guid']}", {"status": "disabled"})
        answer = use(last, "4")
        if w.boss.must(200, "GET", f"/users/{guest['guid']}")["status"] != "disabled":
            self.say("choosePassword: who was disabled is active again", answer)
        w.boss.must(200, "PATCH", f"/users/{guest['guid']}", {"status": "active"})
        self.error("a session from before", client.call("GET", "/me"), 401, "not_logged_in")

    def flows(self):
        w = self.w
        if w.has("linkUser", "choosePassword"):
            self.links()
        if not w.has("logIn", "me", "startTotp", "confirmTotp", "changePassword", "logOut"):
            return
        user, me, other, _secret = self.own_account()
        mine = self.call("listMySessions", "/me/sessions", client=me, wanted=200).json["items"]
        if sorted(s["current"] for s in mine) != [False, True]:
            self.say(f"listMySessions: of two sessions one is this one, not {mine}")
        self.call("changePassword", "/me/password", {"old": PASSWORD, "new": PASSWORD + " 2"}, client=me, wanted=204)
        self.error("the other session after a new password", other.call("GET", "/me"), 401, "not_logged_in")
        self.error("the old password", w.api.client().call("POST", "/login", {"name": user["name"], "password": PASSWORD}), 401, "not_logged_in")
        self.call("session", "/session", client=me, wanted=200)
        self.call("logOut", "/logout", client=me, wanted=204)
        self.error("a session that was left", me.call("GET", "/me"), 401, "not_logged_in")
        if w.has("putBookTag", "removeBookTag"):
            self.call("putBookTag", w.path("/books/{book}/tags/{tag}"), {"color": "#112233"}, wanted=200)
            self.call("removeBookTag", w.path("/books/{book}/tags/{tag}"), wanted=204)
        if w.has("whyDevice"):
            # nobody has looked for it yet, and no ID server is there to be asked
            answer = self.call("whyDevice", f"/devices/{w.things['device']}/why")
            if answer.status not in (200, 404, 503):
                self.say("whyDevice", answer)

    # --- all ----------------------------------------------------------------------------------------------------------

    def run(self):
        w = self.w
        for name in sorted(w.bound):
            path, method, op = w.ops[name]
            if name not in FLOWS:
                self.good(name)
            if not self.brief:
                self.unknown(name)
                self.nobody(name)
            if method in ("POST", "PATCH") and w.schema(name) and not op.get("security") == [] and name not in FLOWS | {"changeMe", "testRule"}:
                self.texts(name)
                self.longest(name)
            if method == "GET":
                self.searches(name)
        self.flows()
        if w.has("verifyAudit"):
            answer = self.call("verifyAudit", "/audit/verify", wanted=200).json
            if not answer["ok"]:
                self.say(f"the chain of the audit has broken: {answer}")


def main():
    partial, postgres = "--partial" in sys.argv[1:], Postgres() if "--postgres" in sys.argv[1:] else None
    try:
        with Api(store=postgres and postgres.url, args=["--register-by-reports"]) as api:
            world = World(api)
            world.fill()
            checks = Checks(world, brief=postgres is not None)
            checks.run()
            missing = sorted(set(world.ops) - world.bound)
    finally:
        if postgres:
            postgres.close()
    for f in checks.faults:
        print(f)
    if missing:
        print(f"the server does not have {len(missing)} of {len(world.ops)}: {', '.join(missing)}")
    print(f"description: {len(world.bound)} operations, {checks.calls} answers looked at, {len(checks.faults)} faults")
    return 1 if checks.faults or (missing and not partial) else 0


if __name__ == "__main__":
    sys.exit(main())
