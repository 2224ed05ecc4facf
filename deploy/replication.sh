#!/bin/sh
# Run once, when the primary is made: the standby may follow, from the network of this compose file alone.
set -eu
echo "host replication $POSTGRES_USER samenet scram-sha-256" >> "$PGDATA/pg_hba.conf"
