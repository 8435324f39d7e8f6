"""hawser-admin as a test runs it: with a home of its own and nothing of the account's environment."""
import json
import os
import shutil
import subprocess
import tempfile

import api_server

PROGRAM = os.path.join(api_server.BUILD, "admin", "hawser-admin")


class Tool:
    def __init__(self, *given, **env):
        self.home = tempfile.mkdtemp(prefix="hawser-admin-")
        self.given, self.env = list(given), {"HOME": self.home, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC", **env}
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
