# Sourced by the makers of packages: a copy of the tree that they build in, without the tests but for what hawser-load is made of.
# shellcheck shell=bash
. "$(dirname "${BASH_SOURCE[0]}")/../release/common.sh"
# Packages bear the date of the newest entry of their changelog, whenever they are made.
SOURCE_DATE_EPOCH=$(date -d "$(sed -n 's/^ -- .*>  //p' "$ROOT/packaging/debian/changelog" | head -n 1)" +%s)

say() { printf '%s\n' "package: $*" >&2; }

need() {
	local missing=() program
	for program in "$@"; do
		command -v "$program" >/dev/null || missing+=("$program")
	done
	if [ ${#missing[@]} -gt 0 ]; then
		echo "package: this machine has no ${missing[*]}: './dev setup packaging' installs it" >&2
		exit 1
	fi
}

# report FOLDER SUFFIX: what was made, with its sizes.
report() {
	say "$(find "$1" -name "*.$2" | wc -l) packages in $1"
	(cd "$1" && for f in *."$2"; do printf '%9d  %s\n' "$(stat -c %s "$f")" "$f"; done) >&2
}

# Names of what belongs to the source, with changes that are not committed yet; outside of git all that is there.
tree_files() {
	if [ -e "$ROOT/.git" ]; then
		git -C "$ROOT" ls-files -z --cached --others --exclude-standard
	else
		(cd "$ROOT" && find . -path ./build -prune -o -type f -printf '%P\0')
	fi | grep -zvP '^tests/(?!load/)' | (cd "$ROOT" && while IFS= read -r -d '' f; do [ ! -f "$f" ] || printf '%s\0' "$f"; done) | LC_ALL=C sort -z
}

# One word for all of it: what was made of the same tree is not made again.
tree_hash() {
	(cd "$ROOT" && tree_files | xargs -0 sha256sum && printf '%s\n' "$@" "${CCACHE_DISABLE:-}") | sha256sum | cut -c1-64
}

# tree_copy FOLDER: times stay, so that what a build there has made stays good where nothing changed.
tree_copy() {
	mkdir -p "$1"
	tree_files | tar -C "$ROOT" --null -T - -cf - | tar -C "$1" --no-same-owner -xf -
}

# Packages are made where dpkg and rpm give no home: the compiler's cache must be told where it is. The copy is below the root, so what
# the release build compiled is found (see ./dev).
if command -v ccache >/dev/null; then
	CCACHE_DIR=$(ccache -k cache_dir)
	CCACHE_MAXSIZE=$(ccache -k max_size)
	CCACHE_BASEDIR=${CCACHE_BASEDIR:-$ROOT}
	case $OUT in
	"$CCACHE_BASEDIR"/*) ;;
	*) CCACHE_BASEDIR=$OUT ;;
	esac
	# in whatever language the compiler speaks
	export CCACHE_DIR CCACHE_MAXSIZE CCACHE_BASEDIR CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-locale}
fi
