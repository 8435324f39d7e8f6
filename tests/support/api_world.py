"""A hawser-api with one of each thing in it, and for each operation of admin/api/openapi.json a path and a body that fit
what is there: the examples of the file, with the names of this world's things in place of theirs."""
import copy
import itertools
import json
import re
import time
import uuid

import openapi

ROLES = ["owner", "admin", "operator", "auditor", "read-only", "user"]
PASSWORD = "a long sentence is best"
UUID = "ODc2NTQzMjE="
NOBODY = "00000000-0000-4000-8000-000000000000"


def now():
    return int(time.time() * 1000)


def day():
    return now() + 86400000


class World:
    """`bound`: operationIds that the server has."""

    def __init__(self, api):
        self.api, self.doc, self.serial = api, openapi.load(), itertools.count(1)
        self.ops = {op["operationId"]: (path, method.upper(), op) for path, method, op in openapi.operations(self.doc)}
        self.bound = {name for name in self.ops if self.is_bound(name)}
        # a path such as /users/export looks like one of /users/{guid}, as long as it is not there itself
        self.bound -= {n for n in ("exportUsers", "exportDevices", "listStrategyOptions") if not self.has("logIn")}
        self.things = {}
        self.boss = api.admin()  # an owner who is nobody of the database, until there is one who is

    def is_bound(self, name):
        """One without a login is told to log in, or that the body is bad; of what is not there 404 or 405."""
        path, method, _ = self.ops[name]
        if not hasattr(self, "stranger"):
            self.stranger = self.api.client()
        return self.stranger.call(method, re.sub(r"\{\w+\}", NOBODY, path)).status not in (404, 405)

    def has(self, *names):
        return all(n in self.bound for n in names)

    # --- people -------------------------------------------------------------------------------------------------------

    def add_user(self, role, name=None, **more):
        name = name or f"{role}-{next(self.serial)}"
        return self.boss.must(201, "POST", "/users", {"name": name, "role": role, "group_guid": self.things["group"], "password": PASSWORD, **more})

    def person(self, role):
        """A new account of this role, logged in."""
        return self.api.client().log_in(self.add_user(role)["name"], PASSWORD)

    def token(self, client, scopes, expires_at=None):
        made = client.must(201, "POST", "/tokens", {"name": f"token {next(self.serial)}", "scopes": scopes,
            "expires_at": day() if expires_at is None else expires_at})
        return self.api.client(made["secret"]), made["token"]

    # --- things -------------------------------------------------------------------------------------------------------

    def report(self, number, hostname="TILL-1", username="kim"):
        """A device reports as deployed clients do."""
        c = self.api.client()
        c.must(200, "POST", "/api/heartbeat", {"id": number, "uuid": UUID, "ver": 1004090, "modified_at": 0}, base="")
        c.call("POST", "/api/sysinfo", {"id": number, "uuid": UUID, "version": "1.4.9", "hostname": hostname, "username": username,
            "os": "linux / Debian GNU/Linux 12 / x86_64", "cpu": "a processor", "memory": "8GB"}, base="")
        found = self.boss.must(200, "GET", "/devices", query={"q": number})["items"]
        if len(found) != 1:
            raise AssertionError(f"the device {number} has reported and is not in the list: {found}")
        return found[0]

    def fill(self):
        """In the order in which things need each other; what the server does not have is left out."""
        if self.has("addGroup"):
            self.things["group"] = self.boss.must(201, "POST", "/groups", {"name": "Staff"})["guid"]
        if self.has("addUser") and "group" in self.things:
            self.things["user"] = self.add_user("user", "uma")["guid"]
            if self.has("logIn"):
                self.boss = self.api.client().log_in(self.add_user("owner", email="boss@example.org")["name"], PASSWORD)
                self.bound &= set(self.boss.session["may"])
        for base, kind, add in (("/device-groups", "device_group", "addDeviceGroup"), ("/control-roles", "control_role", "addControlRole")):
            if self.has(add):
                self.things[kind] = self.boss.must(201, "POST", base, self.example_body(add))["guid"]
        if self.has("listDevices"):
            self.things["device"] = self.report("184726553")["guid"]

    # --- bodies -------------------------------------------------------------------------------------------------------

    def schema(self, name):
        """Of the body that an operation takes; None without one."""
        content = self.ops[name][2].get("requestBody", {}).get("content", {})
        return openapi.resolve(self.doc, content["application/json"]["schema"]) if "application/json" in content else None

    def answer_schema(self, name, status):
        content = self.ops[name][2]["responses"].get(str(status), {}).get("content", {})
        return content.get("application/json", {}).get("schema")

    def guid_for(self, key, example):
        kind = key.removesuffix("_guid").removeprefix("default_")
        if kind in ("subject", "object"):
            kind = example.get(kind + "_kind", "user")
        return self.things.get({"owner": "user", "group": "group"}.get(kind, kind))

    def example_body(self, name):
        """What an operation's example would be here: of X for XNew and XPatch, with guids of this world."""
        schema = self.schema(name)
        ref = self.ops[name][2]["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        base = self.doc["components"]["schemas"].get(re.sub("(New|Patch)$", "", ref), {})
        example = copy.deepcopy((schema.get("examples") or base.get("examples") or [{}])[0])
        if "/devices" in self.ops[name][0] and example.get("group_guid"):
            example["group_guid"] = self.things.get("device_group")
        body = {}
        for key in schema["properties"]:
            if key == "updated_at" or key not in example:
                continue
            body[key] = example[key]
            if key.endswith("_guid") and body[key] is not None and not (ref.startswith("Device") and key == "group_guid"):
                body[key] = self.guid_for(key, example)
        if ref.startswith("Rule") and body.get("object_kind") == "group":
            body["object_guid"] = self.things["group"]
        if "name" in body:
            body["name"] = re.sub("[^a-z0-9-]", "-", f"{body['name']}-{next(self.serial)}".lower()) if ref.startswith("Oidc") \
                else f"{body['name']} {next(self.serial)}"
        if body.get("email"):
            body["email"] = f"mail-{next(self.serial)}@example.org"
        if "expires_at" in body:
            body["expires_at"] = day()
        return body

    # --- paths --------------------------------------------------------------------------------------------------------

    def make(self, base):
        """A thing of a list, to be read, changed and removed: its guid."""
        if base == "/users":
            return self.add_user("user")["guid"]
        if base == "/devices":
            return self.report(str(400000000 + next(self.serial)))["guid"]
        adds = [n for n, (p, m, _) in self.ops.items() if p == base and m == "POST"]
        if not adds or not self.has(adds[0]):
            return None
        made = self.boss.call("POST", self.path(base), self.body(adds[0]))
        if made.status != 201:
            raise AssertionError(f"{adds[0]} {json.dumps(self.body(adds[0]))[:300]}: {made!r}")
        return made.json.get("guid") or made.json["token"]["guid"]

    def path(self, pattern, guid=None):
        """With {book} and {tag} of this world, and `guid`."""
        if "{book}" in pattern and "book" not in self.things:
            self.things["book"] = self.make("/books")
        return pattern.replace("{book}", self.things.get("book") or NOBODY).replace("{tag}", "blue").replace("{guid}", guid or NOBODY)

    SPECIAL = {
        "changeUsers": lambda w: {"action": "disable", "guids": [w.make("/users")]},
        "changeDevices": lambda w: {"action": "tag_add", "tag": "old", "guids": [w.things["device"]]},
        "changeEntries": lambda w: {"action": "tag_add", "tag": "old", "guids": [w.make("/books/{book}/entries")]},
        "changeRules": lambda w: {"action": "disable", "guids": [w.make("/rules")]},
        "changeTargets": lambda w: {"add": [{"kind": "device_group", "guid": w.things["device_group"]}]},
        "testRule": lambda w: {"user_guid": w.things["user"], "device_id": "184726553"},
        "putBookTag": lambda w: {"color": "#aa5500"},
        "resetPassword": lambda w: {"password": PASSWORD + " too"},
        "changeSettings": lambda w: {"session_hours": 8, "lockout_tries": 10, "lockout_minutes": 5, "audit_days": 400},
        "changeMe": lambda w: {"display_name": "Shown so"},
        "addUser": lambda w: {"name": f"new-{next(w.serial)}", "role": "user", "group_guid": w.things["group"], "password": PASSWORD},
        "addBookEntry": lambda w: {"id": str(500000000 + next(w.serial)), "alias": "a till", "tags": ["blue"], "note": ""},
        "addBookShare": lambda w: {"subject_kind": "user", "subject_guid": w.add_user("user")["guid"], "right": "read"},
        "changeBookShare": lambda w: {"right": "write"},
        "addToken": lambda w: {"name": f"token {next(w.serial)}", "scopes": {"device": "r"}, "expires_at": day()},
        "changeToken": lambda w: {"name": f"token {next(w.serial)}", "scopes": {"audit": "r"}},
        "changeSmtp": lambda w: {"enabled": False, "host": "mail.example.org", "port": 587, "security": "starttls", "to": ["ops@example.org"]},
        "changeLdap": lambda w: {"enabled": False, "url": "ldaps://dir.example.org", "base": "dc=example,dc=org"},
    }

    def body(self, name):
        if self.schema(name) is None:
            return None
        return self.SPECIAL[name](self) if name in self.SPECIAL else self.example_body(name)


def new_uuid():
    return str(uuid.uuid4())
