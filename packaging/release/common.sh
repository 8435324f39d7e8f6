# What the scripts of packaging/make that make release files share; read with `.`, from anywhere.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-${HAWSER_BUILD:-$ROOT/build}}
JOBS=${JOBS:-$(nproc)}
OUT=$BUILD/package
ARCH=$(uname -m)
VERSION=$(sed -n 's/^project(hawser VERSION \([0-9.]*\).*/\1/p' "$ROOT/CMakeLists.txt")
mkdir -p "$OUT"
umask 022
export LC_ALL=C TZ=UTC

# An unpacked tarball that lies somewhere in another repository is none.
is_checkout() {
	[ -e "$ROOT/.git" ] && git -C "$ROOT" rev-parse -q --verify HEAD >/dev/null 2>&1
}

# Everything that is made bears the time of its sources, not that of the making.
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
	if is_checkout; then
		SOURCE_DATE_EPOCH=$(git -C "$ROOT" log -1 --format=%ct)
	else
		SOURCE_DATE_EPOCH=$(stat -c %Y "$ROOT/CHANGELOG.md")
	fi
fi
export SOURCE_DATE_EPOCH

# pack FOLDER NAME: FOLDER/NAME as NAME.tar.xz among what is made: sorted, owned by root, of one time.
pack() {
	tar -C "$1" --sort=name --format=gnu --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
		--mode=u+rw,go=rX -cf - "$2" | xz -T1 -6 >"$OUT/$2.tar.xz.new"
	mv "$OUT/$2.tar.xz.new" "$OUT/$2.tar.xz"
}

# configure PRESET: says what it did only when that failed.
configure() {
	cmake -S "$ROOT" --preset "$1" -B "$BUILD/$1" ${CMAKE_ARGS:-} >"$OUT/.cmake.log" 2>&1 || {
		cat "$OUT/.cmake.log" >&2
		return 1
	}
	rm -f "$OUT/.cmake.log"
}

made() {
	printf '%s: %s bytes\n' "$1" "$(stat -c %s "$1")"
}

# unseal: what was sealed is another thing from here on, and sums that do not hold frighten whoever checks them.
unseal() {
	rm -f "$OUT/SHA256SUMS" "$OUT/SHA256SUMS.minisig" "$OUT/SHA256SUMS.asc"
}

# seal: the sums anew, signed. Whoever makes several kinds does it once, at the end (HAWSER_SEAL=later): each time a password is asked for.
seal() {
	if [ "${HAWSER_SEAL:-}" = later ]; then
		unseal
	else
		"$ROOT/packaging/release/seal"
	fi
}
