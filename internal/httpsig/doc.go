// Package httpsig signs and verifies HTTP messages: RFC 9421 (HTTP Message
// Signatures) and RFC 9530 (Content-Digest).
//
// It knows keys and messages, not merchants: which signature of a message counts,
// what it has to cover, how old it may be and whether a nonce was seen is for
// the caller to decide. What it does not support it refuses by name: the component
// parameters sf, bs, key, tr and req, and trailers.
//
// Start reading at [ParseSignatures] for the verifying side and at [Signer] for the signing side.
package httpsig
