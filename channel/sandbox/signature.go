package sandbox

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// signatureHeader carries t=<unix seconds>,v1=<HMAC-SHA256 over "t.body" in hexadecimal>.
const signatureHeader = "Sandbox-Signature"

// tolerance is how far a signature's time may be from ours.
const tolerance = 5 * time.Minute

// signer makes and judges the proof of a notification.
type signer interface {
	Sign(ctx context.Context, message []byte) ([]byte, error)
	// Verify returns channel.ErrForged; another error means that nothing was judged.
	Verify(ctx context.Context, message, proof []byte) error
}

// ownSecret is a secret the institution holds itself.
type ownSecret paymux.Secret

func (s ownSecret) Sign(_ context.Context, message []byte) ([]byte, error) {
	mac := hmac.New(sha256.New, []byte(paymux.Secret(s).Reveal()))
	mac.Write(message)
	return mac.Sum(nil), nil
}

func (s ownSecret) Verify(ctx context.Context, message, proof []byte) error {
	if want, _ := s.Sign(ctx, message); !hmac.Equal(want, proof) {
		return channel.ErrForged
	}
	return nil
}

// accountSecret is the key behind an account's option.
type accountSecret struct{ channel.Keys }

func (s accountSecret) Sign(ctx context.Context, message []byte) ([]byte, error) {
	return s.Keys.Sign(ctx, optionSecret, "", message)
}

func (s accountSecret) Verify(ctx context.Context, message, proof []byte) error {
	return s.Keys.Verify(ctx, optionSecret, message, proof)
}

func sign(ctx context.Context, s signer, at time.Time, body []byte) (header string, err error) {
	seconds := strconv.FormatInt(at.Unix(), 10)
	proof, err := s.Sign(ctx, signedText(seconds, body))
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return "t=" + seconds + ",v1=" + hex.EncodeToString(proof), nil
}

func signedText(seconds string, body []byte) []byte {
	text := make([]byte, 0, len(seconds)+1+len(body))
	text = append(append(text, seconds...), '.')
	return append(text, body...)
}

// verify believes a body or not: errors wrap channel.ErrForged or channel.ErrStale. Any other
// means that it could not be judged.
func verify(ctx context.Context, s signer, header string, body []byte, now time.Time) error {
	first, second, _ := strings.Cut(header, ",")
	seconds, okTime := strings.CutPrefix(first, "t=")
	proof, okProof := strings.CutPrefix(second, "v1=")
	given, err := hex.DecodeString(proof)
	if !okTime || !okProof || err != nil {
		return fmt.Errorf("%w: header %s is missing or not of the form t=…,v1=…", channel.ErrForged, signatureHeader)
	}
	if err := s.Verify(ctx, signedText(seconds, body), given); err != nil {
		if errors.Is(err, channel.ErrNoKey) {
			return fmt.Errorf("%w: option %s is not set", channel.ErrForged, optionSecret)
		}
		return fmt.Errorf("verify: %w", err)
	}
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: the signature's time is no number", channel.ErrForged)
	}
	if age := now.Sub(time.Unix(at, 0)); age > tolerance || age < -tolerance {
		return fmt.Errorf("%w: signed %v ago", channel.ErrStale, age.Round(time.Second))
	}
	return nil
}
