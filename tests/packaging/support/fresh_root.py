"""Roots to install into, each as if nobody had been there: an empty Debian below, an overlay for each. The test runs in namespaces
of its own for mounts and processes, so that whatever becomes of it nothing stays mounted and nothing goes on running."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from base import FOLDER, need, run, skip, unpack, write

APART = "HAWSER_TEST_APART"
LIMIT_S = 60


def go_apart():
    """Starts this test again in namespaces of its own; the first thing that it does."""
    need("unshare", "chroot", "mount", "ip", "nsenter")
    if APART not in os.environ:
        apart = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"]
        tried = subprocess.run([*apart, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, text=True, check=False)
        if tried.returncode != 0:
            skip(f"no namespaces with mounts of their own can be made here: {tried.stderr.strip()}")
        os.environ[APART] = "1"
        os.execvp("unshare", [*apart, sys.executable, *sys.argv])


def runs(pid):
    """Whether it still has what it opened: one that ended and was not asked how has nothing any more."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class Ground:
    """The empty Debian that roots begin as, and a repository of the packages of ours."""

    def __init__(self, name):
        self.folder = os.path.join(FOLDER, name)
        os.makedirs(self.folder, exist_ok=True)
        # in memory: it is gone with the test, and nobody waits for a disk
        run("mount", "-t", "tmpfs", "-o", "size=6g,mode=755", "tmpfs", self.folder)
        self.archives, self.repository, self.lower = (os.path.join(p, n) for p, n in ((FOLDER, "archives"), (self.folder, "repository"),
            (self.folder, "lower")))
        for folder in (self.archives, self.repository):
            os.makedirs(folder, exist_ok=True)
        self.net = subprocess.Popen(["unshare", "--net", "sh", "-c", "ip link set lo up; exec sleep infinity"])
        unpack(self.lower)

    def offer(self, debs):
        """What apt of the roots finds beside Debian's own packages, from now on."""
        for deb in debs:
            shutil.copy(deb, self.repository)
        packages = run("dpkg-scanpackages", "--multiversion", ".", cwd=self.repository).split("dpkg-scanpackages: ", maxsplit=1)[0]
        write(self.repository, "Packages", packages)

    def update(self):
        """Lists of packages, read once for all roots."""
        write(self.lower, "etc/apt/sources.list.d/ours.list", "deb [trusted=yes] file:/ours ./\n")
        with Root(self, self.lower) as root:
            root.apt("update")

    def end(self):
        self.net.kill()
        self.net.wait()


class Root:
    """An overlay on the ground (or the ground itself), with what programs expect to be mounted."""

    def __init__(self, ground, path=None):
        self.ground, self.top, self.path = ground, None, path
        if not path:
            self.top = tempfile.mkdtemp(prefix="root-", dir=ground.folder)
            upper, work, self.path = (os.path.join(self.top, name) for name in ("upper", "work", "merged"))
            for folder in (upper, work, self.path):
                os.mkdir(folder)
            run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={ground.lower},upperdir={upper},workdir={work}", self.path)
        self.mounts = []
        self.started = []

    def __enter__(self):
        for kind, source, place in (("proc", "proc", "proc"), ("tmpfs", "tmpfs", "run"), (None, "/dev", "dev"),
                (None, self.ground.archives, "var/cache/apt/archives"), (None, self.ground.repository, "ours")):
            place = os.path.join(self.path, place)
            os.makedirs(place, exist_ok=True)
            run("mount", *(["-t", kind] if kind else ["--bind"]), source, place)
            self.mounts.append(place)
        return self

    def below(self):
        """Processes whose root this is, whoever started them."""
        found = set()
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.path.join(os.readlink(f"/proc/{name}/root"), "").startswith(os.path.join(self.path, "")):
                    found.add(int(name))
            except OSError:  # it has just ended
                pass
        return found

    def end_all(self):
        """Services go on when who started them has ended; the next root has the same network, and wants their ports."""
        for process in self.started:
            process.kill()
            process.wait()
        ended, end = set(), time.monotonic() + LIMIT_S
        while left := self.below() | {pid for pid in ended if runs(pid)}:
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            if time.monotonic() > end:
                raise AssertionError(f"still running below {self.path}: {sorted(left)}")
            ended |= left
            time.sleep(0.05)

    def __exit__(self, *_):
        self.end_all()
        for place in reversed(self.mounts):
            run("umount", "--lazy", place)
        if self.top:
            run("umount", "--lazy", self.path)
            shutil.rmtree(self.top, ignore_errors=True)

    def __call__(self, *argv):
        return run("chroot", self.path, *argv, env=self.environment())

    def sh(self, text):
        return self("sh", "-ec", text)

    def apt(self, *words):
        return self("apt-get", "--yes", "--quiet=2", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0", "-o",
            "APT::Keep-Downloaded-Packages=true", *words)

    @staticmethod
    def environment():
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", "HOME": "/root"}

    def alone(self, *argv):
        """The words that run a program in the root, with a network that nobody else is in."""
        return ["nsenter", f"--net=/proc/{self.ground.net.pid}/ns/net", "chroot", self.path, *argv]

    def start(self, *argv):
        log = open(os.path.join(self.path, "tmp", f"log-{len(self.started)}"), "w+", encoding="utf-8")
        self.started.append(subprocess.Popen(self.alone(*argv), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment()))
        self.started[-1].log = log
        return self.started[-1]

    def read(self, path):
        with open(os.path.join(self.path, path.lstrip("/")), encoding="utf-8") as f:
            return f.read()

    def has(self, path):
        """Also a link that leads nowhere outside of the root."""
        return os.path.lexists(os.path.join(self.path, path.lstrip("/")))
