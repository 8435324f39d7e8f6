#!/usr/bin/env python3
"""OpenWrt's files: the init script is run by busybox' ash with procd and uci played by a few functions, and the commands that it would
give procd are started: they serve. Wrong values start nothing and say so; a relay is never started without a key. The Makefile names
the version and options that exist."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "support"), os.path.join(os.path.dirname(HERE), "support")]
import release
from api_server import Program, own_env
from live_stack import free_ports

FILES = os.path.join(release.ROOT, "packaging/openwrt/files")
# rc.common, procd.sh and validate_data, as far as the script sees them. Settings are in the environment: UCI_SECTION_OPTION.
PLAYED = r'''
rejected() { echo "reject $1" >>"$SAID"; bad=1; }
uci_load_validate() {
	local _type=$2 _name=$3 _function=$4 _one _option _rest _kind _value bad=0
	shift 4
	for _one in "$@"; do eval "local ${_one%%:*}"; done
	for _one in "$@"; do
		_option=${_one%%:*}; _rest=${_one#*:}; _kind=${_rest%%:*}; _value=
		case $_rest in *:*) _value=${_rest#*:} ;; esac
		eval "_value=\${UCI_${_name}_$_option:-\$_value}"
		case $_kind in
		bool) case $_value in 0 | 1) ;; *) rejected "$_option" ;; esac ;;
		port | uinteger) case $_value in '' | *[!0-9]*) rejected "$_option" ;; esac ;;
		range*) [ "$_value" -ge 1 ] 2>/dev/null || rejected "$_option" ;;
		or*) case $_kind in *"\"$_value\""*) ;; *) rejected "$_option" ;; esac ;;
		string | 'list(string)') ;;
		*) echo "unknown type $_kind" >&2; exit 3 ;;
		esac
		eval "$_option=\$_value"
	done
	[ -z "$_function" ] || "$_function" "$_name" "$bad"
}
procd_open_instance() { echo "open $1" >>"$SAID"; }
procd_close_instance() { echo close >>"$SAID"; }
procd_set_param() { local _what=$1 _a; shift; for _a in "$@"; do echo "$_what $_a" >>"$SAID"; done; }
procd_append_param() { procd_set_param "$@"; }
procd_add_reload_trigger() { echo "trigger $1" >>"$SAID"; }
procd_add_validation() { "$@" "" "" && echo "validation $1" >>"$SAID"; }
logger() { echo "log $*" >>"$SAID"; }
chown() { [ "$1" = -h ] && shift || [ -d "$2" ] || exit 4; [ "$1" = hawser:hawser ] || exit 4; }
. "$SCRIPT"
PROG=$STATIC; STATE=$HOME/etc; RUN=$HOME/run
"$1"
'''


def play(home, verb="start_service", **uci):
    """{instance: {what: [values]}} that procd is given, and all lines."""
    said = os.path.join(home, "said")
    if os.path.exists(said):
        os.remove(said)
    env = {"PATH": os.environ["PATH"], "HOME": home, "SAID": said, "SCRIPT": os.path.join(FILES, "hawser.init"), "STATIC": release.STATIC,
        **{"UCI_" + k: v for k, v in uci.items()}}
    done = subprocess.run(["busybox", "ash", "-c", PLAYED, "played", verb], env=env, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1) and not done.stderr, done
    lines = open(said, encoding="utf-8").read().splitlines() if os.path.exists(said) else []
    instances, now = {}, None
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "open":
            now = instances.setdefault(rest, {})
        elif word == "close":
            now = None
        elif now is not None:
            now.setdefault(word, []).append(rest)
    assert now is None, "an instance is not closed"
    return instances, lines


def check_serves(home):
    port = free_ports(8) + 1
    on = {"rendezvous_enabled": "1", "rendezvous_port": str(port), "rendezvous_relay_servers": f"127.0.0.1:{port + 3} relay.test:1",
        "relay_enabled": "1", "relay_port": str(port + 3)}
    instances, lines = play(home, **on)
    assert set(instances) == {"rendezvous", "relay"}, lines
    for one in instances.values():
        assert one["user"] == ["hawser"] and one["no_new_privs"] == ["1"] and one["respawn"] == ["3600", "5", "0"], one
    programs = []
    try:
        for name in ("rendezvous", "relay"):
            programs.append(Program(instances[name]["command"], env=own_env(home)))
            programs[-1].expect("listening")
            answer = subprocess.run([release.STATIC, "ask", os.path.join(home, "run", name, "control.sock"), "stats"], capture_output=True, text=True,
                check=True).stdout
            assert json.loads(answer)["ok"], answer
        programs[0].expect(f"relay.up relay=127.0.0.1:{port + 3}")
        assert "--open" not in " ".join(instances["rendezvous"]["command"]) and "--open" not in instances["relay"]["command"]
        key = subprocess.run([release.STATIC, "rendezvous", "key", "--state-dir", os.path.join(home, "etc/rendezvous")], capture_output=True, text=True,
            check=True).stdout.strip()
        assert instances["relay"]["command"][instances["relay"]["command"].index("--key") + 1] == key
    finally:
        ended = [p.stop() for p in programs]
    assert ended == [0, 0], [p.log() for p in programs]


def check_refuses(home):
    assert play(home)[0] == {}, "what is not enabled is started"
    instances, lines = play(home, rendezvous_enabled="1", rendezvous_store="postgresql://x")
    assert instances == {} and any("not allowed" in line for line in lines), lines
    instances, lines = play(home, relay_enabled="1", relay_max_pairs="many")
    assert instances == {} and any("not allowed" in line for line in lines), lines
    shutil.rmtree(os.path.join(home, "etc"), ignore_errors=True)
    instances, lines = play(home, relay_enabled="1")
    assert instances == {} and any("needs the key" in line for line in lines), lines
    lines = play(home, "service_triggers")[1]
    assert lines == ["trigger hawser", "validation validate_rendezvous", "validation validate_relay"], lines


def check_names():
    """What the settings' file names is what the script reads; the Makefile's version and options are the tree's."""
    def text(*path):
        with open(os.path.join(release.ROOT, *path), encoding="utf-8") as f:
            return f.read()
    script, settings, make = (text("packaging/openwrt", n) for n in ("files/hawser.init", "files/hawser.config", "Makefile"))
    for kind in ("rendezvous", "relay"):
        read = set(re.findall(r"'([a-z_]+):", re.search(rf"validate_{kind}\(\).*?\n}}", script, re.S).group(0)))
        section = re.search(rf"config {kind} '{kind}'\n(.*?)(?=\nconfig|\Z)", settings, re.S).group(1)
        assert set(re.findall(r"(?:option|list) ([a-z_]+)", section)) == read, (kind, read)
    assert f"PKG_VERSION:={release.VERSION}\n" in make
    options = text("CMakeLists.txt")
    for name in re.findall(r"-D(HAWSER_\w+)=", make):
        assert f"option({name} " in options, name
    needs = {"libevent": "libevent2", "libsodium": "libsodium", "libprotobuf-c": "libprotobuf-c", "jansson": "jansson", "inih": "libinih",
        "libseccomp": "libseccomp", "sqlite3": "libsqlite3"}
    for package in needs.values():
        assert f"+{package}" in make, package


if __name__ == "__main__":
    if not shutil.which("busybox"):
        release.skip("busybox is not installed: there is no ash as routers have it")
    subprocess.run(["busybox", "ash", "-n", os.path.join(FILES, "hawser.init")], check=True)
    check_names()
    release.make("static")
    with tempfile.TemporaryDirectory(prefix="hawser-openwrt-") as home:
        check_serves(home)
        check_refuses(home)
    print("openwrt_test: passed")
