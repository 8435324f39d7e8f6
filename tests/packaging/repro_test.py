#!/usr/bin/env python3
"""The same sources give the same bytes: the static server with its list of parts, and the source tarball, are made here and once more
in another folder, 400 days later, with another umask, language and time zone, every file
compiled anew."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import release


def main():
    if not shutil.which("faketime"):
        release.skip("faketime is not installed: nothing can be built at another time")
    if subprocess.run(["git", "-C", release.ROOT, "rev-parse", "HEAD"], capture_output=True, check=False).returncode != 0:
        release.skip("these sources are no checkout of git: there is nothing to make a source tarball of")
    said = release.make("repro", "static", "source")
    print(said)
    same = [line for line in said.splitlines() if "the same bytes twice" in line]
    assert len(same) == 3 and "DIFFERS" not in said, said
    print("repro_test: passed")


if __name__ == "__main__":
    main()
