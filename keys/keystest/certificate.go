package keystest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/keyring"
	"github.com/paymux/paymux/keys"
)

func (b *bench) chains() {
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	b.must(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(0xBEEF), NotAfter: time.Unix(4e9, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &own.PublicKey, own)
	b.must(err)
	private, err := x509.MarshalPKCS8PrivateKey(own)
	b.must(err)
	_, err = b.s.By("operator").Import(b.Context(), keys.Draft{
		Name: "certified", Kind: keyring.ECDSA, Owner: "shop", Callers: []string{"gateway"}, Activate: true,
		Chain: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
	}, paymux.Secret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	b.must(err)
	for _, id := range []string{"", "BEEF"} {
		if chain, err := b.user.Chain(b.Context(), "certified", id); err != nil || len(chain) != 1 || !bytes.Equal(chain[0], der) {
			b.Errorf("chain of %d, %v", len(chain), err)
		}
	}
	_, err = b.user.Chain(b.Context(), "certified", "DEAD")
	b.is(err, keys.ErrState)
	if id, err := b.user.KeyID(b.Context(), "certified"); id != "BEEF" || err != nil {
		b.Errorf("%q, %v", id, err)
	}
}

func (b *bench) publics() {
	name := b.make(keyring.ECDSA)
	_, err := b.s.By("operator").Rotate(b.Context(), keys.Draft{Name: name, KeyID: "second"}, "")
	b.must(err)
	list, err := b.user.Public(b.Context(), name)
	b.must(err)
	if len(list) != 2 || list[0].KeyID != "second" || list[1].KeyID != "first" || list[0].PEM == list[1].PEM {
		b.Errorf("%+v", list)
	}
	for _, p := range list {
		if _, err := keyring.Parse(keyring.ECDSA, p.PEM); err != nil {
			b.Error(err)
		}
	}
	if list, err := b.user.Public(b.Context(), b.make(keyring.HMAC)); err != nil || len(list) != 0 {
		b.Errorf("of a MAC key: %+v, %v", list, err)
	}
	_, err = b.as("stranger").Public(b.Context(), name)
	b.is(err, keys.ErrForbidden)
}

// point is the public half of a fresh P-256 key.
func (b *bench) point() []byte {
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	b.must(err)
	point, err := own.PublicKey.Bytes()
	b.must(err)
	return point
}
