package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/paymux/paymux"
)

// Config says where Paymux is and who asks. Exactly one of Key and Signer is set,
// except for a client that only calls what needs no credentials.
type Config struct {
	BaseURL string // https://pay.example; paths such as /v1/payments are added
	// BaseURLs are further frontends of the same deployment. The first that is given serves; when it cannot be
	// reached, or says that it is not ready, the next is asked with the same idempotency key. It is asked first again half a minute later.
	BaseURLs []string
	Key      paymux.Secret
	Signer   Signer
	HTTP     *http.Client // nil: one with a limit of 60 s
	// Attempts is how often a request may be sent in all; 0 means 3, and every frontend is asked once at least. Repeats
	// carry the same idempotency key and are made only where that is safe. Waiting for a
	// request under way with the same key takes no attempt and a minute at most.
	Attempts int
	Agent    string // User-Agent; empty: paymux-go
	// Traceparent is asked, with each call's context, which trace the call continues (see the option of that name); nil or empty: none.
	Traceparent func(ctx context.Context) string
}

// Client calls one deployment for one merchant. It is safe for concurrent use.
type Client struct {
	frontends *frontends
	key       paymux.Secret
	signer    Signer
	http      *http.Client
	attempts  int
	agent     string
	trace     func(ctx context.Context) string
}

// New checks the configuration and returns a client. It calls nobody.
func New(c Config) (*Client, error) {
	bases, err := baseURLs(c)
	if err != nil {
		return nil, err
	}
	if c.Key != "" && c.Signer != nil {
		return nil, errors.New("client: give a key or a signer, not both")
	}
	made := &Client{frontends: newFrontends(bases), key: c.Key, signer: c.Signer, http: c.HTTP, attempts: c.Attempts, agent: c.Agent, trace: c.Traceparent}
	if made.http == nil {
		made.http = &http.Client{Timeout: time.Minute, CheckRedirect: sameAnswer, Transport: transport(len(bases))}
	}
	if made.attempts <= 0 {
		made.attempts = 3
	}
	if made.agent == "" {
		made.agent = "paymux-go"
	}
	return made, nil
}

func (c *Client) traceparent(ctx context.Context) string {
	if c.trace == nil {
		return ""
	}
	return c.trace(ctx)
}

// plain reports whether text may stand in a traceparent.
func plain(text string) bool {
	return text != "" && len(text) <= 256 && strings.Trim(text, "0123456789abcdef-") == ""
}

// sameAnswer keeps credentials from following a redirect: the API has none.
func sameAnswer(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// transport is the system's default. With another frontend to turn to, a connection has to be there in five seconds.
func transport(frontends int) http.RoundTripper {
	ours, ok := http.DefaultTransport.(*http.Transport)
	if !ok || frontends == 1 {
		return http.DefaultTransport
	}
	ours = ours.Clone()
	ours.DialContext = (&net.Dialer{Timeout: 5 * time.Second}).DialContext
	return ours
}

func baseURLs(c Config) ([]string, error) {
	var bases []string
	for _, given := range append([]string{c.BaseURL}, c.BaseURLs...) {
		if given == "" {
			continue
		}
		u, err := url.Parse(given)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("client: base URL %q is not of the form https://host", given)
		}
		bases = append(bases, strings.TrimRight(given, "/"))
	}
	if bases == nil {
		return nil, errors.New("client: no base URL")
	}
	return bases, nil
}
