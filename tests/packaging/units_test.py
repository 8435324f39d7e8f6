#!/usr/bin/env python3
"""What the service manager itself says of the units, without starting any: each is valid, knows when its program serves and
whether it still does, and is as closed as docs/security.md says (systemd-analyze security, of 10)."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNITS = os.path.join(ROOT, "packaging", "systemd")
SKIPPED = 77
# hawser-host is a unit of users, whose shells keep all rights of theirs: there is nothing to measure.
EXPOSURE = {"hawser-rendezvous": 1.5, "hawser-rendezvous@": 1.5, "hawser-relay": 1.3, "hawser-relay@": 1.3, "hawser-api": 1.5, "hawser-api@": 1.5,
    "hawser-upload": 1.9, "hawser-host-system": 3.5, "hawser-host": None}
# What systemd-analyze counts at hawser-host-system, by the rows of docs/systemd.md, which says what each is for: no more may come.
COUNTED = {
    "root": {"User=/DynamicUser=", "CapabilityBoundingSet=~CAP_SET(UID|GID|PCAP)", "CapabilityBoundingSet=~CAP_KILL",
        "SystemCallFilter=~@privileged"},
    "sockets": {"RestrictAddressFamilies=~AF_(INET|INET6)", "RestrictAddressFamilies=~AF_UNIX", "RestrictAddressFamilies=~AF_NETLINK",
        "PrivateNetwork=", "IPAddressDeny="},
    "namespaces": {*(f"RestrictNamespaces=~{kind}" for kind in ("user", "net", "mnt", "ipc", "uts")), "SystemCallFilter=~@mount"},
    "homes": {"ProtectHome=", "PrivateTmp=", "PrivateUsers=", "RootDirectory=/RootImage="},
    "devices": {"PrivateDevices=", "DeviceAllow="},
    "`/proc`": {"ProcSubset=", "SystemCallFilter=~@resources"}}
CLOSED = 3.0  # the same with what docs/systemd.md closes on a machine without a desktop
SERVES = [u for u in EXPOSURE if u != "hawser-upload"]
# An instance is the same service in another place.
DATABASES = [u for u in EXPOSURE if u.startswith(("hawser-rendezvous", "hawser-api"))]
PAIRS = (("hawser-rendezvous", "hawser-rendezvous@"), ("hawser-api", "hawser-api@"), ("hawser-relay", "hawser-relay@"))
# the two relays that follow each other share an account and a folder
OWN = ("ExecStart", "StateDirectory", "RuntimeDirectory", "Description", "After", "User", "Conflicts", "RuntimeDirectoryPreserve", "RemoveIPC")


def read(unit):
    with open(os.path.join(UNITS, unit + ".service"), encoding="utf-8") as f:
        lines = [line.rstrip("\n") for line in f if line.strip() and not line.startswith(("#", "["))]
    return [tuple(line.split("=", 1)) for line in lines]


def value(unit, name):
    return [v for k, v in read(unit) if k == name]


def copy(folder):
    """As installed, but that /bin/true stands for the programs."""
    for path in glob.glob(os.path.join(UNITS, "*")):
        with open(path, encoding="utf-8") as f:
            text = re.sub(r"/usr/bin/hawser[a-z-]*", "/bin/true", f.read())
        with open(os.path.join(folder, os.path.basename(path)), "w", encoding="utf-8") as f:
            f.write(text)


def analyze(folder, *argv):
    env = {**os.environ, "SYSTEMD_UNIT_PATH": folder + ":", "SYSTEMD_LOG_LEVEL": "warning", "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"}
    done = subprocess.run(["systemd-analyze", "--no-pager", *argv], capture_output=True, text=True, errors="replace", env=env,
        timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def each_unit_is_named_here():
    found = {os.path.basename(p)[: -len(".service")] for p in glob.glob(os.path.join(UNITS, "*.service"))}
    assert found == set(EXPOSURE), found ^ set(EXPOSURE)


def units_are_valid(folder):
    for path in sorted(glob.glob(os.path.join(folder, "*"))):
        _, said = analyze(folder, "verify", "--man=no", path)
        # of others on this machine it speaks, too
        wrong = [line for line in said.splitlines() if "hawser" in line]
        assert not wrong, "\n".join(wrong)


def units_are_closed(folder):
    for unit, limit in EXPOSURE.items():
        if limit is None:
            continue
        _, said = analyze(folder, "security", "--offline=yes", os.path.join(folder, unit + ".service"))
        found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
        assert found, said
        print(f"{unit}: {found.group(1)}", flush=True)
        assert float(found.group(1)) <= limit, f"{unit}: {found.group(1)}, and not {limit} or better:\n{said}"
    assert all(limit <= 2.0 for unit, limit in EXPOSURE.items() if limit and unit != "hawser-host-system")


def document():
    with open(os.path.join(ROOT, "docs", "systemd.md"), encoding="utf-8") as f:
        return f.read()


def what_is_left_open_is_told(folder):
    _, said = analyze(folder, "security", "--offline=yes", os.path.join(folder, "hawser-host-system.service"))
    open_now = set(re.findall(r"^\u2717 (\S+)", said, re.M))
    assert open_now == set().union(*COUNTED.values()), open_now ^ set().union(*COUNTED.values())
    for row in COUNTED:
        assert re.search(rf"^\| {re.escape(row)}.* \| [01]\.\d \| ", document(), re.M), row
    drop_in = re.search(r"```ini\n# systemctl edit hawser-host-system.*?\n(.*?)```", document(), re.S).group(1)
    os.mkdir(os.path.join(folder, "hawser-host-system.service.d"))
    with open(os.path.join(folder, "hawser-host-system.service.d", "closed.conf"), "w", encoding="utf-8") as f:
        f.write(drop_in)
    _, said = analyze(folder, "security", "--offline=yes", os.path.join(folder, "hawser-host-system.service"))
    found = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", said).group(1))
    assert found <= CLOSED and f"that is {CLOSED}:" in document(), said


def programs_say_that_they_serve():
    for unit in SERVES:
        assert value(unit, "Type") == ["notify"], unit
        assert re.fullmatch(r"\d+s", value(unit, "WatchdogSec")[0]), unit
        # a change of tables that is cut off is rolled back, and would be begun anew for ever
        assert (value(unit, "TimeoutStartSec") == ["1h"]) == (unit in DATABASES), unit
        assert value(unit, "Restart") == ["on-failure"] and value(unit, "RestartPreventExitStatus") == ["2"], unit
        assert "--log-format journal" in value(unit, "ExecStart")[0], unit


def instances_differ_in_their_places_alone():
    for one, many in PAIRS:
        a, b = ([(k, v) for k, v in read(u) if k not in OWN] for u in (one, many))
        assert sorted(a) == sorted(b), f"{one} and {many}: {set(a) ^ set(b)}"
    for unit in ("hawser-rendezvous@", "hawser-api@"):
        for name in ("StateDirectory", "RuntimeDirectory", "ExecStart"):
            assert "-%i" in value(unit, name)[0], (unit, name)


def main():
    if shutil.which("systemd-analyze") is None:
        print("SKIPPED: this machine has no systemd-analyze (package systemd)")
        return SKIPPED
    folder = tempfile.mkdtemp(prefix="hawser-units-")
    try:
        copy(folder)
        each_unit_is_named_here()
        units_are_valid(folder)
        units_are_closed(folder)
        what_is_left_open_is_told(folder)
        programs_say_that_they_serve()
        instances_differ_in_their_places_alone()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("all units are as they should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
