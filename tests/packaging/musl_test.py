#!/usr/bin/env python3
"""Every source of the servers is one for musl, too, which routers have for their C library: its headers have all that is used, without
a warning. (Debian has no libraries for musl to link with; their own headers are read beside its.)"""
import concurrent.futures
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import release

# What musl has not, and does not bring: the kernel's and the libraries' own. Nothing else of glibc's folder may be found.
HEADERS = ("asm-generic", "linux", "asm", "event2", "event.h", "evutil.h", "sodium", "sodium.h", "zstd.h", "zstd_errors.h", "sqlite3.h",
    "jansson.h", "jansson_config.h", "protobuf-c", "ini.h", "seccomp.h", "seccomp-syscalls.h")
GLIBC = ("/usr/include", f"/usr/include/{release.ARCH}-linux-gnu")


def link_headers(folder):
    for name in HEADERS:
        found = [p for p in (os.path.join(base, name) for base in GLIBC) if os.path.exists(p)]
        if found:
            os.symlink(found[0], os.path.join(folder, name))


def command(entry, folder):
    words, kept = iter(shlex.split(entry["command"])), []
    for word in words:
        if word in ("-o", "-isystem"):
            value = next(words)
            if word == "-isystem" and value not in GLIBC:
                kept += ["-I", value]
        elif word != "-c" and not word.startswith("-flto"):
            kept.append(word)
    while not kept[0].endswith(("cc", "gcc")) or kept[0].endswith("ccache"):
        kept.pop(0)
    return ["musl-gcc", *kept[1:], "-fsyntax-only", "-Werror", "-isystem", folder]


def main():
    if not shutil.which("musl-gcc"):
        release.skip("musl-tools is not installed: there are no headers of musl to compile with")
    release.make("static")
    with open(os.path.join(release.BUILD, "static/compile_commands.json"), encoding="utf-8") as f:
        entries = json.load(f)
    with tempfile.TemporaryDirectory(prefix="hawser-musl-") as folder:
        link_headers(folder)
        probe = os.path.join(folder, "probe.c")
        with open(probe, "w", encoding="ascii") as f:
            f.write("#include <unistd.h>\n#ifdef __GLIBC__\n#error these are the headers of glibc\n#endif\n")
        subprocess.run(["musl-gcc", "-fsyntax-only", "-isystem", folder, probe], check=True)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            done = list(pool.map(lambda e: subprocess.run(command(e, folder), cwd=e["directory"], capture_output=True, text=True, check=False), entries))
    bad = [os.path.relpath(e["file"], release.ROOT) + ":\n" + d.stderr[:1500] for e, d in zip(entries, done) if d.returncode != 0]
    assert not bad, "\n".join(bad[:10])
    assert len(entries) > 200, len(entries)
    print("musl_test: passed:", len(entries), "files")


if __name__ == "__main__":
    main()
