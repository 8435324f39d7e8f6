#!/usr/bin/env python3
"""Who may do what at the real hawser-api: each operation by each role as admin/api/openapi.json says (x-roles), by tokens
of each scope (x-scope), without the CSRF value, from pages of other sites; sessions and tokens that have ended; a cookie
that somebody else has set. `--partial`: operations that the server does not have are not looked at."""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
from api_server import Api, totp, until  # noqa: E402
from api_world import NOBODY, PASSWORD, ROLES, World, now  # noqa: E402

AREAS = ["device", "user", "group", "book", "rule", "strategy", "audit", "relay", "recording", "setting"]
# These would end the session that asks.
ENDS = {"logOut"}


class Access:
    def __init__(self, world):
        self.w, self.faults, self.calls = world, [], 0

    def say(self, what, answer):
        self.faults.append(f"{what}: {answer!r}")

    def knock(self, client, name, **more):
        """Asks for what is not there, with a body that is none of this operation: who may is told of that, who may not is
        told so, and nothing is done in either case."""
        path, method, _ = self.w.ops[name]
        self.calls += 1
        path = path.replace("{book}", NOBODY).replace("{tag}", "none").replace("{guid}", NOBODY)
        body = {"nonsense": 1} if self.w.schema(name) else None
        return client.call(method, path, body, **more)

    def refused(self, what, answer, status=403, codes=("forbidden",)):
        if answer.status != status or answer.code() not in codes:
            self.say(f"{what} is not refused with {status} {'/'.join(codes)}", answer)

    def let_in(self, what, answer):
        """Whatever it says then, it does not say that one may not."""
        if answer.status in (401, 403, 405) or answer.status >= 500:
            self.say(f"{what} is refused", answer)

    def gated(self):
        """Operations that need a login."""
        return sorted(n for n in self.w.bound if self.w.ops[n][2].get("security") != [])

    def writes(self):
        return [n for n in self.gated() if self.w.ops[n][1] != "GET"]

    # --- roles --------------------------------------------------------------------------------------------------------

    def roles(self):
        for role in ROLES:
            client = self.w.person(role)
            may = set(client.session["may"])
            for name in self.gated():
                if name in ENDS:
                    continue
                allowed = role in self.w.ops[name][2]["x-roles"]
                (self.let_in if allowed else self.refused)(f"{name} by {role}", self.knock(client, name))
                if (name in may) != allowed:
                    self.faults.append(f"{name}: session.may of {role} says otherwise")
            self.let_in(f"logOut by {role}", self.knock(client, "logOut"))

    def strangers(self):
        for name in self.gated():
            for what, client in (("nobody", self.w.api.client()), ("a token that nobody made", self.w.api.client("hwt_" + "x" * 43))):
                self.refused(f"{name} by {what}", self.knock(client, name), 401, ("not_logged_in",))

    def climbing(self):
        """Nobody makes themself more than they are, by any way."""
        w = self.w
        admin, owner_guid = w.person("admin"), w.add_user("owner")["guid"]
        group = w.things["group"]
        own = admin.session["account"]["guid"]
        for what, answer in (
                ("an admin makes an owner", admin.call("POST", "/users", {"name": "climber", "role": "owner", "group_guid": group, "password": PASSWORD})),
                ("an admin makes themself owner", admin.call("PATCH", f"/users/{own}", {"role": "owner"})),
                ("an admin changes an owner's role", admin.call("PATCH", f"/users/{owner_guid}", {"role": "user"})),
                ("an admin sets an owner's password", admin.call("POST", f"/users/{owner_guid}/password", {"password": PASSWORD + " x"})),
                ("an admin makes a link for an owner", admin.call("POST", f"/users/{owner_guid}/link", {})),
                ("an admin takes an owner's codes", admin.call("DELETE", f"/users/{owner_guid}/totp")),
                ("an admin removes an owner", admin.call("DELETE", f"/users/{owner_guid}"))):
            self.refused(what, answer)
        for action in ("disable", "delete", "logout"):
            answer = admin.call("POST", "/users/bulk", {"action": action, "guids": [owner_guid], "dry_run": False})
            if answer.status == 200 and (answer.json["count"] != 0 or not answer.json["refused"]):
                self.say(f"an admin can {action} an owner among many", answer)
        answer = admin.call("POST", "/users/import", f"name,display_name,email,role,group\nclimber2,,,owner,Staff\n{w.boss.must(200, 'GET', f'/users/{owner_guid}')['name']},,,user,Staff\n".encode(),
            headers={"Content-Type": "text/csv"}, query={"dry_run": "false"})
        if w.boss.must(200, "GET", f"/users/{owner_guid}")["role"] != "owner" or (answer.status == 200 and len(answer.json["errors"]) < 2):
            self.say("an admin makes and unmakes owners by a file", answer)
        for role, body in (("user", {"role": "owner"}), ("user", {"display_name": "x", "role": "admin"})):
            answer = w.person(role).call("PATCH", "/me", body)
            if answer.status != 400:
                self.say(f"PATCH /me {body}", answer)
        operator = w.person("operator")
        answer = operator.call("POST", "/tokens", {"name": "more", "scopes": {"user": "rw", "setting": "rw"}, "expires_at": now() + 86400000})
        if answer.status == 201:
            token = w.api.client(answer.json["secret"])
            self.refused("an operator's token adds users", token.call("POST", "/users", {"name": "x1", "role": "owner", "group_guid": group}))
            self.refused("an operator's token reads settings", token.call("GET", "/settings"))

    # --- tokens -------------------------------------------------------------------------------------------------------

    def scopes(self):
        """An owner's tokens: what is not in the scope is not theirs."""
        owner = self.w.person("owner")
        tokens = {(area, right): self.w.token(owner, {area: right})[0] for area in AREAS for right in ("r", "rw")}
        everything = self.w.token(owner, {area: "rw" for area in AREAS})[0]
        for name in self.gated():
            scope = self.w.ops[name][2].get("x-scope")
            if not scope:
                self.refused(f"{name} by a token that may all", self.knock(everything, name))
                continue
            area, right = scope.split(":")
            other = AREAS[(AREAS.index(area) + 1) % len(AREAS)]
            self.let_in(f"{name} by {area}:rw", self.knock(tokens[area, "rw"], name))
            self.refused(f"{name} by {other}:rw", self.knock(tokens[other, "rw"], name))
            (self.let_in if right == "r" else self.refused)(f"{name} by {area}:r", self.knock(tokens[area, "r"], name))

    def ended_tokens(self):
        w = self.w
        owner = w.person("owner")
        read = lambda token: token.call("GET", "/users")  # noqa: E731
        short, _ = w.token(owner, {"user": "r"}, now() + 1500)
        stopped, made = w.token(owner, {"user": "r"})
        owner.must(200, "PATCH", f"/tokens/{made['guid']}", {"enabled": False})
        self.refused("a token that was stopped", read(stopped), 401, ("not_logged_in",))
        owner.must(200, "PATCH", f"/tokens/{made['guid']}", {"enabled": True})
        self.let_in("a token that was started again", read(stopped))
        owner.must(204, "DELETE", f"/tokens/{made['guid']}")
        self.refused("a token that was removed", read(stopped), 401, ("not_logged_in",))
        until("a token ends at its time", lambda: read(short).status == 401)
        # who is not there any more has no tokens either
        gone = w.person("owner")
        token, _ = w.token(gone, {"user": "r"})
        self.let_in("a token of who is there", read(token))
        w.boss.must(200, "PATCH", f"/users/{gone.session['account']['guid']}", {"status": "disabled"})
        self.refused("a token of who was disabled", read(token), 401, ("not_logged_in",))
        self.refused("a session of who was disabled", gone.call("GET", "/me"), 401, ("not_logged_in",))
        # a token's owner that became less
        less = w.person("admin")
        token, _ = w.token(less, {"user": "rw"})
        w.boss.must(200, "PATCH", f"/users/{less.session['account']['guid']}", {"role": "operator"})
        self.refused("a token of who is no admin any more", token.call("POST", "/users", {"name": "x2", "role": "user", "group_guid": w.things["group"]}))

    # --- browsers -----------------------------------------------------------------------------------------------------

    def csrf(self):
        owner = self.w.person("owner")
        right = owner.csrf
        for name in self.writes():
            for what, value in (("without", None), ("with another's", self.other_csrf()), ("with an empty", "")):
                answer = self.knock(owner, name, headers={"X-CSRF-Token": value})
                self.refused(f"{name} {what} CSRF value", answer, 403, ("csrf", "forbidden"))
        for name in self.writes():
            for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
                answer = self.knock(owner, name, headers={**headers, "X-CSRF-Token": right})
                self.refused(f"{name} from {headers}", answer, 403, ("csrf", "forbidden"))
        if owner.call("GET", "/me").status != 200:
            self.faults.append("what was refused has ended the session")
        answer = owner.call("GET", "/me", headers={"Origin": "https://evil.example"})
        if answer.headers.get("Access-Control-Allow-Origin"):
            self.say("another site may read", answer)
        answer = owner.call("OPTIONS", "/users", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})
        if answer.headers.get("Access-Control-Allow-Origin"):
            self.say("another site may ask", answer)

    def other_csrf(self):
        if not hasattr(self, "stranger"):
            self.stranger = self.w.person("owner")
        return self.stranger.csrf

    def fixation(self):
        """A session is new at each login, whatever cookie came with it; half a login is none."""
        w = self.w
        name = w.add_user("owner")["name"]
        victim = w.api.client()
        victim.cookie = "a" * 43
        victim.log_in(name, PASSWORD)
        if victim.cookie == "a" * 43:
            self.faults.append("a login takes the cookie that it was given")
        old = victim.cookie
        victim.log_in(name, PASSWORD)
        if victim.cookie == old:
            self.faults.append("a second login keeps the session")
        field = (victim.call("POST", "/login", {"name": name, "password": PASSWORD}).headers.get("Set-Cookie") or "").lower()
        for word in ("httponly", "samesite=strict", "path=/"):
            if word not in field:
                self.faults.append(f"the cookie is not {word}: {field}")
        secret = victim.must(200, "POST", "/me/totp")["secret"]
        victim.must(200, "POST", "/me/totp/confirm", {"code": totp(secret)})
        half = w.api.client()
        half.cookie = "b" * 43
        answer = half.call("POST", "/login", {"name": name, "password": PASSWORD})
        if answer.headers.get("Set-Cookie") or answer.json["state"] != "second_factor":
            self.say("half a login gives a cookie", answer)
        self.refused("half a login", half.call("GET", "/me"), 401, ("not_logged_in",))
        # a console's session is a cookie alone, and a client's no session of the console
        self.refused("a cookie as a bearer", w.api.client(victim.cookie).call("GET", "/me"), 401, ("not_logged_in",))
        user = w.add_user("owner")["name"]
        answer = w.api.client().call("POST", "/api/login", {"username": user, "password": PASSWORD, "id": "184726553", "uuid": "x", "type": "account",
            "deviceInfo": {"os": "linux", "type": "client", "name": "pc"}}, base="")
        if answer.status == 200:
            token = answer.json["access_token"]
            self.refused("a client's session as a bearer", w.api.client(token).call("GET", "/me"), 401, ("not_logged_in",))
            cookie = w.api.client()
            cookie.cookie = token
            self.refused("a client's session as a cookie", cookie.call("GET", "/me"), 401, ("not_logged_in",))

    def ended_sessions(self):
        w = self.w
        for what, end in (
                ("was ended by an admin", lambda c, guid: w.boss.must(204, "POST", f"/users/{guid}/logout")),
                ("was left", lambda c, guid: c.must(204, "POST", "/logout")),
                ("has a new password from an admin", lambda c, guid: w.boss.must(204, "POST", f"/users/{guid}/password", {"password": PASSWORD + " 2"})),
                ("is not there any more", lambda c, guid: w.boss.must(204, "DELETE", f"/users/{guid}"))):
            client = w.person("operator")
            end(client, client.session["account"]["guid"])
            self.refused(f"a session of who {what}", client.call("GET", "/me"), 401, ("not_logged_in",))
        # who must change something first has their own account and nothing else
        user = w.add_user("admin")
        w.boss.must(204, "POST", f"/users/{user['guid']}/password", {"password": PASSWORD + " 3", "must_change": True})
        client = w.api.client().log_in(user["name"], PASSWORD + " 3")
        for name in self.gated():
            if not self.w.ops[name][0].startswith(("/me", "/session", "/logout")) and "admin" in self.w.ops[name][2]["x-roles"]:
                self.refused(f"{name} before the password is changed", self.knock(client, name), 403, ("second_factor",))

    def run(self):
        self.strangers()
        if not self.w.has("logIn", "addUser", "addGroup", "addToken"):
            return
        for part in (self.roles, self.climbing, self.scopes, self.ended_tokens, self.csrf, self.fixation, self.ended_sessions):
            part()


def main():
    partial = "--partial" in sys.argv[1:]
    with Api(args=["--register-by-reports"]) as api:
        world = World(api)
        world.fill()
        access = Access(world)
        access.run()
        missing = sorted(set(world.ops) - world.bound)
    for f in access.faults:
        print(f)
    print(f"access: {len(world.bound)} operations ({len(missing)} missing), {access.calls} knocks, {len(access.faults)} faults")
    return 1 if access.faults or (missing and not partial) else 0


if __name__ == "__main__":
    sys.exit(main())
