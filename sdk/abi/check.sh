#!/usr/bin/env bash
# check.sh - do today's headers keep every frozen ABI? Appended is allowed, anything else is not.
#
#     sdk/abi/check.sh [HEADERS]     HEADERS: the folder that holds wakala/ (default: sdk/include)
#
# The asserts decide: each is a member's place and type, an enumerator or a constant of a frozen version. abidiff, where it is installed, shows what
# changed in words; its exit status cannot tell an append from a break (both set bit 4), so only bit 8, a symbol that is gone, counts here.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
headers=$(cd "${1:-$here/../include}" && pwd) || exit 2
word() { sed -n "s/^#define WK_ABI_$1 \([0-9]*\)\$/\1/p" "$headers/wakala/abi.h"; }
major=$(word MAJOR) minor=$(word MINOR) status=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compile() { "${CC:-cc}" -std=gnu11 -fsyntax-only -fdiagnostics-color=never -I"$headers" "$@"; }

for frozen in "$here/$major".*/; do
    [ -e "$frozen/asserts.c" ] || { echo "check.sh: no ABI $major.x is frozen yet: run sdk/abi/freeze.sh" >&2; exit 2; }
    version=$(basename "$frozen")
    tag=$(git -C "$here" tag -l "v$version*" 2>/dev/null | head -n 1)
    if ! compile "$frozen/asserts.c" 2>"$work/broken"; then
        echo "ABI $version is broken:"
        grep -E 'error:' "$work/broken" | sed -E 's/^.*error: //; s/^static.assert[a-z]* failed[^"]*"(.*)"$/\1/; s/^/    /' | awk '!seen[$0]++' | head -n 40
        [ -n "$tag" ] && echo "$version is released ($tag): append, or make a new major" ||
            echo "$version is not released yet: if the change is meant, sdk/abi/freeze.sh takes it over"
        status=1
        continue
    fi
    if compile -DEXACT "$frozen/asserts.c" 2>/dev/null; then
        echo "ABI $version: kept"
    elif [ "$version" != "$major.$minor" ]; then
        echo "ABI $version: kept, $major.$minor appends to it"
    elif [ -n "$tag" ]; then
        echo "ABI $version is released ($tag) and has grown: WK_ABI_MINOR must become $((minor + 1))"
        status=1
    else
        echo "ABI $version: kept, but it has grown since it was frozen: sdk/abi/freeze.sh takes the rest over"
    fi
    command -v abidiff >/dev/null || continue
    python3 "$here/layout.py" every "$headers" >"$work/every.c" &&
        "${CC:-cc}" -std=gnu11 -g -O0 -fPIC -shared -fvisibility=hidden -I"$headers" "$work/every.c" -o "$work/libwakala-abi.so" || exit 2
    abidiff --no-show-locs "$frozen/baseline.abi" "$work/libwakala-abi.so" >"$work/said"
    code=$?
    [ $code = 0 ] || cat "$work/said"
    if [ $((code & 11)) != 0 ]; then
        echo "ABI $version: abidiff ends with $code: something is gone"
        status=1
    fi
done
exit $status
