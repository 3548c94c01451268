// Package wechatpay is the channel to WeChat Pay (API v3, a direct merchant in mainland China): a QR code,
// a page or mini program inside WeChat, a page in a phone's browser, and a merchant's own app.
//
// It holds no key of the merchant's: the private key signs and the APIv3 key decrypts behind
// [channel.Keys]. It believes no answer and no notification that the platform has not signed, sends each
// request once, and keeps nothing between calls but the platform's own certificates. The order number
// at WeChat Pay is the operation's ID without its prefix, so the same operation sent again is the same order
// there. Until the payer has paid, that number is all there is: it stands as the transaction's ID.
//
// Not offered: reservations (WeChat Pay has none for direct merchants), card data, currencies other
// than CNY, a page for desktop browsers (show the QR code instead).
//
// Start reading at Driver, then account.Do in do.go; outcome.go says what states mean, code.go what
// error codes mean, trust.go whose signature is believed.
package wechatpay

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/internal/sendonce"
)

// Name is the driver's.
const Name = "wechatpay"

// The options that are keys.
const (
	privateKey = "private_key"
	apiV3Key   = "api_v3_key"
)

// Driver describes WeChat Pay.
func Driver() *channel.Driver {
	d := &channel.Driver{
		Name:  Name,
		Title: "WeChat Pay",
		Options: []channel.Option{
			{Name: "mch_id", Help: "merchant number, 8 to 10 digits", Required: true},
			{Name: "app_id", Help: "AppID bound to the merchant number, wx…", Required: true},
			{Name: privateKey, Help: "private key of the merchant's API certificate (PEM); its key ID is the certificate's serial number", Required: true, Secret: true, Kind: channel.KeyRSA},
			{Name: "serial_no", Help: "serial number of the merchant's API certificate, where the key has no key ID"},
			{Name: apiV3Key, Help: "APIv3 key, 32 characters: opens notifications and platform certificates", Required: true, Secret: true, Kind: channel.KeyAESGCM},
			{Name: "platform_public_key", Help: "WeChat Pay public key (PEM), several in a row while one replaces another; empty: platform certificates are downloaded"},
			{Name: "platform_public_key_id", Help: "its ID, PUB_KEY_ID_…, or several separated by commas; the first is the one that answers are asked to be signed with"},
			{Name: "livemode", Help: "true: live payments only; false: test payments only, for a simulator, as WeChat Pay itself has no test accounts", Default: "true"},
			{Name: "callback_tolerance", Help: "how far the time of a notification or answer may be from ours", Default: "5m"},
			{Name: "base_url", Help: "where the API is", Default: "https://api.mch.weixin.qq.com"},
		},
		Methods: []paymux.MethodType{paymux.WeChatPay},
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

// yuan is the one currency; amounts at WeChat Pay are fen, as ours.
const yuan paymux.Currency = "CNY"

// account is one merchant number with one AppID.
type account struct {
	mchID, appID, serialNo string
	live                   bool
	base                   string // scheme and host
	tolerance              time.Duration
	keys                   channel.Keys
	http                   *http.Client
	trust                  *trust
	now                    func() time.Time
}

var (
	digits  = regexp.MustCompile(`^[0-9]{6,32}$`)
	appID   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)
	serials = regexp.MustCompile(`^[0-9A-Za-z_]{0,64}$`)
)

func open(d *channel.Driver, c channel.Config) (channel.Channel, error) {
	if err := d.Check(c.Options); err != nil {
		return nil, err
	}
	if c.Keys == nil {
		return nil, fmt.Errorf("channel wechatpay: no keys to use")
	}
	a := &account{
		mchID: d.Option(c, "mch_id"), appID: d.Option(c, "app_id"), serialNo: strings.ToUpper(d.Option(c, "serial_no")),
		live: d.Option(c, "livemode") == "true", keys: c.Keys, http: sendonce.Client(c.Client), now: c.Now,
	}
	for _, o := range []struct {
		name, text string
		form       *regexp.Regexp
	}{{"mch_id", a.mchID, digits}, {"app_id", a.appID, appID}, {"serial_no", a.serialNo, serials}} {
		if !o.form.MatchString(o.text) {
			return nil, fmt.Errorf("channel wechatpay: option %q is not of the form %s", o.name, o.form)
		}
	}
	if mode := d.Option(c, "livemode"); mode != "true" && mode != "false" {
		return nil, fmt.Errorf("channel wechatpay: option %q must be true or false", "livemode")
	}
	var err error
	if a.tolerance, err = time.ParseDuration(d.Option(c, "callback_tolerance")); err != nil || a.tolerance <= 0 {
		return nil, fmt.Errorf("channel wechatpay: option %q must be a duration such as 5m", "callback_tolerance")
	}
	if a.base, err = baseURL(d.Option(c, "base_url")); err != nil {
		return nil, err
	}
	a.trust, err = newTrust(d.Option(c, "platform_public_key"), d.Option(c, "platform_public_key_id"), a.certificates, a.now)
	return a, err
}

// baseURL is the API's scheme and host; paths are the API's own, and are signed.
func baseURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return "", fmt.Errorf("channel wechatpay: option %q must be an http or https URL without a path", "base_url")
	}
	return u.Scheme + "://" + u.Host, nil
}
