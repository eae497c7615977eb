#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A private PostgreSQL cluster for tests and demonstrations: listens only on a Unix socket inside its own directory, trusts
# every local user, does not fsync. Works as root (the server then runs as user postgres) and as a normal user. Idempotent.
#
#   tests/pg_cluster.sh start DIR [name=value ...]   creates DIR when needed; prints the connection string
#   tests/pg_cluster.sh stop DIR                     fast shutdown; the data stay
#   tests/pg_cluster.sh crash DIR                    immediate shutdown, as after a power cut
#   tests/pg_cluster.sh remove DIR                   stops and deletes DIR
#   tests/pg_cluster.sh conninfo DIR
set -eu

usage() {
    sed -n '6,10s/^# *//p' "$0" >&2
    exit 2
}
[ $# -ge 2 ] || usage
action=$1
dir=$2
shift 2
case $dir in
/*) ;;
*) dir=$(pwd)/$dir ;;
esac
port=5432
database=entitlements
data=$dir/data
umask 077

bin=${PGBIN:-}
if [ -z "$bin" ]; then
    for candidate in /usr/lib/postgresql/*/bin; do
        [ -x "$candidate/initdb" ] && bin=$candidate
    done
fi
if [ -z "$bin" ] || [ ! -x "$bin/initdb" ]; then
    echo "pg_cluster.sh: no PostgreSQL server programs found (set PGBIN)" >&2
    exit 1
fi

if [ "$(id -u)" -eq 0 ]; then
    owner=postgres
    as_owner() { (cd / && runuser -u postgres -- "$@"); }
else
    owner=$(id -un)
    as_owner() { "$@"; }
fi

conninfo() {
    echo "host=$dir port=$port dbname=$database user=ecs"
}

running() {
    [ -f "$data/postmaster.pid" ] && as_owner "$bin/pg_ctl" -D "$data" status >/dev/null 2>&1
}

fail_with_log() {
    echo "pg_cluster.sh: $1" >&2
    tail -n 20 "$dir/log" >&2 2>/dev/null || true
    exit 1
}

create() {
    as_owner "$bin/initdb" -D "$data" -U ecs -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/initdb.log" 2>&1 || {
        cat "$dir/initdb.log" >&2
        exit 1
    }
    as_owner tee -a "$data/postgresql.conf" >/dev/null <<CONF
listen_addresses = ''
unix_socket_directories = '$dir'
port = $port
fsync = off
full_page_writes = off
shared_buffers = 256MB
max_connections = 200
max_wal_size = 2GB
checkpoint_timeout = 30min
jit = off
log_min_messages = fatal
CONF
}

start() {
    if [ ${#dir} -gt 90 ]; then
        echo "pg_cluster.sh: $dir: too long for a Unix socket (at most 90 characters)" >&2
        exit 1
    fi
    mkdir -p "$dir"
    if [ "$(id -u)" -eq 0 ]; then
        chown "$owner" "$dir"
        chmod 755 "$dir"
    fi
    [ -f "$data/PG_VERSION" ] || create
    options=
    for setting in "$@"; do
        options="$options -c $setting"
    done
    if ! running; then
        # A former run may have been killed: pg_ctl itself removes a stale pid file.
        as_owner "$bin/pg_ctl" -D "$data" -l "$dir/log" -w -t 60 -o "$options" start >/dev/null 2>&1 ||
            fail_with_log "the server does not start"
    fi
    "$bin/psql" -X -h "$dir" -p $port -U ecs -d postgres -Atqc \
        "SELECT 1 FROM pg_database WHERE datname = '$database'" | grep -q 1 ||
        "$bin/createdb" -h "$dir" -p $port -U ecs $database
    conninfo
}

stop() {
    if running; then
        as_owner "$bin/pg_ctl" -D "$data" -w -t 60 -m "$1" stop >/dev/null 2>&1 || fail_with_log "the server does not stop"
    fi
}

case $action in
start) start "$@" ;;
stop) stop fast ;;
crash) stop immediate ;;
remove)
    stop immediate
    # Only what this script has made is deleted.
    if [ -f "$data/PG_VERSION" ]; then
        rm -rf "$dir"
    fi
    ;;
conninfo) conninfo ;;
*) usage ;;
esac
