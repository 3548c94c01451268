package alipay

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/paymux/paymux/channel"
)

var (
	errWrong   = errors.New("the signature is missing or wrong")
	errUnknown = errors.New("the signature names a certificate that is not known")
)

// trust is what Alipay's signatures are judged by: either its public keys for the application, or its
// certificates up to a root. Safe for concurrent use.
type trust struct {
	keys   []*rsa.PublicKey // of public-key mode; else nil
	roots  *x509.CertPool
	rootSN string
	holder string // whom the configured certificate is made out to

	mu    sync.RWMutex
	certs map[string]*rsa.PublicKey // by serial number; grows as Alipay changes its certificate
}

func trusted(d *channel.Driver, c channel.Config) (*trust, error) {
	key, cert, root := d.Option(c, "alipay_public_key"), d.Option(c, "alipay_certificate"), d.Option(c, "alipay_root_certificate")
	switch {
	case key != "" && cert == "" && root == "":
		keys, err := publicKeys(key)
		if err != nil {
			return nil, fmt.Errorf("option %q: %w", "alipay_public_key", err)
		}
		return &trust{keys: keys}, nil
	case key == "" && cert != "" && root != "":
		return trustedRoot(cert, root, c.Now())
	}
	return nil, fmt.Errorf("either option %q or both %q and %q must be given", "alipay_public_key", "alipay_certificate", "alipay_root_certificate")
}

func trustedRoot(cert, root string, now time.Time) (*trust, error) {
	roots, err := certificates(root)
	if err != nil {
		return nil, fmt.Errorf("option %q: %w", "alipay_root_certificate", err)
	}
	t := &trust{roots: x509.NewCertPool(), certs: map[string]*rsa.PublicKey{}}
	if t.rootSN, err = rootSerialNumber(roots); err != nil {
		return nil, fmt.Errorf("option %q: %w", "alipay_root_certificate", err)
	}
	for _, c := range roots {
		t.roots.AddCert(c)
	}
	list, err := certificates(cert)
	if err == nil {
		t.holder = holderOf(list[0])
		err = t.learn(list, now)
	}
	if err != nil {
		return nil, fmt.Errorf("option %q: %w", "alipay_certificate", err)
	}
	return t, nil
}

// certified reports whether certificates are used, not a bare public key.
func (t *trust) certified() bool { return t.keys == nil }

// learn takes up a certificate of Alipay's. The root must vouch for it, and it must be made out to the
// same holder as the configured one: the root vouches for the applications of other merchants, too.
func (t *trust) learn(list []*x509.Certificate, now time.Time) error {
	key, err := chained(list, t.roots, now)
	if err != nil {
		return err
	}
	if holderOf(list[0]) != t.holder {
		return errors.New("the certificate is made out to somebody else")
	}
	sn, err := serialNumber(list[0])
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.certs[sn] = key
	return nil
}

func holderOf(c *x509.Certificate) string { return strings.Join(c.Subject.Organization, ",") }

// answer judges the signature of an answer, which names the certificate it was made with.
func (t *trust) answer(sn string, content []byte, signature string) error {
	if !t.certified() {
		return signedBy(t.keys, content, signature)
	}
	t.mu.RLock()
	key, ok := t.certs[sn]
	t.mu.RUnlock()
	if !ok {
		return errUnknown
	}
	return signedBy([]*rsa.PublicKey{key}, content, signature)
}

// notification judges the signature of a notification, which names no certificate.
func (t *trust) notification(content []byte, signature string) error {
	return signedBy(t.known(), content, signature)
}

func (t *trust) known() []*rsa.PublicKey {
	if !t.certified() {
		return t.keys
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	keys := make([]*rsa.PublicKey, 0, len(t.certs))
	for _, key := range t.certs {
		keys = append(keys, key)
	}
	return keys
}

// signedBy wants a signature (RSASSA-PKCS1-v1_5 with SHA-256, base64) of one of the keys. One signature has one spelling:
// base64 with stray bits is refused.
func signedBy(keys []*rsa.PublicKey, content []byte, signature string) error {
	raw, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil || len(raw) == 0 {
		return errWrong
	}
	digest := sha256.Sum256(content)
	for _, key := range keys {
		if rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], raw) == nil {
			return nil
		}
	}
	return errWrong
}
