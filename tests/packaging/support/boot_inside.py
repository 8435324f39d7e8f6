#!/usr/bin/python3
"""Runs inside the machine of boot_test.py, as root, once it is up: the services as systemd runs them. One line of JSON for
each check goes to the second serial line; then the machine is switched off."""
import grp
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import time
import traceback
import urllib.request

PATIENCE_S = 90
SERVERS = ("hawser-rendezvous", "hawser-relay", "hawser-api")
ALL = (*SERVERS, "hawser-host-system")
KEY = open("/etc/hawser/key.pub", encoding="ascii").read().strip()
OUT = open("/dev/ttyS1", "w", encoding="utf-8", buffering=1)


def run(*argv, status=0, **more):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
        timeout=PATIENCE_S * 2, **more)
    assert status is None or done.returncode == status, f"{' '.join(argv)}: {done.returncode}\n{done.stdout[-1500:]}"
    return done.stdout


def until(what, condition, patience_s=PATIENCE_S):
    limit = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < limit, f"this does not come true: {what}"
        time.sleep(0.2)


def show(unit, *names):
    said = run("systemctl", "show", unit, *(f"-p{n}" for n in names))
    found = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    return [found[n] for n in names]


def pid_of(unit):
    return int(show(unit, "MainPID")[0])


def active(unit):
    return show(unit, "ActiveState")[0] == "active"


def until_active(*units):
    for unit in units:
        until(f"{unit} is active: {run('systemctl', 'status', unit, status=None)}" if not active(unit) else unit, lambda u=unit: active(u))


def facts(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def processes():
    names = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            program = os.readlink(f"/proc/{pid}/exe")
        except OSError:
            continue
        if "/hawser" in program:
            names.append(f"{program} {pid}")
    return names


def accounts_of(program):
    pids = [p.split()[1] for p in processes() if p.split()[0].endswith("/" + program)]
    return {facts(p)["Uid"].split("\t")[1] for p in pids if os.path.exists(f"/proc/{p}")}


def events(unit, event):
    said = run("journalctl", "-b", "-u", unit, "-o", "json", f"HAWSER_EVENT={event}")
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


# --- what clients say ---------------------------------------------------------------------------


def field(number, data):
    tag = number << 3 | 2
    head = bytes([tag]) if tag < 128 else bytes([tag & 127 | 128, tag >> 7])
    assert len(data) < 128
    return head + bytes([len(data)]) + data


def begin(port, body):
    length = len(body) << 2
    head = bytes([length]) if len(body) < 64 else (length | 1).to_bytes(2, "little")
    s = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    s.sendall(head + body)
    return s


def leg(uuid):
    """One end of a pair."""
    return begin(21117, field(18, field(2, uuid.encode()) + field(6, KEY.encode())))


def asked_by_the_id_server(path):
    """Whether the API answers 200 to what comes to the main port."""
    with begin(21116, field(27, field(1, b"GET") + field(2, path.encode()))) as s:
        return b"\x08\xc8\x01" in s.recv(4096)[:16]


def pass_on(a, b, data):
    for x, y in ((a, b), (b, a)):
        x.sendall(data)
        got = b""
        while len(got) < len(data):
            part = y.recv(len(data) - len(got))
            assert part, "the relay closed the pair"
            got += part
        assert got == data


def pair(uuid):
    a = leg(uuid)
    b = leg(uuid)
    pass_on(a, b, uuid.encode() * 100)
    return a, b


# --- checks, in this order ----------------------------------------------------------------------


def services_start_with_the_machine():
    until_active(*ALL)
    assert not run("systemctl", "--failed", "--no-legend", "--plain"), run("systemctl", "--failed")
    # on the first start of a system, too, only what its operator enabled
    assert not active("hawser-relay.socket") and not active("hawser-upload.timer")
    for unit in ALL:
        kind, watchdog = show(unit, "Type", "WatchdogUSec")
        assert kind == "notify" and watchdog not in ("0", "infinity"), (unit, kind, watchdog)


def each_is_who_its_unit_says():
    servers, relays = (str(grp.getgrnam(name).gr_gid) for name in ("hawser", "hawser-relays"))
    for unit in SERVERS:
        f = facts(pid_of(unit))
        uid = int(f["Uid"].split("\t")[1])
        assert 61184 <= uid <= 65519, (unit, f["Uid"])
        assert f["Gid"].split("\t")[1] == (relays if unit == "hawser-relay" else servers), (unit, f["Gid"])
        # who takes the relay has no way to the others
        own = {f["Gid"].split("\t")[1], *f["Groups"].split()} & {servers, relays}
        assert own == {"hawser-relay": {relays}, "hawser-rendezvous": {servers}, "hawser-api": {servers, relays}}[unit], (unit, f["Groups"])
        assert f["NoNewPrivs"] == "1" and int(f["Seccomp_filters"]) >= 2, (unit, f["Seccomp_filters"])
        allowed = "0000000000000400" if unit != "hawser-relay" else "0000000000000000"
        assert f["CapBnd"] == allowed, (unit, f["CapBnd"])
    f = facts(pid_of("hawser-host-system"))
    assert f["NoNewPrivs"] == "1" and int(f["CapBnd"], 16) == 1 << 5 | 1 << 6 | 1 << 7, f["CapBnd"]


def units_that_run_are_as_closed_as_they_say():
    for unit in (*SERVERS, "hawser-upload"):
        run("systemd-analyze", "--no-pager", "security", "--threshold=20", f"{unit}.service")
    run("systemd-analyze", "--no-pager", "security", "--threshold=35", "hawser-host-system.service")


def servers_reach_each_other_by_their_sockets():
    until("the API answers", lambda: answers(21114))
    until("the ID server passes on what is for the API", lambda: asked_by_the_id_server("/api/login-options"))
    # it asks the API server who may connect; that one asks both for figures
    until("the ID server's own tests are good", finds_all_good)
    status = json.loads(run("hawser-admin", "--json", "status"))
    assert {status[what] for what in ("rendezvous", "relay", "api")} == {"answers"}, status
    for name in SERVERS:
        mode = os.stat(f"/run/{name}/control.sock").st_mode & 0o777
        assert mode == (0o600 if name == "hawser-api" else 0o660), (name, oct(mode))


def finds_all_good():
    said = json.loads(run("hawser-admin", "--socket", "/run/hawser-rendezvous/control.sock", "--json", "doctor", status=None))
    state = {c["what"]: c["state"] for c in said["checks"]}
    return {state.get(what) for what in ("accounts", "relay", "database")} == {"good"} and "bad" not in state.values()


def answers(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/login-options", timeout=20) as r:
            return r.status == 200
    except OSError:
        return False


def the_journal_has_fields():
    for unit, wanted in (("hawser-rendezvous", ("HAWSER_PORT", "HAWSER_KEY")), ("hawser-relay", ("HAWSER_PORT", "HAWSER_THREADS")),
            ("hawser-api", ("HAWSER_PORT",))):
        found = events(unit, "listening")
        assert found, f"{unit}: no event"
        for name in (*wanted, "MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "_SYSTEMD_UNIT", "_PID"):
            assert name in found[0], (unit, name, found[0])
        assert found[0]["SYSLOG_IDENTIFIER"] == unit and found[0]["PRIORITY"] == "6", found[0]
    assert events("hawser-host-system", "host.ready")


def a_crash_is_survived():
    before = {u: pid_of(u) for u in ALL}
    for unit in ALL:
        run("systemctl", "kill", "--kill-whom=main", "-s", "KILL", unit)
    for unit in ALL:
        until(f"{unit} is started anew", lambda u=unit: pid_of(u) not in (0, before[u]) and active(u))
    key = run("hawser-rendezvous", "key", "--state-dir", "/var/lib/hawser-rendezvous").strip()
    assert key == KEY, key


def what_hangs_is_restarted():
    for unit in SERVERS:
        os.makedirs(f"/run/systemd/system/{unit}.service.d", exist_ok=True)
        with open(f"/run/systemd/system/{unit}.service.d/soon.conf", "w", encoding="ascii") as f:
            f.write("[Service]\nWatchdogSec=12s\n")
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", *SERVERS)
    before = {u: pid_of(u) for u in SERVERS}
    # they live for longer than they may be silent
    time.sleep(16)
    assert {u: pid_of(u) for u in SERVERS} == before
    for unit in SERVERS:
        run("systemctl", "kill", "--kill-whom=main", "-s", "STOP", unit)
    for unit in SERVERS:
        until(f"{unit} is started anew", lambda u=unit: pid_of(u) not in (0, before[u]) and active(u))
        said = run("journalctl", "-b", "-u", unit)
        assert "Watchdog timeout" in said and "Failed with result 'watchdog'" in said, said[-1500:]
        os.unlink(f"/run/systemd/system/{unit}.service.d/soon.conf")
    run("systemctl", "daemon-reload")


def a_relay_is_followed_without_a_gap():
    run("systemctl", "start", "hawser-relay@a")
    assert not active("hawser-relay")
    one = pair("11111111-1111-4111-8111-111111111111")
    run("systemctl", "start", "hawser-relay@b")
    pass_on(*one, b"still there" * 1000)
    two = pair("22222222-2222-4222-8222-222222222222")
    assert active("hawser-relay@a") and active("hawser-relay@b")
    for s in one:
        s.close()
    until("the first ends with its last session", lambda: not active("hawser-relay@a"))
    state, result, status = show("hawser-relay@a", "ActiveState", "Result", "ExecMainStatus")
    assert (state, result, status) == ("inactive", "success", "0"), (state, result, status)
    pass_on(*two, b"and here" * 1000)
    for s in two:
        s.close()
    run("systemctl", "stop", "hawser-relay@b")


def the_manager_keeps_the_ports():
    run("systemctl", "stop", "hawser-relay")
    run("systemctl", "start", "hawser-relay.socket")
    assert not active("hawser-relay")
    for s in pair("33333333-3333-4333-8333-333333333333"):
        s.close()
    assert active("hawser-relay")
    run("systemctl", "--no-block", "restart", "hawser-relay")
    # whenever they come: no port is closed, and they wait. Who comes while it still listens is sent away, and comes again.
    for n in range(20):
        ends = None
        for attempt in range(3):
            try:
                ends = pair(f"44444444-4444-4444-8444-{n:06}{attempt:06}")
                break
            except ConnectionRefusedError:
                raise
            except (AssertionError, OSError):
                time.sleep(0.5)
        assert ends, "sent away three times"
        for s in ends:
            s.close()
    until_active("hawser-relay")
    run("systemctl", "stop", "hawser-relay.socket", "hawser-relay")
    run("systemctl", "start", "hawser-relay")


def several_instances_do_not_meet():
    for name, port in (("one", 22116), ("two", 23116)):
        with open(f"/etc/hawser/rendezvous-{name}.conf", "w", encoding="ascii") as f:
            f.write(f"port = {port}\n[policy]\npolicy-socket = /run/hawser-api-{name}/policy.sock\napi-socket = /run/hawser-api-{name}/http.sock\n")
        with open(f"/etc/hawser/api-{name}.conf", "w", encoding="ascii") as f:
            f.write(f"[network]\nport = {port - 2}\n")
    units = [f"hawser-{kind}@{name}" for name in ("one", "two") for kind in ("rendezvous", "api")]
    run("systemctl", "start", *units)
    keys = {KEY}
    for name, port in (("one", 22116), ("two", 23116)):
        found = events(f"hawser-rendezvous@{name}", "listening")[-1]
        assert found["HAWSER_PORT"] == str(port), found
        keys.add(found["HAWSER_KEY"])
        until("its API answers by its port", lambda p=port - 2: answers(p))
        run("hawser-admin", "--socket", f"/run/hawser-rendezvous-{name}/control.sock", "stats")
        assert os.path.exists(f"/var/lib/private/hawser-rendezvous-{name}/id_ed25519")
    assert len(keys) == 3, keys
    users = {facts(pid_of(u))["Uid"] for u in (*units, "hawser-rendezvous")}
    assert len(users) == 5, users
    run("systemctl", "stop", *units)
    with open("/etc/hawser/rendezvous-bad.conf", "w", encoding="ascii") as f:
        f.write("port = many\n")
    run("systemctl", "start", "hawser-rendezvous@bad", status=1)
    state, restarts = show("hawser-rendezvous@bad", "ActiveState", "NRestarts")
    assert (state, restarts) == ("failed", "0"), (state, restarts)  # wrong settings do not become right
    run("systemctl", "reset-failed", "hawser-rendezvous@bad")


def a_session_through_all_of_it():
    host = until("the host has an ID", lambda: run("hawser-host", "id", status=None).strip())
    assert re.fullmatch(r"\d{6,12}", host), host
    until("it is registered", lambda: host in run("hawser-admin", "peers"))
    password = run("hawser-host", "password", "show").strip().splitlines()[-1].split()[-1]
    env = {**os.environ, "HOME": "/root", "HAWSER_PASSWORD": password}
    with open("/home/vera/letter", "w", encoding="ascii") as f:
        f.write("to be fetched\n")
    said = run("hawser", "files", host, "ls", "/home/vera", "--server", "127.0.0.1", "--key", KEY, env=env)
    assert "letter" in said, said
    # who faces the network and who has the files are two, and neither is root
    env["HAWSER_PASSWORD"] = run("hawser-host", "password", "show").strip().splitlines()[-1].split()[-1]
    with subprocess.Popen(["hawser", "files", host, "--server", "127.0.0.1", "--key", KEY], env=env, stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL) as viewer:
        accounts = {str(pwd.getpwnam(name).pw_uid) for name in ("hawser-gate", "vera", "root")}
        until("each has its account", lambda: accounts == accounts_of("hawser-host"))
        viewer.stdin.close()
        assert viewer.wait(PATIENCE_S) == 0


def a_host_without_a_desktop_may_have_less():
    folder = "/run/systemd/system/hawser-host-system.service.d"
    os.makedirs(folder)
    shutil.copy("/etc/hawser/closed.conf", folder)
    with open("/etc/hawser/host.conf", encoding="ascii") as f:
        before = f.read()
    with open("/etc/hawser/host.conf", "w", encoding="ascii") as f:
        f.write(before.replace("backend = headless\ndesktop-user = vera", "service-user = vera") + "[permissions]\nenable-terminal = no\n")
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", "hawser-host-system")
    run("systemd-analyze", "--no-pager", "security", "--threshold=30", "hawser-host-system.service")
    layers = [e["MESSAGE"] for e in events("hawser-host-system", "sandbox.layers")]
    assert len(set(layers)) == 1, layers  # connections are locked up as before
    a_session_through_all_of_it()
    with open("/etc/hawser/host.conf", "w", encoding="ascii") as f:
        f.write(before)
    shutil.rmtree(folder)
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", "hawser-host-system")


def recordings_are_looked_for():
    os.makedirs("/srv/recordings", exist_ok=True)
    with open("/etc/hawser/upload.conf", "w", encoding="ascii") as f:
        f.write("server = http://127.0.0.1:21114\nrecording-folder = /srv/recordings\n")
    run("systemctl", "start", "hawser-upload")
    assert '"failed":0' in run("journalctl", "-b", "-u", "hawser-upload")


def all_of_it_stops_cleanly():
    run("systemctl", "stop", *ALL)
    for unit in ALL:
        state, result, status = show(unit, "ActiveState", "Result", "ExecMainStatus")
        assert (state, result, status) == ("inactive", "success", "0"), (unit, state, result, status)
    assert not processes(), processes()
    left = [name for name in os.listdir("/run") if name.startswith("hawser")]
    assert left in ([], ["hawser-relay"]), left  # that of hawser-relay@ stays
    assert not run("systemctl", "--failed", "--no-legend", "--plain"), run("systemctl", "--failed")
    with open("/proc/mounts", encoding="ascii") as f:
        mounts = [line for line in f if "hawser" in line]
    assert not mounts, mounts
    run("systemctl", "start", *SERVERS)
    assert events("hawser-rendezvous", "listening")[-1]["HAWSER_KEY"] == KEY
    run("systemctl", "stop", *SERVERS)


CHECKS = (services_start_with_the_machine, each_is_who_its_unit_says, the_journal_has_fields, servers_reach_each_other_by_their_sockets,
    units_that_run_are_as_closed_as_they_say, a_session_through_all_of_it,
    a_host_without_a_desktop_may_have_less, recordings_are_looked_for, a_crash_is_survived, what_hangs_is_restarted,
    a_relay_is_followed_without_a_gap, the_manager_keeps_the_ports, several_instances_do_not_meet, all_of_it_stops_cleanly)


def say(**what):
    print(json.dumps(what), file=OUT, flush=True)


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    say(up_s=round(time.clock_gettime(time.CLOCK_BOOTTIME), 1))
    for check in CHECKS:
        if wanted and not re.search(wanted, check.__name__):
            continue
        began = time.monotonic()
        text = ""
        cursor = re.search("cursor: (.*)", run("journalctl", "-b", "-n", "0", "--show-cursor", status=None)).group(1)
        try:
            check()
        except Exception:  # whatever it is, the others are made, too
            text = traceback.format_exc()
            text += run("journalctl", "-b", "-n", "100", "--after-cursor", cursor, "--no-pager", "-o", "short-monotonic", status=None)
        say(check=check.__name__, ok=not text, text=text, seconds=round(time.monotonic() - began, 1))
    say(done=True)
    OUT.close()
    subprocess.run(["systemctl", "--no-block", "poweroff"], check=False)


if __name__ == "__main__":
    main()
