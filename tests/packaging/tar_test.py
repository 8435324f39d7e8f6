#!/usr/bin/env python3
"""Release tarballs: the sources are those that are committed and can be configured; the programs run where they are unpacked, bear no
path of who built them; the list of parts (SPDX) has the hashes of just these files and each library that the loader brings in, no
other; checksums and signatures hold, and no longer do once a byte has changed."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import release

NAME = f"hawser-{release.VERSION}"
BINARY = f"{NAME}-linux-{release.ARCH}"
ID = re.compile(r"^SPDXRef-[A-Za-z0-9.-]+$")
LINKED = ("DYNAMIC_LINK", "STATIC_LINK", "DEPENDS_ON", "RUNTIME_DEPENDENCY_OF")


def run(*argv, **more):
    return subprocess.run(argv, capture_output=True, text=True, check=False, **more)


def good(*argv, **more):
    done = run(*argv, **more)
    assert done.returncode == 0, (argv, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


def unpack(name, where):
    with tarfile.open(os.path.join(release.OUT, name + ".tar.xz")) as tar:
        members = tar.getmembers()
        assert len({m.mtime for m in members}) == 1, "more than one time"
        assert {(m.uid, m.gid) for m in members} == {(0, 0)}, "of somebody"
        for m in members:
            assert m.name == name or m.name.startswith(name + "/"), m.name
            assert m.issym() or not m.mode & 0o7022, (m.name, oct(m.mode))
        tar.extractall(where, filter="tar") if hasattr(tarfile, "tar_filter") else tar.extractall(where)
    return members


def check_source(folder):
    members = unpack(NAME, folder)
    committed = set(good("git", "-C", release.ROOT, "ls-tree", "-r", "--name-only", "-z", "HEAD").strip("\0").split("\0"))
    assert {m.name[len(NAME) + 1:] for m in members if not m.isdir()} == committed
    tree = os.path.join(folder, NAME)
    # in a repository of somebody else's it has its own time, and is no checkout
    good("git", "init", "-q", folder)
    good("git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "theirs")
    env = {k: v for k, v in os.environ.items() if k not in ("SOURCE_DATE_EPOCH", "BUILD", "HAWSER_BUILD")}
    time = good("bash", "-c", ". packaging/release/common.sh; echo $SOURCE_DATE_EPOCH", cwd=tree, env=env)
    assert time == good("git", "-C", release.ROOT, "log", "-1", "--format=%ct"), time
    refused = run("packaging/make/tar", "source", cwd=tree, env=env)
    assert refused.returncode == 1 and "no checkout" in refused.stderr, refused
    shutil.rmtree(os.path.join(folder, ".git"))
    good("cmake", "--preset", "static", cwd=tree)
    print("sources:", len(committed), "files, as they are committed; they can be configured without git")


def elves(root):
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                with open(path, "rb") as f:
                    if f.read(4) == b"\x7fELF":
                        yield path


def check_programs(root):
    for name in ("hawser", "hawser-host", "hawser-rendezvous", "hawser-relay", "hawser-api", "hawser-admin"):
        said = good(os.path.join(root, "usr/local/bin", name), "version" if name == "hawser" else "--version")
        assert release.VERSION in said, (name, said)
    for path in elves(root):
        dynamic = good("readelf", "-d", path)
        searched = re.findall(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", dynamic)
        assert set(searched) <= {"$ORIGIN/../lib"}, (path, searched) # its own library, wherever it is unpacked
        with open(path, "rb") as f:
            data = f.read()
        for hidden in (release.ROOT, release.BUILD, os.path.expanduser("~")):
            # as a path of its own: a tree may lie in /src, and that is the end of many other paths
            found = len(hidden) > 1 and re.search(rb"(?<![\w./-])" + re.escape(hidden.encode()) + b"/", data)
            assert not found, f"{path} has {hidden} in it"
        assert ".debug_info" not in good("readelf", "-SW", path), path
    units = os.path.join(root, "usr/local/lib/systemd/system")
    with open(os.path.join(units, "hawser-rendezvous.service"), encoding="utf-8") as f:
        assert "/usr/local/bin/hawser-rendezvous" in f.read()


def read_parts(name):
    """The document, looked over for what SPDX 2.3 demands."""
    with open(os.path.join(release.OUT, name + ".spdx.json"), encoding="utf-8") as f:
        d = json.load(f)
    assert (d["spdxVersion"], d["dataLicense"], d["SPDXID"]) == ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT")
    assert d["documentNamespace"].startswith("https://") and "#" not in d["documentNamespace"]
    assert re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", d["creationInfo"]["created"]) and d["creationInfo"]["creators"]
    ids = [e["SPDXID"] for e in d["packages"] + d["files"]]
    assert len(ids) == len(set(ids)) and all(ID.match(i) for i in ids)
    for p in d["packages"]:
        assert p["name"] and p["versionInfo"] and p["downloadLocation"] and p["licenseDeclared"], p
    for r in d["relationships"]:
        assert r["spdxElementId"] in ids and r["relatedSpdxElement"] in ids and r["relationshipType"] in LINKED, r
    assert set(d["documentDescribes"]) <= set(ids)
    return d


def check_parts(root):
    d = read_parts(BINARY)
    listed = {f["fileName"]: {c["algorithm"]: c["checksumValue"] for c in f["checksums"]} for f in d["files"]}
    there = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                with open(path, "rb") as f:
                    data = f.read()
                there["./" + os.path.relpath(path, root)] = {"SHA1": hashlib.sha1(data).hexdigest(), "SHA256": hashlib.sha256(data).hexdigest()}
    assert listed == there, set(listed) ^ set(there)
    code = hashlib.sha1("".join(sorted(h["SHA1"] for h in there.values())).encode()).hexdigest()
    assert d["packages"][0]["packageVerificationCode"]["packageVerificationCodeValue"] == code
    # what ldd says, each asked for its package by another question than sbom's
    linked = set()
    for path in elves(root):
        linked |= set(re.findall(r"(/\S+) \(0x", good("ldd", path)))
    linked = {p for p in linked if not p.startswith(root)}
    spelt = {path: (path, os.path.realpath(path), "/usr" + path) for path in linked}
    rows = run("dpkg", "-S", *sorted(n for names in spelt.values() for n in names)).stdout.splitlines()
    owners = {path: owner.split(":")[0] for owner, _, path in (row.rpartition(": ") for row in rows)}
    packages = set()
    for path, names in spelt.items():
        found = {owners[n] for n in names if n in owners}
        assert len(found) == 1, (path, found)
        packages |= found
    optional = {r["spdxElementId"] for r in d["relationships"] if r["relationshipType"] == "RUNTIME_DEPENDENCY_OF"}
    named = {p["name"] for p in d["packages"][1:] if p["SPDXID"] not in optional or p["name"] in packages}
    assert named == packages, named ^ packages
    assert optional == {"SPDXRef-Package-libpulse0"}, optional
    for p in d["packages"][1:]:
        assert p["versionInfo"] in good("dpkg-query", "-W", "-f", "${Version} ", p["name"]).split(), p
    print("parts:", len(there), "files,", len(packages), "packages of libraries, as ldd has them")


def check_static_parts():
    d = read_parts(os.path.basename(release.STATIC))
    names = {p["name"] for p in d["packages"][1:]}
    want = {"libsqlite3-dev", "libsodium-dev", "libevent-dev", "libseccomp-dev", "libprotobuf-c-dev", "libjansson-dev", "libinih-dev", "libc6-dev"}
    assert want <= names and not names & {"libssl-dev", "libpq-dev"}, names
    with open(release.STATIC, "rb") as f:
        assert d["files"][0]["checksums"][1]["checksumValue"] == hashlib.sha256(f.read()).hexdigest()


def check_sealed_once(no_key, env):
    """A key's password is asked for whenever something is sealed: of several kinds at once all together, by ./dev."""
    make = (os.path.join(release.ROOT, "packaging/make/tar"), "source")
    env = {**env, "HAWSER_SIGN_KEY": no_key}  # what seals fails
    assert run(*make, env=env).returncode != 0
    good("packaging/release/seal", env={**env, "HAWSER_SIGN_KEY": ""}, cwd=release.ROOT)
    good(*make, env={**env, "HAWSER_SEAL": "later"})
    assert not os.path.exists(os.path.join(release.OUT, "SHA256SUMS")), "sums that hold no more stay"
    for maker in ("deb", "rpm"):
        with open(os.path.join(release.ROOT, "packaging/make", maker), encoding="utf-8") as f:
            assert "\nunseal\n" in f.read(), maker
    with open(os.path.join(release.ROOT, "dev"), encoding="utf-8") as f:
        package = re.search(r"^cmd_package\(\) \{\n(.*?)^\}", f.read(), re.M | re.S).group(1)
    assert 'HAWSER_SEAL=later "packaging/make/$kind"' in package and package.count("release/seal") == 1, package


def check_signatures(folder):
    seal = os.path.join(release.ROOT, "packaging/release/seal")
    env = {k: v for k, v in os.environ.items() if not k.startswith("HAWSER_SIGN")}
    env.update(BUILD=release.BUILD, GNUPGHOME=os.path.join(folder, "gnupg"))
    sums = os.path.join(release.OUT, "SHA256SUMS")
    assert "NOT SIGNED" in good(seal, env=env) and not os.path.exists(sums + ".minisig") and not os.path.exists(sums + ".asc")
    secret, public = os.path.join(folder, "key"), os.path.join(folder, "key.pub")
    good("minisign", "-G", "-W", "-f", "-p", public, "-s", secret)
    os.mkdir(env["GNUPGHOME"], 0o700)
    try:
        good("gpg", "--batch", "--passphrase", "", "--quick-generate-key", "release@example.org", "ed25519", "sign", env=env)
        asides = [os.path.join(release.OUT, "rpm-source", "test-aside.tar.xz"), os.path.join(release.OUT, "deb", "test-aside-dbgsym_1_all.deb")]
        for name in asides:
            os.makedirs(os.path.dirname(name), exist_ok=True)
            with open(name, "w", encoding="utf-8") as f:
                f.write("not of the release\n")
        said = good(seal, env={**env, "HAWSER_SIGN_KEY": secret, "HAWSER_SIGN_GPG": "release@example.org"})
        assert "NOT SIGNED" not in said, said
        good("sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS", cwd=release.OUT)
        with open(sums, encoding="utf-8") as f:
            listed = f.read()
        for name in asides:
            os.unlink(name)
        assert "test-aside" not in listed, listed
        for name in (NAME + ".tar.xz", BINARY + ".tar.xz", BINARY + ".spdx.json", os.path.basename(release.STATIC)):
            assert f"  {name}\n" in listed, (name, listed)
        good("minisign", "-V", "-p", public, "-m", sums)
        good("gpg", "--batch", "--verify", sums + ".asc", sums, env=env)
        with open(sums, "a", encoding="utf-8") as f:
            f.write("0" * 64 + "  another\n")
        assert run("minisign", "-V", "-p", public, "-m", sums).returncode != 0
        assert run("gpg", "--batch", "--verify", sums + ".asc", sums, env=env).returncode != 0
        assert run("sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS", cwd=release.OUT).returncode != 0
        check_sealed_once(secret + ".none", env)
        refused = run(seal, env={**env, "HAWSER_SIGN_KEY": secret + ".none"})
        assert refused.returncode != 0 and "minisign secret key" in refused.stderr, refused
    finally:
        run("gpgconf", "--kill", "all", env=env)
        good(seal, env=env)
    print("checksums and both signatures hold, and break with a byte")


def main():
    if run("git", "-C", release.ROOT, "rev-parse", "HEAD").returncode != 0:
        release.skip("these sources are no checkout of git: there is nothing to make a source tarball of")
    if not os.path.exists(release.STATIC):
        release.make("static")
    release.make("tar")
    with tempfile.TemporaryDirectory(prefix="hawser-tar-") as folder:
        check_source(folder)
        unpack(BINARY, folder)
        root = os.path.join(folder, BINARY)
        check_programs(root)
        check_parts(root)
        check_static_parts()
        check_signatures(folder)
    print("tar_test: passed")


if __name__ == "__main__":
    main()
