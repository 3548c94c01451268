package keys

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/paymux/paymux/internal/keyring"

	"github.com/paymux/paymux/keys/keyuse"
)

// Draft is a new version and, where its name is new, a new key.
type Draft struct {
	Name Name
	Kind Kind // of a new key; an existing one's may be left empty
	Bits int  // of a generated rsa key: 2048 (or 0), 3072, 4096

	// Of a new key alone.
	Owner   string
	Callers []string
	Uses    []Use
	Note    string

	// KeyID is how the institution calls the version. Empty: the serial number of its
	// certificate in upper case hexadecimal, where there is a chain.
	KeyID    string
	Chain    string // PEM of its certificates, its own first, each followed by its issuer's
	Activate bool   // use it at once; the version that was active retires
}

// certificates reads a chain from PEM.
func certificates(text string) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	rest := []byte(text)
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("%w: a chain has certificates only, and this has a %s", ErrInvalid, strings.ToLower(block.Type))
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%w: certificate %d of the chain cannot be read", ErrInvalid, len(chain)+1)
		}
		chain = append(chain, cert)
	}
	if len(bytes.TrimSpace(rest)) > 0 || len(chain) == 0 && strings.TrimSpace(text) != "" {
		return nil, fmt.Errorf("%w: the chain is not PEM", ErrInvalid)
	}
	return chain, nil
}

func isCertificate(text string) bool {
	block, _ := pem.Decode([]byte(text))
	return block != nil && block.Type == "CERTIFICATE"
}

// checkChain holds a chain to its key and to itself. Whether its root is to be trusted is for others to judge.
func checkChain(chain []*x509.Certificate, public string) error {
	for i, cert := range chain[:max(len(chain)-1, 0)] {
		if err := cert.CheckSignatureFrom(chain[i+1]); err != nil {
			return fmt.Errorf("%w: certificate %d of the chain was not issued by certificate %d", ErrInvalid, i+1, i+2)
		}
	}
	if len(chain) == 0 {
		return nil
	}
	block, _ := pem.Decode([]byte(public))
	if block == nil {
		return fmt.Errorf("%w: a key without a public half has no certificates", ErrInvalid)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return fmt.Errorf("%w: the key's public half cannot be read", ErrInvalid)
	}
	if same, ok := key.(interface{ Equal(crypto.PublicKey) bool }); !ok || !same.Equal(chain[0].PublicKey) {
		return fmt.Errorf("%w: the first certificate of the chain is of another key", ErrInvalid)
	}
	return nil
}

// version makes of a draft what the file keeps.
func (d *Draft) version(key keyring.Key) (Version, error) {
	v := Version{State: Pending, KeyID: d.KeyID, Public: key.Public()}
	chain, err := certificates(d.Chain)
	if err == nil {
		err = checkChain(chain, v.Public)
	}
	if err != nil {
		return v, err
	}
	for _, cert := range chain {
		v.Chain = append(v.Chain, cert.Raw)
	}
	if len(chain) > 0 {
		v.NotAfter = chain[0].NotAfter.UTC()
		if v.KeyID == "" {
			v.KeyID = fmt.Sprintf("%X", chain[0].SerialNumber)
		}
	}
	if len(v.KeyID) > 128 || strings.ContainsFunc(v.KeyID, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return v, fmt.Errorf("%w: a key ID has at most 128 characters of printable ASCII", ErrInvalid)
	}
	return v, nil
}

// key makes of a draft a key that is not there yet.
func (d *Draft) key() (Key, error) {
	k := Key{Name: d.Name, Kind: d.Kind, Owner: d.Owner, Callers: sorted(d.Callers), Uses: sorted(d.Uses), Note: d.Note}
	faults := []error{d.Name.Check()}
	if d.Owner == "" || len(d.Owner) > 128 || len(d.Note) > 1024 {
		faults = append(faults, fmt.Errorf("%w: a new key needs an owner of at most 128 bytes, and its note has at most 1024", ErrInvalid))
	}
	for _, c := range d.Callers {
		faults = append(faults, keyuse.CheckCaller(c))
	}
	for _, u := range d.Uses {
		if !slices.Contains(Uses(), u) {
			faults = append(faults, fmt.Errorf("%w: the uses are %v, not %q", ErrInvalid, Uses(), u))
		}
	}
	return k, errors.Join(faults...)
}

// fits refuses a draft that says of an existing key what it is not.
func (d *Draft) fits(k *Key) error {
	if d.Kind != "" && d.Kind != k.Kind {
		return fmt.Errorf("%w: %s is of kind %s, not %s", ErrInvalid, k.Name, k.Kind, d.Kind)
	}
	if d.Owner != "" && d.Owner != k.Owner || len(d.Callers) > 0 || len(d.Uses) > 0 || d.Note != "" {
		return fmt.Errorf("%w: %s exists; owner, uses and note are set when a key is made, callers by permit and forbid", ErrInvalid, k.Name)
	}
	return nil
}

func sorted[T ~string](list []T) []T {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}
