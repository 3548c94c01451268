package webhook

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"
)

const (
	privatePrefix = "whsk_"
	publicPrefix  = "whpk_"
)

// ErrKey is what is wrong with a signing key that is not whsk_ and base64 of an Ed25519 private key.
var ErrKey = errors.New("a webhook signing key is whsk_ followed by base64 of the 64 bytes of an Ed25519 private key")

// NewSigningKey makes an Ed25519 key in its whsk_ form.
func NewSigningKey() string {
	_, private, _ := ed25519.GenerateKey(nil) // never fails
	return privatePrefix + base64.StdEncoding.EncodeToString(private)
}

// PublicKey returns the whpk_ form of a signing key's public part, or ErrKey.
func PublicKey(signingKey string) (string, error) {
	private, err := privateKey(signingKey)
	if err != nil {
		return "", err
	}
	return publicPrefix + base64.StdEncoding.EncodeToString(private.Public().(ed25519.PublicKey)), nil
}

func privateKey(text string) (ed25519.PrivateKey, error) {
	encoded, ok := strings.CutPrefix(text, privatePrefix)
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(raw) != ed25519.PrivateKeySize {
		return nil, ErrKey // the decoder's own words could give part of it away
	}
	return raw, nil
}
