package keys

import (
	"context"
	"fmt"
	"strings"

	"github.com/tink-crypto/tink-go/v2/core/registry"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Master is the key that everything at rest is sealed under: [OpenMaster] makes one of a file, of
// a PKCS#11 token or of a KMS, and any other key that can encrypt a few bytes will do.
// Safe for concurrent use. It is asked once for each version that is made or first used, and at Open.
type Master interface {
	Name() string // for people; tells masters apart
	tink.AEADWithContext
}

// MasterFrom makes a master of Tink's older interface, which KMS clients implement.
func MasterFrom(name string, key tink.AEAD) Master { return plainMaster{name, key} }

type plainMaster struct {
	name string
	key  tink.AEAD
}

func (m plainMaster) Name() string { return m.name }

func (m plainMaster) EncryptWithContext(_ context.Context, plain, associated []byte) ([]byte, error) {
	return m.key.Encrypt(plain, associated)
}

func (m plainMaster) DecryptWithContext(_ context.Context, sealed, associated []byte) ([]byte, error) {
	return m.key.Decrypt(sealed, associated)
}

// OpenMaster finds a master by what a configuration calls it:
//
//	file:PATH                  32 bytes in hexadecimal or a Tink keyset (JSON), readable by its owner alone; or root's, for a group of this process to read, as Secrets in Kubernetes are
//	pkcs11:token=…;object=…?…  an AES key on a token (RFC 7512); programs built with -tags pkcs11
//	anything else              a URI of a KMS whose client the program registered with Tink's registry
//
// With create, a file or a key on a token that is not there is made; never ask for
// that where something is sealed already. The function it returns ends its use.
func OpenMaster(spec string, create bool) (Master, func() error, error) {
	scheme, rest, _ := strings.Cut(spec, ":")
	switch scheme {
	case "file":
		m, err := openFileMaster(rest, create)
		return m, func() error { return nil }, err
	case "pkcs11":
		return openToken(spec, create)
	}
	return openKMS(spec)
}

func openKMS(uri string) (Master, func() error, error) {
	client, err := registry.GetKMSClient(uri)
	if err != nil {
		return nil, nil, fmt.Errorf("master key: it is file:PATH, pkcs11:… or the URI of a KMS that this program has a client for: %w", err)
	}
	key, err := client.GetAEAD(uri)
	if err != nil {
		return nil, nil, fmt.Errorf("master key %s: %w", uri, err)
	}
	return MasterFrom(uri, key), func() error { return nil }, nil
}
