#!/usr/bin/env python3
"""A Docker engine for tests, away from the machine's own: in network, mount and process namespaces of its own, so that its
bridges, firewall rules, mounts and processes are never seen outside and are gone when its one process ends; its images are kept
below the build folder. Inside, every port is free, and "host networking" is that of this namespace. Containers reach Debian's
packages through a small proxy (gateway.py).

  engine.py up | images | down               what ctest's fixtures do
  engine.py enter PROGRAM ...                runs it in the engine's network, docker and docker-compose with it

HAWSER_TEST_PREBUILT=yes in the environment: images of servers are made by BuildKit of the programs that the release build has,
which takes a minute; without it by the plain builder, which compiles them. The rest of the Dockerfile is the same."""
import contextlib
import ctypes
import fcntl
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(os.path.dirname(HERE)), "support")]
import base  # noqa: E402
from api_server import die_with_parent  # noqa: E402
from base import FOLDER, RELEASE, ROOT, need, skip  # noqa: E402
from gateway import GATEWAY_PORT, Gateway  # noqa: E402

PLACE = os.path.join(FOLDER, "engine")
SOCKET = os.path.join(PLACE, "docker.sock")
STATE = os.path.join(PLACE, "state.json")
LOG = os.path.join(PLACE, "log")
# As ccache's own, so that a fresh clone compiles little.
STORE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "hawser-packaging")
BRIDGE = "10.230.0.1"  # where containers reach the gateway
MACHINE = "10.230.255.1"  # an address of "the machine" that is not loopback
CGROUP = "hawser-packaging-" + hashlib.sha256(PLACE.encode()).hexdigest()[:8]  # other trees of this machine have theirs
LIMIT_S = 60
KEPT_S = 3600  # an engine that nobody took down ends by itself, this long after its last use
CLONE_NEWNET = 0x40000000
SOURCES = ("CMakeLists.txt", ".dockerignore", "docker", "cmake", "proto", "shared", "server", "server-rendezvous", "server-relay", "admin", "client",
    "packaging/CMakeLists.txt")
HASH = "net.hawser.source"  # label of an image: what it was built from
SERVERS = {"rendezvous": "server-rendezvous/hawser-rendezvous", "relay": "server-relay/hawser-relay", "api": "admin/api/hawser-api",
    "admin": "admin/hawser-admin"}
TARGETS = (*SERVERS, "host")
PREBUILT = bool(os.environ.get("HAWSER_TEST_PREBUILT"))
PROGRAMS = "hawser-programs:release"  # image that only holds those of the release build

# In the namespaces, as their first process: what dockerd expects of a machine, then dockerd below an init that reaps.
INSIDE = f"""
mount -t tmpfs -o mode=755 run /run
ip link set lo up
ip link add machine type veth peer name world
ip addr add {MACHINE}/24 dev machine
ip link set machine up
ip link set world up
ip route add default via 10.230.255.2
exec docker-init -- dockerd --data-root {{data}} --exec-root /run/docker --host unix://{{sock}} --pidfile /run/docker.pid \
	--bip {BRIDGE}/24 --default-address-pool base=10.230.128.0/17,size=24 --cgroup-parent /{CGROUP} --storage-driver {{driver}} \
	--log-level warn
"""


def client():
    """Debian's, which goes with its engine; another one may come first in the path."""
    return "/usr/bin/docker" if os.path.exists("/usr/bin/docker") else "docker"


def state():
    with contextlib.suppress(OSError, ValueError):
        with open(STATE, encoding="ascii") as f:
            said = json.load(f)
        if os.path.exists(f"/proc/{said['keeper']}") and os.path.exists(f"/proc/{said['inner']}/ns/net"):
            return said
    return None


def alive(pid):
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def clean_groups():
    """What the engine leaves in the tree of control groups, in each of its hierarchies."""
    for top, folders, _ in os.walk("/sys/fs/cgroup"):
        if CGROUP in folders:
            for path, _, _ in os.walk(os.path.join(top, CGROUP), topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(path)
        if top.count("/") >= 4:
            folders.clear()


def seen():
    """What an engine that shows itself would change on this machine."""
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=False).stdout
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    with open("/proc/self/mounts", encoding="utf-8") as f:
        mounts = [line.split()[1] for line in f]
    return {"rules": [line for line in re.sub(r" \[\d+:\d+\]", "", rules).splitlines() if not line.startswith("#")],
        "links": sorted(line.split()[1].split("@")[0] for line in links.splitlines()),
        "mounts": sorted(m for m in mounts if m.startswith(PLACE))}


def left(before):
    """What is there that was not before the engine was, in words."""
    now, words = seen(), []
    for kind, what in now.items():
        more = [thing for thing in what if thing not in before[kind]]
        if more:
            words.append(f"{kind}: {', '.join(more)}")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{pid}/ns/pid").st_ino == before["processes"]:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    words.append(f"process {pid}: {f.read(200)}")
    for top, folders, _ in os.walk("/sys/fs/cgroup"):
        if CGROUP in folders:
            words.append(f"control group {top}/{CGROUP}")
        if top.count("/") >= 4:
            folders.clear()
    return words


class Keeper:
    """The process that holds the namespaces and the gateway, until it is told to end."""

    def __init__(self):
        self.unshared = None

    def start(self, driver):
        script = INSIDE.format(data=os.path.join(PLACE, "data"), sock=SOCKET, driver=driver)
        with contextlib.suppress(OSError):
            os.unlink(SOCKET)
        with open(LOG, "ab") as log:
            # whatever ends the keeper, the engine does not go on without it
            self.unshared = subprocess.Popen(["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
                "--propagation", "private", "sh", "-ec", script], stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent)
        limit = time.monotonic() + LIMIT_S
        while time.monotonic() < limit and self.unshared.poll() is None:
            if subprocess.run([client(), "-H", f"unix://{SOCKET}", "info"], capture_output=True, check=False).returncode == 0:
                return True
            time.sleep(0.1)
        self.stop()
        return False

    def inner(self):
        with open(f"/proc/{self.unshared.pid}/task/{self.unshared.pid}/children", encoding="ascii") as f:
            return int(f.read().split()[0])

    def stop(self):
        if self.unshared.poll() is None:
            with contextlib.suppress(OSError, IndexError):
                os.kill(self.inner(), signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.unshared.wait(20)
        if self.unshared.poll() is None:
            self.unshared.kill()  # and with it, by --kill-child, the first process of the namespace, and so all in it
            self.unshared.wait()
        clean_groups()


def keep(ready):
    """Runs until SIGTERM; a byte to `ready` when the engine serves."""
    ends, before = [], seen()
    signal.signal(signal.SIGTERM, lambda *_: ends.append(1))
    keeper = Keeper()
    # overlay where the file system can be its ground, else copies
    if not keeper.start("overlay2") and not keeper.start("vfs"):
        os.write(ready, b"n")
        return
    gateway = Gateway(STORE)
    inner = keeper.inner()
    gateway.listen(lambda: enter_network(inner))
    with open(STATE, "w", encoding="ascii") as f:
        before["processes"] = os.stat(f"/proc/{inner}/ns/pid").st_ino
        json.dump({"keeper": os.getpid(), "inner": inner, "before": before}, f)
    os.write(ready, b"y")
    os.close(ready)
    while not ends and in_use() and keeper.unshared.poll() is None:
        time.sleep(0.1)
    with contextlib.suppress(OSError):
        os.unlink(STATE)
    gateway.close()
    keeper.stop()


def in_use():
    """Not for long any more without a user; not at all where its folder has been taken away."""
    with contextlib.suppress(OSError):
        return time.time() < os.path.getmtime(STATE) + KEPT_S
    return False


def enter_network(pid):
    """For the calling thread alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/proc/{pid}/ns/net", "rb") as f:
        if libc.setns(f.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


def up():
    """Whether one that serves had to be started."""
    need("dockerd", "docker-init", "containerd", "iptables", "unshare", "nsenter", "ip")
    os.makedirs(PLACE, exist_ok=True)
    with open(os.path.join(PLACE, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if state():
            return False
        near, far = os.pipe()
        if os.fork() == 0:
            status = 1
            try:
                os.setsid()
                os.close(near)
                lock.close()
                null = os.open(os.devnull, os.O_RDWR)
                log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                # nothing of who called: it may wait for the end of a pipe
                for fd, to in ((null, 0), (log, 1), (log, 2), (far, 3)):
                    os.dup2(fd, to)
                os.closerange(4, 1024)
                keep(3)
                status = 0
            finally:
                os._exit(status)
        os.close(far)
        if os.read(near, 1) != b"y":
            with open(LOG, encoding="utf-8", errors="replace") as f:
                skip("no Docker engine can be started here: " + "".join(f.readlines()[-5:]))
        os.close(near)
    return True


def down():
    said = state()
    if not said:
        return
    os.kill(said["keeper"], signal.SIGTERM)
    limit = time.monotonic() + LIMIT_S
    while alive(said["keeper"]):
        if time.monotonic() > limit:
            raise AssertionError("the engine does not end")
        time.sleep(0.05)
    words = left(said["before"])
    if words:
        raise AssertionError("the engine has left behind: " + "; ".join(words))


class Engine:
    """Uses the one that runs, else starts one and ends it at the end. Images are those of images()."""

    def __enter__(self):
        self.mine = up()
        self.inner = state()["inner"]
        os.utime(STATE)
        if self.mine:
            self.clear()
        if not self.exists("image", "debian:12-slim"):
            self.docker("import", "--change", "CMD [\"bash\"]", base.base_tar(), "debian:12-slim")
        return self

    def __exit__(self, kind, *_):
        if self.mine:
            down()

    def env(self, more=None):
        # the plain builder: what works with it works with the other one
        return {**os.environ, "DOCKER_HOST": f"unix://{SOCKET}", "DOCKER_BUILDKIT": "0", "COMPOSE_DOCKER_CLI_BUILD": "0",
            "DOCKER_CONFIG": PLACE, **(more or {})}

    def clear(self):
        """All but images."""
        containers = self.docker("ps", "-aq").split()
        if containers:
            self.docker("rm", "-f", *containers, limit=3 * LIMIT_S)
        self.docker("network", "prune", "-f")
        self.docker("volume", "prune", "-f")

    def enter(self, argv):
        """The command line that runs `argv` of this machine in the engine's network."""
        return ["nsenter", f"--net=/proc/{self.inner}/ns/net", *argv]

    def inside(self, argv):
        """The same with its processes, as the engine numbers them."""
        return ["nsenter", f"--target={self.inner}", "--pid", "--net", "--mount", *argv]

    def run(self, argv, limit=LIMIT_S, env=None, text=""):
        r = subprocess.run(argv, env=self.env(env), capture_output=True, text=True, errors="replace", input=text, timeout=limit, check=False)
        return r.returncode, r.stdout, r.stderr

    def must(self, argv, **more):
        status, out, err = self.run(argv, **more)
        if status != 0:
            raise AssertionError(f"{' '.join(argv)} ends with {status}:\n{(out + err)[-4000:]}")
        return out.strip()

    def docker(self, *argv, **more):
        return self.must([client(), *argv], **more)

    def try_docker(self, *argv, **more):
        status, out, err = self.run([client(), *argv], **more)
        return status, out + err

    def exists(self, kind, name):
        return self.try_docker(kind, "inspect", name)[0] == 0

    def compose(self, project, files, *argv, env=None, limit=3 * LIMIT_S):
        """docker-compose with these files, as one would type it."""
        args = [part for file in files for part in ("-f", file)]
        return self.must(["docker-compose", "-p", project, "--ansi", "never", *args, *argv], env=env, limit=limit)

    def build(self, tag, target, *more, file=os.path.join(ROOT, "docker", "Dockerfile"), context=ROOT, limit=1500, env=None):
        """What the build needs of this machine, packages and compiled files, comes through the gateway."""
        gateway = f"http://{BRIDGE}:{GATEWAY_PORT}"
        return self.docker("build", "-f", file, "-t", tag, *(["--target", target] if target else []), "--build-arg", f"http_proxy={gateway}",
            "--build-arg", f"CCACHE_REMOTE_STORAGE={gateway}/ccache", *more, context, limit=limit, env=env)

    def images(self, *targets):
        """Those of the tree as it is, all without a word: built by the first who asks. Returns their names, with the version."""
        targets = targets or (tuple(SERVERS) if PREBUILT else TARGETS)
        names, source = {target: f"hawser-{target}:{version()}" for target in targets}, sources_hash()
        missing = [target for target, name in names.items() if self.label(name) != source]
        more = ["--build-arg", f"VERSION={version()}", "--label", f"{HASH}={source}"]
        if missing and PREBUILT:
            self.pack_programs()
            more += ["--build-arg", f"PROGRAMS={PROGRAMS}"]
        # BuildKit makes what several have once, and the rest side by side
        with ThreadPoolExecutor(len(TARGETS) if PREBUILT else 1) as pool:
            for made in [pool.submit(self.build, names[target], target, *more, env={"DOCKER_BUILDKIT": "1"} if PREBUILT else None)
                    for target in missing]:
                made.result()
        return list(names.values())

    def label(self, name):
        """What an image says that it was built from."""
        status, text = self.try_docker("image", "inspect", "--format", f"{{{{index .Config.Labels \"{HASH}\"}}}}", name)
        return text.strip() if status == 0 else None

    def pack_programs(self):
        """As the Dockerfile's stage leaves them."""
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            self.must(["install", "-s", "-D", "-m", "0755", "-t", os.path.join(folder, "out/usr/bin"),
                *(os.path.join(RELEASE, path) for path in SERVERS.values())])
            tar = os.path.join(folder, "programs.tar")
            self.must(["tar", "-C", folder, "--numeric-owner", "--owner=0", "--group=0", "-cf", tar, "out"])
            self.docker("import", tar, PROGRAMS)


def version():
    with open(os.path.join(ROOT, "CMakeLists.txt"), encoding="utf-8") as f:
        return re.search(r"project\(hawser VERSION ([0-9.]+)", f.read()).group(1)


def sources_hash():
    digest = hashlib.sha256()
    # those of the build instead of what they are compiled from
    for name in [".dockerignore", "docker", *(os.path.join(RELEASE, path) for path in SERVERS.values())] if PREBUILT else SOURCES:
        paths = [os.path.join(top, file) for top, _, files in os.walk(os.path.join(ROOT, name)) for file in files] or [os.path.join(ROOT, name)]
        for path in sorted(paths):
            with open(path, "rb") as f:
                digest.update(path.encode() + b"\0" + f.read() + b"\0")
    return digest.hexdigest()


def main(argv):
    if argv[1:] == ["up"]:
        with Engine() as e:
            e.mine = False
    elif argv[1:] == ["images"]:
        with Engine() as e:
            print("\n".join(e.images()))
    elif argv[1:] == ["down"]:
        down()
    elif len(argv) > 2 and argv[1] == "enter" and state():
        e = Engine()
        e.inner = state()["inner"]
        os.execvpe("nsenter", e.enter(argv[2:]), e.env())
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv)
