// Package keysrpc is both ends of the wire between those who use keys and a key
// service in another process. A Client has the methods of keys.User and cannot be told from one.
//
// The subject is paymux.keys.<caller>.<verb>. Who calls is what the subject says, never the body: let the NATS
// permissions of each role publish under its own name alone. It refuses nothing by itself; permissions of keys
// are the service's. Results that are secret are encrypted to who asked;
// what is to be signed or encrypted is not: use TLS where the wire leaves a machine. Acts of operators are not on the wire. Start reading at Serve and NewClient.
package keysrpc

import (
	"github.com/paymux/paymux/internal/keyring"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/keys/keyuse"
)

const prefix = "paymux.keys."

// errBadQuestion: the request can be read and makes no sense.
var errBadQuestion = rpc.ErrBadRequest

// Verbs, as the last token of a subject.
const (
	verbKeyID   = "key_id"
	verbChain   = "chain"
	verbPublic  = "public"
	verbSign    = "sign"
	verbVerify  = "verify"
	verbEncrypt = "encrypt"
	verbDecrypt = "decrypt"
	verbUnwrap  = "unwrap"
	verbReveal  = "reveal"
)

// Faults are the errors that both ends know. The server's configuration needs them.
func Faults() rpc.Faults {
	return rpc.Faults{
		"no_key": keyuse.ErrNoKey, "forbidden": keyuse.ErrForbidden, "state": keyuse.ErrState, "invalid": keyuse.ErrInvalid,
		"master": keyuse.ErrMaster, "tampered": keyuse.ErrTampered, "closed": keyuse.ErrClosed,
		"wrong": keyring.ErrWrong, "unable": keyring.ErrUnable,
	}
}

// question is the body of every request; a verb has the fields it needs. Bytes are base64.
type question struct {
	Key        keyuse.Name `json:"key"`
	KeyID      string      `json:"key_id,omitempty"` // chain, sign, encrypt, unwrap
	Request    string      `json:"request_id,omitempty"`
	Message    []byte      `json:"message,omitempty"` // sign, verify
	Signature  []byte      `json:"signature,omitempty"`
	Plain      []byte      `json:"plain,omitempty"`  // encrypt
	Sealed     []byte      `json:"sealed,omitempty"` // decrypt
	Nonce      []byte      `json:"nonce,omitempty"`
	Associated []byte      `json:"associated,omitempty"`
	Wrapped    *wrapped    `json:"wrapped,omitempty"`
	To         []byte      `json:"to,omitempty"` // decrypt, unwrap, reveal: X25519 public key that the result is encrypted to
}

// wrapped is keyuse.Wrapped.
type wrapped struct {
	Algorithm  string `json:"alg"`
	Encrypted  []byte `json:"encrypted_key,omitempty"`
	Encryption string `json:"enc,omitempty"`
	Ephemeral  []byte `json:"epk,omitempty"`
	PartyU     []byte `json:"apu,omitempty"`
	PartyV     []byte `json:"apv,omitempty"`
}

// answer is the body of every reply; a verb has the field it gives.
type answer struct {
	KeyID   string          `json:"key_id,omitempty"`
	Chain   [][]byte        `json:"chain,omitempty"`
	Public  []keyuse.Public `json:"public,omitempty"`
	Result  []byte          `json:"result,omitempty"` // a signature, plain text, ciphertext or content key
	Secret  string          `json:"secret,omitempty"` // revealed: this is what was asked for
	Sealed  []byte          `json:"sealed,omitempty"` // instead of result and secret, where the question has to
	Correct bool            `json:"correct,omitempty"`
}
