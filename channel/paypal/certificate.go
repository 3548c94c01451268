package paypal

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/paymux/paymux/channel"
)

const (
	certificateTime = 10 * time.Second // one download
	certificateSize = 64 << 10
	certificateMost = 32 // kept; PayPal uses one at a time
)

// certificates fetches what webhooks are signed with and believes it when it descends from a root,
// is issued to the right name, and is valid now. The download's own TLS proves nothing about it.
type certificates struct {
	client *http.Client
	host   string // or domain
	name   string
	roots  *x509.CertPool // nil: the system's
	now    func() time.Time

	mu    sync.Mutex
	known map[string]*x509.Certificate // by URL
}

// key is the public key of the certificate at a URL. ErrForged: it is not to be believed. Any other
// error says nothing about the callback.
func (s *certificates) key(ctx context.Context, from string) (*rsa.PublicKey, error) {
	if err := s.mayFetch(from); err != nil {
		return nil, err
	}
	cert := s.kept(from)
	if cert == nil {
		var err error
		if cert, err = s.fetch(ctx, from); err != nil {
			return nil, err
		}
		s.keep(from, cert)
	}
	if now := s.now(); now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return nil, fmt.Errorf("%w: its certificate is valid from %s to %s", channel.ErrForged, cert.NotBefore.Format(time.RFC3339), cert.NotAfter.Format(time.RFC3339))
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: its certificate holds no RSA key", channel.ErrForged)
	}
	return key, nil
}

// mayFetch: whoever calls us names the URL, so it must not lead anywhere but to PayPal.
func (s *certificates) mayFetch(from string) error {
	u, err := url.Parse(from)
	if err != nil || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || !strings.HasPrefix(u.Path, "/v1/notifications/certs/") {
		return fmt.Errorf("%w: its certificate's URL is not PayPal's", channel.ErrForged)
	}
	if host := strings.ToLower(u.Host); host != s.host && !strings.HasSuffix(host, "."+s.host) {
		return fmt.Errorf("%w: its certificate's URL leads to another host", channel.ErrForged)
	}
	return nil
}

func (s *certificates) kept(from string) *x509.Certificate {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[from]
}

func (s *certificates) keep(from string, cert *x509.Certificate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= certificateMost {
		clear(s.known)
	}
	s.known[from] = cert
}

func (s *certificates) fetch(ctx context.Context, from string) (*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, certificateTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: its certificate's URL cannot be asked", channel.ErrForged)
	}
	resp, err := s.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("fetch certificate: %w", err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotFound, resp.StatusCode == http.StatusBadRequest, resp.StatusCode == http.StatusGone:
		return nil, fmt.Errorf("%w: PayPal has no such certificate", channel.ErrForged)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("fetch certificate: HTTP %d", resp.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, certificateSize))
	if err != nil {
		return nil, fmt.Errorf("fetch certificate: %w", err)
	}
	return s.verify(text)
}

// verify reads a chain, the signing certificate first, and returns that.
func (s *certificates) verify(text []byte) (*x509.Certificate, error) {
	var leaf *x509.Certificate
	between := x509.NewCertPool()
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%w: its certificate cannot be read", channel.ErrForged)
		}
		if leaf == nil {
			leaf = cert
		} else {
			between.AddCert(cert)
		}
	}
	if leaf == nil {
		return nil, fmt.Errorf("%w: its certificate cannot be read", channel.ErrForged)
	}
	// The name may stand in the subject alone, where Go does not look for it.
	if leaf.VerifyHostname(s.name) != nil && !strings.EqualFold(leaf.Subject.CommonName, s.name) {
		return nil, fmt.Errorf("%w: its certificate was not issued to %s", channel.ErrForged, s.name)
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: s.roots, Intermediates: between, CurrentTime: s.now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return nil, fmt.Errorf("%w: its certificate is not to be trusted: %w", channel.ErrForged, err)
	}
	return leaf, nil
}
