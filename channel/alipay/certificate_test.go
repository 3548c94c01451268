package alipay_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/alipay"
	"github.com/paymux/paymux/test/alipayfake"
)

// When Alipay changes its certificate, the new one is fetched once, proven by the root, and used for notifications, too.
func TestANewCertificateIsLearnt(t *testing.T) {
	t.Parallel()
	k := newCounter(t, alipayfake.Config{Certified: true})
	pay := k.payment(paymux.FlowWeb)
	number := k.come(t, k.do(t, pay, paymux.OpPending).NextAction)
	if err := k.institution.RenewCertificate(); err != nil {
		t.Fatal(err)
	}
	if _, err := k.channel.Callback(t.Context(), posted(k.institution.Sign(k.institution.Notification(number, k.now())))); !errors.Is(err, channel.ErrForged) {
		t.Errorf("a notification by a certificate that no answer has named: %v", err)
	}
	k.ask(t, pay, paymux.OpPending)
	news, err := k.channel.Callback(t.Context(), posted(k.institution.Sign(k.institution.Notification(number, k.now()))))
	if err != nil || news.Operation != pay.ID {
		t.Errorf("afterwards: %+v, %v", news, err)
	}
}

// The root vouches for every merchant's certificate, too: none of them speaks for Alipay.
func TestAMerchantsCertificateIsNotAlipays(t *testing.T) {
	t.Parallel()
	k := newCounter(t, alipayfake.Config{Certified: true})
	pay := k.payment(paymux.FlowInApp)
	pay.Method.PayerID = "2088102146225135"
	k.institution.MisuseCertificate()
	if r, err := k.channel.Query(t.Context(), pay); err == nil || errors.Is(err, channel.ErrAbsent) {
		t.Errorf("query: %s, %v", r.State, err)
	}
	if r, err := k.channel.Do(t.Context(), pay); err == nil || errors.Is(err, channel.ErrNotSent) {
		t.Errorf("do: %s, %v; want an error other than ErrNotSent", r.State, err)
	}
}

// versions is a key service that names its active version.
type versions struct {
	channel.Keys
	id    string
	asked *[]string
}

func (v versions) KeyID(context.Context, string) (string, error) { return v.id, nil }

func (v versions) Sign(ctx context.Context, option, keyID string, message []byte) ([]byte, error) {
	*v.asked = append(*v.asked, option+" "+keyID)
	return v.Keys.Sign(ctx, option, "", message)
}

// The key service's name of a version is the certificate that goes with it; without one the option's is used.
func TestTheActiveKeysCertificateIsNamed(t *testing.T) {
	t.Parallel()
	_, config := fake(t, alipayfake.Config{Certified: true})
	own, err := channel.FixedKeys(alipay.Driver(), config.Options)
	if err != nil {
		t.Fatal(err)
	}
	pay := operation(paymux.Pay)
	pay.Method = paymux.Method{Type: paymux.Alipay}
	named := func(certificate, id string) (sn string, asked []string, err error) {
		c := config
		c.Options = map[string]string{}
		for name, value := range config.Options {
			c.Options[name] = value
		}
		c.Options["app_certificate"], c.Keys = certificate, versions{own, id, &asked}
		r, err := open(t, c).Do(t.Context(), pay)
		if err != nil {
			return "", asked, err
		}
		u, err := url.Parse(r.NextAction.Redirect.URL)
		return u.Query().Get("app_cert_sn"), asked, err
	}
	const version = "0123456789abcdef0123456789abcdef"
	if sn, asked, err := named(config.Options["app_certificate"], version); err != nil || sn != version || len(asked) != 1 || asked[0] != "private_key "+version {
		t.Errorf("named by the service: %q, signed with %q, %v", sn, asked, err)
	}
	if sn, _, err := named("", version); err != nil || sn != version {
		t.Errorf("without the option: %q, %v", sn, err)
	}
	if sn, asked, err := named(config.Options["app_certificate"], ""); err != nil || len(sn) != 32 || sn == version || asked[0] != "private_key " {
		t.Errorf("named by the option: %q, signed with %q, %v", sn, asked, err)
	}
	if _, asked, err := named("", ""); !errors.Is(err, channel.ErrNotSent) || asked != nil {
		t.Errorf("named by nobody: signed with %q, %v", asked, err)
	}
}

func TestOpenChecksOptions(t *testing.T) {
	t.Parallel()
	institution, certified := fake(t, alipayfake.Config{Certified: true})
	other, err := alipayfake.New(alipayfake.Config{Certified: true}) // with keys and roots of its own
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{"app_id": institution.AppID, "private_key": certified.Options["private_key"], "alipay_public_key": public(pair().alipay)}
	change := func(options map[string]string, more ...string) map[string]string {
		changed := map[string]string{}
		for name, value := range options {
			changed[name] = value
		}
		for i := 0; i < len(more); i += 2 {
			changed[more[i]] = more[i+1]
		}
		return changed
	}
	for name, c := range map[string]struct {
		options map[string]string
		ok      bool
	}{
		"public key":                {keys, true},
		"two public keys":           {change(keys, "alipay_public_key", public(pair().alipay)+",\n"+public(pair().app)), true},
		"certificates":              {certified.Options, true},
		"neither":                   {change(keys, "alipay_public_key", ""), false},
		"both":                      {change(certified.Options, "alipay_public_key", public(pair().alipay)), false},
		"without the root":          {change(certified.Options, "alipay_root_certificate", ""), false},
		"another's root":            {change(certified.Options, "alipay_root_certificate", other.Options("")["alipay_root_certificate"]), false},
		"certificate is a key":      {change(certified.Options, "alipay_certificate", certified.Options["private_key"]), false},
		"certificate with a key":    {change(keys, "app_certificate", certified.Options["app_certificate"]), false},
		"app certificate is none":   {change(certified.Options, "app_certificate", "hush"), false},
		"public key is none":        {change(keys, "alipay_public_key", "hush"), false},
		"one of two is none":        {change(keys, "alipay_public_key", public(pair().alipay)+",hush"), false},
		"tolerance":                 {change(keys, "notification_tolerance", "soon"), false},
		"tolerance below nothing":   {change(keys, "notification_tolerance", "-1h"), false},
		"base URL without a scheme": {change(keys, "base_url", "openapi.alipay.com"), false},
		"base URL with a query":     {change(keys, "base_url", "https://openapi.alipay.com/gateway.do?charset=utf-8"), false},
		"no application":            {change(keys, "app_id", ""), false},
	} {
		fixed, err := channel.FixedKeys(alipay.Driver(), c.options)
		if err != nil {
			t.Fatal(err)
		}
		_, err = alipay.Driver().Open(channel.Config{Options: c.options, Keys: fixed, Client: http.DefaultClient, Now: time.Now})
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && (strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), strings.Split(certified.Options["private_key"], "\n")[1])) {
			t.Errorf("%s: the error repeats a value: %v", name, err)
		}
	}
}

// A configured certificate that has run out, or that has not begun to be valid, stops nothing: answers name the one in use.
func TestAnOldCertificateStopsNothing(t *testing.T) {
	t.Parallel()
	for _, years := range []int{-10, 10} {
		institution, err := alipayfake.New(alipayfake.Config{Certified: true, Like: model()})
		if err != nil {
			t.Fatal(err)
		}
		open(t, channel.Config{Options: institution.Options("http://127.0.0.1:1"), Client: http.DefaultClient, Now: func() time.Time { return time.Now().AddDate(years, 0, 0) }})
	}
}

// While Alipay's public key changes, the old and the new one are both believed.
func TestEitherPublicKeyIsBelieved(t *testing.T) {
	t.Parallel()
	institution, config := fake(t, alipayfake.Config{})
	config.Options["alipay_public_key"] += "\n" + pemOf(public(pair().alipay))
	ch := open(t, config)
	body := institution.Sign(map[string]string{
		"app_id": institution.AppID, "notify_id": "1", "notify_time": time.Now().In(beijing).Format(clock), "notify_type": "something_else",
	})
	if _, err := ch.Callback(t.Context(), posted(body)); err != nil {
		t.Errorf("the first key: %v", err)
	}
	told := "app_id=" + institution.AppID + "&notify_id=1&notify_time=2000-01-01 00:00:00"
	body = []byte("app_id=" + institution.AppID + "&notify_id=1&notify_time=2000-01-01+00:00:00&sign_type=RSA2&sign=" + url.QueryEscape(signature(pair().alipay, told)))
	if _, err := ch.Callback(t.Context(), posted(body)); !errors.Is(err, channel.ErrStale) {
		t.Errorf("the second key: %v, want ErrStale, which comes after the signature", err)
	}
}

func pemOf(der string) string {
	return "-----BEGIN PUBLIC KEY-----\n" + der + "\n-----END PUBLIC KEY-----\n"
}
