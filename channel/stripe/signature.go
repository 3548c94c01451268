package stripe

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/paymux/paymux/channel"
)

// mostSignatures is how many signatures of one event are looked at: Stripe sends one for each secret that is valid.
const mostSignatures = 8

// authentic verifies the Stripe-Signature header (docs.stripe.com/webhooks/signature):
// t=<unix seconds>,v1=<HMAC-SHA256 over "t.body">, then its age by our clock. The event's API
// version may be any.
func (a *account) authentic(ctx context.Context, req channel.CallbackRequest) error {
	seconds, proofs := signatures(http.Header(req.Header).Get("Stripe-Signature"))
	if len(proofs) == 0 {
		return fmt.Errorf("%w: the header Stripe-Signature is missing or has no signature of scheme v1", channel.ErrForged)
	}
	if err := a.oneOf(ctx, proofs, append([]byte(seconds+"."), req.Body...)); err != nil {
		return err
	}
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: the signature's time is no number", channel.ErrForged)
	}
	if age := a.now().Sub(time.Unix(at, 0)); age.Abs() > a.tolerance {
		return fmt.Errorf("%w: signed %s away from now", channel.ErrStale, age.Abs().Truncate(time.Second))
	}
	return nil
}

// oneOf wants one of the proofs to be believed. An error other than ErrForged: nothing was judged.
func (a *account) oneOf(ctx context.Context, proofs [][]byte, message []byte) error {
	for _, proof := range proofs {
		err := a.believed(ctx, message, proof)
		if err == nil {
			return nil
		}
		if !errors.Is(err, channel.ErrForged) {
			return fmt.Errorf("verify: %w", err)
		}
		if errors.Is(err, errNoSecret) {
			return err
		}
	}
	return fmt.Errorf("%w: no signature is that of a live secret", channel.ErrForged)
}

// signatures reads the header. Of several times the last one counts; it is covered by the signature.
func signatures(header string) (seconds string, proofs [][]byte) {
	for part := range strings.SplitSeq(header, ",") {
		name, text, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			seconds = text
		case "v1":
			if proof, err := hex.DecodeString(text); err == nil && len(proofs) < mostSignatures {
				proofs = append(proofs, proof)
			}
		}
	}
	return seconds, proofs
}
