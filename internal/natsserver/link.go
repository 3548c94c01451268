package natsserver

import (
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/nats-io/nats-server/v2/server"
)

// link is where other servers connect: those of the same cluster, or other clusters. Who gets in there speaks for every account.
type link struct {
	name     string // of the section of the file
	host     string
	port     int
	tls      *tls.Config
	password string
}

// links are those that the server listens on.
func links(o *server.Options) []link {
	var all []link
	for _, l := range []link{
		{"cluster", o.Cluster.Host, o.Cluster.Port, o.Cluster.TLSConfig, o.Cluster.Password},
		{"gateway", o.Gateway.Host, o.Gateway.Port, o.Gateway.TLSConfig, o.Gateway.Password},
	} {
		if l.port != 0 {
			all = append(all, l)
		}
	}
	return all
}

// guarded reports what would let in anybody as a server, or show what servers tell each other to the network. With tls, a link always
// asks for a certificate of the ca_file.
func (l link) guarded() error {
	if l.tls == nil && !onThisMachine(l.host) {
		return fmt.Errorf("without tls it may listen on this machine alone, not on %q", l.host)
	}
	if l.password == "" && l.tls == nil {
		return errors.New("anybody could connect as a server: give tls with the ca_file of the servers, or authorization with a password")
	}
	return nil
}
