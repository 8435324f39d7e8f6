#!/usr/bin/env python3
"""docs/install.md, word for word, by Docker: until a device registers and the first owner is made. `docker compose` is
docker-compose here where the engine is too old to have it."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from base import ROOT, write  # noqa: E402
from engine import Engine, PLACE  # noqa: E402
from guide import blocks, must_serve  # noqa: E402

WORD = """#!/bin/sh
if [ "$1" = compose ] && ! /usr/bin/docker compose version >/dev/null 2>&1; then
	shift
	exec docker-compose --ansi never "$@"
fi
exec /usr/bin/docker "$@"
"""


def main():
    with Engine() as e:
        e.images("rendezvous", "relay", "api", "admin")
        write(PLACE, "words/docker", WORD)
        os.chmod(os.path.join(PLACE, "words", "docker"), 0o755)
        env = e.env({"PATH": os.path.join(PLACE, "words") + ":" + os.environ["PATH"]})
        said = ""
        try:
            for block in blocks("Docker"):
                # somebody sits at a terminal
                done = subprocess.run(["script", "-qec", f"set -e\n{block}", "/dev/null"], cwd=ROOT, env={**env, "SHELL": "/bin/bash"},
                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=600, check=False)
                said += done.stdout.replace("\r", "")
                assert done.returncode == 0, f"{block}\nstatus {done.returncode}\n{done.stdout}"
            files = ["-f", "docker/compose.yml", "-f", "docker/compose.api.yml"]

            def admin(*words, check=True):
                done = subprocess.run(["docker", "compose", *files, "run", "--rm", "-T", "admin", *words], cwd=ROOT, env=env,
                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=300, check=check)
                return done.stdout
            must_serve(said, e.inner, lambda: admin("doctor", check=False))
            # docs/operate-docker.md, "What is kept where"
            admin("db", "backup", "/var/lib/hawser-rendezvous/copy.sqlite3")
            admin("db", "backup-api", "/var/lib/hawser-api/copy.sqlite3")
        finally:
            subprocess.run(["docker", "compose", "-f", "docker/compose.yml", "-f", "docker/compose.api.yml", "down", "-v", "--remove-orphans"],
                cwd=ROOT, env=env, stdin=subprocess.DEVNULL, check=False)


main()
