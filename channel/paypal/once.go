package paypal

import "net/http"

// sendOnce returns c without the ways in which net/http sends a request again by
// itself: following a redirect, and repeating a request on a broken connection whose
// body it can rewind.
func sendOnce(c *http.Client) *http.Client {
	once := *c
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	next := once.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	once.Transport = unrewindable{next}
	return &once
}

type unrewindable struct{ next http.RoundTripper }

func (t unrewindable) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.GetBody != nil {
		r = r.Clone(r.Context())
		r.GetBody = nil
	}
	return t.next.RoundTrip(r)
}
