#!/usr/bin/env python3
"""bench packaging: what images weigh, how long a container takes until it serves, what a container and a bridge cost the relay
beside the same program bare, and size and memory of the static servers. Prints "bench packaging.METRIC=VALUE"; needs root, a
Docker engine (started away from the machine's own) and about two minutes once the images are built."""
import glob
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))))
BUILD = os.environ.get("HAWSER_BIN", os.path.join(ROOT, "build", "release"))
os.environ.setdefault("HAWSER_TEST_BUILD", BUILD)
sys.path.insert(0, os.path.join(ROOT, "tests", "packaging", "support"))
from engine import CGROUP, MACHINE, Engine, client  # noqa: E402
from street import Client, Program, own_env, until  # noqa: E402
from wire import Device  # noqa: E402

STARTS, PORT, BRIDGE_PORT, BARE_PORT, UID = 7, 21117, 21217, 21317, 10990
RELAY = ["--open", "--max-waiting-per-address", "0", "--max-links-per-address", "0", "--idle-timeout", "600s", "--wait-timeout", "600s"]
HARD = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"]


def metric(name, value):
    print(f"bench packaging.{name}={value:.4g}" if isinstance(value, float) else f"bench packaging.{name}={value}", flush=True)


def sizes(engine, images):
    """In units of 10^6 bytes, as docker shows them: the whole image, and what it adds to its base."""
    base = int(engine.docker("image", "inspect", "-f", "{{.Size}}", "debian:12-slim"))
    for name, image in images.items():
        size = int(engine.docker("image", "inspect", "-f", "{{.Size}}", image))
        metric(f"image_mb_{name}", size / 1e6)
        metric(f"image_mb_{name}_above_base", (size - base) / 1e6)


def start_to_serving(engine, image):
    """From `docker run` to the first answer to a device; key and database are there, as when a machine starts."""
    engine.try_docker("volume", "rm", "-f", "bench-state")
    took = []
    with Client(engine, 8, {}) as asker:
        def ask():
            device = Device(MACHINE, "700000001")
            device.udp.settimeout(0.01)
            limit = time.monotonic() + 60
            while time.monotonic() < limit:
                try:
                    device.udp.sendto(device.words, device.server)
                    if device.udp.recv(2000):
                        device.close()
                        return time.monotonic()
                except (TimeoutError, ConnectionError):
                    continue
            raise AssertionError("the server does not answer")
        for _ in range(STARTS):
            began = time.monotonic()
            running = subprocess.Popen([client(), "run", "--rm", "--name", "bench-start", "--network", "host", *HARD, "-v",
                "bench-state:/var/lib/hawser-rendezvous", image], env=engine.env(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            took.append(asker.inside(ask) - began)
            engine.docker("kill", "bench-start")
            running.wait()
    engine.try_docker("volume", "rm", "-f", "bench-state")
    print(f"# starts: {' '.join(f'{1000 * t:.0f}' for t in took)} ms")
    metric("container_start_ms", 1000 * statistics.median(took[1:]))  # the first one makes key and database


def outer_pid(inner):
    """A process of the engine's namespace, as this one numbers it."""
    for path in glob.glob("/proc/[0-9]*/status"):
        try:
            with open(path, encoding="ascii", errors="replace") as f:
                said = f.read()
        except OSError:
            continue
        m = re.search(r"^NSpid:((?:\s+\d+)+)$", said, re.M)
        numbers = m.group(1).split() if m else []
        if len(numbers) == 3 and numbers[1] == str(inner) and numbers[2] == "1" and "hawser-relay" in said.splitlines()[0]:
            return int(numbers[0])
    raise AssertionError(f"process {inner} of the engine is not seen here")


def own_group(name):
    """A control group beside those of the containers, as a service manager gives each service one: in which group of the
    scheduler a relay is, its load's or one of its own, weighs more than a container does. Returns the files that move into it."""
    tops = [path for path in glob.glob(f"/sys/fs/cgroup/*/{CGROUP}") + glob.glob(f"/sys/fs/cgroup/{CGROUP}") if "/cpuset/" not in path]
    for top in tops:
        os.makedirs(os.path.join(top, name), exist_ok=True)
    return [os.path.join(top, name, "cgroup.procs") for top in tops]


def bare_relay(engine, folder):
    """The container's own program on the machine itself, as its account."""
    engine.docker("cp", "bench-container:/usr/bin/hawser-relay", folder)
    os.chmod(folder, 0o755)
    run = os.path.join(folder, "run")
    os.mkdir(run)
    os.chown(run, UID, UID)
    moves = " ".join(f"echo $$ >{path} &&" for path in own_group("bench-bare"))
    enter = engine.enter(["setsid", "sh", "-c", moves + ' exec setpriv --reuid "$0" --regid "$0" --clear-groups "$@"', str(UID),
        os.path.join(folder, "hawser-relay"), *RELAY, "--port", str(BARE_PORT), "--runtime-dir", run, "--identity", os.path.join(run, "id"),
        "--log-format", "json"])
    bare = Program(enter, env=own_env(run))
    bare.expect('"listening"')
    return bare


def relay_costs(engine, image):
    """The image's own program runs bare, on the network of the engine's machine, beside two containers of it."""
    runs = {"container": ["--network", "host"], "bridge": ["-p", f"{BRIDGE_PORT}:{PORT}"]}
    bare = None
    with tempfile.TemporaryDirectory() as folder:
        try:
            for name, network in runs.items():
                engine.docker("run", "-d", "--name", f"bench-{name}", *network, *HARD, image, *RELAY)
            for name in runs:
                until(f"the relay of {name} serves", lambda n=name: "\"listening\"" in engine.try_docker("logs", f"bench-{n}")[1])
            pids = {name: outer_pid(engine.docker("inspect", "-f", "{{.State.Pid}}", f"bench-{name}")) for name in runs}
            bare = bare_relay(engine, folder)
            said = subprocess.run(engine.enter([os.path.join(BUILD, "tests", "bench", "bench-relay"), "--beside",
                f"bare=127.0.0.1:{BARE_PORT}:{bare.proc.pid}", f"container=127.0.0.1:{PORT}:{pids['container']}",
                f"bridge={MACHINE}:{BRIDGE_PORT}:{pids['bridge']}"]), check=True, capture_output=True, text=True).stdout
            print("".join(line + "\n" for line in said.splitlines() if line.startswith("#")), end="")
            for name, rate, cpu in re.findall(r"^beside (\w+) throughput_ratio=([0-9.]+) cpu_ratio=([0-9.]+)$", said, re.M):
                metric(f"relay_{name}_ratio", float(rate))
                metric(f"relay_{name}_cpu_ratio", float(cpu))
        finally:
            if bare:
                bare.stop()
            engine.try_docker("rm", "-f", *(f"bench-{name}" for name in runs))


def static_servers():
    def made():
        found = glob.glob(os.path.join(os.path.dirname(BUILD), "package", "hawser-server-*-linux-*"))
        return sorted(path for path in found if not path.endswith(".json"))  # beside it lies what it is made of
    if not made():
        subprocess.run([os.path.join(ROOT, "packaging", "make", "static")], env={"JOBS": str(os.cpu_count()), **os.environ, "BUILD": os.path.dirname(BUILD)},
            check=True, stdout=subprocess.DEVNULL)
    said = subprocess.run([os.path.join(ROOT, "packaging", "release", "static_figures"), made()[-1]], check=True, capture_output=True, text=True).stdout
    for name, value in re.findall(r"^(\w+)=(\d+)$", said, re.M):
        metric(name, int(value))


def main():
    print(f"# load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    with Engine() as engine:
        images = dict(zip(("rendezvous", "relay"), engine.images("rendezvous", "relay")))
        sizes(engine, images)
        start_to_serving(engine, images["rendezvous"])
        relay_costs(engine, images["relay"])
    static_servers()
    print(f"# load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
