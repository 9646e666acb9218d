#!/usr/bin/env bash
# freeze.sh - keep today's headers as the frozen ABI of their version: sdk/abi/<major.minor>/{headers,baseline.abi,asserts.c}.
#
#     sdk/abi/freeze.sh            makes or refreshes it; refused once the version has a release tag (v<major.minor>...)
#     sdk/abi/freeze.sh --force    all the same
#
# The plugin sources beside it are written by hand and stay. Needs a C compiler, abidw (abigail-tools) and python3.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
headers=$here/../include
word() { sed -n "s/^#define WK_ABI_$1 \([0-9]*\)\$/\1/p" "$headers/wakala/abi.h"; }
version=$(word MAJOR).$(word MINOR)
frozen=$here/$version

case ${1:-} in
'') tag=$(git -C "$here" tag -l "v$version*" 2>/dev/null | head -n 1)
    [ -z "$tag" ] || { echo "freeze.sh: ABI $version is released ($tag): raise WK_ABI_MINOR instead" >&2; exit 1; } ;;
--force) ;;
*) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
command -v abidw >/dev/null || { echo "freeze.sh: abidw is missing (script/setup --tests, or apt-get install abigail-tools)" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$frozen" "$work/headers"
cp -r "$headers/wakala" "$work/headers/"
python3 "$here/layout.py" every "$work/headers" >"$work/every.c"
"${CC:-cc}" -std=gnu11 -g -O0 -fPIC -shared -fvisibility=hidden -Wl,-z,defs -I"$work/headers" "$work/every.c" -o "$work/libwakala-abi.so"
abidw --no-corpus-path --no-comp-dir-path --no-show-locs "$work/libwakala-abi.so" | sed "s,$work/,,g" >"$work/baseline.abi"
python3 "$here/layout.py" asserts "$work/baseline.abi" "$work/headers" >"$work/asserts.c"
"${CC:-cc}" -std=gnu11 -DEXACT -fsyntax-only -I"$work/headers" "$work/asserts.c"
rm -rf "$frozen/headers"
mv "$work/headers" "$work/baseline.abi" "$work/asserts.c" "$frozen/"
echo "ABI $version: $(grep -c '^MEMBER' "$frozen/asserts.c") members of $(grep -cE '^(WHOLE|GROWS)' "$frozen/asserts.c") structs in $frozen"
