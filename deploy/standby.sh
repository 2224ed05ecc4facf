#!/bin/sh
# A hot standby: copied from the primary at its first start, following it from then on.
set -eu
export PGDATA=/var/lib/postgresql/18/docker
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # Under another name first: a copy that was cut short must never be taken for a whole one.
    rm -rf "$PGDATA.partial"
    pg_basebackup -h postgres -U spark -D "$PGDATA.partial" -X stream -c fast -R
    mv "$PGDATA.partial" "$PGDATA"
fi
exec postgres -c max_connections=300 -c hot_standby_feedback=on -c max_standby_streaming_delay=5s -c work_mem=16MB \
    -c timezone=UTC -c "listen_addresses=*"
