// Package paypal is the channel to PayPal: the wallet, by redirect (Orders v2), with
// reservations, captures and refunds (Payments v2), webhooks and the day's statement.
// It is written on the standard library.
//
// # Who takes the money
//
// PayPal never takes money because a payer agreed; the merchant has to call once more. Do
// makes an order and hands out the link to it; after the payer's approval the order waits
// for "capture" (or "authorize", for a reservation). This channel keeps nothing and has no
// other occasion, so Query and the CHECKOUT.ORDER.APPROVED webhook make that call. It is the
// second half of what Do was asked for, and cannot be had twice: an order is captured or
// authorized once, whoever asks, and the call carries a PayPal-Request-Id made from the
// operation's ID. Apart from that Query has no effect.
//
// # Closing an order
//
// PayPal has no call that ends an order nobody has paid. What it has is "intent", which may
// be replaced until the order is completed, and a call that does not match it is refused
// (ACTION_DOES_NOT_MATCH_INTENT). An order of ours carries what was asked for in its
// reference_id, CAPTURE or AUTHORIZE; closing it turns the intent into the other. This channel
// only ever makes the call that reference_id names, so from then on even a call that was under
// way when the order was closed takes nothing: the institution itself refuses it. A
// cancel succeeds when PayPal shows the changed intent and no payment; an order is closed, too,
// before a payment is reported as declined. PayPal documents the change for orders that are
// CREATED or APPROVED. Where it will not have it, nothing is claimed: the cancel stays pending,
// and money that comes all the same is late money (money rule 5).
//
// # When the answer is lost
//
// PayPal cannot be searched by our IDs. If the answer to the creation of an order is lost,
// so is the only copy of its link: nobody can approve that order, and it lapses within hours
// without moving money. So Query without PayPal's ID says ErrAbsent once no call can be under
// way any more that could still hand the link out; asking by sending the creation again
// would be no question. Captures and refunds are listed by the order with the numbers we gave
// them: they are found, or proven absent, without their own IDs.
//
// A pay operation's ID at PayPal is its order's, always; a capture's and a refund's are
// their own. Start reading at Driver, then account.Do in do.go and account.finish in finish.go;
// outcome.go says what PayPal's statuses mean, issue.go what its refusals mean.
package paypal

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/internal/sendonce"
)

const timeLimit = 30 * time.Second

// Driver describes PayPal.
func Driver() *channel.Driver {
	d := &channel.Driver{
		Name:  "paypal",
		Title: "PayPal",
		Options: []channel.Option{
			{Name: "client_id", Help: "client ID of the REST app", Required: true},
			{Name: "client_secret", Help: "secret of the REST app", Required: true, Secret: true, Kind: channel.KeyOpaque},
			{Name: "webhook_id", Help: "ID of the webhook that calls us; without it every callback is refused"},
			{Name: "merchant_id", Help: "PayPal's ID of the account that is paid; where it is set, callbacks about another are refused"},
			{Name: "brand_name", Help: "the name payers see at PayPal instead of the account's"},
			{Name: "webhook_tolerance", Help: "how far a callback's time may be from ours; PayPal repeats what was not taken for three days", Default: "80h"},
			{Name: "base_url", Help: "where the API is; only at PayPal's live host does real money move", Default: "https://api-m.paypal.com"},
			{Name: "certificate_host", Help: "the host, or the domain of the hosts, that webhook certificates are fetched from", Default: "paypal.com"},
			{Name: "certificate_name", Help: "whom webhook certificates must be issued to; empty: messageverificationcerts of base_url's domain"},
			{Name: "certificate_roots", Help: "PEM of the authorities that webhook certificates must descend from; empty: the system's"},
		},
		Methods: []paymux.MethodType{paymux.PayPal},
		Features: channel.Features{
			ManualCapture:  true,
			PartialCapture: true,
			MultiCapture:   true,
			Cancel:         true,
			Refund:         true,
			PartialRefund:  true,
			Query:          true,
			Callbacks:      true,
			Statement:      true,
		},
		Currencies: currencies(),
		Exponents:  exponents(),
		TimeLimit:  timeLimit,
	}
	d.Open = func(c channel.Config) (channel.Channel, error) { return open(d, c) }
	return d
}

// account is one REST app of one PayPal account.
type account struct {
	base         string
	live         bool // whether base is where real money moves
	client       *http.Client
	tokens       *tokens
	certificates *certificates
	webhook      string
	merchant     string
	brand        string
	tolerance    time.Duration
	log          *slog.Logger
	now          func() time.Time
}

func open(d *channel.Driver, c channel.Config) (channel.Channel, error) {
	if err := d.Check(c.Options); err != nil {
		return nil, err
	}
	tolerance, err := time.ParseDuration(d.Option(c, "webhook_tolerance"))
	if err != nil || tolerance <= 0 {
		return nil, fmt.Errorf("channel paypal: option %q must be a duration such as 80h", "webhook_tolerance")
	}
	base, err := url.Parse(d.Option(c, "base_url"))
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, fmt.Errorf("channel paypal: option %q must be an http or https URL", "base_url")
	}
	if c.Keys == nil {
		return nil, fmt.Errorf("channel paypal: nobody to ask for the key of option %q", "client_secret")
	}
	certificates, err := newCertificates(d, c, base)
	if err != nil {
		return nil, err
	}
	a := &account{
		base:         strings.TrimSuffix(base.String(), "/"),
		live:         isLive(base),
		client:       sendonce.Client(c.Client),
		certificates: certificates,
		webhook:      d.Option(c, "webhook_id"),
		merchant:     d.Option(c, "merchant_id"),
		brand:        d.Option(c, "brand_name"),
		tolerance:    tolerance,
		log:          c.Log,
		now:          c.Now,
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	a.tokens = &tokens{now: c.Now, fetch: a.fetchToken(d.Option(c, "client_id"), c.Keys)}
	return a, nil
}

// isLive: PayPal's hosts for tests are a domain of their own, api-m.sandbox.paypal.com.
func isLive(base *url.URL) bool { return domainOf(base) == "paypal.com" }

// domainOf is the domain of a host of PayPal's; empty for other hosts.
func domainOf(base *url.URL) string {
	_, domain, _ := strings.Cut(strings.ToLower(base.Hostname()), ".")
	if domain == "paypal.com" || strings.HasSuffix(domain, ".paypal.com") {
		return domain
	}
	return ""
}

func newCertificates(d *channel.Driver, c channel.Config, base *url.URL) (*certificates, error) {
	s := &certificates{
		client: sendonce.Client(c.Client),
		host:   strings.ToLower(d.Option(c, "certificate_host")),
		name:   d.Option(c, "certificate_name"),
		now:    c.Now,
		known:  map[string]*x509.Certificate{},
	}
	if s.name == "" {
		s.name = "messageverificationcerts." + cmp.Or(domainOf(base), "paypal.com")
	}
	if text := d.Option(c, "certificate_roots"); text != "" {
		s.roots = x509.NewCertPool()
		if !s.roots.AppendCertsFromPEM([]byte(text)) {
			return nil, fmt.Errorf("channel paypal: option %q holds no PEM certificate", "certificate_roots")
		}
	}
	return s, nil
}
