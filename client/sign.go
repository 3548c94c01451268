package client

import (
	"net/http"
	"time"
)

// Signer signs one request (RFC 9421) before it is sent: it adds
// Content-Digest, Signature-Input and Signature and changes nothing else. body is
// the request's whole body, created the time the signature is made at.
type Signer interface {
	Sign(r *http.Request, body []byte, created time.Time) error
}
