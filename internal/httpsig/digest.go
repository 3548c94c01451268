package httpsig

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/dunglas/httpsfv"
)

// Errors of [VerifyDigest].
var (
	ErrNoDigest  = errors.New("there is no Content-Digest of a supported algorithm (sha-256, sha-512)")
	ErrBadDigest = errors.New("Content-Digest is not a dictionary of byte sequences (RFC 9530)")
)

// DigestError says that a body is not the one its digest was made of.
type DigestError struct{ Algorithm string }

func (e *DigestError) Error() string {
	return fmt.Sprintf("the %s digest of the body is not the one in Content-Digest", e.Algorithm)
}

const (
	sha256Prefix  = "sha-256=:"
	sha256Encoded = 44 // base64 of 32 bytes
)

// ContentDigest is the value of Content-Digest for a body, with sha-256.
func ContentDigest(body []byte) string {
	sum := sha256.Sum256(body)
	return sha256Prefix + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// VerifyDigest compares a body with the lines of its Content-Digest field. Every digest of a supported
// algorithm has to fit, and there has to be one. Errors: ErrNoDigest, ErrBadDigest, *DigestError.
func VerifyDigest(lines []string, body []byte) error {
	text := strings.TrimSpace(joined(lines))
	if text == "" {
		return ErrNoDigest
	}
	if encoded, ok := plainSHA256(text); ok {
		return verifySHA256(encoded, body)
	}
	dictionary, err := httpsfv.UnmarshalDictionary([]string{text})
	if err != nil {
		return ErrBadDigest
	}
	supported := false
	for _, name := range dictionary.Names() {
		want, err := digestOf(name, body)
		if err != nil {
			continue
		}
		member, _ := dictionary.Get(name)
		item, ok := member.(httpsfv.Item)
		if !ok {
			return ErrBadDigest
		}
		got, ok := item.Value.([]byte)
		if !ok {
			return ErrBadDigest
		}
		if subtle.ConstantTimeCompare(got, want) != 1 {
			return &DigestError{name}
		}
		supported = true
	}
	if !supported {
		return ErrNoDigest
	}
	return nil
}

// plainSHA256 recognises the spelling nearly every sender uses.
func plainSHA256(text string) (encoded string, ok bool) {
	if len(text) != len(sha256Prefix)+sha256Encoded+1 || !strings.HasPrefix(text, sha256Prefix) || text[len(text)-1] != ':' {
		return "", false
	}
	return text[len(sha256Prefix) : len(text)-1], true
}

func verifySHA256(encoded string, body []byte) error {
	sum := sha256.Sum256(body)
	var want [sha256Encoded]byte
	base64.StdEncoding.Encode(want[:], sum[:])
	if string(want[:]) != encoded {
		return &DigestError{"sha-256"}
	}
	return nil
}

func digestOf(algorithm string, body []byte) ([]byte, error) {
	switch algorithm {
	case "sha-256":
		sum := sha256.Sum256(body)
		return sum[:], nil
	case "sha-512":
		sum := sha512.Sum512(body)
		return sum[:], nil
	}
	return nil, ErrNoDigest
}
