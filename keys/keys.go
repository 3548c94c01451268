// Package keys is the key service: it keeps the keys and certificates of institutions
// and of the enterprise, and signs, verifies, encrypts and decrypts for callers that
// a key permits (B3). Keys have versions, so that they rotate without a pause.
//
// It refuses to tell a private key to anybody, to do what a key does not permit its
// caller, and to answer before the use is in its audit, a chain of hashes from which no row
// can be taken unnoticed. What rests on disk is sealed under a master key that is elsewhere.
// A key of kind opaque, such as a password, has to be sent as it is and is therefore revealed to who may.
//
// Start reading at Open, then user.go for those who use keys and operator.go for those who keep them.
package keys

import (
	"time"

	"github.com/paymux/paymux/internal/keyring"
	"github.com/paymux/paymux/keys/keyuse"
)

// Name is what a key is called by its callers.
type Name = keyuse.Name

// Kind is what a key is and the algorithm it is used for: see package keyring.
type Kind = keyring.Kind

// Kinds lists every kind.
func Kinds() []Kind { return keyring.Kinds() }

// Key is everything that may be known of a key.
type Key struct {
	Name      Name      `json:"name"`
	Kind      Kind      `json:"kind"`
	Owner     string    `json:"owner"`          // who answers for it: an institution, a department; gives no right to use it
	Callers   []string  `json:"callers"`        // who may use it
	Uses      []Use     `json:"uses,omitempty"` // what for; none: all its kind can do
	Note      string    `json:"note,omitempty"` // for people
	CreatedAt time.Time `json:"created_at"`
	Versions  []Version `json:"versions"` // oldest first
}

// Version is one key of those that follow each other under a name.
type Version struct {
	Number int   `json:"number"` // 1, 2, …
	State  State `json:"state"`
	// KeyID is what the institution calls it, such as the serial number of its certificate; empty where it has no name.
	KeyID       string    `json:"key_id,omitempty"`
	Public      string    `json:"public,omitempty"` // PEM; empty for symmetric and opaque keys
	Chain       [][]byte  `json:"chain,omitempty"`  // DER certificates, the key's own first
	NotAfter    time.Time `json:"not_after,omitzero"`
	CreatedAt   time.Time `json:"created_at"`
	ActivatedAt time.Time `json:"activated_at,omitzero"`
	RetiringAt  time.Time `json:"retiring_at,omitzero"`
	DestroyedAt time.Time `json:"destroyed_at,omitzero"`
}

// Active returns the version that signs and encrypts; ok is false where there is none.
func (k *Key) Active() (v Version, ok bool) {
	for _, v := range k.Versions {
		if v.State == Active {
			return v, true
		}
	}
	return Version{}, false
}

// Use is something a caller does with a key. The values are verbs of the audit, too.
type Use string

const (
	UseSign    Use = "sign" // a MAC, too
	UseVerify  Use = "verify"
	UseEncrypt Use = "encrypt"
	UseDecrypt Use = "decrypt"
	UseUnwrap  Use = "unwrap" // the content key of a JWE
	UseReveal  Use = "reveal" // an opaque key
	// Names and certificates are told to every permitted caller.
	useKeyID Use = "key_id"
	useChain Use = "chain"
)

// Uses lists every use that a key can be restricted to.
func Uses() []Use { return []Use{UseSign, UseVerify, UseEncrypt, UseDecrypt, UseUnwrap, UseReveal} }
