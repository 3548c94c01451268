package wechatpay

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/paymux/paymux/channel"
)

// Headers of the platform's signature.
const (
	headSerial    = "Wechatpay-Serial"
	headSignature = "Wechatpay-Signature"
	headTimestamp = "Wechatpay-Timestamp"
	headNonce     = "Wechatpay-Nonce"
)

// keyOf finds the public key of an ID; errUntrusted where there is none.
type keyOf func(ctx context.Context, id string) (*rsa.PublicKey, error)

// authentic verifies the platform's signature over a body, then that it was made about now.
func (a *account) authentic(ctx context.Context, h http.Header, body []byte) error {
	return a.authenticBy(ctx, a.trust.key, h, body)
}

// authenticBy: the signatures that WeChat Pay sends to see whether they are refused (WECHATPAY/SIGNTEST/…) are
// no signatures, and no special case.
func (a *account) authenticBy(ctx context.Context, keys keyOf, h http.Header, body []byte) error {
	at, nonce := h.Get(headTimestamp), h.Get(headNonce)
	signature, err := base64.StdEncoding.DecodeString(h.Get(headSignature))
	if err != nil || len(signature) == 0 || at == "" || nonce == "" {
		return fmt.Errorf("%w: the headers of the signature are missing or not of their form", channel.ErrForged)
	}
	key, err := keys(ctx, h.Get(headSerial))
	if errors.Is(err, errUntrusted) {
		return fmt.Errorf("%w: %w", channel.ErrForged, err)
	}
	if err != nil {
		return err
	}
	if !signedBy(key, at, nonce, body, signature) {
		return fmt.Errorf("%w: the signature does not fit", channel.ErrForged)
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: the signed time is no number", channel.ErrMalformed)
	}
	if age := a.now().Sub(time.Unix(seconds, 0)); age.Abs() > a.tolerance {
		return fmt.Errorf("%w: signed %s away from now", channel.ErrStale, age.Abs().Truncate(time.Second))
	}
	return nil
}

func signedBy(key *rsa.PublicKey, at, nonce string, body, signature []byte) bool {
	digest := sha256.Sum256(lines(at, nonce, string(body)))
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
}
