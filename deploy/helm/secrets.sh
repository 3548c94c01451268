#!/bin/sh
# Puts what ../secrets.sh made in DIR into the namespace of one site, as the Secrets that the chart names by default.
#
#   deploy/helm/secrets.sh DIR SITE [NAMESPACE]    SITE: east, west or witness; the namespace is paymux-SITE
#
# It can be run again: what is there is replaced by what DIR has. kubectl is the program of that name, or what KUBECTL names.
set -eu
[ $# -ge 2 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 2; }
dir=$1 site=$2 namespace=${3:-paymux-$2}
: "${KUBECTL:=kubectl}"

# secret NAME KEY=FILE...
secret() {
	name=$1
	shift
	files=
	for pair; do
		[ -r "$dir/${pair#*=}" ] || { echo "$dir/${pair#*=} is not there: make it with secrets.sh" >&2; exit 1; }
		files="$files --from-file=${pair%%=*}=$dir/${pair#*=}"
	done
	$KUBECTL -n "$namespace" create secret generic "$name" $files --dry-run=client -o yaml | $KUBECTL -n "$namespace" apply --server-side --force-conflicts -f -
}

servers=
for folder in "$dir/nats/$site"-*; do
	server=$(basename "$folder")
	for file in nats.conf links.conf permissions.conf ca.pem server.pem server.key; do
		servers="$servers $server.$file=nats/$server/$file"
	done
done
secret paymux-nats $servers
secret paymux-nats-ca nats_ca.pem=nats/ca.pem
[ "$site" = witness ] && exit
secret paymux-ids ids_key=ids_key
secret paymux-ops ops_token=ops_token
secret paymux-store "store_url=$site/store_url"
secret paymux-postgres "postgres_password=$site/postgres_password"
secret paymux-keys-master "keys_master=$site/keys_master"
[ ! -e "$dir/trace_headers" ] || secret paymux-trace trace_headers=trace_headers # yours, where the collector of traces wants some
for seed in "$dir"/nats/*.nk; do
	party=$(basename "$seed" .nk)
	case $party in operator | monitor) continue ;; esac # of people and of watchers, not of this chart
	secret "paymux-nats-$party" "$party.nk=nats/$party.nk"
done
