"""An empty Debian 12 that packages are installed into, images are made of and machines boot from: made once by debootstrap,
kept as a tar below the build folder. Where its packages come from is asked of this machine, and stands in no file of ours."""
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
RELEASE = os.environ.get("HAWSER_TEST_BUILD", os.path.join(ROOT, "build", "release"))
# what packaging/make gets as BUILD
BUILD = os.environ.get("BUILD", os.path.dirname(RELEASE))
FOLDER = os.path.join(BUILD, "packaging")
SUITE = "bookworm"
SKIPPED = 77
# As the official slim images: what nobody reads in a container.
SLIM = "".join(f"path-{rule}\n" for rule in ("exclude /usr/share/doc/*", "include /usr/share/doc/*/copyright", "exclude /usr/share/man/*",
    "exclude /usr/share/info/*", "exclude /usr/share/locale/*", "exclude /usr/share/lintian/*", "exclude /usr/share/linda/*"))
# A machine whose packages are frozen at a date, or whose clock is off, says so to apt by these.
APT_WORDS = ("Acquire::Check-Valid-Until", "Acquire::Check-Date", "Acquire::http::Proxy", "Acquire::https::Proxy")


def skip(text):
    print(f"SKIPPED: {text}", flush=True)
    sys.exit(SKIPPED)


def need(*programs):
    """Ends the test as skipped, naming what is missing."""
    missing = [p for p in programs if shutil.which(p, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is None]
    if missing:
        skip(f"this machine has no {', '.join(missing)}: './dev setup packaging' installs it")
    if os.geteuid() != 0:
        skip("this needs root: it makes file systems and namespaces")


def mirror():
    """Where this machine has Debian's packages from."""
    asked = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Identifier: Packages", f"Codename: {SUITE}", "Component: main"],
        capture_output=True, text=True, check=False).stdout.split()
    for uri in asked:
        if re.match(r"https?://", uri):
            return uri.rstrip("/")
    skip(f"apt of this machine knows no source of Debian's '{SUITE}'")
    return None


def sources():
    """The same with updates, as the list that apt reads."""
    asked = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Identifier: Packages", "Component: main",
        "Origin: Debian"], capture_output=True, text=True, check=False).stdout.splitlines()
    lines = {f"deb {uri.rstrip('/')} {suite} main" for uri, suite in (line.split() for line in asked) if suite.startswith(SUITE)}
    return "".join(line + "\n" for line in sorted(lines)) or f"deb {mirror()} {SUITE} main\n"


def apt_conf(part=""):
    """Settings of this machine's apt that an apt elsewhere needs, too, to be served as it is."""
    lines = []
    for word in APT_WORDS:
        if part not in word:
            continue
        said = subprocess.run(["apt-config", "dump", "--format", "%f \"%v\";%n", word], capture_output=True, text=True, check=False).stdout
        lines += [line for line in said.splitlines() if line.endswith('";') and not line.endswith('"";')]
    if not part and "http" in urllib.request.getproxies() and not any("http::Proxy" in line for line in lines):
        lines.append(f"Acquire::http::Proxy \"{urllib.request.getproxies()['http']}\";")
    return "".join(line + "\n" for line in lines)


def write(root, path, text):
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def run(*argv, logs=(), **more):
    """Its output; a failure shows what was said, and the ends of the logs that are named."""
    done = subprocess.run(argv, **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True,
        "errors": "replace", **more}, check=False)
    if done.returncode:
        said = done.stdout[-8000:]
        for log in filter(os.path.exists, logs):
            with open(log, encoding="utf-8", errors="replace") as f:
                said += f"\n{log}:\n" + "".join(f.readlines()[-30:])
        raise AssertionError(f"{' '.join(argv)} ends with {done.returncode}:\n{said}")
    return done.stdout


def make(path):
    root = tempfile.mkdtemp(prefix="base-", dir=FOLDER)
    try:
        run("debootstrap", "--variant=minbase", SUITE, root, mirror(), logs=(os.path.join(root, "debootstrap", "debootstrap.log"),))
        run("chroot", root, "apt-get", "clean")
        shutil.rmtree(os.path.join(root, "var", "lib", "apt", "lists"))
        os.makedirs(os.path.join(root, "var", "lib", "apt", "lists", "partial"))
        for name in ("etc/resolv.conf", "etc/hostname", "var/log/bootstrap.log", "var/log/dpkg.log"):
            if os.path.lexists(os.path.join(root, name)):
                os.unlink(os.path.join(root, name))
        for name in ("doc", "man", "info", "locale", "lintian"):
            shutil.rmtree(os.path.join(root, "usr", "share", name), ignore_errors=True)
        write(root, "etc/dpkg/dpkg.cfg.d/slim", SLIM + "force-unsafe-io\n")
        write(root, "etc/apt/apt.conf.d/80machine", "Acquire::Languages \"none\";\n" + apt_conf("Check"))
        write(root, "etc/apt/sources.list", sources())
        # no service starts while packages are installed
        write(root, "usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n")
        os.chmod(os.path.join(root, "usr/sbin/policy-rc.d"), 0o755)
        run("tar", "-C", root, "--numeric-owner", "--sort=name", "-cf", path + ".new", ".")
        os.rename(path + ".new", path)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def base_tar():
    """Its path; made by the first who asks."""
    need("debootstrap", "tar", "chroot")
    os.makedirs(FOLDER, exist_ok=True)
    path = os.path.join(FOLDER, "base.tar")
    with open(path + ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            make(path)
    return path


def unpack(root):
    """A root to install into by chroot: apt and names work there as they do on this machine."""
    os.makedirs(root, exist_ok=True)
    run("tar", "-C", root, "--numeric-owner", "-xf", base_tar())
    write(root, "etc/apt/apt.conf.d/90machine", apt_conf())
    shutil.copyfile("/etc/resolv.conf", os.path.join(root, "etc/resolv.conf"))
    return root


if __name__ == "__main__":
    print(base_tar())
