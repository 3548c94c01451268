package natsclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/paymux/paymux"
)

// retryEvery is the pause between attempts to reach a cluster that is not there yet.
const retryEvery = 250 * time.Millisecond

// Connect reaches the cluster, trying for as long as c says. What waiting cannot
// mend, such as credentials that are refused, ends it at once.
func Connect(ctx context.Context, c Config) (*nats.Conn, error) {
	servers, hosts, err := addresses(c.URL)
	if err != nil {
		return nil, err
	}
	opts, err := secured(c)
	if err != nil {
		return nil, err
	}
	opts = append(Options(c), opts...)
	ctx, cancel := context.WithTimeout(ctx, c.Wait)
	defer cancel()
	tick := time.NewTicker(retryEvery)
	defer tick.Stop()
	for {
		conn, err := nats.Connect(strings.Join(servers, ","), opts...)
		if err == nil {
			return conn, nil
		}
		if final(err) {
			return nil, fmt.Errorf("connect to NATS at %s: %w", hosts, err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("connect to NATS at %s, tried for %s: %w", hosts, c.Wait, err)
		}
	}
}

// reconnectEvery is the pause between attempts to reach a server again: one that restarts is found before requests have to
// be refused for want of it.
const reconnectEvery = 200 * time.Millisecond

// final reports what another attempt cannot mend.
func final(err error) bool {
	var certificate *tls.CertificateVerificationError
	return errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired) || errors.As(err, &certificate) ||
		errors.Is(err, nats.ErrSecureConnWanted) || errors.Is(err, nats.ErrSecureConnRequired)
}

// addresses takes a list of URLs apart. hosts is what may be shown: URLs may hold passwords.
func addresses(list string) (servers []string, hosts string, err error) {
	var shown []string
	for _, text := range strings.Split(list, ",") {
		text = strings.TrimSpace(text)
		if !strings.Contains(text, "://") {
			text = "nats://" + text
		}
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.Scheme != "nats" && u.Scheme != "tls" {
			return nil, "", errors.New("an address of NATS is not of the form nats://host:4222 or tls://host:4222")
		}
		servers, shown = append(servers, text), append(shown, u.Host)
	}
	return servers, strings.Join(shown, ", "), nil
}

// secured is how the process proves who it is, and how it knows the servers.
func secured(c Config) ([]nats.Option, error) {
	var opts []nats.Option
	if c.Seed != "" {
		opt, err := nkey(c.Seed)
		if err != nil {
			return nil, err
		}
		opts = append(opts, opt)
	}
	if c.CA == "" && c.Certificate == "" {
		return opts, nil
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM([]byte(c.CA)) {
			return nil, errors.New("the CA of NATS is not the PEM of a certificate")
		}
	}
	if c.Certificate != "" {
		pair, err := tls.X509KeyPair([]byte(c.Certificate.Reveal()), []byte(c.Certificate.Reveal()))
		if err != nil {
			return nil, errors.New("the certificate for NATS is not the PEM of a certificate and its private key") // the cause might quote the key
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	return append(opts, nats.Secure(conf)), nil
}

func nkey(seed paymux.Secret) (nats.Option, error) {
	pair, err := nkeys.FromSeed([]byte(strings.TrimSpace(seed.Reveal())))
	if err != nil {
		return nil, errors.New("the credentials for NATS are not an nkey seed") // the cause might quote it
	}
	public, err := pair.PublicKey()
	if err != nil || !nkeys.IsValidPublicUserKey(public) {
		return nil, errors.New("the credentials for NATS are not a user's nkey seed, which begins with SU")
	}
	return nats.Nkey(public, pair.Sign), nil
}

// Options are what every connection of the house is made with.
func Options(c Config) []nats.Option {
	return []nats.Option{
		nats.Name(c.Name),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectEvery), nats.ReconnectJitter(reconnectEvery/2, reconnectEvery/2),
		nats.ReconnectBufSize(-1), // what is published while the connection is down fails, and is not sent late
		nats.IgnoreAuthErrorAbort(),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				c.Log.Warn("NATS connection lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { c.Log.Info("NATS connection is back") }),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			c.Log.Warn("NATS", "error", err, "subject", subject)
		}),
	}
}
