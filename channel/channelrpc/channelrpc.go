// Package channelrpc is the unified scheduling interface on the wire: both ends of what
// package channel declares, as requests over NATS with JSON bodies, so that an
// institution's service package runs in a process of its own, in any language.
//
// docs/channel-contract.md is the contract for people and docs/channel-contract.schema.json
// for programs; a test holds both to the types in wire.go. The caller's end is
// Channel, which any room can use as a channel.Channel; the package's end is Serve.
// It never sends an operation twice and keeps nothing.
package channelrpc

import (
	"fmt"
	"strings"

	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/internal/rpc"
)

// Contract is the version of the wire contract. Members may be added within one
// version, and are ignored by who does not know them.
const Contract = 1

// Verbs of the contract.
const (
	VerbDo        = "do"
	VerbQuery     = "query"
	VerbCallback  = "callback"
	VerbStatement = "statement"
	VerbTest      = "test" // of accounts that have a kit
)

// Subject is where a verb of an account is served by the instances of one version
// of a channel, which share its requests as one queue group.
func Subject(name, version, account, verb string) string {
	return "paymux.channel." + name + "." + token(version) + "." + account + "." + verb
}

// token makes of a version what one token of a subject may hold.
func token(version string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '*' || r == '>' || r <= ' ' {
			return '-'
		}
		return r
	}, version)
}

// group is the queue group of all servers of the contract.
const group = "packages"

// Faults are the contract's errors by their names on the wire.
func Faults() rpc.Faults {
	return rpc.Faults{
		"not_sent": channel.ErrNotSent, "unsupported": channel.ErrUnsupported, "absent": channel.ErrAbsent,
		"forged": channel.ErrForged, "stale": channel.ErrStale, "malformed": channel.ErrMalformed,
	}
}

// CheckVersion reports a version that cannot be announced.
func CheckVersion(version string) error {
	if version == "" || len(version) > 64 || strings.ContainsAny(version, " \t\r\n*>") {
		return fmt.Errorf("version %q must have 1 to 64 characters without blanks, * and >", version)
	}
	return nil
}
