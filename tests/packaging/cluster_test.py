#!/usr/bin/env python3
"""docker/compose.cluster.yml as it stands: two nodes know each other, Prometheus reaches all, who comes by 443 or by a node's
own ports is seen with the address that it has; a relay is killed under a session, a node is killed under a session with all its
devices, and comes back; the database is away for a while. Sessions go on, devices register at the other node. Grafana's image
is to be had from a registry alone: its service is left out, and said to be."""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import base  # noqa: E402
from cluster import ADDRESSES, LEFT_OUT, NAME, Cluster  # noqa: E402
from engine import Engine  # noqa: E402
from street import Client, goes_on, until  # noqa: E402
from wire import Device, call_by_tcp, call_by_web  # noqa: E402

RELAYS = {f"relay-{node}.{NAME}": [address] for node, address in ADDRESSES.items()}
HOSTS = {NAME: list(ADDRESSES.values()), **RELAYS}
WEB = f"wss://{NAME}/ws/id"


def nothing_is_given_away(cluster):
    """The secrets, in no environment and no command line; none that differs from run to run."""
    passwords = []
    for kind in ("rendezvous", "api"):
        with open(os.path.join(cluster.secrets, kind + "_store"), encoding="ascii") as f:
            passwords.append(re.search(r":([0-9a-f]{48})@", f.read()).group(1))
    with open(os.path.join(cluster.secrets, "id_ed25519"), encoding="ascii") as f:
        secret = f.read().strip()
    for service in cluster.compose("ps", "--services").split():
        if service in (LEFT_OUT, "admin-a", "admin-b"):
            continue
        seen = cluster.engine.docker("inspect", cluster.container(service))
        assert not any(p in seen for p in (*passwords, secret)), f"{service} shows a secret"
        said = json.loads(seen)[0]
        if service != "postgres":
            assert said["HostConfig"]["ReadonlyRootfs"] and said["HostConfig"]["CapDrop"] == ["ALL"], service
        logs = cluster.engine.try_docker("logs", cluster.container(service))[1]
        assert not any(p in logs for p in (*passwords, secret)), f"{service} logs a secret"
    before = {name: open(os.path.join(cluster.secrets, name), "rb").read() for name in os.listdir(cluster.secrets)}
    cluster.init()
    for name, text in before.items():
        with open(os.path.join(cluster.secrets, name), "rb") as f:
            assert f.read() == text, f"{name} is another one the second time"


def grafana_is_provisioned(cluster):
    """What stands for its start: the files that it is given fit each other, and the names in the compose file."""
    config = re.search(r"^  grafana:\n((?:    .*\n)+)", cluster.compose("config"), re.M).group(1)
    at = {inside: outside for outside, inside in re.findall(r"- (/\S+):(/\S+):ro$", config, re.M)}
    given = at["/etc/grafana/provisioning"]
    with open(os.path.join(given, "datasources", "hawser.yml"), encoding="utf-8") as f:
        source = f.read()
    for name in re.findall(r"\$\{?(\w+)", source):
        assert re.search(rf"^      {name}: http://prometheus:9090$", config, re.M), f"{name} is not given to Grafana"
    with open(os.path.join(given, "dashboards", "hawser.yml"), encoding="utf-8") as f:
        folder = re.search(r"^\s*path: (\S+)$", f.read(), re.M).group(1)
    boards = [name for name in os.listdir(at[folder]) if name.endswith(".json")]
    assert boards, "there is no board"
    for name in boards:
        with open(os.path.join(at[folder], name), encoding="utf-8") as f:
            board = json.load(f)
        assert board["title"] and board["panels"], name
    secret = re.search(r"GF_SECURITY_ADMIN_PASSWORD__FILE: /run/secrets/(\w+)", config).group(1)
    assert f"source: {secret}\n" in config and os.path.getsize(os.path.join(cluster.secrets, secret)) > 40


def watched(cluster, client):
    """By Prometheus, with the rules that are installed."""
    def up():
        said = cluster.get("prometheus", 9090, "/api/v1/targets")
        targets = json.loads(said)["data"]["activeTargets"] if said else []
        return len(targets) == 6 and all(t["health"] == "up" for t in targets)
    until("Prometheus reaches six servers", up)
    rules = json.loads(cluster.get("prometheus", 9090, "/api/v1/rules"))["data"]["groups"]
    assert rules, "there are no alert rules"
    for group in rules:
        for rule in group["rules"]:
            assert rule["health"] != "err", f"{rule['name']}: {rule.get('lastError')}"
    # the console, by the front
    page = client.run_any("curl", "-sS", "--cacert", os.path.join(cluster.secrets, "front.pem"), f"https://{NAME}/api/v1/health")
    assert json.loads(page)["ok"] is True, page


def addresses_are_kept(cluster, client, viewer):
    """A device by UDP at node a, called from another machine: at either node, by each of the ways."""
    front = os.path.join(cluster.secrets, "front.pem")
    device = client.inside(lambda: Device(ADDRESSES["a"], "500000001").register())
    seen = until("node a has the device", lambda: cluster.admin("a", "peer", "500000001"))
    assert client.address in json.dumps(seen), f"{client.address} is not in {seen}"
    forged = "X-Forwarded-For: 203.0.113.66\r\nX-Real-IP: 203.0.113.66\r\n"
    ways = {
        "a node's TCP port": lambda: call_by_tcp(ADDRESSES["a"], "500000001", cluster.key),
        "the other node's TCP port": lambda: call_by_tcp(ADDRESSES["b"], "500000001", cluster.key),
        "a node's WebSocket port": lambda: call_by_web(ADDRESSES["a"], "500000001", cluster.key, more=forged),
        "the front": lambda: call_by_web(ADDRESSES["a"], "500000001", cluster.key, port=443, tls=front, host=NAME, more=forged),
    }
    for way, call in ways.items():
        link = viewer.inside(call)
        ip, _ = device.called_by()
        assert ip == viewer.address, f"by {way} the viewer at {viewer.address} seems to be {ip}"
        link.close()
    device.close()


def relay_dies(cluster, host, viewer):
    """The one that the session goes by; our ends come back by the other."""
    session = viewer.view(host, NAME, cluster.key, "--relay")
    used = until("a relay has the session", lambda: next((r for r in ("relay-a", "relay-b") if cluster.metric(r, "hawser_relay_pairs")), None))
    other = "relay-b" if used == "relay-a" else "relay-a"
    cluster.kill(used)
    until(f"the session is at {other}", lambda: cluster.metric(other, "hawser_relay_pairs"))
    goes_on(session, f"without {used}")
    cluster.start(used)
    for node in "ab":
        until(f"node {node} sees both relays again", lambda n=node: cluster.metric(f"rendezvous-{n}", "hawser_rdv_relays_up") == 2)
    return session


def by_the_front(cluster, web, viewer):
    """A host and a viewer that come by 443 alone: at its node the host has the address that it has; the relay is the one that was
    named, by 443 as well."""
    web.trust(os.path.join(cluster.secrets, "front.pem"))
    viewer.trust(os.path.join(cluster.secrets, "front.pem"))
    web.host(WEB, cluster.key)
    seen = until("a node has the host that came by the front", lambda: cluster.peer(web.id))
    # what a node says of a device of its own has the address
    seen = cluster.admin(seen["node"], "peer", web.id)
    assert seen["by"] == "tcp" and seen["address"].startswith(web.address + ":"), seen
    session = viewer.view(web, WEB, cluster.key, "--relay")
    pairs = [cluster.metric(relay, "hawser_relay_pairs_websocket") or 0 for relay in ("relay-a", "relay-b")]
    assert sorted(pairs) == [0, 1], f"the session has pairs with a WebSocket: {pairs}"
    goes_on(session, "by 443")
    session.stop()
    return seen["node"]


def node_dies(cluster, used, hosts, viewer, session):
    """The one at which both hosts are. The session does not need it; they are found at the other; the node comes back."""
    other = "b" if used == "a" else "a"
    for host in hosts:
        until(f"{host.id} is at node {used}", lambda h=host: (cluster.peer(h.id) or {}).get("node") == used)
    cluster.kill(f"rendezvous-{used}")
    goes_on(session, f"without node {used}")
    for host in hosts:
        until(f"{host.id} is at node {other}", lambda h=host: (cluster.peer(h.id) or {}).get("node") == other)
    session.stop()
    viewer.view(hosts[0], NAME, cluster.key).stop()
    viewer.view(hosts[1], WEB, cluster.key).stop()
    cluster.start(f"rendezvous-{used}")
    cluster.serving()


def database_dies(cluster, client):
    cluster.kill("postgres")
    until("node b has noticed", lambda: cluster.metric("rendezvous-b", "hawser_rdv_store_up") == 0)
    device = client.inside(lambda: Device(ADDRESSES["b"], "500000002").register())
    cluster.start("postgres")
    until("node b has it again", lambda: cluster.metric("rendezvous-b", "hawser_rdv_store_up") == 1)
    until("what registered meanwhile is written", lambda: "500000002" in json.dumps(cluster.admin("a", "peer", "500000002") or ""))
    device.close()


def main():
    with Engine() as engine:
        engine.images("rendezvous", "relay", "api", "admin")
        with Cluster(engine) as cluster:
            cluster.up()
            print(f"LEFT OUT: {LEFT_OUT}: its image is to be had from a registry alone; what it is given is checked", flush=True)
            grafana_is_provisioned(cluster)
            cluster.serving()
            with Client(engine, 1, HOSTS) as away, Client(engine, 2, HOSTS) as web:
                nothing_is_given_away(cluster)
                watched(cluster, away)
                node = by_the_front(cluster, web, away)
                # the other host takes the address first at which the node of this one is
                first = {NAME: sorted(ADDRESSES.values(), key=lambda a: a != ADDRESSES[node]), **RELAYS}
                with Client(engine, 0, first) as desk:
                    addresses_are_kept(cluster, desk, away)
                    desk.host(NAME, cluster.key)
                    session = relay_dies(cluster, desk, away)
                    node_dies(cluster, node, (desk, web), away, session)
                    database_dies(cluster, desk)
    print("cluster: all well")


if __name__ == "__main__":
    base.need("curl", "Xvfb")
    main()
