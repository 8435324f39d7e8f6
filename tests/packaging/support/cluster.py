"""docker/compose.cluster.yml as a test starts it: on two addresses of the engine's machine, third-party images by stand-ins."""
import json
import os
import shutil
import subprocess
import tempfile

import engine as engines
import standins
from street import BUILD, until

ADDRESSES = {"a": "10.230.250.1", "b": "10.230.250.2"}
NAME, PROJECT = "id.test", "cluster"
FILE = os.path.join(engines.ROOT, "docker", "compose.cluster.yml")
LEFT_OUT = "grafana"  # there is nothing that could stand in for it


class Cluster:
    """`key`: the file of the key that it is to have, instead of one that is made."""

    def __init__(self, engine, key=None):
        self.engine = engine
        self.dir = tempfile.mkdtemp(prefix="cluster-", dir=engines.FOLDER)
        self.secrets = os.path.join(self.dir, "secrets")
        for address in ADDRESSES.values():
            subprocess.run(engine.enter(["ip", "addr", "replace", address + "/32", "dev", "lo"]), check=True)
        if key:
            os.mkdir(self.secrets, 0o700)
            shutil.copyfile(key, os.path.join(self.secrets, "id_ed25519"))
        self.init()
        with open(os.path.join(self.secrets, "env"), encoding="ascii") as f:
            self.env = dict(line.rstrip("\n").split("=", 1) for line in f)
        for image in ("haproxy", "postgres", "prometheus"):
            self.env[f"HAWSER_{image.upper()}_IMAGE"] = standins.make(engine, image)
        with open(os.path.join(self.secrets, "id_ed25519.pub"), encoding="ascii") as f:
            self.key = f.read()

    def init(self):
        subprocess.run([os.path.join(engines.ROOT, "docker", "cluster-init"), NAME, *ADDRESSES.values(), self.secrets], check=True,
            stdout=subprocess.DEVNULL)

    def compose(self, *argv, **more):
        return self.engine.compose(PROJECT, [FILE], *argv, env=self.env, **more)

    def up(self):
        services = [s for s in self.compose("config", "--services").split() if s not in (LEFT_OUT, "admin-a", "admin-b")]
        self.compose("up", "-d", *services)
        return services

    def container(self, service):
        return f"{PROJECT}_{service}_1"

    def address(self, service):
        """Inside; nothing but the front and the ports of clients is published."""
        return self.engine.docker("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", self.container(service))

    def get(self, service, port, path):
        return subprocess.run(self.engine.enter(["curl", "-sS", "--max-time", "10", f"http://{self.address(service)}:{port}{path}"]),
            capture_output=True, text=True, check=False).stdout

    def metric(self, service, name):
        """The sum over its labels; None while there is no answer."""
        port = {"rendezvous": 21126, "relay": 21127, "api": 21124}[service.partition("-")[0]]
        rows = [line for line in self.get(service, port, "/metrics").splitlines() if line.partition("{")[0].partition(" ")[0] == name]
        return sum(float(row.rpartition(" ")[2]) for row in rows) if rows else None

    def admin(self, node, *words):
        """hawser-admin of this build at the node's control socket."""
        pid = self.engine.docker("inspect", "-f", "{{.State.Pid}}", self.container(f"rendezvous-{node}"))
        path = f"/proc/{self.engine.inner}/root/proc/{pid}/root/run/hawser-rendezvous/control.sock"
        said = subprocess.run([os.path.join(BUILD, "admin", "hawser-admin"), "--json", "--socket", path, *words], capture_output=True, text=True,
            check=False)
        return json.loads(said.stdout) if said.returncode == 0 else None

    def peer(self, name):
        """What a node that lives says of a device that is on line at any; None where none knows it so."""
        for node in "ab":
            seen = self.admin(node, "peer", name)
            if seen and seen.get("online") and "node" in seen:
                return seen
        return None

    def serving(self):
        for node in "ab":
            until(f"node {node} serves and knows the other", lambda n=node: self.metric(f"rendezvous-{n}", "hawser_rdv_nodes") == 2)
            until(f"node {node} sees both relays", lambda n=node: self.metric(f"rendezvous-{n}", "hawser_rdv_relays_up") == 2)
            until(f"node {node} asks its API server", lambda n=node: self.metric(f"rendezvous-{n}", "hawser_rdv_policy_up") == 1)

    def kill(self, service):
        self.engine.docker("kill", self.container(service))

    def start(self, service):
        self.engine.docker("start", self.container(service))

    def close(self):
        self.compose("down", "-v", "--remove-orphans", "-t", "2")
        subprocess.run(["rm", "-rf", self.dir], check=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(self.compose("ps"))
            print(self.compose("logs", "--no-color", "--tail", "15"))
        self.close()
