// Package client is how a merchant's program talks to Paymux: typed calls for
// every resource under /v1, signed or with a bearer key, with the same
// idempotency key on every repeat of a request, and pages of lists read as they are needed.
//
// It never decides that a payment failed: what it could not learn is an *Unsettled,
// and repeating the call with its key tells. Several frontends of one deployment can
// be named; when one fails the next gets the same request with the same key (retry.go). It
// keeps no state beyond its connections and which frontends failed lately. Start
// reading at Client, then Payment calls in payments.go. The
// operators' interface (/ops/v1) and the switches of the sandbox are in ops.go and sandbox.go.
package client
