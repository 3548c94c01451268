package sealed

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/paymux/paymux"
)

// A sealed secret is a text, so that it fits where the secret was:
//
//	sealed:1:<ID of the data key>:<base64 of nonce, ciphertext and tag of AES-256-GCM>
//
// The associated data is the place. No secret begins like that: they are base64, or begin with whsec_ or whsk_.
const (
	mark    = "sealed:"
	version = "1:"
)

// ErrWrong: the text was changed, or it was sealed for another row, column or merchant.
var ErrWrong = errors.New("sealed: the secret was changed, or is not this row's")

var (
	errVersion = errors.New("sealed: the secret has a form that this program does not know: use a newer paymux")
	errForm    = fmt.Errorf("%w: it is not of the form that secrets rest in", ErrWrong)
)

// place is where a secret rests.
type place struct{ column, merchant, id string }

func placeOfKey(k *paymux.Key) place {
	return place{"api_keys.shared", string(k.Merchant), string(k.ID)}
}

func placeOfEndpoint(e *paymux.Endpoint) place {
	return place{"endpoints.secrets", string(e.Merchant), string(e.ID)}
}

// associated is unambiguous: neither columns nor IDs have a zero byte.
func (p place) associated() []byte {
	return []byte("paymux secret " + version + "\x00" + p.column + "\x00" + p.merchant + "\x00" + p.id)
}

func isSealed(text paymux.Secret) bool { return strings.HasPrefix(text.Reveal(), mark) }

// keyOf is the ID of the data key that text is sealed with; empty for what is not sealed.
func keyOf(text paymux.Secret) string {
	id, _, err := parse(text)
	if err != nil {
		return ""
	}
	return id
}

func parse(text paymux.Secret) (key string, body []byte, err error) {
	rest, ok := strings.CutPrefix(text.Reveal(), mark+version)
	if !ok {
		return "", nil, errVersion
	}
	key, encoded, ok := strings.Cut(rest, ":")
	if !ok || key == "" {
		return "", nil, errForm
	}
	if body, err = encoding.DecodeString(encoded); err != nil {
		return "", nil, errForm // the cause might quote it
	}
	return key, body, nil
}

var encoding = base64.RawStdEncoding.Strict()

func (k *dataKey) seal(at place, clear paymux.Secret) paymux.Secret {
	body := k.aead.Seal(nil, nil, []byte(clear.Reveal()), at.associated())
	return paymux.Secret(mark + version + k.id + ":" + encoding.EncodeToString(body))
}
