# SPDX-License-Identifier: Apache-2.0
# Shared by the scripts: where we are, how to install packages, how to build.
set -eu

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export LC_ALL=C.UTF-8

build_packages="cmake ninja-build pkg-config gcc libc6-dev libmicrohttpd-dev libgnutls28-dev libssl-dev
    libjansson-dev libpq-dev libcurl4-openssl-dev libsystemd-dev libyaml-dev zlib1g-dev libjose-dev scdoc python3 git ca-certificates"
demo_packages="postgresql-15 openssl curl"
test_packages="libcmocka-dev libnet-smpp-perl python3-h2 python3-pytest python3-psycopg python3-yaml libxml2-utils pmccabe eapoltest hostapd python3-cryptography python3-jwt haproxy
    freeradius radsecproxy freediameterd freediameter-extensions libfreediameter-dev tshark prometheus nodejs chromium-headless-shell clang libclang-rt-14-dev nginx-light wrk jq procps"
bench_packages="nginx-light wrk libxml2-dev postgresql-contrib procps hostapd python3-cryptography"

say() {
    printf '== %s\n' "$*" >&2
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Installs what is missing of the given packages; no call of the package manager when nothing is.
need_packages() {
    missing=""
    for package in "$@"; do
        status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
        [ "$status" = "install ok installed" ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    say "installing:$missing"
    # Package scripts must not start servers: ours are private and started by the scripts.
    policy=""
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        policy=/usr/sbin/policy-rc.d
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    status=0
    { as_root apt-get update -q &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing; } \
        >"${TMPDIR:-/tmp}/ecs-apt.$$.log" 2>&1 || status=$?
    [ -z "$policy" ] || as_root rm -f "$policy"
    if [ "$status" != 0 ]; then
        tail -n 30 "${TMPDIR:-/tmp}/ecs-apt.$$.log" >&2
        rm -f "${TMPDIR:-/tmp}/ecs-apt.$$.log"
        say "packages could not be installed"
        return "$status"
    fi
    rm -f "${TMPDIR:-/tmp}/ecs-apt.$$.log"
}

# Puts the modules of the browser tests into build/browser; nothing to do when the lock file has not changed. npm comes
# with nodejs or, on a plain Debian, is a package of its own.
need_browser_modules() {
    where=$top/build/browser
    cmp -s "$top/tests/browser/package-lock.json" "$where/installed.json" && return 0
    command -v npm >/dev/null || need_packages npm
    say "installing the modules of the browser tests"
    rm -rf "$where"
    mkdir -p "$where"
    cp "$top/tests/browser/package.json" "$top/tests/browser/package-lock.json" "$where"
    if ! (cd "$where" && npm ci --ignore-scripts --no-audit --no-fund) >"$where/npm.log" 2>&1; then
        tail -n 20 "$where/npm.log" >&2
        say "npm ci failed in tests/browser"
        return 1
    fi
    cp "$where/package-lock.json" "$where/installed.json"
}

# build PRESET [cmake argument ...]: configures and builds build/PRESET; quiet unless it fails.
build() {
    preset=$1
    shift
    say "building ($preset)"
    mkdir -p "$top/build"
    if ! (cd "$top" && cmake --preset "$preset" "$@" && cmake --build --preset "$preset") \
        >"$top/build/$preset.log" 2>&1; then
        tail -n 40 "$top/build/$preset.log" >&2
        say "the build failed; all of it: build/$preset.log"
        return 1
    fi
}
