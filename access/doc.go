// Package access is the front door: it serves the merchant interface at /v1, the
// operators' at /ops/v1, institutions' callbacks, and the reference at /docs.
//
// A request is verified (who sent it, unchanged and fresh), held against the
// authority list and traffic control, decrypted where it was encrypted, checked
// against the same schemas the OpenAPI document is written from, and turned into
// the house's terms; then a verb is called, and its reply is written down as
// HTTP or as a problem document. This happens here and nowhere else (A7).
//
// It decides nothing about payments, keeps nothing, and believes no header of a
// proxy it was not told to trust. Start reading at server.go, then call.go and
// payment.go; authenticate.go is where verification begins, problems.go the
// catalogue of errors.
package access
