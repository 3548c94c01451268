package stripe

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/paymux/paymux/channel"
)

// authentic verifies the Stripe-Signature header (docs.stripe.com/webhooks/signature) in
// constant time, then its age by our clock. The event's API version may be any.
func (a *account) authentic(req channel.CallbackRequest) error {
	if a.secret == "" {
		return fmt.Errorf("%w: option webhook_secret is not set", channel.ErrForged)
	}
	header := http.Header(req.Header).Get("Stripe-Signature")
	if err := webhook.ValidatePayloadIgnoringTolerance(req.Body, header, a.secret.Reveal()); err != nil {
		return fmt.Errorf("%w: %w", channel.ErrForged, err)
	}
	if age := a.now().Sub(signedAt(header)); age.Abs() > a.tolerance {
		return fmt.Errorf("%w: signed %s away from now", channel.ErrStale, age.Abs().Truncate(time.Second))
	}
	return nil
}

// signedAt is the time the signature covers. The header has been verified, and of
// several times the last one was.
func signedAt(header string) time.Time {
	var at int64
	for part := range strings.SplitSeq(header, ",") {
		if text, ok := strings.CutPrefix(part, "t="); ok {
			at, _ = strconv.ParseInt(text, 10, 64)
		}
	}
	return time.Unix(at, 0)
}
