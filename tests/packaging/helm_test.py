#!/usr/bin/env python3
"""The Helm chart, as helm renders it for several settings: every pod is confined, what selects pods selects them, ports are the
programs' own, probes ask programs that are there, secrets reach only who needs them; and settings that cannot work are
refused with a word on what to do. No cluster takes part."""
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CHART = os.path.join(ROOT, "packaging", "helm", "hawser")
BUILD = os.environ.get("HAWSER_TEST_BUILD", os.path.join(ROOT, "build", "release"))
HELM = os.environ.get("HAWSER_HELM") or shutil.which("helm")
PROGRAMS = {"rendezvous": "server-rendezvous/hawser-rendezvous", "relay": "server-relay/hawser-relay", "api": "admin/api/hawser-api"}
CLUSTER = ("store=postgresql", "postgresql.existingSecret=db")

try:
    import yaml
except ImportError:
    print("SKIPPED: no python3-yaml: what helm renders cannot be read")
    sys.exit(77)
if not HELM:
    print("SKIPPED: no helm (PATH or HAWSER_HELM), and Debian has no package of it: the chart was NOT rendered")
    sys.exit(77)


def helm(*argv):
    r = subprocess.run([HELM, *argv], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    return r.returncode, r.stdout, r.stderr


def arguments(settings):
    return [word for s in settings for word in ("--set", s)]


def render(*settings, kube="1.28.0"):
    status, text, err = helm("template", "r", CHART, "--kube-version", kube, "--set", "key.existingSecret=key", *arguments(settings))
    assert status == 0, err
    return [d for d in yaml.safe_load_all(text) if d]


def refused(word, *settings):
    status, _, err = helm("template", "r", CHART, "--kube-version", "1.28.0", *arguments(settings))
    assert status != 0 and word in err, (settings, err)


def of(docs, kind):
    return {d["metadata"]["name"]: d for d in docs if d["kind"] == kind}


def help_of(program):
    return subprocess.run([os.path.join(BUILD, PROGRAMS[program]), "--help"], capture_output=True, text=True, timeout=20).stdout


def default_ports(program):
    """What --help says: of each port option its default, or its distance from the main one."""
    text = re.sub(r"\s+", " ", help_of(program))
    main = int(re.search(r"--port PORT [^\[]*\[default: (\d+)\]", text).group(1))
    ports = {int(p) for p in re.findall(r"-port PORT [^\[]*\[default: (\d+)\]", text)} - {0}
    return ports | {main} | {main + int(sign + n) for sign, n in re.findall(r"(?:main |default: )port ([+-]) ?(\d+)", text)}


def confined(name, pod):
    s = pod["securityContext"]
    assert s["runAsNonRoot"] and s["runAsUser"] == 10990 and s["seccompProfile"]["type"] == "RuntimeDefault", name
    assert pod["automountServiceAccountToken"] is False, name
    for c in pod["containers"]:
        s = c["securityContext"]
        assert s["readOnlyRootFilesystem"] and not s["allowPrivilegeEscalation"] and s["capabilities"] == {"drop": ["ALL"]}, c["name"]
        assert c["resources"]["limits"]["memory"], c["name"]
        mounted = {m["name"] for m in c["volumeMounts"]}
        assert mounted <= {v["name"] for v in pod["volumes"]} | {"state"}, (c["name"], mounted)
        # nothing secret in the manifest itself
        for e in c["env"]:
            assert "postgresql://" not in str(e.get("value")), e


def programs_are_there(pod):
    for c in pod["containers"]:
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            program, verb, *more = c[probe]["exec"]["command"]
            assert program == f"/usr/bin/hawser-{c['name']}" and verb == "health", program
            assert more == (["--ready"] if probe == "readinessProbe" else []), (probe, more)
        # an update of a large database that is cut off is rolled back, and would be begun anew for ever
        assert c["startupProbe"]["periodSeconds"] * c["startupProbe"]["failureThreshold"] >= 3600
        given = {p["containerPort"] for p in c["ports"]}
        has = default_ports(c["name"])
        assert given <= has, (c["name"], given - has)
        known = help_of(c["name"])
        for e in c["env"]:
            word = re.fullmatch(r"HAWSER_(?:RENDEZVOUS|RELAY|API)_(\w+?)", e["name"])
            if not word:
                assert e["name"] in ("STATE_DIRECTORY", "RUNTIME_DIRECTORY"), e
                continue
            option = word.group(1).lower().replace("_", "-")
            plain = option.removesuffix("-file")
            assert re.search(rf"(--(\[no-\])?{option}\b|\({plain}\))", known), f"{c['name']} has no option for {e['name']}"


def selected(docs):
    pods = [d["spec"]["template"]["metadata"]["labels"] for d in docs if d["kind"] in ("Deployment", "StatefulSet")]

    def matches(selector):
        plain = {k: v for k, v in selector.items() if k != "statefulset.kubernetes.io/pod-name"}
        return [p for p in pods if plain.items() <= p.items()]

    for d in docs:
        kind, spec = d["kind"], d.get("spec", {})
        if kind == "Service":
            assert len(matches(spec["selector"])) == 1, d["metadata"]["name"]
        elif kind == "PodDisruptionBudget":
            assert len(matches(spec["selector"]["matchLabels"])) == 1, d["metadata"]["name"]
        elif kind == "NetworkPolicy":
            assert len(matches(spec["podSelector"]["matchLabels"])) == 1, d["metadata"]["name"]
        elif kind in ("Deployment", "StatefulSet"):
            assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
        elif kind == "ServiceMonitor":
            want = spec["selector"]["matchLabels"].items()
            services = [s for s in docs if s["kind"] == "Service" and want <= s["metadata"]["labels"].items()]
            assert len(services) == 1, (d["metadata"]["name"], len(services))
            assert spec["endpoints"][0]["port"] in {p["name"] for p in services[0]["spec"]["ports"]}


def services_lead_to_ports(docs):
    names = {}
    for d in docs:
        if d["kind"] in ("Deployment", "StatefulSet"):
            part = d["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"]
            names[part] = {p["name"]: p for c in d["spec"]["template"]["spec"]["containers"] for p in c["ports"]}
    for d in docs:
        if d["kind"] != "Service":
            continue
        there = names[d["spec"]["selector"]["app.kubernetes.io/component"]]
        for p in d["spec"]["ports"]:
            to = there[p["targetPort"]]
            assert to["containerPort"] == p["port"] and to["protocol"] == p.get("protocol", "TCP"), p


def from_outside(docs):
    """Metrics are for who is named, and no service of the outside leads to them."""
    for name, d in of(docs, "Service").items():
        ports = {p["port"] for p in d["spec"]["ports"]}
        if not ports & {21124, 21126, 21127}:
            assert d["spec"]["externalTrafficPolicy"] == "Local", name
        else:
            assert d["spec"].get("clusterIP") == "None", name
    for name, d in of(docs, "NetworkPolicy").items():
        for rule in d["spec"]["ingress"]:
            if "from" not in rule:
                assert not {p["port"] for p in rule["ports"]} & {21120, 21124, 21126, 21127}, name


def one_file():
    docs = render()
    sets = of(docs, "StatefulSet")
    assert sorted(sets) == ["r", "r-relay"] and sets["r"]["spec"]["replicas"] == 1 and "r" not in of(docs, "PodDisruptionBudget")
    claims = [c["metadata"]["name"] for c in sets["r"]["spec"]["volumeClaimTemplates"]]
    assert claims == ["state"] and "r-api" in of(docs, "PersistentVolumeClaim")
    return docs


def several_nodes():
    docs = render(*CLUSTER, "serviceMonitor.enabled=true", "prometheusRule.enabled=true", "rendezvous.replicas=3")
    server = of(docs, "Deployment")["r"]["spec"]
    assert server["replicas"] == 3 and server["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    env = {e["name"]: e for e in server["template"]["spec"]["containers"][0]["env"]}
    assert env["HAWSER_RENDEZVOUS_NODE"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
    assert of(docs, "PersistentVolumeClaim")["r-api"]["spec"]["accessModes"] == ["ReadWriteMany"]
    rules = of(docs, "PrometheusRule")["r"]["spec"]
    with open(os.path.join(ROOT, "packaging", "monitoring", "rules", "hawser.yml"), encoding="utf-8") as f:
        assert rules == yaml.safe_load(f), "the alert rules are others"
    assert len(of(docs, "ServiceMonitor")) == 3
    return docs


def least():
    docs = render("api.enabled=false", "relay.enabled=false", "service.type=ClusterIP", "networkPolicy.enabled=false")
    assert not of(docs, "NetworkPolicy") and list(of(docs, "Service")) == ["r", "r-metrics"]
    assert [c["name"] for c in of(docs, "StatefulSet")["r"]["spec"]["template"]["spec"]["containers"]] == ["rendezvous"]
    return docs


def each_relay_has_an_address(docs):
    """Both ends of a session must meet at one process: no service from outside may lead to more than one relay."""
    relay = of(docs, "StatefulSet")["r-relay"]["spec"]
    found = {name: d["spec"]["selector"].get("statefulset.kubernetes.io/pod-name") for name, d in of(docs, "Service").items()
        if 21117 in {p["port"] for p in d["spec"]["ports"]}}
    want = [f"r-relay-{i}" for i in range(relay["replicas"])]
    assert found == {name: name for name in want}, found
    assert relay["serviceName"] in of(docs, "Service"), relay["serviceName"]


def ends_in_order(docs):
    """Balancers learn that a pod ends before it stops taking what comes; and there is time for both."""
    for d in docs:
        if d["kind"] not in ("Deployment", "StatefulSet"):
            continue
        pod = d["spec"]["template"]["spec"]
        for c in pod["containers"]:
            assert c["lifecycle"]["preStop"] in ({"sleep": {"seconds": 5}}, {"exec": {"command": ["/bin/sleep", "5"]}}), c["name"]
            text = re.sub(r"\s+", " ", help_of(c["name"]))
            drain = re.search(r"--drain-timeout TIME .*?\[default: (\d+)s\]", text)
            assert not drain or pod["terminationGracePeriodSeconds"] > int(drain.group(1)) + 5, c["name"]


def secrets_of_the_relay(docs):
    """It may know the public half alone."""
    volumes = {v["name"]: v for v in of(docs, "StatefulSet")["r-relay"]["spec"]["template"]["spec"]["volumes"]}
    assert [i["key"] for i in volumes["key"]["secret"]["items"]] == ["id_ed25519.pub"], volumes["key"]


def main():
    status, out, err = helm("lint", CHART, "--set", "key.existingSecret=key")
    assert status == 0, out + err
    for docs in (one_file(), several_nodes(), least()):
        for d in docs:
            if d["kind"] in ("Deployment", "StatefulSet"):
                pod = d["spec"]["template"]["spec"]
                confined(d["metadata"]["name"], pod)
                programs_are_there(pod)
        selected(docs)
        services_lead_to_ports(docs)
        if of(docs, "NetworkPolicy"):
            from_outside(docs)
            secrets_of_the_relay(docs)
            each_relay_has_an_address(docs)
        ends_in_order(docs)
    newer = render(kube="1.31.0")
    assert "sleep" in of(newer, "StatefulSet")["r"]["spec"]["template"]["spec"]["containers"][0]["lifecycle"]["preStop"]
    refused("key.existingSecret is needed")
    refused("postgresql.existingSecret is needed", "key.existingSecret=key", "store=postgresql")
    refused("store", "key.existingSecret=key", "store=mysql")
    refused("rendezvous.env", "key.existingSecret=key", "rendezvous.env.PATH=x")
    refused("replicas", "key.existingSecret=key", "relay.replicas=0")
    print("the chart renders what it should")


if __name__ == "__main__":
    main()
