//go:build pkcs11

package keys

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/ThalesGroup/crypto11"
)

// token is an AES key that never leaves a PKCS#11 token.
type token struct {
	name string
	key  cipher.AEAD
}

const tokenNonce = 12

func openToken(spec string, create bool) (Master, func() error, error) {
	uri, err := parseTokenURI(spec)
	if err != nil {
		return nil, nil, err
	}
	pin, err := uri.readPIN()
	if err != nil {
		return nil, nil, err
	}
	session, err := crypto11.Configure(&crypto11.Config{Path: uri.module, TokenLabel: uri.token, Pin: pin, GCMIVLength: tokenNonce})
	if err != nil {
		return nil, nil, fmt.Errorf("master key: token %s: %w", uri.token, err)
	}
	m, err := findToken(session, uri, create)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("master key: token %s: %w", uri.token, err), session.Close())
	}
	return m, session.Close, nil
}

func (t *tokenURI) readPIN() (string, error) {
	text, err := readPrivate(t.pin)
	if err != nil {
		return "", fmt.Errorf("master key: PIN: %w", err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

func findToken(session *crypto11.Context, uri tokenURI, create bool) (Master, error) {
	label := []byte(uri.object)
	found, err := session.FindKeys(nil, label)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 && create {
		id := make([]byte, 16)
		rand.Read(id) // never fails
		made, err := session.GenerateSecretKeyWithLabel(id, label, 256, crypto11.CipherAES)
		if err != nil {
			return nil, err
		}
		found = append(found, made)
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("there are %d keys %s on it", len(found), uri.object)
	}
	gcm, err := found[0].NewGCM()
	if err != nil {
		return nil, err
	}
	return token{"pkcs11:token=" + uri.token + ";object=" + uri.object, gcm}, nil
}

func (t token) Name() string { return t.name }

// EncryptWithContext puts the nonce before the ciphertext.
func (t token) EncryptWithContext(_ context.Context, plain, associated []byte) (sealed []byte, err error) {
	defer func() {
		if p := recover(); p != nil { // the library's Seal has no error to return
			err = fmt.Errorf("token: %v", p)
		}
	}()
	nonce := make([]byte, tokenNonce)
	rand.Read(nonce) // never fails
	return append(nonce, t.key.Seal(nil, nonce, plain, associated)...), nil
}

func (t token) DecryptWithContext(_ context.Context, sealed, associated []byte) ([]byte, error) {
	if len(sealed) < tokenNonce {
		return nil, errors.New("token: the ciphertext is too short")
	}
	plain, err := t.key.Open(nil, sealed[:tokenNonce], sealed[tokenNonce:], associated)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	return plain, nil
}
