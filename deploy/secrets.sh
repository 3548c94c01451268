#!/bin/sh
# Makes every secret of a deployment of two regions, once each: what is there stays as it is.
#
#   deploy/secrets.sh DIR [CHANNEL...]
#
#   DIR/nats/                 paymux nats init: a seed for each role and channel, and for each server a folder with all
#                             its files, such as east-1, which finds itself as /etc/paymux/nats/east-1 on its machine
#   DIR/ids_key, ops_token    one for the whole deployment
#   DIR/<region>/keys_master  what the region's key service is sealed under: keep a copy apart from its file
#   DIR/<region>/postgres_password, store_url
#   DIR/bank_key, bank_callback  of compose/try.yaml alone
#
# The program is paymux, or what PAYMUX names. NATS servers are reached by NATS_HOST, in which %r is the place and %n the server's
# number, from 1 to NATS_SERVERS; databases by STORE_URL, in which %r is the region and %p its password. NATS's certificates are for
# these names: Kubernetes has others (README.md).
set -eu
umask 077
[ $# -ge 1 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 2; }
dir=$1
shift
: "${PAYMUX:=paymux}" "${NATS_HOST:=nats%n.%r.internal}" "${NATS_SERVERS:=3}"
: "${STORE_URL:=postgres://paymux:%p@postgres.%r.internal:5432/paymux?sslmode=verify-full}"

hex() { head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

# once NAME TEXT: under another name first, so that a half-written file never counts.
once() {
	[ -e "$dir/$1" ] && return
	printf '%s\n' "$2" >"$dir/$1.new"
	mv "$dir/$1.new" "$dir/$1"
	echo "+ $dir/$1"
}

# cluster PLACE: its servers, as paymux nats init wants them.
cluster() {
	hosts= n=1
	while [ $n -le "$NATS_SERVERS" ]; do
		hosts="$hosts+$(printf '%s' "$NATS_HOST" | sed "s/%r/$1/g; s/%n/$n/g")" n=$((n + 1))
	done
	echo "$1=${hosts#+}"
}

mkdir -p "$dir"
$PAYMUX nats init --dir "$dir/nats" --at /etc/paymux/nats --channels "$(printf '%s' "${*:-stripe}" | tr -s ' ' ',')" \
	--clusters "$(cluster east),$(cluster west),$(cluster witness)" >/dev/null
for conf in "$dir"/nats/*/nats.conf; do # once: who is asked whether all is well, and a disk of its own
	grep -q '^http:' "$conf" && continue
	{
		sed 's|^\(jetstream: {store_dir: \)"[^"]*"|\1"/var/lib/paymux/jetstream"|' "$conf"
		printf '\n# /healthz, for this machine alone.\nhttp: "127.0.0.1:8222"\n'
	} >"$conf.new"
	mv "$conf.new" "$conf"
done
once ids_key "$(hex 32)"
once ops_token "$(hex 32)"
once bank_key "$(hex 32)"
once bank_callback "$(hex 32)"
for region in east west; do
	mkdir -p "$dir/$region"
	once $region/keys_master "$(hex 32)"
	once $region/postgres_password "$(hex 24)"
	once $region/store_url "$(printf '%s' "$STORE_URL" | sed "s/%r/$region/g; s/%p/$(cat "$dir/$region/postgres_password")/g")"
done
