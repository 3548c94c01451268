package notify

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/webhook"
)

// receiver is an endpoint made ready for deliveries each time it is read: keys and URL are
// parsed once. Nothing but its health changes.
type receiver struct {
	paymux.Endpoint
	to      address // unused of a per-payment endpoint
	signers []signer
	health  health
}

// signer is a live secret. err is said when it would have to sign.
type signer struct {
	key     *webhook.Key
	shown   string // its entry, redacted
	expires time.Time
	err     error
}

func newReceiver(e paymux.Endpoint) *receiver {
	r := &receiver{Endpoint: e}
	if !e.PerPayment {
		r.to = newAddress(e.URL)
	}
	for _, s := range e.Secrets {
		r.signers = append(r.signers, newSigner(s))
	}
	r.health.start(e.FailingSince)
	return r
}

func newSigner(s paymux.SigningSecret) signer {
	text := s.Value.Reveal()
	key, err := webhook.ParseKey(text)
	if err == nil {
		err = webhook.CheckSecret(text)
	}
	if err != nil {
		err = fmt.Errorf("sign with the endpoint's secret: %w", err)
	}
	shown := "v1," + redacted
	if strings.HasPrefix(text, "whsk_") {
		shown = "v1a," + redacted
	}
	return signer{key: key, shown: shown, expires: s.Expires, err: err}
}

// redacted stands for what is not shown.
const redacted = "[redacted]"

// sign makes the signature header, and what is shown of it: one entry for each secret that is live, so
// that a receiver may hold the old or the new one while they are rotated.
func (r *receiver) sign(id paymux.EventID, at time.Time, body []byte) (header, shown string, err error) {
	b := make([]byte, 0, 128)
	for i := range r.signers {
		s := &r.signers[i]
		if !s.expires.IsZero() && !at.Before(s.expires) {
			continue
		}
		if s.err != nil {
			return "", "", s.err
		}
		if len(b) > 0 {
			b, shown = append(b, ' '), shown+" "
		}
		if b, err = s.key.AppendEntry(b, string(id), at, body); err != nil {
			return "", "", fmt.Errorf("sign with the endpoint's secret: %w", err)
		}
		shown += s.shown
	}
	if len(b) == 0 {
		return "", "", errors.New("the endpoint has no live signing secret")
	}
	return string(b), shown, nil
}

// address is a URL that was parsed once.
type address struct {
	url   *url.URL
	host  string // with the port
	shown string // without what may be secret
	login string // Authorization header, where the URL has a user
	plain bool   // without TLS
	err   error  // why nothing can be sent there
}

var errURL = errors.New("the endpoint's URL cannot be used")

func newAddress(raw string) address {
	u, err := url.Parse(raw)
	if err != nil {
		return address{shown: "(URL not readable)", err: errURL}
	}
	a := address{url: u, shown: (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String(), plain: u.Scheme == "http"}
	port := u.Port()
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		a.err = fmt.Errorf("%w: it is neither http nor https", errURL)
	case u.Hostname() == "":
		a.err = fmt.Errorf("%w: it names no host", errURL)
	case port == "" && a.plain:
		port = "80"
	case port == "":
		port = "443"
	}
	a.host = net.JoinHostPort(strings.ToLower(u.Hostname()), port)
	if u.User != nil {
		password, _ := u.User.Password()
		a.login = "Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password))
	}
	return a
}
