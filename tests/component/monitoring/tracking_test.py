#!/usr/bin/env python3
"""A firewall's table of connections that is getting full is seen by the ID server, which is alone in telling anybody: with /proc as
each of its units mounts it, and a firewall that tracks flows, its metric grows with the flows that it has. In namespaces of its own."""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from api_server import BUILD, ROOT, Program, own_env, until

APART = "HAWSER_TEST_APART"
UNITS = ("hawser-rendezvous", "hawser-rendezvous@")
RULES = "add table inet t; add chain inet t in { type filter hook input priority 0; }; add rule inet t in ct state new counter accept"
PORT, METRICS, FLOWS, ACCOUNT = 21116, 21126, 200, 61234


def skip(text):
    print(f"SKIPPED: {text}: whether a full table of the firewall is seen is not tried")
    sys.exit(77)


def go_apart():
    if os.geteuid() != 0 or not shutil.which("nft") or not shutil.which("setpriv"):
        skip("this takes root, nft and setpriv")
    if APART not in os.environ:
        apart = ["unshare", "--net", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"]
        if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode != 0:
            skip("no namespaces can be made here")
        os.execvpe("unshare", [*apart, sys.executable, *sys.argv], {**os.environ, APART: "1"})
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    if subprocess.run(["nft", RULES], capture_output=True, check=False).returncode != 0 or \
            not os.path.exists("/proc/sys/net/netfilter/nf_conntrack_count"):
        skip("the kernel tracks no connections")


def proc_of(unit):
    """What systemd makes of ProtectProc= and ProcSubset=, as options of the mount."""
    with open(os.path.join(ROOT, "packaging", "systemd", unit + ".service"), encoding="utf-8") as f:
        said = dict(re.findall(r"^(ProtectProc|ProcSubset)=(\w+)$", f.read(), re.M))
    assert "ProtectProc" in said, unit
    return f"hidepid={said['ProtectProc']}" + (",subset=pid" if said.get("ProcSubset") == "pid" else "")


def used():
    with urllib.request.urlopen(f"http://127.0.0.1:{METRICS}/metrics", timeout=60) as page:
        return float(re.search(r"^hawser_rdv_tracking_used (\S+)$", page.read().decode(), re.M)[1])


def sees(unit, folder):
    home = os.path.join(folder, unit.rstrip("@") + str(len(unit)))
    os.mkdir(home)
    os.chown(home, ACCOUNT, ACCOUNT)
    server = Program(["unshare", "--mount", "sh", "-ec", 'mount -t proc -o "$1" proc /proc; shift; exec "$@"', "sh", proc_of(unit),
        "setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--clear-groups", os.path.join(BUILD, "server-rendezvous", "hawser-rendezvous"),
        "--state-dir", home, "--control", os.path.join(home, "control.sock"), "--bind", "127.0.0.1", "--port", str(PORT), "--metrics"],
        env=own_env(home))
    flows = []
    try:
        server.expect("listening")
        for _ in range(FLOWS):
            flows.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            flows[-1].sendto(b"no message", ("127.0.0.1", PORT))
        with open("/proc/sys/net/netfilter/nf_conntrack_max", encoding="ascii") as f:
            least = FLOWS / int(f.read())
        until(f"{unit}: the server sees the firewall's table (/proc with {proc_of(unit)}): {used()}", lambda: used() >= least)
    finally:
        for s in flows:
            s.close()
        server.stop()


def main():
    go_apart()
    with tempfile.TemporaryDirectory(prefix="hawser-tracking-") as folder:
        os.chmod(folder, 0o755)
        for unit in UNITS:
            sees(unit, folder)
    print("the firewall's table is seen under", " and ".join(UNITS))


if __name__ == "__main__":
    main()
