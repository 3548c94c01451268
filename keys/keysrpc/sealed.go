package keysrpc

import (
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/rand"
	"fmt"
)

// What is revealed or opened travels encrypted to whoever asked (HPKE, RFC 9180: DHKEM(X25519),
// HKDF-SHA256, AES-256-GCM), so that it is in the memory of no server on the way: TLS ends
// at NATS. Callers in other languages may leave the public key out and get it in clear.

// receiver opens what is sent to one client. Its key lives as long as the process.
type receiver struct {
	key    hpke.PrivateKey
	public []byte
}

func newReceiver() (receiver, error) {
	pair, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return receiver{}, fmt.Errorf("keysrpc: %w", err)
	}
	key, err := hpke.NewDHKEMPrivateKey(pair)
	if err != nil {
		return receiver{}, fmt.Errorf("keysrpc: %w", err)
	}
	return receiver{key, pair.PublicKey().Bytes()}, nil
}

// info binds a ciphertext to what was asked.
func info(verb string, q *question) []byte { return []byte(prefix + verb + " " + string(q.Key)) }

func (r *receiver) open(verb string, q *question, sealed []byte) ([]byte, error) {
	plain, err := hpke.Open(r.key, hpke.HKDFSHA256(), hpke.AES256GCM(), info(verb, q), sealed)
	if err != nil {
		return nil, fmt.Errorf("key service: the reply was not encrypted to this process: %w", err)
	}
	return plain, nil
}

// seal moves a result into what only the asker can read, where it has a key.
func seal(verb string, q *question, a *answer) error {
	if len(q.To) == 0 {
		return nil
	}
	public, err := ecdh.X25519().NewPublicKey(q.To)
	if err != nil {
		return fmt.Errorf("%w: to is not an X25519 public key", errBadQuestion)
	}
	to, err := hpke.NewDHKEMPublicKey(public)
	if err != nil {
		return fmt.Errorf("%w: to: %w", errBadQuestion, err)
	}
	plain := a.Result
	if a.Secret != "" {
		plain = []byte(a.Secret)
	}
	a.Sealed, err = hpke.Seal(to, hpke.HKDFSHA256(), hpke.AES256GCM(), info(verb, q), plain)
	clear(plain)
	a.Result, a.Secret = nil, ""
	return err
}
