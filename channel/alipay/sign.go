package alipay

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/paymux/paymux/channel"
)

// beijing is the time Alipay speaks in. China has had no summer time since 1991.
var beijing = time.FixedZone("UTC+8", 8*60*60)

const clock = "2006-01-02 15:04:05"

// identity signs as the application does.
type identity struct {
	keys channel.Keys
	// certSN names the configured certificate; empty without certificates, and where only the key service knows it.
	certSN    string
	rootSN    string
	certified bool
}

func newIdentity(d *channel.Driver, c channel.Config, t *trust) (identity, error) {
	own := identity{keys: c.Keys, rootSN: t.rootSN, certified: t.certified()}
	if own.keys == nil {
		return own, errors.New("there are no keys to sign with")
	}
	text := d.Option(c, "app_certificate")
	if text == "" {
		return own, nil
	}
	if !own.certified {
		return own, fmt.Errorf("option %q goes with %q, not with a public key", "app_certificate", "alipay_certificate")
	}
	list, err := certificates(text)
	if err != nil {
		return own, fmt.Errorf("option %q: %w", "app_certificate", err)
	}
	own.certSN, err = serialNumber(list[0])
	return own, err
}

// sign completes parameters with the certificates' serial numbers and the signature. The key service's name of
// its active version is that version's certificate, so that a rotated key goes with its own.
func (i identity) sign(ctx context.Context, p map[string]string) error {
	keyID, err := i.keys.KeyID(ctx, keyName)
	if err != nil {
		return fmt.Errorf("ask for the key's name: %w", err)
	}
	if i.certified {
		p["app_cert_sn"], p["alipay_root_cert_sn"] = i.certSN, i.rootSN
		if keyID != "" {
			p["app_cert_sn"] = keyID
		}
		if p["app_cert_sn"] == "" {
			return fmt.Errorf("neither option %q nor the key service names the application's certificate", "app_certificate")
		}
	}
	signature, err := i.keys.Sign(ctx, keyName, keyID, []byte(canonical(p)))
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	p["sign"] = base64.StdEncoding.EncodeToString(signature)
	return nil
}

// canonical is what is signed: the parameters that have a value, by name, as they are before any encoding.
func canonical(p map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if p[name] == "" || name == "sign" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(name + "=" + p[name])
	}
	return b.String()
}

// encode writes parameters as a query or a form, in order. A space is %20, which means the same in both.
func encode(p map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(name + "=" + strings.ReplaceAll(url.QueryEscape(p[name]), "+", "%20"))
	}
	return b.String()
}

// when writes a time as Alipay reads it.
func when(t time.Time) string { return t.In(beijing).Format(clock) }
