#!/usr/bin/env python3
"""Completion and manuals: what packaging/completion and the lists of options in packaging/man hold is what the programs make
of their tables; the manuals name every command and option that --help does; bash, zsh and fish themselves offer words, values,
files and known hosts where they belong. With --write: makes those files, and those lists, anew."""
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("HAWSER_TEST_BUILD", os.path.join(ROOT, "build", "release"))
FOLDER = os.path.join(ROOT, "packaging", "completion")
LIMIT_S = 60
PROGRAMS = {
    "hawser": "client/cli", "hawser-desktop": "client/gtk", "hawser-host": "client/host", "hawser-upload": "client/upload",
    "hawser-rendezvous": "server-rendezvous", "hawser-relay": "server-relay", "hawser-api": "admin/api",
    "hawser-load": "tests/load", "hawser-admin": "admin",
}
FILES = {"bash": "{}.bash", "zsh": "_{}", "fish": "{}.fish"}


def built():
    return [name for name, place in PROGRAMS.items() if os.path.exists(os.path.join(BUILD, place, name))]


def made(name, shell):
    return subprocess.run([os.path.join(BUILD, PROGRAMS[name], name), "completion", shell], stdout=subprocess.PIPE, check=True,
                          timeout=LIMIT_S).stdout.decode()


def committed(name, shell):
    return os.path.join(FOLDER, FILES[shell].format(name))


def output(name, *args):
    return subprocess.run([os.path.join(BUILD, PROGRAMS[name], name), *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True,
                          timeout=LIMIT_S).stdout.decode()


def page(name):
    place, = [f for f in (os.path.join(ROOT, "packaging", "man", name + section) for section in (".1", ".8")) if os.path.exists(f)]
    return place


def manuals():
    """(Program, its verb or nothing, page) of those that have marks."""
    return [(name, [], page(name)) for name in built() if name not in ("hawser", "hawser-desktop", "hawser-admin")] + \
        [("hawser", ["files"], page("hawser-files"))] * ("hawser" in built())


def with_table(name, verb, place):
    """The manual with the list of options between its marks made anew."""
    with open(place, encoding="utf-8") as f:
        text = f.read()
    begin, end = (f'.\\" {mark} {" ".join([name, "man", *verb])}\n' for mark in ("BEGIN", "END"))
    before, rest = text.split(begin)
    return before + begin + output(name, "man", *verb) + end + rest.split(end)[1]


def write():
    for name, verb, place in manuals():
        text = with_table(name, verb, place)
        with open(place, "w", encoding="utf-8") as f:
            f.write(text)
    for name in built():
        for shell in FILES:
            with open(committed(name, shell), "w", encoding="utf-8") as f:
                f.write(made(name, shell))


def files_are_of_today():
    for name in built():
        for shell in FILES:
            with open(committed(name, shell), encoding="utf-8") as f:
                assert f.read() == made(name, shell), \
                    f"{committed(name, shell)} is not what the tables say: run tests/e2e/completion_test.py --write"
        for wrong in (["completion"], ["completion", "ksh"]):
            if name == "hawser-desktop" and len(wrong) == 1:
                continue  # a host of that name
            r = subprocess.run([os.path.join(BUILD, PROGRAMS[name], name)] + wrong, capture_output=True, check=False, timeout=LIMIT_S)
            assert r.returncode == 2 and r.stderr and not r.stdout, (name, r)


def manuals_are_of_today():
    for name, verb, place in manuals():
        with open(place, encoding="utf-8") as f:
            assert f.read() == with_table(name, verb, place), \
                f"{place} has not the options of the table: run tests/e2e/completion_test.py --write"


def rendered(name):
    text = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=900", page(name)], stdout=subprocess.PIPE, check=True, timeout=LIMIT_S).stdout
    return re.sub(".\b", "", text.decode())


def options_of(text):
    return set(re.findall(r"(?<![\w-])--(?:\[no-\])?([a-z][a-z0-9-]+)", text))


def manuals_name_what_help_names():
    """Of the program, and of each of its commands that says its own."""
    lacks = []
    for name in built():
        if name == "hawser-admin":
            continue  # its whole manual is made of its table
        helps = {"": output(name, "--help")}
        words = re.search(r"^_\w+_verbs='(.*)'$", made(name, "bash"), re.MULTILINE).group(1).split()
        if name in ("hawser", "hawser-host"):
            helps.update((word, output(name, word, "--help")) for word in words if word not in ("version", "connect") or name == "hawser")
        for word, text in helps.items():
            manual = rendered("hawser-files" if (name, word) == ("hawser", "files") else name)
            for option in sorted(options_of(text)):
                if not re.search(rf"(?<![\w-])--(\[no-\])?{option}(?![\w-])", manual):
                    lacks.append(f"--{option} of {name} {word}")
        manual = rendered(name)
        for word in words:
            if not re.search(rf"(?<![\w-]){word}(?![\w-])", manual):
                lacks.append(f"{name} {word}")
    assert not lacks, f"--help has them, the manuals have not: {lacks}"


def surroundings(place):
    """A user with hosts that are remembered, one of whose names a shell might run, in a folder with a file."""
    bins, conf = os.path.join(place, "bin"), os.path.join(place, "config", "hawser")
    os.makedirs(bins)
    os.makedirs(conf)
    for name in built():
        os.symlink(os.path.join(BUILD, PROGRAMS[name], name), os.path.join(bins, name))
    with open(os.path.join(place, "settings.ini"), "w", encoding="utf-8"):
        pass
    os.mkdir(os.path.join(place, "folder"))
    return dict(os.environ, HOME=place, XDG_CONFIG_HOME=os.path.join(place, "config"), PATH=bins + ":" + os.environ["PATH"],
                LC_ALL="C.UTF-8", TERM="xterm", PWD=place)


def know_hosts(place):
    """`hawser peers`, of whom none can tell what hosts call themselves."""
    path = os.path.join(place, "bin", "hawser")
    real = os.readlink(path)
    os.unlink(path)
    with open(path, "w", encoding="utf-8") as f:
        f.write('#!/bin/sh\nif [ "$1" = peers ]; then\nprintf \'%s\\tv2\\t-\\t-\\n\' office-pc 123456789 \'$(touch ran)\' \'`touch ran`\' '
                '"two words" --headless\nelse\nexec ' + real + ' "$@"\nfi\n')
    os.chmod(path, 0o755)


# The line, words that must be offered, and words that must not be.
CASES = [
    ("hawser ", "connect files config wake", "of usage serve completion"),
    ("hawser config ", "show get set path", "VALUE"),
    ("hawser config get q", "quality", "show"),
    ("hawser connect --q", "--quality", "--port"),
    ("hawser connect 123 --codec ", "vp8 vp9", "--quality"),
    ("hawser connect ", "office-pc 123456789", "two words --headless"),
    ("hawser connect --codec vp8 off", "office-pc", "vp8"),
    ("hawser peers forget off", "office-pc", ""),
    ("hawser files office-pc ", "ls get put sync resume", "down up LOCAL settings.ini"),
    ("hawser files office-pc put set", "settings.ini", "ls"),
    ("hawser login --pro", "--provider", "--headless"),
    ("hawser-host ", "run id password config", "gate"),
    ("hawser-host config set direct", "direct-port", ""),
    ("hawser-host password ", "show renew set remove", "run"),
    ("hawser-host kick ", "all", "CONN"),
    ("hawser-host call ", "accept reject end status", "CONN"),
    ("hawser-host run --log-level ", "error warn info debug trace", "LEVEL"),
    ("hawser-host status --", "--json", "--server"),
    ("hawser-host print set", "settings.ini", ""),
    ("hawser-rendezvous ", "key config take-over health", "server"),
    ("hawser-rendezvous key --", "--state-dir", "--port"),
    ("hawser-relay ", "identity config", ""),
    ("hawser-relay --thr", "--threads", ""),
    ("hawser-relay config --thr", "--threads", ""),
    ("hawser-relay --config sett", "settings.ini", ""),
    ("hawser-relay --log-format ", "json text", "error"),
    ("hawser-api --metrics-p", "--metrics-port", ""),
    ("hawser-load --h", "--hosts --help", ""),
    ("hawser-upload --recording-folder fol", "folder", "settings.ini"),
    ("hawser-admin user ", "list break-glass", ""),
    ("hawser-admin user list --role ", "owner auditor", "--role"),
    ("hawser-admin user import sett", "settings.ini", ""),
    ("hawser-desktop --full", "--fullscreen", ""),
    ("hawser-desktop connect x --clipboard ", "both send receive off", ""),
]


def in_bash(line, env):
    """As readline would have it: '=' and ':' are words of their own."""
    words = line.replace("=", " = ").split(" ")
    name = words[0]
    script = ('. "$0"; spec=$(complete -p "$1"); f=${spec##*-F }; f=${f%% *}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
              '"$f" "$1"; printf "%s\\n" "${COMPREPLY[@]}"')
    r = subprocess.run(["bash", "--norc", "-c", script, committed(name, "bash")] + words, cwd=env["PWD"], env=env, capture_output=True,
                       check=False, timeout=LIMIT_S)
    assert not r.stderr, r.stderr
    return r.stdout.decode().split("\n")


def in_fish(line, env):
    name = line.split(" ", maxsplit=1)[0]
    r = subprocess.run(["fish", "--no-config", "-c", f"source {committed(name, 'fish')}; complete -C '{line}'"], cwd=env["PWD"], env=env,
                       capture_output=True, check=False, timeout=LIMIT_S)
    assert not r.stderr, r.stderr
    return [one.split("\t")[0].rstrip("/") for one in r.stdout.decode().split("\n")]


def offered(ask, env):
    cases = [c for c in CASES if c[0].split(" ", maxsplit=1)[0] in built()]
    assert len(cases) > 10, "too little was built to tell"
    for line, has, lacks in cases:
        got = ask(line, env)
        for word in has.split():
            assert word in got, f"{ask.__name__}: no {word} for '{line}': {got}"
        for word in lacks.split():
            assert word not in got, f"{ask.__name__}: {word} for '{line}': {got}"
    assert not os.path.exists(os.path.join(env["PWD"], "ran")), "the name of a host was run"


class Zsh:
    """A shell on a terminal: TAB completes, and Ctrl+X writes the line down, for us to read, and empties it."""

    def __init__(self, env):
        self.out, self.said, self.line = os.path.join(env["PWD"], "line"), b"", 0
        with open(os.path.join(env["PWD"], "start"), "w", encoding="utf-8") as f:
            f.write(f"PS1='> '\nfpath=({FOLDER} $fpath)\nautoload -U compinit\ncompinit -u -D\nunsetopt beep\n"
                    "bindkey '^I' complete-word\n"
                    f"put() {{ print -r -- \"$BUFFER\" >{self.out}.new; mv {self.out}.new {self.out}; BUFFER= }}\nzle -N put\n"
                    f"bindkey '^X' put\nprint -r ready >{self.out}\n")
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(env["PWD"])
            os.execvpe("zsh", ["zsh", "-f", "-i"], env)
        self.send(". ./start\n")
        self.wait()

    def send(self, text):
        os.write(self.fd, text.encode())

    def wait(self):
        """What was written down; the terminal is emptied meanwhile, or the shell would wait for us."""
        end = time.monotonic() + LIMIT_S
        while not os.path.exists(self.out):
            assert time.monotonic() < end, f"zsh does not answer; it said {self.said!r}"
            if select.select([self.fd], [], [], 0.05)[0]:
                self.said += os.read(self.fd, 65536)
        with open(self.out, encoding="utf-8") as f:
            text = f.read()
        os.unlink(self.out)
        return text.rstrip("\n")

    def complete(self, line):
        self.send(line + "\t\x18")
        return self.wait()

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def in_zsh(env):
    z = Zsh(env)
    try:
        for line, want in [
                ("hawser-relay ident", "hawser-relay identity "),
                ("hawser-relay --thr", "hawser-relay --threads "),
                ("hawser-relay --log-format js", "hawser-relay --log-format json "),
                ("hawser-relay --log-format=js", "hawser-relay --log-format=json "),
                ("hawser-relay --config sett", "hawser-relay --config settings.ini "),
                ("hawser-relay --key sett", "hawser-relay --key sett"),
                ("hawser-rendezvous take", "hawser-rendezvous take-over "),
                ("hawser-rendezvous take-over fol", "hawser-rendezvous take-over folder/"),
                ("hawser-api --metrics-p", "hawser-api --metrics-port "),
                ("hawser-host password ren", "hawser-host password renew "),
                ("hawser-host config set direct-p", "hawser-host config set direct-port "),
                ("hawser config sh", "hawser config show "),
                ("hawser connect off", "hawser connect office-pc "),
                ("hawser connect --codec vp8 off", "hawser connect --codec vp8 office-pc "),
                ("hawser connect x --codec av", "hawser connect x --codec av1 "),
                ("hawser files office-pc syn", "hawser files office-pc sync "),
                ("hawser-admin user break", "hawser-admin user break-glass "),
                ("hawser-admin user list --role aud", "hawser-admin user list --role auditor "),
                ("hawser-admin device sh", "hawser-admin device show "),
                ("hawser-desktop --full", "hawser-desktop --fullscreen "),
                ("hawser-load --hos", "hawser-load --hosts "),
                ("hawser-upload --recording-folder fol", "hawser-upload --recording-folder folder/"),
        ]:
            if line.split(" ", maxsplit=1)[0] in built():
                got = z.complete(line)
                assert got == want, f"zsh made '{got}' of '{line}'"
    finally:
        z.end()
    assert not os.path.exists(os.path.join(env["PWD"], "ran")), "the name of a host was run"


def main():
    if "--write" in sys.argv[1:]:
        write()
        return 0
    files_are_of_today()
    manuals_are_of_today()
    manuals_name_what_help_names()
    with tempfile.TemporaryDirectory() as place:
        env = surroundings(place)
        if "hawser" in built():
            know_hosts(place)
        offered(in_bash, env)
        if "hawser-relay" in built():
            for line, word in (("hawser-relay --log-format=js", "json"), ("hawser-relay --log-format=", "text")):
                assert word in in_bash(line, env), line
            assert not any(in_bash("hawser-relay --key ", env)), "a key that nobody can guess"
        missing = [shell for shell in ("zsh", "fish") if not shutil.which(shell)]
        if "fish" not in missing:
            offered(in_fish, env)
        if "zsh" not in missing:
            in_zsh(env)
    if missing:
        print("NOT TRIED, as they are not installed:", *missing)
        return 77
    return 0


if __name__ == "__main__":
    sys.exit(main())
