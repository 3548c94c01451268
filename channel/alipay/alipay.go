// Package alipay is the channel to Alipay in mainland China: the open platform's gateway with its
// alipay.trade methods. A payer pays on Alipay's page (desktop or phone), by scanning a code, in
// the merchant's app, or in a page or mini program inside Alipay's own app.
//
// It never holds the private key, which signs through [channel.Keys], and believes no answer whose
// signature it has not verified over the bytes as they came. It keeps nothing between calls but
// certificates of Alipay it has downloaded and verified, and sends each request once. Reservations are
// refused: the methods used here have none. It takes yuan only.
//
// For the ways of paying that begin with the payer, Alipay knows an order only once the payer has come.
// Until then it answers that there is no such trade, which proves nothing while the payer may still
// come: absence.go says what is made of that.
//
// Start reading at Driver, then account.Do in do.go; code.go says what Alipay's codes mean.
package alipay

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/internal/sendonce"
)

const (
	gateway = "https://openapi.alipay.com/gateway.do"
	keyName = "private_key"
)

// Driver describes Alipay. Statements are Alipay's daily bills, whose days are Beijing's: a day in UTC is cut out of two of
// them, and each is there only on the morning after.
func Driver() *channel.Driver {
	d := &channel.Driver{
		Name:  "alipay",
		Title: "Alipay",
		Options: []channel.Option{
			{Name: "app_id", Help: "ID of the application on the open platform", Required: true},
			{Name: keyName, Help: "RSA key of the application; signs every request (RSA2)", Required: true, Secret: true, Kind: channel.KeyRSA},
			{Name: "alipay_public_key", Help: "Alipay's public key for this application, PEM or base64, several separated by commas while it changes; instead of the certificates"},
			{Name: "app_certificate", Help: "certificate of the application, PEM; not needed where the key service names its serial number"},
			{Name: "alipay_certificate", Help: "Alipay's certificate with the ones it was issued by, PEM; instead of the public key"},
			{Name: "alipay_root_certificate", Help: "Alipay's root certificates, PEM; with alipay_certificate"},
			{Name: "seller_id", Help: "2088…, the account that is paid; notifications for another one are refused"},
			{Name: "mini_program_app_id", Help: "application in which payments inside Alipay's app are made, where they use the product JSAPI_PAY"},
			{Name: "notification_tolerance", Help: "how old a notification may be; Alipay repeats them for 25 hours", Default: "26h"},
			{Name: "base_url", Help: "where the gateway is", Default: gateway},
		},
		Methods: []paymux.MethodType{paymux.Alipay},
		Features: channel.Features{
			Cancel:        true,
			Refund:        true,
			PartialRefund: true,
			Query:         true,
			Callbacks:     true,
			Statement:     true,
		},
		Currencies: []paymux.Currency{yuan},
		TimeLimit:  20 * time.Second,
	}
	d.Open = func(c channel.Config) (channel.Channel, error) { return open(d, c) }
	return d
}

// account is one application with the account that is paid through it.
type account struct {
	appID, sellerID, miniProgram string
	gateway                      *url.URL
	tolerance                    time.Duration
	own                          identity
	trust                        *trust
	client                       *http.Client
	log                          *slog.Logger
	now                          func() time.Time
}

func open(d *channel.Driver, c channel.Config) (channel.Channel, error) {
	if err := d.Check(c.Options); err != nil {
		return nil, err
	}
	a := &account{
		appID: d.Option(c, "app_id"), sellerID: d.Option(c, "seller_id"), miniProgram: d.Option(c, "mini_program_app_id"),
		client: sendonce.Client(c.Client), log: c.Log, now: c.Now,
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if a.tolerance, err = time.ParseDuration(d.Option(c, "notification_tolerance")); err != nil || a.tolerance <= 0 {
		return nil, fmt.Errorf("channel alipay: option %q must be a duration such as 26h", "notification_tolerance")
	}
	a.gateway, err = url.Parse(d.Option(c, "base_url"))
	if err != nil || a.gateway.Host == "" || a.gateway.RawQuery != "" || a.gateway.Scheme != "https" && a.gateway.Scheme != "http" {
		return nil, fmt.Errorf("channel alipay: option %q must be an http or https URL without a query", "base_url")
	}
	if a.trust, err = trusted(d, c); err != nil {
		return nil, fmt.Errorf("channel alipay: %w", err)
	}
	if a.own, err = newIdentity(d, c, a.trust); err != nil {
		return nil, fmt.Errorf("channel alipay: %w", err)
	}
	return a, nil
}
