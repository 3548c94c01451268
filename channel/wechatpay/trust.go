package wechatpay

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

// publicKeyID begins the ID of a public key; the serial number of a certificate is hexadecimal.
const publicKeyID = "PUB_KEY_ID_"

const (
	// refreshEvery is how long after a download of certificates a serial number that is not among them starts another.
	refreshEvery = time.Minute
	// retryAfter is how long after a download that failed.
	retryAfter = time.Second
)

// trust is whose signatures are believed: the public keys of the configuration, and the platform's certificates,
// downloaded when a serial number asks for one. While a merchant changes from certificates to a public key, WeChat Pay
// uses both, and Wechatpay-Serial tells which; so both are tried by their ID alone. Readers take no lock.
type trust struct {
	configured map[string]*rsa.PublicKey
	preferred  string // the ID that answers are asked to be signed with; empty: certificates
	downloaded atomic.Pointer[shelf]
	download   func(context.Context) (map[string]*x509.Certificate, error)
	turn       chan struct{} // one download at a time
	now        func() time.Time
}

// shelf is what the last download brought.
type shelf struct {
	certificates map[string]*x509.Certificate
	again        time.Time // no other download before
	failed       error     // of the last attempt
}

func newTrust(keys, ids string, download func(context.Context) (map[string]*x509.Certificate, error), now func() time.Time) (*trust, error) {
	t := &trust{configured: map[string]*rsa.PublicKey{}, download: download, turn: make(chan struct{}, 1), now: now}
	t.downloaded.Store(&shelf{})
	names := strings.FieldsFunc(ids, func(r rune) bool { return r == ',' || r == ' ' })
	for rest := []byte(strings.TrimSpace(keys)); len(rest) > 0; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, fmt.Errorf("channel wechatpay: option %q is not PEM", "platform_public_key")
		}
		key, err := publicKey(block)
		if err != nil {
			return nil, fmt.Errorf("channel wechatpay: option %q: %w", "platform_public_key", err)
		}
		if len(t.configured) == len(names) {
			return nil, errKeysAndIDs
		}
		t.configured[names[len(t.configured)]] = key
	}
	if len(t.configured) != len(names) {
		return nil, errKeysAndIDs
	}
	if len(names) > 0 {
		t.preferred = names[0]
	}
	return t, nil
}

var errKeysAndIDs = errors.New(`channel wechatpay: options "platform_public_key" and "platform_public_key_id" must have as many keys as different IDs`)

func publicKey(block *pem.Block) (*rsa.PublicKey, error) {
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	key, ok := parsed.(*rsa.PublicKey)
	if err != nil || !ok {
		return nil, errors.New("not an RSA public key")
	}
	if key.N.BitLen() < 2048 {
		return nil, errors.New("an RSA key of fewer than 2048 bits")
	}
	return key, nil
}

// ready sees that some key is there to verify an answer with, so that nothing is sent whose answer nobody could believe.
func (t *trust) ready(ctx context.Context) error {
	if len(t.configured) > 0 || t.anyCurrent(t.downloaded.Load()) {
		return nil
	}
	fresh, err := t.fetch(ctx, "")
	if err == nil && !t.anyCurrent(fresh) {
		err = fmt.Errorf("%w: no platform certificate is valid now", errUntrusted)
	}
	return err
}

func (t *trust) anyCurrent(s *shelf) bool {
	for _, c := range s.certificates {
		if t.current(c) {
			return true
		}
	}
	return false
}

// key is the public key of an ID. It downloads certificates where the ID is a new one's.
func (t *trust) key(ctx context.Context, id string) (*rsa.PublicKey, error) {
	s := t.downloaded.Load()
	if _, ok := s.certificates[id]; !ok && t.configured[id] == nil && !strings.HasPrefix(id, publicKeyID) {
		var err error
		if s, err = t.fetch(ctx, id); err != nil {
			return nil, err
		}
	}
	return t.known(id, s.certificates)
}

// known is the public key of an ID among the configured ones and certificates that are valid now.
func (t *trust) known(id string, certificates map[string]*x509.Certificate) (*rsa.PublicKey, error) {
	if key := t.configured[id]; key != nil {
		return key, nil
	}
	c := certificates[id]
	if c == nil {
		return nil, fmt.Errorf("%w: no public key or certificate %.64q of the platform", errUntrusted, id)
	}
	if !t.current(c) {
		return nil, fmt.Errorf("%w: the platform certificate %s is valid from %s to %s", errUntrusted, id,
			c.NotBefore.Format(time.DateOnly), c.NotAfter.Format(time.DateOnly))
	}
	return c.PublicKey.(*rsa.PublicKey), nil // certificates of other kinds are refused when they are read
}

// errUntrusted: what the signature names is nobody whose signature is believed.
var errUntrusted = errors.New("unknown signer")

func (t *trust) current(c *x509.Certificate) bool {
	now := t.now()
	return !now.Before(c.NotBefore) && !now.After(c.NotAfter)
}

// fetch downloads the certificates anew, unless somebody has just done so. Who calls meanwhile waits for it.
func (t *trust) fetch(ctx context.Context, id string) (*shelf, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for platform certificates: %w", ctx.Err())
	}
	s := t.downloaded.Load()
	if _, ok := s.certificates[id]; ok {
		return s, nil
	}
	if t.now().Before(s.again) {
		return s, s.failed
	}
	certificates, err := t.download(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("download platform certificates: %w", err) // the caller's end, not the next one's
	}
	next := &shelf{certificates: certificates, again: t.now().Add(refreshEvery)}
	if err != nil {
		next = &shelf{certificates: s.certificates, again: t.now().Add(retryAfter), failed: fmt.Errorf("download platform certificates: %w", err)}
	}
	t.downloaded.Store(next)
	return next, next.failed
}
