// Package adyen is the channel to Adyen (Checkout API v71, standard webhooks, payment
// accounting report): cards by token, and cards, Alipay, WeChat Pay and PayPal on
// Adyen's own page (Pay by Link).
//
// It never sees a card number and keeps nothing between calls. It sends each request
// once, every POST with the operation's ID as Idempotency-Key. Adyen cannot be asked about a
// payment: what was "received" is concluded by the webhook, which is the final word
// also where an answer was lost; Query knows payment links only. A transaction's ID is
// Adyen's pspReference; before there is one, that of the payment link (PL…), or, where a card waits for
// 3-D Secure, our own reference (op_…).
//
// A card's token is SHOPPER/STORED (shopperReference and storedPaymentMethodId), or the
// JSON that Adyen's Drop-in or Component made in the payer's browser: see token in
// token.go. After 3-D Secure the payer's browser comes back to this account's callback URL,
// and Callback hands what it brings to /payments/details: see back.go.
//
// What the signature of a webhook does not cover (reason, date, method) decides
// nothing about money. One webhook must hold one item, as Adyen sends them: a batch is
// refused whole, and so sent again, rather than read in part.
//
// Start reading at Driver, then account.Do in do.go; outcome.go says what Adyen's result codes mean,
// failure.go what its errors mean, event.go what its webhooks mean.
package adyen

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // report_time_zone is a place's name, and small containers know no places

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/internal/sendonce"
)

const (
	testURL     = "https://checkout-test.adyen.com/v71"
	testReports = "https://ca-test.adyen.com/reports/download/MerchantAccount"
	liveReports = "https://ca-live.adyen.com/reports/download/MerchantAccount"
)

// Driver describes Adyen.
func Driver() *channel.Driver {
	d := &channel.Driver{
		Name:    "adyen",
		Title:   "Adyen",
		Options: options(),
		Methods: []paymux.MethodType{paymux.Card, paymux.Alipay, paymux.WeChatPay, paymux.PayPal},
		Features: channel.Features{
			ManualCapture:  true,
			PartialCapture: true, // once: what is not captured is released
			Cancel:         true,
			Refund:         true,
			PartialRefund:  true,
			Callbacks:      true,
			Statement:      true,
			CardTokens:     true,
		},
		Currencies: currencies(),
		Exponents:  exponents(),
		TimeLimit:  30 * time.Second,
	}
	d.Open = func(c channel.Config) (channel.Channel, error) { return open(d, c) }
	return d
}

func options() []channel.Option {
	return []channel.Option{
		{Name: "merchant_account", Help: "merchant account that payments are made for", Required: true},
		{Name: "api_key", Help: "API key of a web service user of that account", Required: true, Secret: true, Kind: channel.KeyOpaque},
		{Name: "hmac_key", Help: "HMAC key of the standard webhook, as Adyen shows it with hex: before it (hex:44782D…)", Required: true, Secret: true, Kind: channel.KeyHMAC},
		{Name: "live", Help: "true where real money moves", Default: "false"},
		{Name: "base_url", Help: "where the Checkout API is; needed where live is true, for its host begins with the account's own prefix (https://PREFIX-checkout-live.adyenpayments.com/checkout/v71); " + testURL + " otherwise"},
		{Name: "three_ds", Help: "redirect, or native where tokens come from Adyen's Component and the page can run 3-D Secure itself", Default: "redirect"},
		{Name: "webhook_user", Help: "user name of the webhook's basic authentication; needs webhook_password"},
		{Name: "webhook_password", Help: "password of the webhook's basic authentication", Secret: true, Kind: channel.KeyOpaque},
		{Name: "webhook_tolerance", Help: "how old an event may be; Adyen repeats webhooks for days", Default: "720h"},
		{Name: "report_user", Help: "report user, for statements (report@Company.NAME)"},
		{Name: "report_password", Help: "password of the report user", Secret: true, Kind: channel.KeyOpaque},
		{Name: "reports_url", Help: "where the merchant accounts' reports are; " + testReports + " or, live, " + liveReports + " where it is empty"},
		{Name: "report_time_zone", Help: "time zone that the account's reports are made in, such as Europe/Amsterdam", Default: "UTC"},
	}
}

// account is one merchant account.
type account struct {
	keys      channel.Keys
	client    *http.Client
	log       *slog.Logger
	now       func() time.Time
	merchant  string
	base      string // without a slash at its end
	live      bool
	native    bool // 3-D Secure in the payer's page where possible
	user      string
	tolerance time.Duration
	reports   reports
}

func open(d *channel.Driver, c channel.Config) (channel.Channel, error) {
	if err := d.Check(c.Options); err != nil {
		return nil, err
	}
	a := &account{
		keys: c.Keys, client: sendonce.Client(c.Client), log: c.Log, now: c.Now,
		merchant: d.Option(c, "merchant_account"), user: d.Option(c, "webhook_user"),
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if a.keys == nil {
		return nil, wrong("api_key", "needs the keys of the account")
	}
	for _, read := range []func(*channel.Driver, channel.Config) error{a.readMode, a.readBase, a.readWebhook, a.readReports} {
		if err := read(d, c); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func wrong(option, what string) error {
	return fmt.Errorf("channel adyen: option %q %s", option, what)
}

func (a *account) readMode(d *channel.Driver, c channel.Config) (err error) {
	if a.live, err = strconv.ParseBool(d.Option(c, "live")); err != nil {
		return wrong("live", "must be true or false")
	}
	if strings.Contains(a.merchant, ":") {
		return wrong("merchant_account", "must not hold a colon, which parts the fields that webhooks sign")
	}
	switch d.Option(c, "three_ds") {
	case "redirect":
	case "native":
		a.native = true
	default:
		return wrong("three_ds", "must be redirect or native")
	}
	return nil
}

func (a *account) readBase(d *channel.Driver, c channel.Config) (err error) {
	text := d.Option(c, "base_url")
	if text == "" {
		if a.live {
			return wrong("base_url", "is needed where live is true: the live host begins with the account's own prefix")
		}
		text = testURL
	}
	a.base, err = webURL("base_url", text)
	return err
}

func (a *account) readWebhook(d *channel.Driver, c channel.Config) (err error) {
	if (a.user == "") != (c.Options["webhook_password"] == "") {
		return wrong("webhook_user", "and webhook_password belong together")
	}
	if a.tolerance, err = time.ParseDuration(d.Option(c, "webhook_tolerance")); err != nil || a.tolerance <= 0 {
		return wrong("webhook_tolerance", "must be a duration such as 720h")
	}
	return nil
}

func (a *account) readReports(d *channel.Driver, c channel.Config) (err error) {
	text := d.Option(c, "reports_url")
	switch {
	case text != "":
	case a.live:
		text = liveReports
	default:
		text = testReports
	}
	if a.reports.base, err = webURL("reports_url", text); err != nil {
		return err
	}
	if a.reports.zone, err = time.LoadLocation(d.Option(c, "report_time_zone")); err != nil {
		return wrong("report_time_zone", "must be a time zone such as UTC or Europe/Amsterdam")
	}
	a.reports.user = d.Option(c, "report_user")
	if (a.reports.user == "") != (c.Options["report_password"] == "") {
		return wrong("report_user", "and report_password belong together")
	}
	return nil
}

// webURL returns an http or https URL without the slash at its end.
func webURL(option, text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.User != nil {
		return "", wrong(option, "must be an http or https URL")
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}
