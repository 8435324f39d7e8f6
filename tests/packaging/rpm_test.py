#!/usr/bin/env python3
"""The RPM packages: rpmbuild makes them of this tree, each has the files of the Debian package of the same split, their scripts can be
read by a shell, and rpm installs and erases them in an empty root, where settings that were changed stay. There rpm is told not to look for
what they depend on: no distribution of RPMs is there. That they name what they need is looked at."""
import glob
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from base import BUILD, ROOT, need  # noqa: E402
from fresh_root import Ground, Root, go_apart, run  # noqa: E402

PACKAGE = os.path.join(BUILD, "package")
# where the two kinds differ in names
OTHER_NAME = {"libhawser-dev": "libhawser-devel"}


def expect(what, text):
    assert what, text


def usual(path):
    """A file's place without what each kind of distribution has its own way with."""
    path = re.sub(r"^/lib/systemd/", "/usr/lib/systemd/", path)
    path = re.sub(r"^/usr/(lib64|lib/[a-z0-9_]+-linux-gnu)/", "/usr/LIB/", path)
    path = path.replace("/zsh/site-functions/", "/zsh/vendor-completions/")
    return re.sub(r"\.gz$", "", path)


def ours(path):
    """Not what each kind has of its own: copyright, licences, changelogs, ids of builds."""
    return not re.search(r"/usr/share/(doc|licenses|lintian)/|/\.build-id", path)


def of_deb(name):
    path, = glob.glob(os.path.join(PACKAGE, "deb", name + "_*.deb"))
    lines = run("dpkg-deb", "-c", path).splitlines()
    return {usual(line.split(" ./", maxsplit=1)[1].split(" -> ")[0].join(["/", ""])) for line in lines if not line.startswith("d")}


def of_rpm(path):
    """Files and links without folders."""
    lines = run("rpm", "-qp", "--nosignature", "--qf", "[%{FILEMODES:perms} %{FILENAMES}\n]", path).splitlines()
    return {usual(line.split(" ", maxsplit=1)[1]) for line in lines if not line.startswith("d")}


def scripts(path):
    """Whatever rpm would give to a shell."""
    tags = ("PREIN", "POSTIN", "PREUN", "POSTUN", "PRETRANS", "POSTTRANS")
    for tag in tags:
        text = run("rpm", "-qp", "--nosignature", "--qf", f"%{{{tag}}}", path)
        if text != "(none)":
            expect("%" not in text, f"{path}: a macro that nobody knows: {text}")
            done = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True, check=False)
            expect(done.returncode == 0, f"{path}, {tag}: {done.stderr}\n{text}")


def compare(packages):
    names = {name for name in (os.path.basename(p).split("_")[0] for p in glob.glob(os.path.join(PACKAGE, "deb", "*.deb")))
        if not name.endswith("-dbgsym")}
    expect({OTHER_NAME.get(name, name) for name in names} == set(packages), f"RPM packages: {sorted(packages)}, Debian's: {sorted(names)}")
    for name in sorted(names):
        rpm = packages[OTHER_NAME.get(name, name)]
        want, have = ({path for path in paths if ours(path)} for paths in (of_deb(name), of_rpm(rpm)))
        expect(want == have, f"{rpm}\nlacks {sorted(want - have)}\nhas beside them {sorted(have - want)}")
        scripts(rpm)
        requires = run("rpm", "-qp", "--nosignature", "--requires", rpm)
        if name not in ("hawser-common", "libhawser1", "libhawser-dev"):
            expect("hawser-common = " in requires and "libc.so.6" in requires, f"{rpm} needs {requires}")
        for settings in (path for path in have if path.startswith("/etc/")):
            expect(settings in run("rpm", "-qp", "--nosignature", "--configfiles", rpm).splitlines(), f"{rpm}: {settings} is no configuration")


def install(packages):
    """With their scripts, in a root that has a shell."""
    ground = Ground("rpm-test")
    try:
        with Root(ground) as root:
            root.apt("update")
            root.apt("install", "systemd-standalone-sysusers")  # a machine that boots has it from systemd
            def rpm(*words):
                return run("rpm", "--root", root.path, "--dbpath", "/var/lib/rpm", "--nosignature", "--nodeps", *words)
            root.sh("groupadd -f hawser")  # where systemd runs, hawser-common makes it
            said = rpm("--install", *packages.values())
            expect("error" not in said and "failed" not in said, said)
            for _ in range(2):
                for name in ("rendezvous", "api"):
                    mode = root.sh(f"stat -c %G:%a /etc/hawser/{name}.conf").strip()
                    expect(mode == "hawser:640", f"{name}.conf may hold a password: {mode}")
                rpm("--upgrade", "--replacepkgs", *packages.values())
            for path in ("/usr/bin/hawser", "/usr/lib/systemd/system/hawser-relay.service", "/etc/hawser/relay.conf"):
                expect(root.has(path), f"no {path}")
            again = {kind: path for kind, path in packages.items() if kind in ("hawser-rendezvous", "hawser-api")}
            for when in ("installed", "upgraded"):
                for name in again:
                    path = f"/etc/hawser/{name[len('hawser-'):]}.conf"
                    said = root("stat", "-c", "%a %U %G", path).strip()
                    expect(said == "640 root hawser", f"{path}, {when}: {said}")
                # as by an upgrade to a version with the same settings
                rpm("--upgrade", "--force", *again.values())
            with open(root.path + "/etc/hawser/relay.conf", "a", encoding="utf-8") as f:
                f.write("# mine\n")
            rpm("--erase", *packages)
            expect("# mine" in root.read("/etc/hawser/relay.conf.rpmsave"), "changed settings went")
            left = root.sh("find /usr /etc -name '*hawser*' ! -path '/etc/hawser*'")
            expect(not left, f"erased packages leave {left}")
    finally:
        ground.end()


def main():
    go_apart()
    need("rpmbuild", "rpm", "dpkg-buildpackage", "fakeroot")
    for kind in ("deb", "rpm"):
        print(run(os.path.join(ROOT, "packaging", "make", kind), env={**os.environ, "BUILD": BUILD}))
    os.environ["HOME"] = PACKAGE  # rpm keeps a database there, even if it only reads a file
    packages = {run("rpm", "-qp", "--nosignature", "--qf", "%{NAME}", p): p for p in glob.glob(os.path.join(PACKAGE, "rpm", "*.rpm"))}
    compare(packages)
    install(packages)


main()
