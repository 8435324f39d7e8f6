#!/usr/bin/env python3
"""The servers as a container runs them: settings and secrets come by the environment and by files, under our names and under those
of hbbs and hbbr images; `health` says whether they serve; the log goes to standard output; as process 1 they reload and end in order."""
import base64
import contextlib
import ctypes
import fcntl
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import api_server  # noqa: E402

RENDEZVOUS, RELAY, API = (os.path.join(api_server.BUILD, *path) for path in
    (("server-rendezvous", "hawser-rendezvous"), ("server-relay", "hawser-relay"), ("admin", "api", "hawser-api")))
PASSWORD = "geheim-4711"
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT, WALL = 17, 0x4206, 0x4207, 0x40000000  # of Linux' headers


class Place:
    """Folders of the test's own, and programs that know no others."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="hawser-container-")

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def folder(self, name):
        os.makedirs(self.path(name), mode=0o700, exist_ok=True)
        return self.path(name)

    def file(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)

    def env(self, **more):
        return {**api_server.own_env(self.dir), **more}

    def run(self, *argv, status=0, **env):
        done = subprocess.run(argv, env=self.env(**env), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=api_server.LIMIT_S, check=False)
        assert done.returncode == status, (argv, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    @contextlib.contextmanager
    def program(self, *argv, **env):
        p = api_server.Program(list(argv), env=self.env(**env))
        try:
            yield p
        finally:
            p.stop(signal.SIGKILL)


def key_pair(place, name):
    """A pair as hbbs has it, made by our server: its public and its secret text."""
    state = place.folder(name)
    public = place.run(RENDEZVOUS, "key", "--state-dir", state).strip()
    with open(os.path.join(state, "id_ed25519"), encoding="ascii") as f:
        secret = f.read().strip()
    assert len(base64.b64decode(secret)) == 64
    return public, secret


def secrets_come_by_files(place):
    public, secret = key_pair(place, "a")
    file = place.file("secret", secret + "\n")
    by_file = {"HAWSER_RENDEZVOUS_SECRET_KEY_FILE": file}
    assert place.run(RENDEZVOUS, "key", **by_file).strip() == public
    shown = place.run(RENDEZVOUS, "config", **by_file)
    assert "secret-key = (set)" in shown and secret not in shown
    said = place.run(RENDEZVOUS, "config", status=2, HAWSER_RENDEZVOUS_SECRET_KEY=secret, **by_file)
    assert "are both set" in said and secret not in said
    said = place.run(RENDEZVOUS, "config", status=2, HAWSER_RENDEZVOUS_SECRET_KEY_FILE=place.path("none"))
    assert f"HAWSER_RENDEZVOUS_SECRET_KEY_FILE: cannot read {place.path('none')}" in said, said
    address = f"postgresql://hawser:{PASSWORD}@127.0.0.1:9/none"
    shown = place.run(API, "config", HAWSER_API_STORE_SECRET_FILE=place.file("address", address))
    assert "store-secret = (set)" in shown and PASSWORD not in shown
    with place.program(RENDEZVOUS, "--port", "0", "--state-dir", place.folder("b"), **by_file) as p:
        assert public in p.expect(r"event=listening|listening").string
        assert p.stop() == 0
        assert secret not in p.log()
    assert not os.path.exists(place.path("b", "id_ed25519"))


def names_of_hbbs_count_in_a_container(place):
    public, secret = key_pair(place, "c")
    other, _ = key_pair(place, "d")
    theirs = {"RELAY": "relay.example:21117", "ENCRYPTED_ONLY": "0", "RUST_LOG": "warn,hbbs=debug", "KEY_PRIV": secret,
        "KEY_PUB": public, "DB_URL": f"postgresql://u:{PASSWORD}@127.0.0.1:9/none"}
    shown = place.run(RENDEZVOUS, "config", **{k: v for k, v in theirs.items() if k != "DB_URL"})
    assert "relay-servers =\n" in shown and "open = no" in shown and "secret-key = (not set)" in shown, shown
    shown = place.run(RENDEZVOUS, "config", HAWSER_CONTAINER="1", HAWSER_RENDEZVOUS_OPEN="no", **theirs)
    assert "relay-servers = relay.example:21117" in shown and "open = no" in shown and "log-level = warn" in shown, shown
    assert "secret-key = (set)" in shown and "store-secret = (set)" in shown and f"public-key = {public}" in shown
    assert PASSWORD not in shown and secret not in shown
    assert "ENCRYPTED_ONLY takes 0 or 1" in place.run(RENDEZVOUS, "config", status=2, HAWSER_CONTAINER="1", ENCRYPTED_ONLY="perhaps")
    state = place.folder("e")
    run = [RENDEZVOUS, "--port", "0", "--state-dir", state]
    said = place.run(RENDEZVOUS, "config", status=2, HAWSER_CONTAINER="1", KEY_PUB=secret)
    assert "KEY_PRIV" in said and secret not in said, said
    said = place.run(*run, status=2, HAWSER_CONTAINER="1", KEY_PRIV=secret, KEY_PUB=other)
    assert public in said and other in said and secret not in said, said
    said = place.run(*run, status=1, HAWSER_CONTAINER="1", KEY_PUB=public)
    assert "there is no secret key" in said and os.listdir(state) == [], said
    with place.program(*run, HAWSER_CONTAINER="1", KEY_PRIV_FILE=place.file("priv", secret + "\n"), KEY_PUB=public, MUST_LOGIN="Y") as p:
        assert "MUST_LOGIN" in p.expect("config.ignored").string
        assert public in p.expect("listening").string
        assert p.stop() == 0
    shown = place.run(RELAY, "config", HAWSER_CONTAINER="1", KEY_PUB_FILE=place.file("pub", public), LIMIT_SPEED="16", RUST_LOG="debug")
    assert f"key = {public}" in shown and "limit-slow = 2M" in shown and "log-level = debug" in shown, shown
    said = place.run(RELAY, "config", status=2, KEY_PUB=public)
    assert "whom should it serve?" in said


def a_setting_that_is_wrong_is_told_from_what_may_pass(place):
    """Status 2: the units start nothing again that ends so."""
    public, _ = key_pair(place, "w")
    state, runtime = place.folder("ws"), place.folder("wr")
    rendezvous = (RENDEZVOUS, "--port", "0", "--state-dir", state)
    for wrong, words in ((("--block", "10.0.0.0/33"), "10.0.0.0/33"), (("--allow", "nobody"), "nobody"), (("--trusted-proxies", "x"), "x"),
            (("--relay-servers", "a b"), "a b"), (("--relay-networks", "10.0.0.0/8=elsewhere"), "elsewhere")):
        assert words in place.run(*rendezvous, *wrong, status=2), wrong
    relay = (RELAY, "--port", "0", "--key", public, "--runtime-dir", runtime, "--identity", place.path("w_key"))
    for wrong in ("--block", "--allow", "--trusted-proxies"):
        assert "10.0.0.0/33" in place.run(*relay, wrong, "10.0.0.0/33", status=2), wrong
    api = (API, "--port", "0", "--state-dir", state, "--runtime-dir", runtime)
    assert "10.0.0.0/33" in place.run(*api, "--trusted-proxies", "10.0.0.0/33", status=2)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert port in place.run(API, "--bind", "127.0.0.1", "--port", port, "--state-dir", place.folder("wa"), "--runtime-dir", runtime, status=1)


def servers(place, public):
    """Command line of each, and what its verb needs to find it."""
    runs = {name: place.folder(name) for name in ("rdv", "rly", "api")}
    return {
        RENDEZVOUS: ((RENDEZVOUS, "--port", "0", "--state-dir", runs["rdv"]), {"HAWSER_RENDEZVOUS_STATE_DIR": runs["rdv"]}),
        RELAY: ((RELAY, "--port", "0", "--key", public, "--runtime-dir", runs["rly"], "--identity", place.path("rly_key")),
            {"HAWSER_RELAY_RUNTIME_DIR": runs["rly"]}),
        API: ((API, "--port", "0", "--state-dir", runs["api"], "--runtime-dir", runs["api"]), {"HAWSER_API_RUNTIME_DIR": runs["api"]}),
    }


def health_tells_whether_they_serve(place):
    public, _ = key_pair(place, "f")
    for program, (argv, where) in servers(place, public).items():
        name = os.path.basename(program)
        said = place.run(program, "health", status=1, **where)
        assert said.startswith(f"{name}: does not serve: nothing listens on ") and said.count("\n") == 1, said
        with place.program(*argv) as p:
            p.expect("listening")
            api_server.until(f"{name} serves", lambda: subprocess.run([program, "health", "--ready"], env=place.env(**where),
                stdout=subprocess.DEVNULL, check=False).returncode == 0)
            assert place.run(program, "health", **where) == f"{name}: serves\n"
            os.kill(p.proc.pid, signal.SIGSTOP)  # there, but it does not answer
            assert "does not serve: no answer" in place.run(program, "health", status=1, **where)
            os.kill(p.proc.pid, signal.SIGCONT)
            assert p.stop() == 0, p.log()
        assert place.run(program, "health", status=1, **where)
        assert "unknown option" in place.run(program, "health", "--nonsense", status=1, **where)


def strangers_do_not_take_the_last_descriptor(place):
    """Where few are allowed, links of many addresses that say nothing leave those by which a server answers that it lives."""
    public, _ = key_pair(place, "h")
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)  # this program holds the other ends
    for program, (argv, where) in servers(place, public).items():
        with contextlib.ExitStack() as held, place.program("prlimit", "--nofile=1024:1024", *argv) as p:
            port = int(p.expect(r"listening.* port=(\d+)").group(1))
            for i in range(1200):
                s = held.enter_context(socket.socket())
                s.setblocking(False)
                s.bind((f"127.0.{1 + i // 200}.{1 + i % 200}", 0))
                s.connect_ex(("127.0.0.1", port))
            api_server.until("links fill it", lambda: len(os.listdir(f"/proc/{p.proc.pid}/fd")) > 600)
            assert place.run(program, "health", **where) == f"{os.path.basename(program)}: serves\n"
            assert "Too many open files" not in p.log()


@contextlib.contextmanager
def frozen_threads(pid):
    """All threads but the first are stopped one by one, as a signal cannot do it. Tells whether that is allowed here."""
    libc, stopped = ctypes.CDLL(None, use_errno=True), []
    libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    try:
        for thread in (int(x) for x in os.listdir(f"/proc/{pid}/task") if int(x) != pid):
            if libc.ptrace(PTRACE_SEIZE, thread, None, None) == 0:
                stopped.append(thread)
                libc.ptrace(PTRACE_INTERRUPT, thread, None, None)
                os.waitpid(thread, WALL)
        yield bool(stopped)
    finally:
        for thread in stopped:
            libc.ptrace(PTRACE_DETACH, thread, None, None)


def a_thread_that_does_not_turn_is_no_health(place):
    """Its main loop answers as ever; nobody is served."""
    public, _ = key_pair(place, "i")
    soon = {"NOTIFY_SOCKET": place.path("nobody"), "WATCHDOG_USEC": "900000"}
    for program, (argv, where) in servers(place, public).items():
        if program == API:
            continue  # its threads wait for databases, for as long as those take
        with place.program(*argv, **soon) as p:
            p.expect("listening")
            ask = [program, "health"]
            with frozen_threads(p.proc.pid) as allowed:
                if not allowed:
                    print("SKIPPED: a thread that does not turn: no thread can be stopped here", flush=True)
                    return
                said = api_server.until("health tells of the thread", lambda: (lambda done: done.returncode == 1 and done.stdout)(subprocess.run(
                    ask, env=place.env(**where), capture_output=True, text=True, check=False)))
                assert "does not serve: its thread " in said and said.endswith("does not turn\n"), said
            api_server.until("it serves again", lambda: subprocess.run(ask, env=place.env(**where), stdout=subprocess.DEVNULL,
                check=False).returncode == 0)
            assert p.stop() == 0, p.log()


@contextlib.contextmanager
def answering(path, answer):
    """What a server answers at its control socket that is at another point of its life than a test can hold it at."""
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
        s.listen()
        asked = []

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    c, _ = s.accept()
                    with c, c.makefile("rw", encoding="utf-8") as f:
                        asked.append(json.loads(f.readline()))
                        f.write(answer + "\n")
        t = threading.Thread(target=serve, daemon=True)
        t.start()
        yield asked
        s.shutdown(socket.SHUT_RDWR)
        t.join()
    os.unlink(path)


def ready_is_more_than_serving(place):
    path = place.path("control.sock")
    ask = (RENDEZVOUS, "health", "--control", path)
    with answering(path, '{"ok":true,"serving":true,"ready":false,"why":"draining"}') as asked:
        assert place.run(*ask) == "hawser-rendezvous: serves: draining\n"
        assert place.run(*ask, "--ready", status=1) == "hawser-rendezvous: is not ready: draining\n"
        assert asked[0] == {"cmd": "health", "for": "hawser-rendezvous"}
    with answering(path, '{"ok":true,"serving":false,"ready":false,"why":"the database\\nis \\u001b[31mred"}'):
        said = place.run(*ask, status=1)
        assert said.startswith("hawser-rendezvous: does not serve: the database") and said.count("\n") == 1 and "\x1b" not in said
    for odd in ("[]", "{}", '{"ok":true}', '{"ok":false,"error":"x","text":"no such command"}', "rubbish"):
        with answering(path, odd):
            place.run(*ask, status=1)


def the_log_is_json_on_standard_output(place):
    public, _ = key_pair(place, "g")
    for program, (argv, _) in servers(place, public).items():
        name = os.path.basename(program).upper().replace("-", "_")
        proc = subprocess.Popen(argv, env=place.env(**{f"{name}_LOG_TO": "stdout", f"{name}_LOG_FORMAT": "json"}), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=api_server.die_with_parent)
        line = ""
        while '"listening"' not in line:
            line = proc.stdout.readline()
            assert json.loads(line)["program"] == os.path.basename(program)
        proc.terminate()
        out, err = proc.communicate(timeout=api_server.LIMIT_S)
        assert proc.returncode == 0 and [json.loads(x)["event"] for x in out.splitlines()][-1] == "stopped", out
        assert err == "", err


def a_log_that_nobody_reads_stops_nothing(place):
    """As with a terminal that was stopped, or an engine whose disk is full."""
    public, _ = key_pair(place, "l")
    for program, (argv, where) in servers(place, public).items():
        mine, theirs = os.pipe()
        fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 4096)
        proc = subprocess.Popen(argv, env=place.env(**where), stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
        try:
            api_server.until("it serves", lambda: subprocess.run([program, "health"], env=place.env(**where), capture_output=True, check=False)
                .returncode == 0)
            for _ in range(60):
                proc.send_signal(signal.SIGHUP)
                time.sleep(0.01)
            assert place.run(program, "health", **where) == f"{os.path.basename(program)}: serves\n"
            proc.terminate()
            assert proc.wait(api_server.LIMIT_S) == 0
            assert os.read(mine, 4096), "it told nothing"
        finally:
            proc.kill()
            os.close(mine)
            os.close(theirs)


def a_volume_of_another_account_is_named_with_its_chown(place):
    """As a container finds a volume that root made; who is not root has a folder of his own that is closed instead."""
    root = os.geteuid() == 0
    os.chmod(place.dir, 0o755)
    volume = place.folder("volume")
    os.chmod(volume, 0o755 if root else 0o500)
    for argv in ([RENDEZVOUS, "--state-dir", volume], [RELAY, "--open", "--runtime-dir", volume],
            [API, "--state-dir", volume, "--runtime-dir", volume]):
        program = shutil.copy(argv[0], place.dir)
        become = ["setpriv", "--reuid", "10990", "--regid", "10990", "--clear-groups"] if root else []
        said = place.run(*become, program, "--port", "0", *argv[1:], status=1)
        want = f"chown 10990:10990 {volume}" if root else f"chmod u+rwX {volume}"
        assert want in said, said
    assert os.listdir(volume) == []


def secrets_of_a_cluster_are_for_its_owner(place):
    """Neither other accounts nor the sources around it get what cluster-init makes."""
    make = [os.path.join(ROOT, "docker", "cluster-init"), "id.test", "192.0.2.1", "192.0.2.2", place.path("cluster")]
    place.run(*make)
    assert os.stat(place.path("cluster")).st_mode & 0o777 == 0o700
    place.run("git", "init", "-q", place.dir)
    assert place.run("git", "-C", place.dir, "ls-files", "--others", "--exclude-standard", "cluster") == ""
    with open(place.path("cluster", "postgres_password"), encoding="ascii") as f:
        password = f.read()
    place.run(*make)
    with open(place.path("cluster", "postgres_password"), encoding="ascii") as f:
        assert f.read() == password
    if os.geteuid() == 0:
        shutil.rmtree(place.path("cluster"))
        os.chown(place.folder("cluster"), 1, 1)  # made by somebody else before
        assert "belongs to another account" in place.run(*make, status=1)
        assert os.listdir(place.path("cluster")) == []


def what_cannot_be_written_is_named_with_what_helps(place):
    """A database that root has put back, a disk that is read only, a folder that is not there: each with the command that helps, and none
    that gives a folder of the system away."""
    if os.geteuid() != 0:
        print("SKIPPED: what cannot be written: only root makes files of others", flush=True)
        return
    os.chmod(place.dir, 0o755)
    become = ["setpriv", "--reuid", "10990", "--regid", "10990", "--clear-groups"]
    for program, state_of, name in ((RENDEZVOUS, (), "rendezvous.sqlite3"), (API, ("--runtime-dir", place.folder("run")), "hawser-api.sqlite3")):
        short = shutil.copy(program, place.dir)
        volume = place.folder("volume")
        os.chown(volume, 10990, 10990)
        os.chown(place.path("run"), 10990, 10990)
        argv = [*become, short, "--port", "0", *state_of, "--state-dir"]
        with place.program(*argv, volume) as p:
            p.expect("listening")
            assert p.stop() == 0
        os.chown(os.path.join(volume, name), 0, 0)
        said = place.run(*argv, volume, status=1)
        assert f"chown 10990:10990 {volume}/{name}" in said and "root:10990" not in said, said
        os.chown(os.path.join(volume, name), 10990, 10990)
        apart = ["unshare", "--mount", "sh", "-c", f"mount --bind {volume} {volume} && mount -o remount,bind,ro {volume} && exec \"$@\"", "sh"]
        said = place.run(*apart, *argv, volume, status=1)
        assert f"{volume}/{name} cannot be written: its file system is read-only" in said and "chown" not in said, said
        said = place.run(*argv, place.path("gone", "deep"), status=1)
        assert f"install -d -o 10990 -g 10990 -m 700 {place.path('gone', 'deep')}" in said and "chown" not in said, said
        shutil.rmtree(volume)


def a_screen_has_two_sides(place):
    """Without programs of the system the script ends where it would begin to make a screen: with another status."""
    script = os.path.join(ROOT, "docker", "virtual-desktop")
    for size in ("1280", "x", "1280x", "x800", "1280x800x24", "1280*800", "0x800", "-1x5", "1280 x800", "1280x800\n", "123456x1"):
        said = place.run(script, status=2, PATH="/nonexistent", HAWSER_DESKTOP_SIZE=size)
        assert "WIDTHxHEIGHT" in said, (size, said)
    for size in ("", "1x1", "1280x800", "16384x16384"):
        assert "/tmp cannot be written" in place.run(script, status=1, PATH="/nonexistent", HAWSER_DESKTOP_SIZE=size)


def as_process_one(place):
    """A process 1 has no signal but those it asks for."""
    public, _ = key_pair(place, "h")
    apart = ["unshare", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "--pid", "--fork", "--kill-child", "--mount-proc"]
    tried = subprocess.run([*apart, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        print(f"SKIPPED: as process 1: no namespace of processes can be made here: {tried.stderr.strip()}")
        return
    for argv, _ in servers(place, public).values():
        with place.program(*apart, *argv, "--sandbox") as p:
            p.expect("listening")
            with open(f"/proc/{p.proc.pid}/task/{p.proc.pid}/children", encoding="ascii") as f:
                one = int(f.read().split()[0])
            with open(f"/proc/{one}/status", encoding="ascii") as f:
                assert [x.split()[-1] for x in f if x.startswith("NSpid:")] == ["1"]
            os.kill(one, signal.SIGHUP)
            p.expect("reloaded")
            os.kill(one, signal.SIGTERM)
            assert p.proc.wait(api_server.LIMIT_S) == 0, p.log()
            assert "stopped" in p.log(), p.log()


def main():
    tests = (secrets_come_by_files, names_of_hbbs_count_in_a_container, a_setting_that_is_wrong_is_told_from_what_may_pass,
        health_tells_whether_they_serve,
        strangers_do_not_take_the_last_descriptor, a_thread_that_does_not_turn_is_no_health, ready_is_more_than_serving,
        the_log_is_json_on_standard_output, a_log_that_nobody_reads_stops_nothing, a_volume_of_another_account_is_named_with_its_chown,
        secrets_of_a_cluster_are_for_its_owner, what_cannot_be_written_is_named_with_what_helps, a_screen_has_two_sides, as_process_one)
    for test in tests:
        place = Place()
        try:
            test(place)
        finally:
            shutil.rmtree(place.dir, ignore_errors=True)
        print(f"ok {test.__name__}", flush=True)


if __name__ == "__main__":
    main()
