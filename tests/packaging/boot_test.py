#!/usr/bin/env python3
"""The units in a real boot: a Debian with systemd, started by qemu under software emulation, into which the programs are installed.
Services start with the machine as the accounts of their units, reach each other by their sockets, survive a crash and a hang, follow
each other without a gap, live beside each other in several instances, and stop without leaving anything.

boot_test.py [REGEX]: only the checks of support/boot_inside.py that match."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from base import RELEASE, ROOT, need  # noqa: E402
from machine import BOOT, Machine, disk, libraries_of, root_tar, run  # noqa: E402

LIMIT_S = 900  # about 150 s where nothing else runs
PACKAGES = ("systemd", "systemd-sysv", "libnss-systemd", "dbus", "python3")
PROGRAMS = {"server-rendezvous": ("hawser-rendezvous",), "server-relay": ("hawser-relay",), "admin/api": ("hawser-api",), "admin": ("hawser-admin",),
    "client/host": ("hawser-host",), "client/upload": ("hawser-upload",), "client/cli": ("hawser",), "client/decoder": ("hawser-decoder",)}
ENABLED = ("hawser-rendezvous", "hawser-relay", "hawser-api", "hawser-host-system")
INSIDE = "/usr/local/lib/boot_inside.py"
UNIT = f"""[Unit]
After={' '.join(u + '.service' for u in ENABLED)}
[Service]
ExecStart=/usr/bin/python3 {INSIDE} WANTED
TimeoutStartSec=infinity
Environment=HOME=/root PYTHONUNBUFFERED=1
"""


def write(root, path, text, mode=0o644):
    path = os.path.join(root, path.lstrip("/"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)


def install(root):
    run("cmake", "--install", RELEASE, "--prefix", "/usr", "--strip", env={**os.environ, "DESTDIR": root})
    for name in ("share/doc/hawser", "share/man", "share/hawser/doc", "include"):
        shutil.rmtree(os.path.join(root, "usr", name), ignore_errors=True)
    run("chroot", root, "systemd-sysusers")
    run("chroot", root, "useradd", "--create-home", "--shell", "/bin/bash", "vera")


def configure(root, wanted):
    state = "/var/lib/private/hawser-rendezvous"
    os.makedirs(root + state, mode=0o700)
    os.chmod(os.path.dirname(root + state), 0o700)
    key = run("chroot", root, "hawser-rendezvous", "key", "--state-dir", state).strip()
    # made as root: that is the account's from its first start on
    write(root, "/etc/hawser/key.pub", key + "\n")
    write(root, "/etc/hawser/rendezvous.conf", "relay-servers = 127.0.0.1:21117\n[policy]\npolicy-socket = /run/hawser-api/policy.sock\n"
        "api-socket = /run/hawser-api/http.sock\n")
    write(root, "/etc/hawser/relay.conf", f"[access]\nkey = {key}\n")
    write(root, "/etc/hawser/host.conf",
        f"[network]\nserver = 127.0.0.1\nkey = {key}\nlan-port = 0\n[desktop]\nbackend = headless\ndesktop-user = vera\n")
    # what the guide closes on a machine without a desktop
    with open(os.path.join(ROOT, "docs", "systemd.md"), encoding="utf-8") as f:
        write(root, "/etc/hawser/closed.conf", re.search(r"```ini\n# systemctl edit hawser-host-system.*?\n(.*?)```", f.read(), re.S).group(1))
    write(root, "/etc/hostname", "boot\n")
    write(root, "/etc/hosts", "127.0.0.1 localhost boot\n::1 localhost\n")
    write(root, "/etc/fstab", "")
    write(root, "/etc/machine-id", "uninitialized\n")
    write(root, "/etc/systemd/system/boot-inside.service", UNIT.replace("WANTED", wanted))
    # besides the boot, not in it: it asks whether the boot is done
    write(root, "/etc/systemd/system/boot-inside.timer", "[Timer]\nOnBootSec=1\nAccuracySec=1\n[Install]\nWantedBy=timers.target\n")
    write(root, "/etc/systemd/journald.conf.d/boot.conf", "[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n")
    shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "boot_inside.py"), root + INSIDE)
    run("chroot", root, "systemctl", "enable", *ENABLED, "boot-inside.timer")


def boot(work, wanted):
    root, image = os.path.join(work, "root"), os.path.join(work, "disk.img")
    os.mkdir(root)
    programs = [os.path.join(RELEASE, folder, name) for folder, names in PROGRAMS.items() for name in names]
    missing = [p for p in programs if not os.path.exists(p)]
    assert not missing, f"not built: {missing}"
    run("tar", "-C", root, "--numeric-owner", "-xf", root_tar([*PACKAGES, *libraries_of(programs)]))
    install(root)
    configure(root, wanted)
    disk(root, image, 1024)
    shutil.rmtree(root)
    machine = Machine(image, work)
    failed, done = [], False
    try:
        for line in machine.lines(LIMIT_S):
            if "check" in line:
                print(f"{'ok  ' if line['ok'] else 'FAIL'} {line['check']} ({line['seconds']} s)", flush=True)
                if not line["ok"]:
                    failed.append(line["check"])
                    print(line["text"], flush=True)
            elif "up_s" in line:
                print(f"up after {line['up_s']} s", flush=True)
            elif "text" in line:
                print(line["text"], flush=True)
            done = done or "done" in line
    finally:
        machine.close()
        if failed or not done:
            print(machine.tail(), flush=True)
    assert done, "the machine ended before its checks did"
    assert not failed, f"failed: {', '.join(failed)}"


def main():
    need("cmake", "mke2fs", "qemu-system-x86_64", "chroot", "tar")
    os.makedirs(BOOT, exist_ok=True)
    work = tempfile.mkdtemp(prefix="run-", dir=BOOT)
    try:
        boot(work, sys.argv[1] if len(sys.argv) > 1 else "")
    except (AssertionError, subprocess.SubprocessError) as e:
        print(f"FAILED: {e}", flush=True)
        return 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
