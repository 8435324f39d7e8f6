#!/usr/bin/env python3
"""docs/install.md, word for word, by Debian packages and from the source: each in an empty Debian of its own, until a device
registers and the first owner is made. For systemd stands a script that starts the units as they are written (support/systemctl);
Docker's way is install_docker_test.py."""
import glob
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from base import BUILD, ROOT, need, write  # noqa: E402
from fresh_root import Ground, Root, go_apart, run  # noqa: E402
from guide import blocks, must_serve  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
began = time.monotonic()


def say(text):
    print(f"{time.monotonic() - began:6.1f} s  {text}", flush=True)


class Machine(Root):
    """One that somebody sits at as root, in a folder."""

    def __enter__(self):
        super().__enter__()
        shutil.copy(os.path.join(HERE, "support", "systemctl"), os.path.join(self.path, "usr", "local", "sbin", "systemctl"))
        write(self.path, "etc/apt/apt.conf.d/92test", 'APT::Keep-Downloaded-Packages "true";\nDpkg::Use-Pty "0";\n')
        return self

    def types(self, block, folder, more=None):
        """What it prints. Only apt sees the machine's own network; servers have one to themselves."""
        inner = ["bash", "-ec", f"cd {folder}\n{block}"]
        argv = ["chroot", self.path, *inner] if "apt" in block else self.alone(*inner)
        return run(*argv, env={**self.environment(), "PATH": "/usr/local/sbin:/usr/local/bin:" + self.environment()["PATH"], **(more or {})})


    def must_serve(self, said):
        must_serve(said, self.ground.net.pid, lambda: self.types("hawser-admin doctor || true", "/"))
        # as an operator does it before an update: the services have accounts of their own
        self.types("install -d -m 700 /backup; hawser-admin db backup /backup/rendezvous.sqlite3; hawser-admin db backup-api /backup/api.sqlite3", "/")


def by_packages(ground):
    run(os.path.join(ROOT, "packaging", "make", "deb"), env={**os.environ, "BUILD": BUILD})
    with Machine(ground) as root:
        folder = os.path.join(root.path, "packages")
        os.mkdir(folder)
        for path in glob.glob(os.path.join(BUILD, "package", "deb", "*.deb")):
            shutil.copy(path, folder)
        root.must_serve("".join(root.types(block, "/packages") for block in blocks("Debian packages")))
    say("by Debian packages")


def copy_tree(to):
    """What is in the repository, with changes that are not committed."""
    os.mkdir(to)
    names = run("git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    there = "\n".join(n for n in names if os.path.isfile(os.path.join(ROOT, n)))
    packed = subprocess.Popen(["tar", "-C", ROOT, "-T", "-", "-c"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=False)
    unpacked = subprocess.Popen(["tar", "-C", to, "-x", "--no-same-owner"], stdin=packed.stdout)
    packed.stdin.write(there.encode())
    packed.stdin.close()
    assert packed.wait() == 0 and unpacked.wait() == 0, "the tree cannot be copied"


def from_source(ground):
    with Machine(ground) as root:
        copy_tree(os.path.join(root.path, "hawser"))
        # a machine that boots has it from systemd
        root.apt("install", "systemd-standalone-sysusers")
        # what was compiled before, with the same words, need not be compiled again
        cache = os.environ.get("CCACHE_DIR") or run("ccache", "-k", "cache_dir").strip()
        place = os.path.join(root.path, "ccache")
        os.makedirs(cache, exist_ok=True)
        os.mkdir(place)
        run("mount", "--bind", cache, place)
        root.mounts.append(place)
        more = {"CCACHE_DIR": "/ccache", "CCACHE_BASEDIR": "/hawser", "CCACHE_NOHASHDIR": "1"}
        root.must_serve("".join(root.types(block, "/hawser", more) for block in blocks("Source")))
    say("from the source")


def main():
    go_apart()
    need("dpkg-buildpackage", "dh", "fakeroot", "git", "ccache", "tar")
    ground = Ground("install-test")
    try:
        with Root(ground, ground.lower) as root:
            root.apt("update")
        say("an empty Debian")
        ways = {"packages": by_packages, "source": from_source}
        for name in sys.argv[1:] or ways:
            ways[name](ground)
    finally:
        ground.end()


main()
