package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/paymux/paymux"
)

// Config says where Paymux is and who asks. Exactly one of Key and Signer is set,
// except for a client that only calls what needs no credentials.
type Config struct {
	BaseURL  string   // https://pay.example; paths such as /v1/payments are added
	BaseURLs []string // further frontends of the same deployment, tried in turn when one cannot be reached
	Key      paymux.Secret
	Signer   Signer
	HTTP     *http.Client // nil: one with a limit of 60 s
	// Attempts is how often a request may be sent in all; 0 means 3. Repeats carry
	// the same idempotency key and are made only where that is safe.
	Attempts int
	Agent    string // User-Agent; empty: paymux-go
}

// Client calls one deployment for one merchant. It is safe for concurrent use.
type Client struct {
	bases    []string
	key      paymux.Secret
	signer   Signer
	http     *http.Client
	attempts int
	agent    string
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
	made := &Client{bases: bases, key: c.Key, signer: c.Signer, http: c.HTTP, attempts: c.Attempts, agent: c.Agent}
	if made.http == nil {
		made.http = &http.Client{Timeout: time.Minute, CheckRedirect: sameAnswer}
	}
	if made.attempts <= 0 {
		made.attempts = 3
	}
	if made.agent == "" {
		made.agent = "paymux-go"
	}
	return made, nil
}

// sameAnswer keeps credentials from following a redirect: the API has none.
func sameAnswer(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

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
