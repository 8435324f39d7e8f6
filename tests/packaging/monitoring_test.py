#!/usr/bin/env python3
"""The board and the alert rules against a real Prometheus that scrapes real servers: promtool takes the rules, their unit tests
(rules.test.yml) and the example settings; each query of each panel gives data while there is traffic; the rules are evaluated
without an error and a healthy deployment sets none of the critical ones off; and a dead node and a database that is away do."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from urllib.parse import urlencode
from urllib.request import urlopen

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from api_server import LIMIT_S, Program, until
from boards import MONITORING, board_queries, rules, rules_file
from live_stack import free_ports
from monitored import Monitored

HERE = os.path.dirname(os.path.abspath(__file__))
JOBS = {"hawser-rendezvous": ("a", "b"), "hawser-relay": ("relay",), "hawser-api": ("api",)}
SPAN = "15s"


def promtool(*argv, cwd=None):
    done = subprocess.run(["promtool", *argv], capture_output=True, text=True, timeout=LIMIT_S, check=False, cwd=cwd)
    assert done.returncode == 0, f"promtool {' '.join(argv)}:\n{done.stdout}{done.stderr}"


def check_files(folder):
    promtool("check", "rules", rules_file())
    promtool("check", "config", os.path.join(MONITORING, "prometheus.yml"))
    with open(os.path.join(HERE, "monitoring", "rules.test.yml"), encoding="utf-8") as f:
        text = f.read()
    assert "- RULES\n" in text
    tests = os.path.join(folder, "rules.test.yml")
    with open(tests, "w", encoding="utf-8") as f:
        f.write(text.replace("- RULES\n", f"- {rules_file()}\n"))
    promtool("test", "rules", tests)


class Prometheus:
    def __init__(self, folder, metrics):
        self.port = free_ports(1)
        settings = os.path.join(folder, "prometheus.json")  # YAML takes JSON
        with open(settings, "w", encoding="utf-8") as f:
            json.dump({"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [rules_file()],
                "scrape_configs": [{"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{metrics[name]}" for name in names]}]}
                    for job, names in JOBS.items()]}, f)
        self.program = Program(["prometheus", "--config.file", settings, "--storage.tsdb.path", os.path.join(folder, "data"),
            "--web.listen-address", f"127.0.0.1:{self.port}"], env={**os.environ, "HOME": folder})
        self.program.expect("Server is ready to receive web requests")

    def get(self, path, **query):
        with urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}?{urlencode(query)}", timeout=LIMIT_S) as answer:
            got = json.load(answer)
        assert got["status"] == "success", got
        return got["data"]

    def ask(self, expr):
        return self.get("query", query=expr)["result"]

    def between(self, expr, start, end):
        return self.get("query_range", query=expr, start=start, end=end, step="1s")["result"]

    def wait_targets(self):
        def all_up():
            targets = self.get("targets")["activeTargets"]
            wrong = [t for t in targets if t["health"] == "down"]
            assert not wrong, wrong
            return len(targets) == 4 and all(t["health"] == "up" for t in targets)
        until("Prometheus has asked all servers", all_up)


def is_number(value):
    return value not in ("NaN", "+Inf", "-Inf")


def check_board(p, start, end):
    """As a person would look at it: something is drawn in each panel, and each line of it can be told from the others."""
    empty, seen = [], 0
    for query in board_queries():
        got = p.between(query.asked(span=SPAN), start, end)
        if query.where.startswith("mark"):
            continue
        names = [tuple((label, series["metric"].get(label)) for label in query.shown) for series in got]
        assert len(names) == len(set(names)), f"{query.where}: lines with one name: {names}"
        assert all(value for name in names for _, value in name), f"{query.where}: a line without its name: {names}"
        if not any(is_number(value) for series in got for _, value in series["values"]):
            empty.append(f"{query.where}: {query.expr}")
        seen += len(got)
    assert not empty, "nothing to see in\n" + "\n".join(empty)
    return seen


def check_rules(p):
    def evaluated():
        found = [rule for group in p.get("rules")["groups"] for rule in group["rules"]]
        return found if all(rule["health"] != "unknown" for rule in found) else None
    found = until("all rules are evaluated", evaluated)
    assert {rule["name"] for rule in found} == set(rules())
    for rule in found:
        assert rule["health"] == "ok", rule
        healthy = rule["labels"]["severity"] != "critical" or not rule["alerts"]
        assert healthy, f"all is well, and {rule['name']} says {rule['alerts']}"


def check_failures(p, m):
    """What breaks is what the rules see (their `for` is left to promtool, which does not wait)."""
    def sees(name, **labels):
        want = ",".join(f'{k}="{v}"' for k, v in labels.items())
        until(f"{name} {want}", lambda: [s for s in p.ask(rules()[name]["expr"]) if labels.items() <= s["metric"].items()])
    at = {name: f"127.0.0.1:{port}" for name, port in m.metrics.items()}
    b = m.node.pop("b")
    m.programs.remove(b)
    b.proc.send_signal(signal.SIGKILL)
    b.stop()
    sees("HawserServerDown", instance=at["b"], job="hawser-rendezvous")
    sees("HawserNodeLost", instance=at["a"])
    m.database.program.stop(signal.SIGQUIT)
    m.load("a", hosts=60, seconds=2, calls=1)
    sees("HawserDatabaseAway", instance=at["a"])
    until("registrations wait for the database", lambda: m.page("a").value("hawser_rdv_store_lag_seconds") > 3)


def traffic(m, start):
    """Until each rate has its span of samples."""
    while time.time() < start + 20:
        m.traffic(seconds=1)


def main():
    missing = [name for name in ("prometheus", "promtool") if not shutil.which(name)]
    if missing:
        print(f"SKIPPED: {' and '.join(missing)} are not installed (Debian package prometheus): board and alert rules are not tried on a real one")
        sys.exit(77)
    folder = tempfile.mkdtemp(prefix="hawser-prometheus-")
    p = None
    try:
        check_files(folder)
        with Monitored() as m:
            p = Prometheus(folder, m.metrics)
            p.wait_targets()
            start = time.time()
            traffic(m, start)
            lines = check_board(p, start, time.time())
            check_rules(p)
            check_failures(p, m)
        print(f"{len(board_queries())} queries of the board draw {lines} lines; {len(rules())} rules are evaluated")
    finally:
        if p:
            p.program.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
