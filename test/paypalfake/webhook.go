package paypalfake

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash/crc32"
	"math/big"
	"net/http"
	"strings"
	"time"
)

// CertificateName is whom genuine certificates are issued to.
const CertificateName = "messageverificationcerts.paypal.com"

// CertificatePath is where the genuine one is, below the institution's URL; the others are beside it:
// see certificate.
const CertificatePath = "/v1/notifications/certs/CERT-"

// Certificates by the end of their path.
const (
	Genuine   = "genuine"
	Expired   = "expired"   // of the genuine authority, too old
	OtherName = "othername" // of the genuine authority, issued to another
	Strange   = "strange"   // the right name, by an authority nobody trusts
	NoText    = "notext"    // no certificate at all
)

// chain is the signing key and the certificates for it.
type chain struct {
	key   *rsa.PrivateKey
	root  []byte            // PEM
	files map[string][]byte // PEM of leaf and intermediate
}

// Roots is the PEM of the authority that genuine certificates descend from.
func (s *Institution) Roots() string { return string(s.keys().root) }

func (s *Institution) keys() *chain {
	s.signer.Do(func() { s.chain = newChain(s.Now()) })
	return s.chain
}

func newChain(now time.Time) *chain {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	root := newAuthority("Fake Root", now, nil)
	between := newAuthority("Fake Intermediate", now, root)
	strange := newAuthority("Fake Root", now, nil)
	issue := func(by *authority, name string, from, until time.Time) []byte {
		return append(by.issue(leaf(name, from, until), &key.PublicKey), by.pem...)
	}
	year := 365 * 24 * time.Hour
	return &chain{key: key, root: root.pem, files: map[string][]byte{
		Genuine:   issue(between, CertificateName, now.Add(-time.Hour), now.Add(year)),
		Expired:   issue(between, CertificateName, now.Add(-year), now.Add(-time.Hour)),
		OtherName: issue(between, "www.paypal.com", now.Add(-time.Hour), now.Add(year)),
		Strange:   issue(strange, CertificateName, now.Add(-time.Hour), now.Add(year)),
		NoText:    []byte("<html>certificate</html>"),
	}}
}

type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(name string, now time.Time, parent *authority) *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	a := &authority{key: key, cert: &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-2 * 365 * 24 * time.Hour), NotAfter: now.Add(10 * 365 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	if parent == nil {
		parent = a
	}
	a.pem = parent.issue(a.cert, &key.PublicKey)
	block, _ := pem.Decode(a.pem)
	if a.cert, err = x509.ParseCertificate(block.Bytes); err != nil {
		panic(err)
	}
	return a
}

func (a *authority) issue(cert *x509.Certificate, to crypto.PublicKey) []byte {
	der, err := x509.CreateCertificate(rand.Reader, cert, a.cert, to, a.key)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func leaf(name string, from, until time.Time) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(until.UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: from, NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

func (s *Institution) certificate(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(r.PathValue("id"), "CERT-")
	file, known := s.keys().files[name]
	if !ok || !known {
		notFound().send(w)
		return
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	w.Write(file)
}

// Signing says how an event is signed. The zero value is: genuinely, now.
type Signing struct {
	At          time.Time
	WebhookID   string
	Certificate string // one of the names above
	CertURL     string // instead of the one below base
}

// Sign makes the headers of an event that is delivered from base, the institution's URL.
func (s *Institution) Sign(base string, body []byte, how Signing) http.Header {
	if how.At.IsZero() {
		how.At = s.Now()
	}
	if how.WebhookID == "" {
		how.WebhookID = s.WebhookID
	}
	if how.Certificate == "" {
		how.Certificate = Genuine
	}
	if how.CertURL == "" {
		how.CertURL = base + CertificatePath + how.Certificate
	}
	id, at := newID(), stamp(how.At)
	digest := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", id, at, how.WebhookID, crc32.ChecksumIEEE(body)))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.keys().key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	h := http.Header{}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "PAYPAL-TRANSMISSION-ID": id, "PAYPAL-TRANSMISSION-TIME": at,
		"PAYPAL-TRANSMISSION-SIG": base64.StdEncoding.EncodeToString(signature), "PAYPAL-CERT-URL": how.CertURL, "PAYPAL-AUTH-ALGO": "SHA256withRSA",
	} {
		h.Set(name, value)
	}
	return h
}

// Event is the body of an event about a resource: see Resource.
func Event(kind string, resource []byte) []byte {
	body, err := json.Marshal(object{
		"id": "WH-" + newID(), "event_version": "1.0", "create_time": stamp(time.Now()), "resource_type": "fake", "event_type": kind,
		"summary": "A fake event", "resource": json.RawMessage(resource), "links": []object{},
	})
	if err != nil {
		panic(err)
	}
	return body
}

// Resource is the JSON of a pay operation's order, or of its newest transaction. Kinds as in SetStatus.
func (s *Institution) Resource(operation, kind string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orderOf(operation)
	if kind == "order" {
		text, _ := json.Marshal(o.body())
		return text
	}
	list := map[string][]*transaction{"capture": o.captures, "authorization": o.authorizations, "refund": o.refunds}[kind]
	text, _ := json.Marshal(list[len(list)-1].body(o))
	return text
}
