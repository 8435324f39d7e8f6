#!/usr/bin/env python3
"""What tests/support/openapi.py must find: the API's description with one fault at a time, and bodies that do not fit."""
import copy
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import openapi  # noqa: E402

U = "00000001-0000-4000-8000-000000000001"
# What is put where, and a part of the sentence that must come out.
FAULTS = [
    (("paths", "/users", "post", "x-roles"), ["owner", "read-only"], "only looks"),
    (("paths", "/users", "post", "x-roles"), ["owner", "root"], "x-roles"),
    (("paths", "/users", "post", "x-roles"), [], "x-roles"),
    (("paths", "/users", "post", "x-scope"), "usr:rw", "none that a token can have"),
    (("paths", "/users", "post", "x-scope"), None, "disagree"),
    (("paths", "/users", "post", "x-csrf"), False, "x-csrf"),
    (("paths", "/users", "post", "operationId"), "addGroup", "twice"),
    (("paths", "/users", "post", "security"), [], "x-roles"),
    (("paths", "/users/{guid}", "get", "parameters"), [], "do not fit the path"),
    (("paths", "/users", "get", "requestBody"), {}, "has a body"),
    (("components", "schemas", "Note"), {"type": "string"}, "without maxLength"),
    (("components", "schemas", "Time"), {"type": "integer"}, "without bounds"),
    (("components", "schemas", "Settings", "properties", "allowed_origins"), {"type": "array"}, "without maxItems"),
    (("components", "schemas", "Account", "additionalProperties"), True, "without maxProperties"),
    (("components", "schemas", "Account", "examples"), [{}], "is missing"),
    (("components", "schemas", "Name"), {"type": "string", "maxLength": 9, "not": {}}, "not known here"),
    (("components", "schemas", "Note"), None, "nothing is at"),
]
NEW = {"name": "dora", "role": "user", "group_guid": U}
BODIES = [
    ({}, "body.name is missing"), ({**NEW, "x": 1}, "body.x is not known"), ({**NEW, "name": ""}, "0 long"), ({**NEW, "name": "n" * 129}, "129 long"),
    ({**NEW, "role": "root"}, "is none of"), ({**NEW, "group_guid": "../../etc"}, "long"), ({**NEW, "group_guid": "x" * 36}, "does not match"),
    ({**NEW, "max_sessions": -1}, "out of bounds"), ({**NEW, "max_sessions": True}, "is no integer"), ({**NEW, "totp_required": 1}, "is no boolean"),
    ({**NEW, "control_role_guid": 3}, "anyOf"), ([], "is no object"), (None, "is no object"),
]


def with_fault(doc, where, value):
    doc = copy.deepcopy(doc)
    at = doc
    for key in where[:-1]:
        at = at[key]
    if value is None:
        del at[where[-1]]
    else:
        at[where[-1]] = value
    return doc


def main():
    doc, bad = openapi.load(), []
    for where, value, wanted in FAULTS:
        try:
            faults = openapi.file_faults(with_fault(doc, where, value))
        except ValueError as e:
            faults = [str(e)]
        if not any(wanted in f for f in faults):
            bad.append(f"{'/'.join(where)} = {value}: '{wanted}' is not found, but {faults[:2]}")
    schema = {"$ref": "#/components/schemas/UserNew"}
    if openapi.check(doc, schema, NEW):
        bad.append(f"what is right is refused: {openapi.check(doc, schema, NEW)}")
    for body, wanted in BODIES:
        if not any(wanted in f for f in openapi.check(doc, schema, body)):
            bad.append(f"{body}: '{wanted}' is not found, but {openapi.check(doc, schema, body)[:2]}")
    for guids in ({"action": "enable"}, {"action": "enable", "guids": [U], "filter": {"q": "a"}}, {"action": "enable", "guids": [U, U]}):
        if not openapi.check(doc, {"$ref": "#/components/schemas/UserBulk"}, guids):
            bad.append(f"{guids} is taken")
    for b in bad:
        print(b)
    print(f"description: {len(FAULTS) + len(BODIES) + 4} cases, {len(bad)} wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
