#!/bin/sh
# Makes every secret of a deployment of two regions, once each: what is there stays as it is.
#
#   deploy/secrets.sh DIR [CHANNEL...]
#
#   DIR/nats/                 paymux nats init: certificates, a seed for each role and channel, permissions
#   DIR/ids_key, ops_token    one for the whole deployment
#   DIR/<region>/keys_master  what the region's key service is sealed under: keep a copy apart from its file
#   DIR/<region>/postgres_password, store_url
#   DIR/bank_key, bank_callback  of compose/try.yaml alone
#
# The program is paymux, or what PAYMUX names; servers are reached by the names in NATS_HOSTS, databases by
# the URL in STORE_URL, in which %r is the region and %p its password.
set -eu
umask 077
[ $# -ge 1 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 2; }
dir=$1
shift

hosts='localhost 127.0.0.1'
for place in east west witness; do
	hosts="$hosts nats1.$place.internal nats2.$place.internal nats3.$place.internal"
	hosts="$hosts *.paymux-nats.paymux-$place.svc.cluster.local paymux-nats.paymux-$place.svc.cluster.local" # of the Helm chart
done
: "${PAYMUX:=paymux}" "${NATS_HOSTS:=$hosts}" "${STORE_URL:=postgres://paymux:%p@postgres.%r.internal:5432/paymux?sslmode=verify-full}"

hex() { head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

# once NAME TEXT: under another name first, so that a half-written file never counts.
once() {
	[ -e "$dir/$1" ] && return
	printf '%s\n' "$2" >"$dir/$1.new"
	mv "$dir/$1.new" "$dir/$1"
	echo "+ $dir/$1"
}

list() { printf '%s' "$*" | tr -s ' ' ','; }

mkdir -p "$dir"
set -f # names with * are names
$PAYMUX nats init --dir "$dir/nats" --channels "$(list "${*:-stripe}")" --hosts "$(list $NATS_HOSTS)" >/dev/null
set +f
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
