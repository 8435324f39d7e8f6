#!/usr/bin/env python3
"""Reads admin/api/openapi.json for tests: schemas are checked by the few words of JSON Schema that it uses. Run alone
it checks the file itself: references, names, roles, scopes, bounds and examples, and the table of docs/api.md, which
--write makes new. Prints each fault."""
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATH = os.path.join(ROOT, "admin", "api", "openapi.json")
PAGE = os.path.join(ROOT, "docs", "api.md")
MARK = "<!-- made out of admin/api/openapi.json -->\n"
METHODS = ("get", "post", "put", "patch", "delete")
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
ROLES = {"owner", "admin", "operator", "auditor", "read-only", "user"}
# A schema with a word that check() does not know would pass without having been looked at.
KNOWN = {"$ref", "type", "description", "additionalProperties", "required", "properties", "examples", "default",
    "minLength", "maxLength", "pattern", "enum", "minimum", "maximum", "items", "maxItems", "uniqueItems", "anyOf",
    "oneOf", "allOf", "minProperties", "maxProperties", "propertyNames", "format", "readOnly", "writeOnly"}


def once(pairs):
    keys = [k for k, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"a key stands twice: {sorted(k for k in keys if keys.count(k) > 1)[0]}")
    return dict(pairs)


def load(path=PATH):
    with open(path, encoding="utf-8") as f:
        return json.load(f, object_pairs_hook=once)


def resolve(doc, node):
    """What a reference leads to; anything else is itself."""
    seen = 0
    while isinstance(node, dict) and "$ref" in node:
        seen += 1
        if seen > 16 or not node["$ref"].startswith("#/"):
            raise ValueError(f"bad reference {node['$ref']}")
        at = doc
        for part in node["$ref"][2:].split("/"):
            if part not in at:
                raise ValueError(f"nothing is at {node['$ref']}")
            at = at[part]
        node = at
    return node


def of_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def check_object(doc, schema, value, where):
    props, faults = schema.get("properties", {}), []
    faults += [f"{where}.{k} is missing" for k in schema.get("required", []) if k not in value]
    if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", 1 << 30):
        faults.append(f"{where} has {len(value)} keys")
    rest = schema.get("additionalProperties", True)
    for key, item in value.items():
        if key in props:
            faults += check(doc, props[key], item, f"{where}.{key}")
        elif rest is False:
            faults.append(f"{where}.{key} is not known")
        elif isinstance(rest, dict):
            faults += check(doc, rest, item, f"{where}.{key}")
        if "propertyNames" in schema:
            faults += check(doc, schema["propertyNames"], key, f"{where}.{key} (its name)")
    return faults


def check_scalar(schema, value, where):
    if isinstance(value, str):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 1 << 30):
            return [f"{where} is {len(value)} long"]
        if "pattern" in schema and not re.search(schema["pattern"], value):
            return [f"{where} does not match {schema['pattern']}"]
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            return [f"{where} is out of bounds"]
    return []


def check(doc, schema, value, where="body"):
    """All that is wrong with a value, as sentences."""
    if schema is True:
        return []
    if "$ref" in schema:
        return check(doc, resolve(doc, schema), value, where)
    faults = []
    for word, fits in (("anyOf", lambda n: n >= 1), ("oneOf", lambda n: n == 1)):
        if word in schema and not fits(sum(not check(doc, s, value, where) for s in schema[word])):
            faults.append(f"{where} fits {word} not")
    for part in schema.get("allOf", []):
        faults += check(doc, part, value, where)
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(of_type(value, t) for t in types):
        return faults + [f"{where} is no {' or '.join(types)}"]
    if "enum" in schema and value not in schema["enum"]:
        faults.append(f"{where} is none of {', '.join(map(str, schema['enum']))}")
    if isinstance(value, dict):
        return faults + check_object(doc, schema, value, where)
    if isinstance(value, list):
        if len(value) > schema.get("maxItems", 1 << 30):
            faults.append(f"{where} has {len(value)} items")
        if schema.get("uniqueItems") and len({json.dumps(v) for v in value}) != len(value):
            faults.append(f"{where} has an item twice")
        for i, item in enumerate(value):
            faults += check(doc, schema.get("items", True), item, f"{where}[{i}]")
        return faults
    return faults + check_scalar(schema, value, where)


def operations(doc):
    for path, methods in doc["paths"].items():
        for method, op in methods.items():
            yield path, method, op


def schemas_of(node):
    """Each schema in a schema, itself first; values of examples and names of properties are none."""
    if not isinstance(node, dict):
        return
    yield node
    for word in ("anyOf", "oneOf", "allOf"):
        for part in node.get(word, []):
            yield from schemas_of(part)
    for word in ("items", "additionalProperties", "propertyNames"):
        yield from schemas_of(node.get(word))
    for part in node.get("properties", {}).values():
        yield from schemas_of(part)


def bound_faults(schema, where):
    """What is hostile must be bounded: texts, lists, numbers, objects with free keys."""
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    faults = [f"{where}: the word {w} is not known here" for w in schema if w not in KNOWN]
    if "string" in types and "enum" not in schema and "maxLength" not in schema:
        faults.append(f"{where}: a text without maxLength")
    if "array" in types and "maxItems" not in schema:
        faults.append(f"{where}: a list without maxItems")
    if "integer" in types and not {"minimum", "maximum"} <= set(schema):
        faults.append(f"{where}: a number without bounds")
    if "object" in types and schema.get("additionalProperties") is not False and "maxProperties" not in schema:
        faults.append(f"{where}: an object with free keys without maxProperties")
    return faults


def operation_faults(doc, path, method, op):
    where, faults = f"{method} {path}", []
    public = op.get("security") == []
    if method not in METHODS:
        faults.append(f"{where}: what method is this?")
    if public != (op.get("x-roles") == []) or not set(op["x-roles"]) <= ROLES:
        faults.append(f"{where}: x-roles do not fit its security")
    if (method != "get" and not public) != op.get("x-csrf", False):
        faults.append(f"{where}: x-csrf is wrong")
    scope = op.get("x-scope")
    takes_token = "security" not in op
    if takes_token != bool(scope):
        faults.append(f"{where}: x-scope and security disagree")
    area, _, right = (scope or "device:r").partition(":")
    areas = doc["components"]["schemas"]["TokenNew"]["properties"]["scopes"]["properties"]
    if area not in areas or right not in ("r", "rw"):
        faults.append(f"{where}: x-scope {scope} is none that a token can have")
    if method == "get" and "requestBody" in op:
        faults.append(f"{where}: a GET has a body")
    # roles that only look on must never be let near a write of others' things
    if method != "get" and takes_token and right == "rw" and {"auditor", "read-only"} & set(op["x-roles"]):
        faults.append(f"{where}: a role that only looks may write")
    names = [resolve(doc, p) for p in op.get("parameters", [])]
    if set(re.findall(r"\{(\w+)\}", path)) != {p["name"] for p in names if p["in"] == "path"}:
        faults.append(f"{where}: parameters do not fit the path")
    for p in names:
        for s in schemas_of(p["schema"]):
            faults += bound_faults(s, f"{where} ?{p['name']}")
    return faults


def file_faults(doc):
    faults, ids = [], {}
    for path, method, op in operations(doc):
        faults += operation_faults(doc, path, method, op)
        if ids.setdefault(op["operationId"], (path, method)) != (path, method):
            faults.append(f"{method} {path}: operationId {op['operationId']} stands twice")
    for name, schema in doc["components"]["schemas"].items():
        for s in schemas_of(schema):
            faults += bound_faults(s, name)
        for i, example in enumerate(schema.get("examples", [])):
            faults += check(doc, schema, example, f"{name} example {i}")

    def walk(node):
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                resolve(doc, node)
            for v in node.values():
                walk(v)
        elif isinstance(node, list):
            for v in node:
                walk(v)

    walk(doc)
    return faults


def operations_table(doc):
    """The table of docs/api.md."""
    short = {"owner": "O", "admin": "A", "operator": "P", "auditor": "U", "read-only": "R", "user": "N"}
    lines, last = [], None
    for path, method, op in operations(doc):
        if op["tags"][0] != last:
            last = op["tags"][0]
            lines += ["", f"### {last}", "", "| Call | What it does | Roles | Scope |", "|---|---|---|---|"]
        roles = " ".join(v for k, v in short.items() if k in op["x-roles"]) or "anyone"
        lines.append(f"| `{method.upper()} {path}` | {op['summary']} | {roles} | {op.get('x-scope', '–')} |")
    return "\n".join(lines).strip() + "\n"


def page_faults(doc, write):
    """The page that people read says what the file says; with `write` it is made to."""
    with open(PAGE, encoding="utf-8") as f:
        head, mark, tail = f.read().partition(MARK)
    if not mark:
        return [f"{PAGE}: the mark of the table is missing"]
    wanted = "\n" + operations_table(doc)
    if write:
        with open(PAGE, "w", encoding="utf-8") as f:
            f.write(head + mark + wanted)
    elif tail != wanted:
        return ["docs/api.md: the table is old; tests/support/openapi.py --write makes it new"]
    return []


def main():
    try:
        doc = load()
        faults = file_faults(doc) + page_faults(doc, "--write" in sys.argv[1:])
    except (ValueError, KeyError) as e:
        print(f"{PATH}: {e}")
        return 1
    count = sum(1 for _ in operations(doc))
    if count < 100:
        faults.append(f"only {count} operations could be read")
    for f in faults:
        print(f)
    print(f"openapi: {count} operations, {len(doc['components']['schemas'])} schemas, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
