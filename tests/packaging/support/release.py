"""What the tests of release files share: running the scripts of packaging/make, each once, and what they have made."""
import os
import platform
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
RELEASE = os.environ.get("HAWSER_TEST_BUILD", os.path.join(ROOT, "build", "release"))
BUILD = os.path.dirname(RELEASE)
OUT = os.path.join(BUILD, "package")
ARCH = platform.machine()

with open(os.path.join(ROOT, "CMakeLists.txt"), encoding="utf-8") as cmake:
    VERSION = re.search(r"^project\(hawser VERSION ([0-9.]+)", cmake.read(), re.M).group(1)
STATIC = os.path.join(OUT, f"hawser-server-{VERSION}-linux-{ARCH}")


def skip(text):
    print("SKIPPED: " + text)
    sys.exit(77)


def make(kind, *argv, env=None):
    """Runs packaging/make/KIND and returns what it said; what it builds is built already where another test did."""
    done = subprocess.run([os.path.join(ROOT, "packaging/make", kind), *argv], env={**os.environ, "BUILD": BUILD, **(env or {})}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    if done.returncode != 0:
        raise AssertionError(f"packaging/make/{kind} ends with {done.returncode}:\n{done.stdout[-4000:]}")
    return done.stdout
