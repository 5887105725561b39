#!/bin/sh
# Gives the brokers the users and rights of access.csv: access.sh [USER...]; no name means all services. Who only follows
# is no service: name it.
# BOOTSTRAP: a broker. ADMIN: the client properties of a super user. SECRETS: the folder of <user>_kafka_password.
# Repeating it is harmless, and gives a user the password of its file. It takes nothing away: kafka-acls.sh --remove does.
set -eu
: "${BOOTSTRAP:?}" "${ADMIN:?}"
list=$(dirname "$0")/access.csv
secrets=${SECRETS:-/run/secrets}
credentials=$(mktemp)
trap 'rm -f "$credentials"' EXIT

topics() { # of the logs on which user $1 has right $2
    awk -F, -v user="$1" -v right="$2" '$1 == user && $3 == right {
        printf "--topic %s.events --topic %s.progress ", $2, $2 }' "$list"
}

allow() {
    kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --add "$@" > /dev/null
}

# Bytes a second and broker that an outside reader may fetch: it reads years when it begins, and services must not notice.
READER_BYTES=10485760

publishers=
for user in ${*:-$(awk -F, 'NR > 1 && $3 != "follow" { print $1 }' "$list" | sort -u)}; do
    # By a file, as arguments are shown to every user of the machine.
    printf 'SCRAM-SHA-512=password=%s\n' "$(cat "$secrets/${user}_kafka_password")" > "$credentials"
    kafka-configs.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --alter --entity-type users \
        --entity-name "$user" --add-config-file "$credentials" > /dev/null
    own=$(topics "$user" own)
    read=$(topics "$user" read)
    follow=$(awk -F, -v user="$user" '$1 == user && $3 == "follow" { printf "--topic %s.events ", $2 }' "$list")
    # shellcheck disable=SC2086 # the lists are meant to become several words
    [ -z "$own" ] || {
        allow --allow-principal "User:$user" $own \
            --operation Create --operation Write --operation Read --operation DescribeConfigs
        publishers="$publishers --allow-principal User:$user"
    }
    # shellcheck disable=SC2086
    [ -z "$read" ] || allow --allow-principal "User:$user" $read --operation Read
    [ -z "$follow" ] || {
        # shellcheck disable=SC2086
        allow --allow-principal "User:$user" $follow --operation Read
        # Its tools may want consumer groups; those of its own name only.
        allow --allow-principal "User:$user" --group "$user." --resource-pattern-type prefixed --operation Read
        kafka-configs.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --alter --entity-type users \
            --entity-name "$user" --add-config "consumer_byte_rate=$READER_BYTES" > /dev/null
    }
    echo "$user: user and rights are there"
done
# Before it sends, a service sees in the brokers' settings that a deleted topic will not come back by itself.
# shellcheck disable=SC2086
[ -z "$publishers" ] || allow $publishers --cluster --operation DescribeConfigs
