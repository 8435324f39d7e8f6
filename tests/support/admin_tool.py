"""hawser-admin as a test runs it: with a home of its own and nothing of the account's environment."""
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import tempfile

import api_server

PROGRAM = os.path.join(api_server.BUILD, "admin", "hawser-admin")


class Tool:
    def __init__(self, *given, **env):
        self.home = tempfile.mkdtemp(prefix="hawser-admin-")
        # nor does it find servers that run on this machine
        nobody = {f"HAWSER_{name}_CONTROL": os.path.join(self.home, "nobody.sock") for name in ("RENDEZVOUS", "RELAY")}
        self.given, self.env = list(given), {"HOME": self.home, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC",
            **api_server.NO_CONFIG, **nobody, **env}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.home, ignore_errors=True)

    def file(self, name, text, mode=0o600):
        path = os.path.join(self.home, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def run(self, *words, status=0, text=None, env=None):
        """What it prints; its exit status must be this one."""
        done = subprocess.run([PROGRAM, *self.given, *words], input=text or "", capture_output=True, text=True, env={**self.env, **(env or {})},
            timeout=120, check=False, start_new_session=True)
        self.said = done.stderr
        if done.returncode != status:
            raise AssertionError(f"{' '.join(words)}: {done.returncode}, not {status}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return done.stdout

    def on_terminal(self, *words, typed=(), status=0, send_signal=None):
        """The same with somebody who types: a line behind each text that is waited for. What the terminal shows."""
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(PROGRAM, [PROGRAM, *self.given, *words], self.env)
        seen, waiting = b"", list(typed)
        while True:
            if waiting and waiting[0][0].encode() in seen.rpartition(b"\x00")[2]:
                if waiting[0][1] is None:
                    os.kill(pid, send_signal)
                else:
                    os.write(fd, waiting[0][1].encode() + b"\n")
                seen += b"\x00"  # what was waited for is behind
                waiting.pop(0)
            if not select.select([fd], [], [], api_server.LIMIT_S)[0]:
                os.kill(pid, signal.SIGKILL)  # below it is told what never came
            try:
                more = os.read(fd, 4096)
            except OSError:  # the other end is closed
                break
            if not more:
                break
            seen += more
        os.close(fd)
        ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        text = seen.replace(b"\x00", b"").decode()
        assert ended == status, f"{words}: {ended}, not {status}: {text}"
        assert not waiting, f"{words}: never came: {waiting[0][0]} in {text}"
        return text

    def rows(self, *words, **more):
        """The lines of JSON that come when nobody looks."""
        return [json.loads(line) for line in self.run(*words, **more).splitlines()]

    def one(self, *words, **more):
        rows = self.rows(*words, **more)
        assert len(rows) == 1, f"{words}: {len(rows)} rows"
        return rows[0]

    def says(self, *words, status, said, **more):
        """It fails so, and says this."""
        self.run(*words, status=status, **more)
        assert said in self.said, f"{words}: no '{said}' in: {self.said}"
