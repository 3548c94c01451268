// Package sendonce keeps an HTTP client from sending a request again by itself: where
// money moves, only who knows the request may (money rule 4). Start reading at Client.
package sendonce

import "net/http"

// Client returns c without the two ways in which net/http sends a request again by
// itself: following a redirect, and repeating on a broken connection a request whose
// body it can rewind, which it does for idempotent methods and for requests with an Idempotency-Key. nil is net/http's default.
func Client(c *http.Client) *http.Client {
	once := http.Client{}
	if c != nil {
		once = *c
	}
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	once.Transport = Transport(once.Transport)
	return &once
}

// Transport is the part of [Client] that does not repeat; nil stands for net/http's default.
func Transport(next http.RoundTripper) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	return unrewindable{next}
}

type unrewindable struct{ next http.RoundTripper }

func (t unrewindable) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.GetBody != nil {
		r = r.Clone(r.Context())
		r.GetBody = nil
	}
	return t.next.RoundTrip(r)
}
