package adyen

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/url"

	"github.com/paymux/paymux/channel"
)

// Callback reads a webhook, or takes the payer who comes back from 3-D Secure: the return
// URL's seal tells them apart. Events that say nothing about an operation, and references that are
// not ours (other programs may use the same account), are acknowledged and of no interest.
func (a *account) Callback(ctx context.Context, req channel.CallbackRequest) (channel.Callback, error) {
	if to, err := url.Parse(req.URL); err == nil && to.Query().Has(sealParameter) {
		return a.comeBack(ctx, req, to.Query())
	}
	if err := a.admitted(ctx, req); err != nil {
		return channel.Callback{}, err
	}
	live, it, err := readItem(req.Body)
	if err != nil {
		return channel.Callback{}, err
	}
	news := channel.Callback{Operation: it.about()}
	for _, check := range []func() error{
		func() error { return a.authentic(ctx, it) },
		func() error { return a.meant(live, it) },
		it.complete,
		func() error { return a.fresh(it) },
	} {
		if err := check(); err != nil {
			return news, fmt.Errorf("adyen webhook: %w", err)
		}
	}
	news = read(it)
	news.ID = it.PSPReference + " " + it.EventCode
	news.Ack = channel.Ack{Status: http.StatusOK, ContentType: "text/plain; charset=utf-8", Body: []byte("[accepted]")}
	return news, nil
}

// admitted checks the basic authentication, where the account has one.
func (a *account) admitted(ctx context.Context, req channel.CallbackRequest) error {
	if a.user == "" {
		return nil
	}
	password, err := a.keys.Reveal(ctx, "webhook_password")
	if err != nil {
		return fmt.Errorf("the webhook's password: %w", err)
	}
	user, given, _ := (&http.Request{Header: req.Header}).BasicAuth()
	// Both are compared, and digests: how long it takes tells nothing.
	if same(user, a.user)&same(given, password.Reveal()) != 1 {
		return fmt.Errorf("%w: user name or password is wrong", channel.ErrForged)
	}
	return nil
}

func same(given, want string) int {
	g, w := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(g[:], w[:])
}
