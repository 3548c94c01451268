package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// What the server has to answer for.

func checkServer(ctx context.Context, d *doctor) finding {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.profile.BaseURL+"/readyz", nil)
	if err != nil {
		return bad(err, "set PAYMUX_BASE_URL to a URL such as http://127.0.0.1:8080")
	}
	begun := d.c.now()
	answer, err := (&http.Client{Timeout: 5 * time.Second, CheckRedirect: noRedirect}).Do(r)
	if err != nil {
		return bad(err, "start it with paymux dev, or set PAYMUX_BASE_URL")
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return bad(fmt.Errorf("%s/readyz answers %s", d.profile.BaseURL, answer.Status), "look at the server's log")
	}
	return good("%s answers in %s", d.profile.BaseURL, short(d.c.now().Sub(begun)))
}

// maxClockOff is well inside what signatures tolerate.
const maxClockOff = time.Minute

func checkClock(ctx context.Context, d *doctor) finding {
	if d.api == nil {
		return skipped("no key")
	}
	var got client.Answered
	if _, err := d.api.Merchant(ctx, client.Into(&got)); err != nil && got.Header == nil {
		return skipped("the server does not answer")
	}
	there, err := http.ParseTime(got.Header.Get("Date"))
	if err != nil {
		return skipped("the server does not tell its time")
	}
	if off := d.c.now().Sub(there).Abs(); off > maxClockOff {
		return bad(fmt.Errorf("this clock and the server's differ by %s", off.Round(time.Second)), "synchronise the clock (NTP): signatures are refused beyond 5 minutes")
	}
	return good("agrees with the server's")
}

func checkKey(ctx context.Context, d *doctor) finding {
	if d.api == nil {
		return skipped("no key")
	}
	m, err := d.api.Merchant(ctx)
	if err != nil {
		return bad(err, "run paymux dev again, or set PAYMUX_KEY to a key of this deployment")
	}
	return good("belongs to %s (%s)", m.ID, m.Name)
}

func checkSignature(ctx context.Context, d *doctor) finding {
	if d.profile.SigningKey == "" {
		return skipped("the profile has no signing key")
	}
	signer, err := client.SignHMAC(paymux.KeyID(d.profile.SigningKey), paymux.Secret(d.profile.SigningSecret), d.c.now)
	if err != nil {
		return bad(err, "run paymux dev again")
	}
	signed, err := client.New(client.Config{BaseURL: d.profile.BaseURL, Signer: signer})
	if err != nil {
		return bad(err, "set PAYMUX_BASE_URL")
	}
	if _, err := signed.Merchant(ctx); err != nil {
		return bad(err, "check public_url and the proxies in front: both sides must see the same scheme, host and path")
	}
	return good("a signed request (RFC 9421) is accepted")
}

// checkWebhooks looks at every endpoint of the merchant; it sends nothing.
func checkWebhooks(ctx context.Context, d *doctor) finding {
	if d.api == nil {
		return skipped("no key")
	}
	endpoints, err := d.api.Endpoints(ctx)
	if err != nil {
		return bad(err, "see the check of the key")
	}
	for _, e := range endpoints {
		if e.Status == paymux.EndpointDisabled {
			return bad(fmt.Errorf("%s is disabled: %s", e.URL, e.Reason), "put the receiver right, then set the endpoint's status to enabled")
		}
		if !e.FailingSince.IsZero() {
			return bad(fmt.Errorf("every attempt to %s has failed since %s", e.ID, e.FailingSince.Format(time.RFC3339)), "see paymux webhooks notifications "+string(e.ID)+" and paymux webhooks attempts, put the receiver right, then paymux webhooks replay")
		}
		if e.PerPayment || e.Status == paymux.EndpointPull {
			continue // there is no URL that is called
		}
		if err := reach(ctx, e.URL); err != nil {
			return bad(fmt.Errorf("%s cannot be reached from here: %w", e.URL, err), "start the receiver, or delete the endpoint "+string(e.ID))
		}
	}
	if len(endpoints) == 0 {
		return good("no endpoint yet: paymux listen makes one")
	}
	return good("%d endpoints, all that are called are reachable", len(endpoints))
}

// reach connects to an endpoint's host and port, and says nothing to it.
func reach(ctx context.Context, target string) error {
	u, err := url.Parse(target)
	if err != nil {
		return err
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	conn, err := (&net.Dialer{Timeout: 3 * time.Second}).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return err
	}
	return conn.Close()
}
