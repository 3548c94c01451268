package main

import (
	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/natsclient"
	"github.com/paymux/paymux/internal/natsserver"
)

// natsSecrets are what the keys of nats point to.
type natsSecrets struct {
	url, credentials, ca, certificate paymux.Secret
}

// secrets reads them; read remembers what cannot be read.
func (n NATSConfig) secrets(read func(key string, r Ref) paymux.Secret) natsSecrets {
	return natsSecrets{
		url:         read("nats.url", n.URL),
		credentials: read("nats.credentials", n.Credentials),
		ca:          read("nats.ca", n.CA),
		certificate: read("nats.certificate", n.Certificate),
	}
}

// config is how to reach the messaging, but for what the process is called and where an embedded server keeps its streams.
func (s natsSecrets) config(n NATSConfig) natsserver.Config {
	return natsserver.Config{Config: natsclient.Config{
		URL: s.url.Reveal(), Seed: s.credentials, CA: s.ca.Reveal(), Certificate: s.certificate, Wait: n.Wait,
	}}
}
