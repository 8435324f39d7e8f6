#!/usr/bin/env python3
"""Boards and alert rules ask for what the servers have: every metric, label and value that packaging/monitoring names is on the
pages of real servers that have had traffic; every metric of theirs is in docs/metrics.md, with its type and labels, and nothing
else is; and what they count is what happened. `--write` brings the tables of docs/metrics.md up to date."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from api_server import ROOT, until
from boards import board, board_queries, rule_queries, rules
from monitored import Monitored

DOC = os.path.join(ROOT, "docs", "metrics.md")
TABLES = (("hawser-rendezvous", "a"), ("hawser-relay", "relay"), ("hawser-api", "api"))
ADDED = {"job", "instance"}  # by Prometheus
ALL_HAVE = re.compile(r"process_|hawser_(build|clock|state|certificate)")


def base(page, name):
    """The name under which a sample has its type: that of its histogram."""
    short = re.sub(r"_(bucket|sum|count)$", "", name)
    return short if page.types.get(short) == "histogram" else name


def check_queries(pages):
    known = {}
    for page in pages.values():
        for name, labels, _ in page.samples:
            known.setdefault(name, []).append(labels)
    known["up"] = [{}]
    for query in board_queries() + rule_queries():
        labels = set(ADDED)
        for name, matchers in query.selectors:
            assert name in known, f"{query.where}: no server has {name}"
            labels |= {label for at in known[name] for label in at}
            for label, how, want in matchers:
                if label in ADDED:
                    continue
                values = {at[label] for at in known[name] if label in at}
                assert values, f"{query.where}: {name} has no label {label}"
                if how == "=":
                    assert want in values, f"{query.where}: {name} has no {label}={want!r}, only {sorted(values)}"
                else:
                    missing = {one for one in want.split("|") if not any(re.fullmatch(one, v) for v in values)}
                    assert not missing, f"{query.where}: {name} has no {label} like {missing}, only {sorted(values)}"
        for label in query.grouped | query.shown:
            assert label in labels, f"{query.where}: what it asks for has no label {label}"
        if query.grouped and query.where.startswith("panel"):
            assert query.shown <= query.grouped, f"{query.where}: {query.shown - query.grouped} is summed up, and cannot be shown"


def check_board():
    whole, ids, titles, taken = board(), set(), set(), set()
    for panel in whole["panels"]:
        assert panel["id"] not in ids and (panel["title"] not in titles), f"{panel['title']} is there twice"
        ids.add(panel["id"])
        titles.add(panel["title"])
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, f"{panel['title']} does not have its place alone"
        taken |= cells
        if panel["type"] == "row":
            continue
        assert panel["targets"] and len({t["refId"] for t in panel["targets"]}) == len(panel["targets"]), panel["title"]
        assert all(t["datasource"]["uid"] == "${datasource}" for t in panel["targets"]), panel["title"]
        assert panel["fieldConfig"]["defaults"].get("unit") or panel["type"] == "table", f"{panel['title']} has no unit"


def check_rules():
    found = rules()
    assert len(found) >= 30, len(found)
    for name, rule in found.items():
        assert re.fullmatch(r"Hawser[A-Z]\w+", name), name
        assert {"expr", "severity", "summary", "action"} <= set(rule), f"{name} lacks something: {rule}"
        assert rule["severity"] in ("critical", "warning", "info"), name
        assert len(rule["summary"]) > 15 and len(rule["action"]) > 30, f"{name}: that helps nobody"
        assert "for" not in rule or re.fullmatch(r"\d+[mh]", rule["for"]), name


def table_of(page, keep):
    """Rows of a table: each name with its type, labels with their values, and what it is."""
    rows = {}
    for name, labels, _ in page.samples:
        row = rows.setdefault(base(page, name), {})
        for label, value in labels.items():
            if label != "le":
                row.setdefault(label, []).append(value)
    lines = ["| metric | type | labels | what |", "|---|---|---|---|"]
    for name in page.types:
        if not keep(name):
            continue
        # what names this very process, machine or cluster is no list of what can be
        told = [f"`{label}`" if label in ("shard", "version", "program", "node") else f"`{label}`: " + ", ".join(dict.fromkeys(values))
            for label, values in rows[name].items()]
        lines.append(f"| `{name}` | {page.types[name]} | {'; '.join(told) or '–'} | {page.help[name].replace('|', '/')} |")
    return "\n".join(lines)


def check_document(pages, write):
    tables = {"all servers": table_of(pages["a"], ALL_HAVE.match)}
    for title, name in TABLES:
        tables[title] = table_of(pages[name], lambda at: not ALL_HAVE.match(at))
    for page in pages.values():
        for name in page.types:
            assert ALL_HAVE.match(name) or re.match(r"hawser_(rdv|relay|api)_", name), f"{name} is nobody's"
    with open(DOC, encoding="utf-8") as f:
        text = f.read()
    for title, table in tables.items():
        mark = re.compile(rf"(<!-- {title} -->\n).*?(\n<!-- end -->)", re.S)
        assert mark.search(text), f"docs/metrics.md has no table of {title}"
        if write:
            text = mark.sub(lambda m, t=table: m.group(1) + t + m.group(2), text)
            continue
        there = mark.search(text).group(0).split("\n")[1:-1]
        missing, old = [row for row in table.split("\n") if row not in there], [row for row in there if row not in table.split("\n")]
        assert not missing and not old, "docs/metrics.md is not true any more (metrics_test.py --write); missing:\n" + "\n".join(missing) + "\nold:\n" + "\n".join(old)
    if write:
        with open(DOC, "w", encoding="utf-8") as f:
            f.write(text)


def check_pages(pages):
    for name, page in pages.items():
        for sample, labels, value in page.samples:
            kind = page.types.get(base(page, sample))
            assert kind, f"{name}: {sample} has no type"
            assert kind != "counter" or re.search(r"_total$", sample), f"{sample}: counters end with _total"
            assert value >= 0, f"{name}: {sample}{labels} is {value}"
        for metric in (n for n, kind in page.types.items() if kind == "histogram"):
            last = {}
            for sample, labels, value in page.samples:
                if sample == metric + "_bucket":
                    rest = tuple(sorted((k, v) for k, v in labels.items() if k != "le"))
                    assert value >= last.get(rest, 0), f"{metric} falls at le={labels['le']}"
                    last[rest] = value
            for rest, value in last.items():
                assert page.value(metric + "_count", **dict(rest)) == value, f"{metric}_count"


def check_numbers(m):
    """Of what was done, each server counted its part."""
    pages = m.pages()
    for node in "ab":
        page = pages[node]
        assert page.value("hawser_rdv_registrations_total", result="ok") >= 30
        assert page.value("hawser_rdv_answer_seconds_count") == page.value("hawser_rdv_answers_total") > 0
        assert page.value("hawser_rdv_store_seconds_count") > 0
        assert page.value("hawser_rdv_rejected_total", rule="address") == 1
        assert page.value("hawser_rdv_store_up") == 1 and page.value("hawser_rdv_nodes") == 2
        assert page.value("hawser_rdv_node_info", node=node) == 1
        until(f"node {node} has nothing left to write", lambda at=node: m.page(at).value("hawser_rdv_store_lag_seconds") == 0)
    relay = pages["relay"]
    assert relay.value("hawser_relay_bytes_by_direction_total", dir="to_host") == 300
    assert relay.value("hawser_relay_bytes_by_direction_total", dir="to_viewer") == 500
    assert relay.value("hawser_relay_bytes_by_direction_total") == relay.value("hawser_relay_bytes_total")
    api = pages["api"]
    assert api.value("hawser_api_request_seconds_count") == api.value("hawser_api_requests_total") >= 3
    assert api.value("hawser_api_store_up") == 1 and api.value("hawser_api_store_seconds_count") > 0


def main():
    check_board()
    check_rules()
    with Monitored() as m:
        m.traffic()
        pages = m.pages()
        check_pages(pages)
        check_queries(pages)
        check_document(pages, "--write" in sys.argv)
        check_numbers(m)
    print(f"{len(board_queries())} queries of the board and {len(rules())} rules ask for what there is")


if __name__ == "__main__":
    main()
