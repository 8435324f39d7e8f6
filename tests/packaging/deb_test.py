#!/usr/bin/env python3
"""The Debian packages: made of this tree, each installed with what it depends on into an empty Debian, where its programs start; an ID
server and a relay serve there as their units start them; settings that were changed survive an upgrade to a higher version; a removal
keeps state and settings, a purge leaves nothing behind, no accounts either; lintian finds nothing wrong."""
import glob
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from base import BUILD, ROOT, need  # noqa: E402
from fresh_root import Ground, Root, go_apart, run  # noqa: E402

DEB = os.path.join(BUILD, "package", "deb")
LIMIT_S = 60
# what is installed -> what must start there
PROGRAMS = {
    "hawser": ["hawser --version", "hawser-desktop --version", "/usr/libexec/hawser-decoder --version"],
    "hawser-host": ["hawser-host --version", "hawser-upload --version"],
    "hawser-rendezvous": ["hawser-rendezvous --version"],
    "hawser-relay": ["hawser-relay --version"],
    "hawser-api": ["hawser-api --version"],
    "hawser-admin": ["hawser-admin --version", "hawser-load --version"],
    "hawser-hwcodec": ["/usr/libexec/hawser-hwcodec --version"],
}
ENABLED = "/etc/systemd/system/multi-user.target.wants/{}.service"
# The account that a service manager makes for a unit with DynamicUser.
DYNAMIC = 61234
began = time.monotonic()


def say(text):
    print(f"{time.monotonic() - began:6.1f} s  {text}", flush=True)


def expect(what, text):
    assert what, text


def deb(package, folder=DEB):
    found = glob.glob(os.path.join(folder, package + "_*.deb"))
    expect(len(found) == 1, f"{package}: {found}")
    return found[0]


def debs(folder=DEB):
    return sorted(p for p in glob.glob(os.path.join(folder, "*.deb")) if "-dbgsym_" not in p)


def make():
    for line in run(os.path.join(ROOT, "packaging", "make", "deb"), env={**os.environ, "BUILD": BUILD}).splitlines():
        print(line)
    names = {os.path.basename(p).split("_", maxsplit=1)[0] for p in debs()}
    expect(names >= {*PROGRAMS, "hawser-common", "hawser-helpers", "libhawser1", "libhawser-dev"}, f"made: {names}")
    for name in names - {"hawser-common", "libhawser-dev"}:
        expect(glob.glob(os.path.join(DEB, f"{name}-dbgsym_*.deb")), f"{name}: nothing for debuggers")


def belong_together(usr):
    """A manual for each program, and what shells complete for those that are called by hand; neither of a program that is in no package."""
    def names(folder, pattern):
        return {re.match(pattern, name)[1] for name in os.listdir(os.path.join(usr, folder)) if "hawser" in name}
    by_hand, all_of = names("bin", r"(.*)"), names("bin", r"(.*)") | names("libexec", r"(.*)")
    expect("hawser-load" in by_hand, f"programs: {sorted(all_of)}")
    manuals = names("share/man/man1", r"(.*)\.1\.gz$") | names("share/man/man8", r"(.*)\.8\.gz$")
    expect(manuals == all_of | {"hawser-files"}, f"manuals and programs differ: {sorted(manuals ^ all_of)}")
    for folder, pattern in (("bash-completion/completions", r"(.*)"), ("zsh/vendor-completions", r"_(.*)"),
            ("fish/vendor_completions.d", r"(.*)\.fish$")):
        found = names("share/" + folder, pattern)
        expect(found == by_hand, f"{folder} and programs differ: {sorted(found ^ by_hand)}")


def contents(ground):
    """What must not be in them, and what programs are built with that use the library."""
    tree = os.path.join(ground.folder, "tree")
    for path in debs():
        run("dpkg-deb", "-x", path, tree)
    # as a path of its own: a tree may lie in /hawser, and that is the end of many other paths
    hit = subprocess.run(["grep", "-rlaP", rf"(?<![\w./-]){re.escape(ROOT)}/", tree], capture_output=True, text=True, check=False,
        env={**os.environ, "LC_ALL": "C"}).stdout
    expect(not hit, f"these name the folder that they were built in: {hit}")
    for folder, _, files in os.walk(tree):
        for name in files:
            path = os.path.join(folder, name)
            mode = os.lstat(path).st_mode
            expect(os.path.islink(path) or not mode & 0o6022, f"{path}: mode {mode:o}")
    for program in glob.glob(os.path.join(tree, "usr/bin/*")) + glob.glob(os.path.join(tree, "usr/libexec/*")):
        said = run("readelf", "-hdl", program)
        expect("DYN" in said and "GNU_RELRO" in said and re.search(r"FLAGS.*NOW", said), f"{program} is not hardened\n{said}")
        expect("RUNPATH" not in said and "RPATH" not in said, f"{program} looks for libraries in folders of its own")
        # where a path of the build was taken out, its length would still tell one folder from another: not the same bytes
        names = subprocess.run(["objcopy", "-O", "binary", "--only-section=.dynstr", program, "/dev/stdout"], stdout=subprocess.PIPE, check=True).stdout
        expect(len(names) > 100 and bytes(24) not in names, f"{program} has room for a path that is gone")
    belong_together(os.path.join(tree, "usr"))
    library, = glob.glob(os.path.join(tree, "usr/lib/*/pkgconfig"))
    flags = run("pkg-config", "--cflags", "--libs", "hawser", env={**os.environ, "PKG_CONFIG_PATH": library}).split()
    example = os.path.join(tree, "look")
    run("cc", "-Wall", "-Werror", "-D_GNU_SOURCE", "-o", example, os.path.join(ROOT, "examples", "look.c"), *flags)
    expect("libhawser.so.1" in run("readelf", "-d", example), "the example is not linked with the ABI of the package's name")
    shutil.rmtree(tree)


def left(root, ids):
    """What a purge forgot."""
    found = root.sh("find / -xdev \\( -path /proc -o -path /ours -o -path /tmp -o -path /var/lib/apt/lists -o -path /var/cache/apt \\) -prune -o "
        f"\\( -iname '*hawser*' -o -uid {DYNAMIC} {' '.join(ids)} \\) -print")
    return found + root.sh("grep -s hawser /etc/passwd /etc/group /etc/shadow /etc/gshadow || true")


def ids_of(root):
    """The accounts and groups of ours as find takes them."""
    ids = []
    for name, word in (("passwd", "-uid"), ("group", "-gid")):
        for line in root.read(f"/etc/{name}").splitlines():
            if line.startswith("hawser"):
                ids.append(f"-o {word} {line.split(':')[2]}")
    expect(len(ids) == 4, f"accounts and groups: {ids}")
    return ids


def alone(ground, package):
    """A root with this package and what it depends on: all is there that its programs load, and all goes again."""
    with Root(ground) as root:
        root.apt("install", package)
        expect(root("dpkg", "--audit") == "", "dpkg is not content")
        for program in PROGRAMS[package]:
            said = root(*program.split())
            expect(re.search(r"\d+\.\d+\.\d+", said), f"{program}: {said}")
        missing = root.sh("for p in /usr/bin/hawser* /usr/libexec/hawser-*; do [ ! -f $p ] || ldd $p; done | grep 'not found' || true")
        expect(not missing, missing)
        if package == "hawser":
            said = root.sh("hawser connect 127.0.0.1:1 --headless --no-retry 2>&1 || true")
            expect("connection refused" in said, f"the viewer finds its decoder: {said}")
        ids = ids_of(root)
        root.apt("purge", "hawser*", "libhawser*")
        expect(not left(root, ids), f"{package}: a purge leaves\n{left(root, ids)}")
    say(f"{package}: installed, started, purged")


class Unit:
    """A unit of the package, started as the service manager would: its account, folders and words."""

    def __init__(self, root, name):
        self.root, self.name = root, name
        text = root.read(f"/lib/systemd/system/{name}.service")
        self.words = re.search(r"^ExecStart=(.*)$", text, re.M).group(1).replace("--log-format journal", "--log-format text").split()
        own = re.search(r"^Group=(hawser|hawser-relays)$", text, re.M)
        expect(re.search(r"^DynamicUser=yes$", text, re.M) and own, f"{name}: another account")
        group, = (line.split(":")[2] for line in root.read("/etc/group").splitlines() if line.startswith(own.group(1) + ":"))
        root.sh(f"""
            mkdir -p -m 700 /var/lib/private /run/private /var/lib/private/{name} /run/{name}
            [ -L /var/lib/{name} ] || ln -s private/{name} /var/lib/{name}
            chown -R {DYNAMIC}:{group} /var/lib/private/{name} /run/{name}
            chmod 755 /var/lib/private /run/private""")
        self.prefix = ["setpriv", f"--reuid={DYNAMIC}", f"--regid={group}", "--clear-groups", "env", f"STATE_DIRECTORY=/var/lib/{name}",
            f"RUNTIME_DIRECTORY=/run/{name}"]

    def start(self):
        return self.root.start(*self.prefix, *self.words)

    def serve(self):
        """Runs until the server says of itself that it serves."""
        process = self.start()
        end = time.monotonic() + LIMIT_S
        while True:
            said = subprocess.run(self.root.alone(*self.prefix, self.words[0], "health"), capture_output=True, text=True, check=False,
                env=self.root.environment())
            if said.returncode == 0:
                break
            if process.poll() is not None or time.monotonic() > end:
                process.log.seek(0)
                raise AssertionError(f"{self.name} does not serve: {said.stdout}{said.stderr}\n{process.log.read()}")
            time.sleep(0.1)
        process.terminate()
        expect(process.wait(LIMIT_S) == 0, f"{self.name}: status {process.returncode}")


def newer(ground):
    """The packages of the servers once more, with a higher version and other settings."""
    folder = os.path.join(ground.folder, "newer")
    os.makedirs(folder)
    for package in ("hawser-common", "hawser-rendezvous", "hawser-relay"):
        tree = os.path.join(folder, package)
        run("dpkg-deb", "-R", deb(package), tree)
        control = os.path.join(tree, "DEBIAN", "control")
        with open(control, encoding="utf-8") as f:
            text = f.read()
        version = re.search(r"^Version: (.*)$", text, re.M).group(1)
        with open(control, "w", encoding="utf-8") as f:
            f.write(text.replace(version, version + "+1"))
        for conf in glob.glob(os.path.join(tree, "etc", "hawser", "*.conf")):
            with open(conf, "a", encoding="utf-8") as f:
                f.write("# as of the next version\n")
        run("dpkg-deb", "-Znone", "-b", tree, folder)
        shutil.rmtree(tree)
    return sorted(glob.glob(os.path.join(folder, "*.deb")))


def life(ground):
    """Servers of one machine: installed, set up, upgraded, removed, purged."""
    with Root(ground) as root:
        said = root.apt("install", "hawser-rendezvous", "hawser-relay", "hawser-admin")
        expect("hawser-relay is not started" in said, said)
        expect(root.has(ENABLED.format("hawser-rendezvous")), "the ID server is not enabled")
        expect(not root.has(ENABLED.format("hawser-relay")), "the relay is enabled, though it has no key yet")
        expect(root("stat", "-c", "%a %U %G", "/etc/hawser/rendezvous.conf") == "640 root hawser\n", "others may read passwords of databases")
        expect(root("stat", "-c", "%a %U %G", "/etc/hawser/relay.conf") == "644 root root\n", "the relay's settings")
        expect(not root.has("/var/lib/hawser-rendezvous"), "a key was made at installation")
        ids = ids_of(root)
        relay, rendezvous = Unit(root, "hawser-relay"), Unit(root, "hawser-rendezvous")
        process = relay.start()
        expect(process.wait(LIMIT_S) != 0, "a relay that nobody gave a key serves")
        rendezvous.serve()
        key = root("hawser-rendezvous", "key", "--state-dir", "/var/lib/hawser-rendezvous").strip()
        expect(re.fullmatch(r"[A-Za-z0-9+/]{43}=", key), f"the key: {key}")
        root("sed", "-i", f"s,^#key =.*,key = {key},", "/etc/hawser/relay.conf")
        relay.serve()
        say("ID server and relay serve as their units start them")

        mine = root.read("/etc/hawser/relay.conf")
        ground.offer(newer(ground))
        root.apt("update", "-o", "Dir::Etc::SourceList=/dev/null", "-o", "APT::Get::List-Cleanup=0")
        root.apt("install", "-o", "Dpkg::Options::=--force-confold", "-o", "Dpkg::Options::=--force-confdef", "hawser-common", "hawser-rendezvous",
            "hawser-relay", "hawser-admin-")
        expect("+1" in root("dpkg-query", "-W", "-f", "${Version}", "hawser-relay"), "nothing was upgraded")
        expect(root.read("/etc/hawser/relay.conf") == mine, "an upgrade took the relay's settings")
        expect("next version" in root.read("/etc/hawser/rendezvous.conf"), "settings that nobody changed are still the old ones")
        expect(root("stat", "-c", "%a %U %G", "/etc/hawser/rendezvous.conf") == "640 root hawser\n", "others may read them after an upgrade")
        expect(not root.has(ENABLED.format("hawser-relay")), "an upgrade enabled the relay")
        rendezvous.serve()
        expect(root("hawser-rendezvous", "key", "--state-dir", "/var/lib/hawser-rendezvous").strip() == key, "another key after an upgrade")
        relay.serve()
        say("upgraded")

        mine = root.read("/etc/hawser/rendezvous.conf")
        root("rm", "/etc/hawser/rendezvous.conf")
        root.apt("install", "--reinstall", "-o", "Dpkg::Options::=--force-confmiss", "hawser-rendezvous")
        expect(root.read("/etc/hawser/rendezvous.conf") == mine, "settings that were asked for anew")
        expect(root("stat", "-c", "%a %U %G", "/etc/hawser/rendezvous.conf") == "640 root hawser\n", "others may read settings that were made anew")
        root("chmod", "600", "/etc/hawser/rendezvous.conf")
        root.apt("install", "--reinstall", "hawser-rendezvous")
        expect(root("stat", "-c", "%a", "/etc/hawser/rendezvous.conf") == "600\n", "a mode of the administrator's is gone")
        root("chmod", "640", "/etc/hawser/rendezvous.conf")
        root.apt("remove", "hawser-rendezvous", "hawser-relay")
        expect(not root.has("/usr/bin/hawser-rendezvous") and not root.has("/usr/bin/hawser-relay"), "removed programs are there")
        for path in ("/etc/hawser/relay.conf", "/etc/hawser/rendezvous.conf", "/var/lib/private/hawser-rendezvous/id_ed25519"):
            expect(root.has(path), f"{path} went with a removal")
        root.apt("purge", "hawser-common")
        expect("hawser:" in root.read("/etc/group"), "the group of files that are there is gone")
        root.apt("purge", "hawser-rendezvous", "hawser-relay")
        expect(not left(root, ids), f"a purge leaves\n{left(root, ids)}")
        say("removed, purged")


def main():
    go_apart()
    need("dpkg-buildpackage", "dh", "lintian", "dpkg-scanpackages", "fakeroot", "cc", "readelf")
    make()
    say("made")
    changes, = glob.glob(os.path.join(DEB, "*.changes"))
    # Nobody's bug is closed by a first version outside of Debian.
    lintian = subprocess.Popen(["lintian", "--fail-on", "warning", "--tag-display-limit", "0", "--suppress-tags",
        "initial-upload-closes-no-bugs", changes], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    ground = Ground("deb-test")
    try:
        contents(ground)
        ground.offer(debs())
        ground.update()
        say("an empty Debian")
        for package in PROGRAMS:
            alone(ground, package)
        life(ground)
        said = lintian.communicate()[0]
        print(said)
        expect(lintian.returncode == 0, "lintian finds something")
        say("lintian: no errors, no warnings")
    finally:
        ground.end()


main()
