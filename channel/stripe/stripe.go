// Package stripe is the channel to Stripe: cards by token (PaymentIntents), and
// cards, Alipay and WeChat Pay on Stripe's own page (Checkout Sessions).
//
// It never sees a card number, keeps nothing between calls, its keys included, and sends each
// request once: stripe-go's retries are off, and every mutating call carries the
// operation's ID as Idempotency-Key, so that whoever repeats an operation gets
// Stripe's first answer. A transaction's ID at Stripe is its PaymentIntent (pi_…), or, until the
// payer has finished on Stripe's page, its Checkout Session (cs_…); both
// are understood wherever an ID is given.
//
// Start reading at Driver, then account.Do in do.go; outcome.go says what Stripe's
// statuses mean, failure.go what its errors mean.
package stripe

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	stripego "github.com/stripe/stripe-go/v85"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// Driver describes Stripe.
func Driver() *channel.Driver {
	d := &channel.Driver{
		Name:  "stripe",
		Title: "Stripe",
		Options: []channel.Option{
			{Name: optionKey, Help: "secret or restricted key of the account, sk_… or rk_…", Required: true, Secret: true, Kind: channel.KeyOpaque, Check: checkForm},
			{Name: optionSecret, Help: "signing secret of the webhook endpoint, whsec_…; without it every callback is refused", Secret: true, Kind: channel.KeyHMAC},
			{Name: "webhook_tolerance", Help: "how far a callback's time may be from ours", Default: "5m"},
			{Name: "base_url", Help: "where the API is", Default: stripego.APIURL},
		},
		Methods: []paymux.MethodType{paymux.Card, paymux.Alipay, paymux.WeChatPay},
		Features: channel.Features{
			ManualCapture:  true,
			PartialCapture: true, // once: what is not captured is released
			Cancel:         true,
			Refund:         true,
			PartialRefund:  true,
			Query:          true,
			Callbacks:      true,
			CardTokens:     true,
		},
		Currencies: currencies(),
		Exponents:  exponents(),
		TimeLimit:  30 * time.Second,
	}
	d.Open = func(c channel.Config) (channel.Channel, error) { return open(d, c) }
	return d
}

// account is one Stripe account.
type account struct {
	api       *stripego.Client
	keys      channel.Keys
	tolerance time.Duration
	now       func() time.Time
}

func open(d *channel.Driver, c channel.Config) (channel.Channel, error) {
	if err := d.Check(c.Options); err != nil {
		return nil, err
	}
	tolerance, err := time.ParseDuration(d.Option(c, "webhook_tolerance"))
	if err != nil || tolerance <= 0 {
		return nil, fmt.Errorf("channel stripe: option %q must be a duration such as 5m", "webhook_tolerance")
	}
	base, err := url.Parse(d.Option(c, "base_url"))
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, fmt.Errorf("channel stripe: option %q must be an http or https URL", "base_url")
	}
	if c.Keys == nil {
		return nil, errors.New("channel stripe: opened without its keys")
	}
	return &account{
		api:       client(base.String(), c),
		keys:      c.Keys,
		tolerance: tolerance,
		now:       c.Now,
	}, nil
}

// client is stripe-go with a backend of its own, so that accounts share nothing. Its
// log is off: it prints whole answers, and those hold client secrets. It knows no key: see authorized.
func client(base string, c channel.Config) *stripego.Client {
	backend := stripego.GetBackendWithConfig(stripego.APIBackend, &stripego.BackendConfig{
		HTTPClient:        sendOnce(c.Client, c.Keys),
		URL:               stripego.String(base),
		MaxNetworkRetries: stripego.Int64(0),
		EnableTelemetry:   stripego.Bool(false),
		LeveledLogger:     &stripego.LeveledLogger{Level: stripego.LevelNull},
	})
	return stripego.NewClient("", stripego.WithBackends(&stripego.Backends{
		API: backend, Connect: backend, Uploads: backend, MeterEvents: backend,
	}))
}
