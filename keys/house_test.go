package keys_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/keyring"
	"github.com/paymux/paymux/keys"
)

// house is a directory with a file of keys and its master.
type house struct {
	dir    string
	master keys.Master
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{dir: t.TempDir()}
	h.master = openMaster(t, h.dir+"/master.key")
	return h
}

func openMaster(t testing.TB, path string) keys.Master {
	t.Helper()
	m, done, err := keys.OpenMaster("file:"+path, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := done(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func (h *house) path() string { return filepath.Join(h.dir, "keys.db") }

func (h *house) config() keys.Config {
	return keys.Config{Path: h.path(), Create: true, Master: h.master}
}

func (h *house) open(t testing.TB) *keys.Service {
	t.Helper()
	s, err := keys.Open(t.Context(), h.config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, s) })
	return s
}

func shut(t testing.TB, s *keys.Service) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// made generates an active key that the gateway may use.
func made(t testing.TB, s *keys.Service, name keys.Name, kind keys.Kind) keys.Version {
	t.Helper()
	v, err := s.By("operator").Generate(t.Context(), keys.Draft{Name: name, Kind: kind, Owner: "shop", Callers: []string{"gateway"}, Activate: true})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func newest(t testing.TB, s *keys.Service) keys.Entry {
	t.Helper()
	list, err := s.Audit(t.Context(), keys.Filter{Limit: 1})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d rows: %v", len(list), err)
	}
	return list[0]
}

func verified(t testing.TB, s *keys.Service, anchors ...keys.Head) keys.Report {
	t.Helper()
	r, err := s.VerifyAudit(t.Context(), anchors...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// certified is a key with a certificate from an issuer of its own.
func certified(t testing.TB, serial int64) (private paymux.Secret, chain string) {
	t.Helper()
	caKey, ca := certificate(t, 1, nil, nil)
	key, cert := certificate(t, serial, ca, caKey)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return paymux.Secret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), asPEM(cert) + asPEM(ca)
}

func asPEM(cert *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
}

func certificate(t testing.TB, serial int64, issuer *x509.Certificate, issuerKey *ecdsa.PrivateKey) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(4e9, 0),
		IsCA: issuer == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	if issuer == nil {
		issuer, issuerKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, &key.PublicKey, issuerKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, cert
}

const kindRSA, kindHMAC, kindOpaque = keyring.RSA, keyring.HMAC, keyring.Opaque
