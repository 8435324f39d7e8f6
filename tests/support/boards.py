"""What packaging/monitoring asks Prometheus: the queries of the board's panels and of the alert rules, and which metrics and
labels they use."""
import json
import os
import re

from api_server import ROOT

MONITORING = os.path.join(ROOT, "packaging", "monitoring")
SELECTOR = re.compile(r"\b((?:hawser|process)_[a-z0-9_]+|up)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r'\s*([a-z_]+)(=~|!~|!=|=)"([^"]*)"\s*(?:,|$)')
GROUPS = re.compile(r"\b(?:by|on|group_left)\s*\(([^)]*)\)")
WORDS = {"abs", "absent", "and", "bool", "by", "changes", "count", "group_left", "histogram_quantile", "increase", "max", "max_over_time", "min", "offset",
    "on", "or", "quantile_over_time", "rate", "sum", "time", "timestamp"}


class Query:
    """A PromQL expression of a panel or a rule: `where` names it, `texts` are what shows its labels."""

    def __init__(self, where, expr, texts=()):
        self.where, self.expr = where, expr
        plain = expr.replace("$__rate_interval", "1m")
        self.selectors = [(m.group(1), self.matchers(m.group(2) or "")) for m in SELECTOR.finditer(plain)]
        self.grouped = {label.strip() for m in GROUPS.finditer(plain) for label in m.group(1).split(",") if label.strip()}
        self.shown = {name for text in texts for name in re.findall(r"\{\{\s*(?:\$labels\.)?([a-z_]+)", text)} - {"$value"}
        rest = GROUPS.sub(" ", SELECTOR.sub(" ", plain))
        rest = re.sub(r"\[\w+\]|\boffset \w+|\b[\d.]+\b", " ", rest)
        unknown = set(re.findall(r"[a-zA-Z_]\w*", rest)) - WORDS
        assert not unknown, f"{where}: neither metrics nor words of PromQL that are known here: {unknown}"
        assert self.selectors, f"{where}: no metric in {expr!r}"

    def matchers(self, text):
        found, end = [], 0
        while end < len(text):
            m = MATCHER.match(text, end)
            assert m, f"{self.where}: {text!r} is no list of labels"
            found.append(m.groups())
            end = m.end()
        return found

    def asked(self, instance=".*", span="1m"):
        """As Grafana sends it."""
        return self.expr.replace("$__rate_interval", span).replace("$instance", instance)


def board():
    with open(os.path.join(MONITORING, "grafana", "dashboards", "hawser.json"), encoding="utf-8") as f:
        return json.load(f)


def board_queries():
    whole, found = board(), []
    for panel in whole["panels"]:
        for target in panel.get("targets", ()):
            found.append(Query(f"panel '{panel['title']}'", target["expr"], [target["legendFormat"]]))
    for mark in whole["annotations"]["list"]:
        if "expr" in mark:
            found.append(Query(f"mark '{mark['name']}'", mark["expr"], [mark["titleFormat"]]))
    return found


def rules_file():
    return os.path.join(MONITORING, "rules", "hawser.yml")


def rules():
    """{alert: {expr, for, severity, summary, action}}: the file keeps to one form, which is all that is read here."""
    found, now, key = {}, None, None
    with open(rules_file(), encoding="utf-8") as f:
        for line in f:
            m = re.match(r'\s+(?:- )?(alert|expr|for|labels|summary|action): (.*)$', line)
            if m and m.group(1) == "alert":
                assert m.group(2) not in found, f"{m.group(2)} is there twice"
                now = found[m.group(2)] = {}
            elif m and m.group(1) == "labels":
                now["severity"] = re.fullmatch(r"\{severity: (\w+)\}", m.group(2)).group(1)
            elif m:
                key = m.group(1)
                assert key not in now, f"{key} is there twice: {line}"
                now[key] = "" if m.group(2) == ">-" else m.group(2).strip('"')
            elif now and key == "action" and re.match(r" {12}\S", line):
                now["action"] += line.strip() + " "
    return found


def rule_queries():
    return [Query(f"alert {name}", rule["expr"], [rule["summary"], rule["action"]]) for name, rule in rules().items()]
