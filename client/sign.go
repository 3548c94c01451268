package client

import (
	"crypto"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/httpsig"
)

// Signer signs one request (RFC 9421) before it is sent: it adds
// Content-Digest, Signature-Input and Signature and changes nothing else. body is
// the request's whole body. Each attempt of a call is signed anew.
type Signer interface {
	Sign(r *http.Request, body []byte) error
}

// SignHMAC signs with a shared secret, base64 as Paymux gave it out with an hmac-sha256 key.
func SignHMAC(id paymux.KeyID, secret paymux.Secret, now func() time.Time) (Signer, error) {
	raw, err := base64.StdEncoding.DecodeString(secret.Reveal())
	if err != nil || len(raw) == 0 {
		return nil, fmt.Errorf("signing key %s: the secret is not base64", id)
	}
	return &httpsig.Signer{KeyID: string(id), Key: httpsig.NewHMAC(raw), Now: now}, nil
}

// SignEd25519 signs with a private key whose public half Paymux has; key may live in an HSM.
func SignEd25519(id paymux.KeyID, key crypto.Signer, now func() time.Time) (Signer, error) {
	return signWith(httpsig.Ed25519, id, key, now)
}

// SignRSA signs by RSA-PSS with SHA-512; key may live in an HSM.
func SignRSA(id paymux.KeyID, key crypto.Signer, now func() time.Time) (Signer, error) {
	return signWith(httpsig.RSAPSSSHA512, id, key, now)
}

func signWith(a httpsig.Algorithm, id paymux.KeyID, key crypto.Signer, now func() time.Time) (Signer, error) {
	signing, err := httpsig.NewSigningKey(a, key)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", id, err)
	}
	return &httpsig.Signer{KeyID: string(id), Key: signing, Now: now}, nil
}
