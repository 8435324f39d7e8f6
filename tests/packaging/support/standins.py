"""Images that compose.cluster.yml takes from a registry, made of the programs of this machine, which has them for other tests:
with the names, paths and variables of the official images, as far as that file uses them. Nothing is downloaded for them."""
import glob
import os
import re
import shutil
import subprocess
import tempfile

from base import FOLDER, ROOT, need, skip

IMAGES = os.path.join(ROOT, "tests", "packaging", "images")
# The base has these, and they must fit each other.
LIBC = re.compile(r"/(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|nss_.*|anl)\.so\.\d+)$")


def put(root, path):
    """A file of this machine at its real place below `root`: /lib is a link to /usr/lib in the base, too."""
    where = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path)).lstrip("/")
    target = os.path.join(root, where)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copy2(os.path.realpath(path), target)


def gather(root, *programs):
    """Programs, and the libraries that they load at their start."""
    for program in programs:
        put(root, program)
        said = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
        for library in re.findall(r"=> (/\S+)", said):
            if not LIBC.search(library):
                put(root, library)


def postgres(root):
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
    if not found:
        skip("this machine has no PostgreSQL server: './dev setup packaging' installs it")
    folder = os.path.dirname(os.path.dirname(found[-1]))
    version = os.path.basename(folder)
    gather(root, *(os.path.join(folder, "bin", name) for name in ("postgres", "initdb", "pg_ctl", "pg_isready", "psql")))
    gather(root, *glob.glob(os.path.join(folder, "lib", "*pgoutput.so")), *glob.glob(os.path.join(folder, "lib", "*plpgsql.so")),
        *glob.glob(os.path.join(folder, "lib", "dict_snowball.so")))
    shutil.copytree(f"/usr/share/postgresql/{version}", os.path.join(root, f"usr/share/postgresql/{version}"), ignore=shutil.ignore_patterns("man"))
    os.makedirs(os.path.join(root, "usr/bin"), exist_ok=True)
    shutil.copy2(os.path.join(IMAGES, "postgres-entrypoint"), os.path.join(root, "usr/bin/docker-entrypoint"))
    return ["--build-arg", f"PATHS=/usr/lib/postgresql/{version}/bin:/usr/sbin:/usr/bin:/sbin:/bin"]


def haproxy(root):
    need("haproxy")
    gather(root, shutil.which("haproxy", path="/usr/sbin:/usr/bin"))
    return []


def prometheus(root):
    need("prometheus")
    gather(root, shutil.which("prometheus"), shutil.which("promtool"))
    return []


def make(engine, name):
    """`name`: haproxy, postgres or prometheus; made once. Returns the image's name."""
    tag = f"standin-{name}:test"
    if not engine.exists("image", tag):
        with tempfile.TemporaryDirectory(dir=FOLDER) as context:
            root = os.path.join(context, "root")
            os.mkdir(root)
            more = {"haproxy": haproxy, "postgres": postgres, "prometheus": prometheus}[name](root)
            engine.docker("build", "-q", "-f", os.path.join(IMAGES, "Dockerfile"), "--target", name, *more, "-t", tag, context)
    return tag
