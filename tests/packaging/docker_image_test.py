#!/usr/bin/env python3
"""What the images promise: small, one fixed account, a root file system that may be read only, no shell needed, health, log
lines in JSON on stdout, exit codes and signals as the bare programs have them, and a volume of the wrong owner named with the
command that mends it."""
import base64
import json
import os
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "packaging", "support"), os.path.join(ROOT, "tests", "support")]
from api_server import until  # noqa: E402
from engine import Engine, client, version  # noqa: E402

UID = "10990"
USAGE = 2
SERVERS = ("rendezvous", "relay", "api")
LIMIT_MB = {"rendezvous": 25, "relay": 25, "api": 25, "admin": 25}
LEAST = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true", "--network", "none")
KEY = "mJ8UNDdbF8VUvNLqzNvKzX6bHXRrkq5SKIWZjtbtNqE="
NEEDS = {"relay": ("-e", f"HAWSER_RELAY_KEY={KEY}")}


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def image(target):
    return f"hawser-{target}:{version()}"


def lines_of(text):
    """Each line is an object."""
    got = []
    for line in text.splitlines():
        try:
            got.append(json.loads(line))
        except ValueError as e:
            raise AssertionError(f"this line of the log is no JSON: {line!r}") from e
    return got


class Container:
    """One that is gone when the test is done with it."""

    def __init__(self, engine, target, *more, args=(), network=LEAST):
        self.e, self.program = engine, f"hawser-{target}"
        self.id = engine.docker("run", "-d", *network, *NEEDS.get(target, ()), *more, image(target), *args)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.e.docker("rm", "-f", "-v", self.id)

    def health(self, *more):
        return self.e.try_docker("exec", self.id, f"/usr/bin/{self.program}", "health", *more)

    def serves(self):
        until(f"{self.program} serves", lambda: self.health("--ready")[0] == 0 or not self.running() and self.fail())

    def state(self, what):
        return self.e.docker("inspect", "--format", f"{{{{.State.{what}}}}}", self.id)

    def running(self):
        return self.state("Running") == "true"

    def fail(self):
        raise AssertionError(f"{self.program} has ended with {self.state('ExitCode')}: {self.log()}")

    def log(self, both=True):
        """What it said; without `both` on stdout alone."""
        _, out, err = self.e.run([client(), "logs", self.id])
        return out + err if both else out

    def ended(self):
        until(f"{self.program} ends", lambda: not self.running())
        return int(self.state("ExitCode"))


def sizes(e):
    base = int(e.docker("image", "inspect", "--format", "{{.Size}}", "debian:12-slim"))
    for target, limit in LIMIT_MB.items():
        over = int(e.docker("image", "inspect", "--format", "{{.Size}}", image(target))) - base
        print(f"{image(target)}: {over / 1e6:.1f} MB above the base of {base / 1e6:.1f} MB", flush=True)
        check(over <= limit * 1e6, f"the image {target} is {over / 1e6:.1f} MB above its base, more than {limit}")


def promises(e):
    for target in SERVERS:
        said = json.loads(e.docker("image", "inspect", image(target)))[0]["Config"]
        check(said["User"] == f"{UID}:{UID}", said["User"])
        check(said["Entrypoint"] == [f"/usr/bin/hawser-{target}"], said["Entrypoint"])
        check(said["Healthcheck"]["Test"] == ["CMD", f"/usr/bin/hawser-{target}", "health"], said["Healthcheck"])
        check(said["StopSignal"] == "SIGTERM", said["StopSignal"])
        check(set(said["Volumes"]) == {f"/var/lib/hawser-{target}", f"/run/hawser-{target}"}, said["Volumes"])
        labels = {k.removeprefix("org.opencontainers.image."): v for k, v in said["Labels"].items()}
        check(labels["title"] == f"hawser-{target}" and labels["version"] == version() and labels["licenses"] == "Apache-2.0", labels)
        # nothing that only installing needs
        lists = e.try_docker("run", "--rm", "--entrypoint", "/bin/sh", image(target), "-c", "ls /var/lib/apt/lists/*")
        check(lists[0] != 0, f"lists of apt in {target}")


def serves_with_the_least(e, target):
    """Read-only root, no capabilities, and neither shell nor any other program within reach."""
    gone = [part for path in ("/usr/bin/dash", "/usr/bin/bash", "/usr/bin/perl")
        for part in ("--mount", f"type=bind,src=/dev/null,dst={path},readonly")]
    with Container(e, target, "--health-interval", "1s", *gone) as c:
        c.serves()
        status, text = e.try_docker("exec", c.id, "/bin/sh", "-c", "true")
        check(status != 0, f"there is a shell after all: {text}")
        until("the engine calls it healthy", lambda: c.state("Health.Status") == "healthy")
        owners = {line.split()[1] for line in e.docker("top", c.id, "-eo", "pid,uid").splitlines()[1:]}
        check(owners == {UID}, f"{target} runs as {owners}")
        status, text = c.health()
        check(status == 0 and text.count("\n") == 1, text)

        e.docker("kill", "-s", "HUP", c.id)
        until("it has read its settings again", lambda: "reloaded" in c.log())
        check(c.running(), "SIGHUP has ended it")

        e.docker("stop", "-t", "30", c.id)
        check(c.state("ExitCode") == "0", f"{target} ends by SIGTERM with {c.state('ExitCode')}: {c.log()}")
        events = {line["event"] for line in lines_of(c.log(both=False))}
        check({"listening", "stopped"} <= events, events)
        check(c.log() == c.log(both=False), f"on stderr: {c.log()}")


def exit_codes(e, target):
    status, text = e.try_docker("run", "--rm", "--network", "none", image(target), "--version")
    check(status == 0 and text.split()[:2] == [f"hawser-{target}", version()], text)
    status, text = e.try_docker("run", "--rm", "--network", "none", image(target), "--no-such-option")
    check(status == USAGE and "no-such-option" in text, f"{status}: {text}")
    # no socket, so nothing that serves
    status, text = e.try_docker("run", "--rm", "--network", "none", *NEEDS.get(target, ()), image(target), "health")
    check(status == 1 and text.strip(), f"{status}: {text}")


def wrong_owner(e, target):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # root's
        with Container(e, target, "-v", f"{folder}:/var/lib/hawser-{target}") as c:
            check(c.ended() == 1, c.log())
            check(f"chown {UID}:{UID} " in c.log(), f"{target} does not say what to run: {c.log()}")
            lines_of(c.log(both=False))
        os.chown(folder, int(UID), int(UID))
        with Container(e, target, "-v", f"{folder}:/var/lib/hawser-{target}") as c:
            c.serves()


def key_is_kept(e):
    """Whatever ends the container: its volume has the key and the database."""
    e.docker("volume", "create", "kept")
    keys = []
    for _ in range(2):
        with Container(e, "rendezvous", "-v", "kept:/var/lib/hawser-rendezvous") as c:
            c.serves()
            keys.append(e.docker("exec", c.id, "/usr/bin/hawser-rendezvous", "key"))
            e.docker("kill", c.id)
            check(c.state("ExitCode") == "137", c.state("ExitCode"))
    check(keys[0] == keys[1] and len(keys[0]) == 44, keys)
    e.docker("volume", "rm", "kept")


def settings_by_environment(e):
    """With secrets in files; one that others may not read is named."""
    secret = e.docker("run", "--rm", "--network", "none", "--entrypoint", "/bin/sh", image("rendezvous"), "-c",
        "hawser-rendezvous key >/dev/null; cat /var/lib/hawser-rendezvous/id_ed25519").splitlines()[-1]
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = os.path.join(folder, "key")
        with open(path, "w", encoding="ascii") as f:
            f.write(secret + "\n")
        os.chmod(path, 0o400)
        os.chown(path, int(UID), int(UID))
        more = ("-v", f"{folder}:/run/secrets:ro", "-e", "HAWSER_RENDEZVOUS_SECRET_KEY_FILE=/run/secrets/key",
            "-e", "HAWSER_RENDEZVOUS_PORT=3000", "-e", "RELAY=relay.example.com")
        with Container(e, "rendezvous", *more) as c:
            c.serves()
            heard = [line for line in lines_of(c.log(both=False)) if line["event"] == "listening"][0]
            check(heard["port"] == 3000 and base64.b64decode(heard["key"]) == base64.b64decode(secret)[32:], heard)
            shown = e.docker("exec", c.id, "/usr/bin/hawser-rendezvous", "config")
            check("relay.example.com" in shown and secret not in shown and secret not in c.log(), "the secret is shown")
        os.chown(path, 0, 0)
        with Container(e, "rendezvous", *more) as c:
            check(c.ended() != 0 and "/run/secrets/key" in c.log(), c.log())


def main():
    with Engine() as e:
        e.images("rendezvous", "relay", "api", "admin")
        sizes(e)
        promises(e)
        for target in SERVERS:
            print(f"== {target}", flush=True)
            exit_codes(e, target)
            serves_with_the_least(e, target)
        for target in ("rendezvous", "api"):
            wrong_owner(e, target)
        key_is_kept(e)
        settings_by_environment(e)
        status, text = e.try_docker("run", "--rm", "--network", "none", image("admin"), "--version")
        check(status == 0 and version() in text, text)
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
