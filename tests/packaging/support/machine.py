"""A machine that boots: Debian's kernel for virtual machines, a disk made without mounting anything, and qemu, which needs no
rights and no hardware for it. What a test puts into the root runs there under a real systemd, and says what it found on the
second serial line."""
import fcntl
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

from base import FOLDER, SUITE, base_tar, need, run, skip, unpack

BOOT = os.path.join(FOLDER, "boot")
KERNEL = "linux-image-cloud-amd64"
MODULES = ("virtio_blk", "virtio_pci")
# what a machine that only tests something has no use for
MASKED = ("getty@tty1.service", "serial-getty@ttyS0.service", "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer",
    "e2scrub_all.timer", "fstrim.timer", "systemd-tmpfiles-clean.timer", "systemd-update-utmp.service", "systemd-pstore.service",
    "systemd-udev-settle.service", "systemd-networkd.service", "systemd-networkd.socket", "systemd-networkd-wait-online.service",
    "e2scrub_reap.service", "systemd-firstboot.service", "motd-news.timer", "getty-static.service")
INIT = """#!/busybox sh
/busybox mkdir -p /proc /dev /root
/busybox mount -t devtmpfs dev /dev
for m in $(/busybox cat /modules); do /busybox insmod /$m; done
n=0
until [ -b /dev/vda ] || [ $n = 100 ]; do /busybox sleep 0.1; n=$((n + 1)); done
/busybox mount -t ext4 -o rw /dev/vda /root
/busybox umount /dev
exec /busybox switch_root /root /sbin/init
"""


class Once:
    """Makes a file under a lock, for the first who asks; what is half made has another name."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        self.lock = open(self.path + ".lock", "w", encoding="ascii")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.work = tempfile.mkdtemp(prefix="make-", dir=os.path.dirname(self.path))
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.work, ignore_errors=True)
        self.lock.close()

    def done(self, made):
        os.rename(made, self.path)


def download(names, folder):
    """Packages of this machine's apt, unpacked and not installed."""
    for name in names:
        done = subprocess.run(["apt-get", "download", name], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            skip(f"apt of this machine does not give '{name}': {done.stderr.strip()[-300:]}")
    for deb in glob.glob(os.path.join(folder, "*.deb")):
        run("dpkg-deb", "-x", deb, os.path.join(folder, "tree"))


def real_name_of_kernel():
    said = subprocess.run(["apt-cache", "depends", KERNEL], capture_output=True, text=True, check=False).stdout
    found = re.search(r"Depends: (linux-image-\S+)", said)
    if not found:
        skip(f"apt of this machine knows no '{KERNEL}'")
    return found.group(1)


def module_order(folder):
    """Files of MODULES and of what they need, in the order to load them in."""
    names, needs = {}, {}
    with open(os.path.join(folder, "modules.order"), encoding="ascii") as f:
        for line in f:
            names[os.path.basename(line.strip()).split(".")[0].replace("-", "_")] = os.path.join(folder, line.strip())
    order = []

    def add(name):
        path = names.get(name)
        if path is None or path in order:
            return
        if path not in needs:
            with open(path, "rb") as f:
                needs[path] = re.search(rb"\0depends=([^\0]*)\0", f.read()).group(1).decode()
        for other in needs[path].split(","):
            add(other.strip().replace("-", "_"))
        order.append(path)

    for name in MODULES:
        add(name)
    return order


def cpio(files):
    """An archive as the kernel unpacks it: (name, mode, bytes)."""
    out = b""
    for number, (name, mode, data) in enumerate([*files, ("TRAILER!!!", 0, b"")], 1):
        word = name.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(word), 0)
        out += b"070701" + b"".join(b"%08x" % v for v in fields) + word
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return out


def kernel():
    """Paths of a kernel and of what it starts with."""
    need("apt-get", "dpkg-deb")
    name = real_name_of_kernel()
    folder = os.path.join(BOOT, name)
    with Once(folder) as once:
        if not os.path.exists(folder):
            download([name, "busybox-static"], once.work)
            tree, made = os.path.join(once.work, "tree"), os.path.join(once.work, "made")
            os.mkdir(made)
            modules = module_order(glob.glob(os.path.join(tree, "lib", "modules", "*"))[0])
            files = [("init", 0o100755, INIT.encode())]
            for program in ("bin/busybox", "usr/bin/busybox"):
                if os.path.exists(os.path.join(tree, program)):
                    files.append(("busybox", 0o100755, open(os.path.join(tree, program), "rb").read()))
            files += [(os.path.basename(m), 0o100644, open(m, "rb").read()) for m in modules]
            files.append(("modules", 0o100644, " ".join(os.path.basename(m) for m in modules).encode()))
            with open(os.path.join(made, "initrd"), "wb") as f:
                f.write(cpio(files))
            shutil.copyfile(glob.glob(os.path.join(tree, "boot", "vmlinuz-*"))[0], os.path.join(made, "vmlinuz"))
            once.done(made)
    return os.path.join(folder, "vmlinuz"), os.path.join(folder, "initrd")


def libraries_of(programs):
    """The packages of this machine that the programs' libraries are from."""
    files = set()
    for program in programs:
        files |= set(re.findall(r"=> (/\S+)", run("ldd", program)))
    both = {f for path in files for f in (path, os.path.realpath(path), re.sub(r"^/lib", "/usr/lib", path), re.sub(r"^/usr/lib", "/lib", path))}
    said = subprocess.run(["dpkg-query", "-S", *sorted(both)], capture_output=True, text=True, check=False).stdout
    return sorted({line.split(":")[0] for line in said.splitlines() if not line.startswith("diversion")})


def root_tar(packages):
    """A Debian with systemd and these packages; made once for each list of them."""
    words = " ".join(sorted([*packages, *MASKED]))
    path = os.path.join(BOOT, f"root-{SUITE}-{hashlib.sha256(words.encode()).hexdigest()[:12]}.tar")
    with Once(path) as once:
        if not os.path.exists(path):
            base_tar()
            root = unpack(os.path.join(once.work, "root"))
            env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
            run("chroot", root, "apt-get", "update", "-q", env=env)
            run("chroot", root, "apt-get", "install", "-q", "-y", "--no-install-recommends", *packages, env=env)
            run("chroot", root, "apt-get", "clean")
            shutil.rmtree(os.path.join(root, "var/lib/apt/lists"))
            # those of this machine
            for name in ("etc/resolv.conf", "etc/apt/apt.conf.d/90machine", "etc/machine-id"):
                if os.path.lexists(os.path.join(root, name)):
                    os.unlink(os.path.join(root, name))
            for unit in MASKED:
                mask(root, unit)
            run("tar", "-C", root, "--numeric-owner", "-cf", path + ".new", ".")
            once.done(path + ".new")
    return path


def mask(root, unit):
    link = os.path.join(root, "etc/systemd/system", unit)
    if not os.path.lexists(link):
        os.symlink("/dev/null", link)


def disk(root, path, size_mb):
    """An ext4 image of a folder, with owners and modes as they are there."""
    run("mke2fs", "-q", "-t", "ext4", "-E", "root_owner=0:0,lazy_itable_init=1", "-O", "^has_journal", "-m", "0", "-d", root, path, f"{size_mb}M")


class Machine:
    """Boots the disk and keeps what it says: the console, and lines of JSON on the second serial line."""

    def __init__(self, image, folder, memory_mb=1536):
        need("qemu-system-x86_64")
        vmlinuz, initrd = kernel()
        self.console, self.said = os.path.join(folder, "console.log"), os.path.join(folder, "said.log")
        open(self.said, "w", encoding="ascii").close()
        self.proc = subprocess.Popen(["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2",
            "-m", str(memory_mb), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-kernel", vmlinuz, "-initrd", initrd, "-append", "console=ttyS0 panic=-1 mitigations=off random.trust_cpu=on",
            "-drive", f"file={image},if=virtio,format=raw,cache=unsafe,snapshot=on",
            "-serial", f"file:{self.console}", "-serial", f"file:{self.said}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(os.path.join(folder, "qemu.log"), "wb"))

    def lines(self, limit_s):
        """What it says, until it has gone; AssertionError when that takes longer."""
        limit = time.monotonic() + limit_s
        with open(self.said, encoding="utf-8", errors="replace") as f:
            part = ""
            while True:
                gone = self.proc.poll() is not None
                part += f.read()
                while "\n" in part:
                    line, part = part.split("\n", 1)
                    try:
                        yield json.loads(line)
                    except ValueError:
                        yield {"text": line}
                if gone:
                    return
                if time.monotonic() > limit:
                    raise AssertionError(f"the machine is not done in {limit_s} s")
                time.sleep(0.2)

    def tail(self, lines=120):
        with open(self.console, encoding="utf-8", errors="replace") as f:
            return "".join(f.readlines()[-lines:])

    def close(self):
        if self.proc.poll() is None:
            self.proc.kill()
        self.proc.wait()
