# lib.sh - what the scripts of this folder share. Sourced, never run. No `set` in here: each script sets its own.
# shellcheck shell=bash

WAKALA_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
export WAKALA_ROOT

# An older libevent has eight known holes, an older rabbitmq-c others; the versions are Debian's, because the fixes are.
export LIBEVENT_MIN=2.1.12-stable-8+deb12u1 RABBITMQ_C_MIN=0.11.0-1+deb12u3 POSTGRES_MAJOR=15

say() { printf '%s\n' "$*" >&2; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# A command as a line that a shell takes as it is printed.
paste_line()
{
    local line
    printf -v line '%q ' "$@"
    say "    ${line% }"
}

may_root() { [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null 2>&1 && sudo -v; }; }

# Run something as root: directly, or with sudo. Without either, say what to do instead.
as_root()
{
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif may_root; then
        sudo -- "$@"
    else
        say "${0##*/}: this needs root once, and neither are you root nor does sudo let you:"
        paste_line "$@"
        die "run that line as root (su -), then run ${0##*/} again"
    fi
}

is_debian_12() { [ -r /etc/os-release ] && (. /etc/os-release && [ "${ID:-}" = debian ] && [ "${VERSION_ID:-}" = 12 ]); }

has_package() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# How many compilers at once: a compiler with sanitizers takes up to 1 GB.
jobs_here()
{
    local cores memory
    cores=$(nproc 2>/dev/null || echo 1)
    memory=$(awk '/^MemAvailable:/ {print int($2 / 1048576)}' /proc/meminfo 2>/dev/null || echo 1)
    [ "${memory:-1}" -ge 1 ] || memory=1
    [ "$cores" -le "$memory" ] && echo "$cores" || echo "$memory"
}

# build PRESET [TARGET...]: configure when needed, then build; quiet unless it fails. Logs stay beside the build.
build()
{
    local preset=$1 dir=$WAKALA_ROOT/build/$1 log targets=() options=()
    shift
    [ "$preset" != release ] || options=(-DWAKALA_TESTS=OFF) # what runs is all that is needed of it
    [ $# -gt 0 ] && targets=(--target "$@")
    mkdir -p "$dir"
    log=$dir/build.log
    if ! (cd "$WAKALA_ROOT" && cmake --preset "$preset" ${options[@]+"${options[@]}"}) >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        die "cmake could not configure the build '$preset' (all of it: $log)"
    fi
    if ! cmake --build "$dir" -j "$(jobs_here)" ${targets[@]+"${targets[@]}"} >>"$log" 2>&1; then
        grep -nE 'error|warning|FAILED' "$log" | tail -n 40 >&2
        die "the build '$preset' failed (all of it: $log)"
    fi
}

# The harness: python3 -m harness.<module>, whatever the current folder.
harness()
{
    local module=$1
    shift
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$WAKALA_ROOT/tests" python3 -m "harness.$module" "$@"
}
