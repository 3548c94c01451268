package keys

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
)

// seal is envelope encryption (Tink's KMS envelope): each text is encrypted with a data key
// of its own, which the master wraps. where is bound to it, so that nothing opens in another's place.
func seal(ctx context.Context, m Master, where, text []byte) ([]byte, error) {
	envelope, err := aead.NewKMSEnvelopeAEADWithContext(aead.AES256GCMKeyTemplate(), m)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	sealed, err := envelope.EncryptWithContext(ctx, text, where)
	if err != nil {
		return nil, fmt.Errorf("seal under the master key %s: %w", m.Name(), err)
	}
	return sealed, nil
}

func unseal(ctx context.Context, m Master, where, sealed []byte) ([]byte, error) {
	envelope, err := aead.NewKMSEnvelopeAEADWithContext(aead.AES256GCMKeyTemplate(), m)
	if err != nil {
		return nil, fmt.Errorf("unseal: %w", err)
	}
	text, err := envelope.DecryptWithContext(ctx, sealed, where)
	if err != nil {
		return nil, fmt.Errorf("unseal with the master key %s: %w", m.Name(), err)
	}
	return text, nil
}

// placeOf is what a version's material is bound to. Names hold no spaces.
func placeOf(key Name, kind Kind, number int) []byte {
	return fmt.Appendf(nil, "paymux key %s %s %d", key, kind, number)
}

const bookPlace = "paymux keys book"

// authenticator knows what this service wrote itself. Its key rests in the file, sealed.
type authenticator []byte

func (a authenticator) sum(what string, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, a)
	h.Write(appendPart(nil, []byte(what)))
	for _, p := range parts {
		h.Write(appendPart(nil, p))
	}
	return h.Sum(nil)
}

func (a authenticator) headMAC(seq int64, hash []byte) []byte {
	return a.sum("head", binary.BigEndian.AppendUint64(nil, uint64(seq)), hash)
}

// appendPart writes a part with its length before it, so that parts cannot run into each other.
func appendPart(b, part []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(part))), part...)
}
