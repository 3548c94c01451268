// Package natsclient connects a process to a NATS cluster. It links no server: programs
// that only connect stay small. What cannot be sent now is not kept to be sent later: who
// publishes while the connection is down gets an error. Start reading at Connect.
package natsclient

import (
	"log/slog"
	"time"

	"github.com/paymux/paymux"
)

// Config says where the cluster is and who connects.
type Config struct {
	URL string // of a cluster, or several with commas between them; it may hold user and password

	Seed        paymux.Secret // nkey to authenticate with; empty: what the URL says
	CA          string        // PEM of who signed the servers' certificates; empty: who the system trusts
	Certificate paymux.Secret // PEM of a client certificate and its private key; empty: none
	Wait        time.Duration // how long a cluster that is not there yet is waited for; zero: it is tried once

	Name string // of this process, as the server's monitoring shows it
	Log  *slog.Logger
}
