package gateway

import (
	"context"
	"maps"
	"strings"
	"sync"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/keys/keyuse"
)

// counting notes codes of the institution that the channel does not know: outcomes
// that it had to call unknown (money rule 3). It also lets the audit of keys say for which operation they were used.
type counting struct {
	channel.Channel
	codes *codes
}

// Unwrap leads to the account's kit.
func (c counting) Unwrap() channel.Channel { return c.Channel }

func (c counting) Do(ctx context.Context, op channel.Operation) (channel.Result, error) {
	r, err := c.Channel.Do(keyuse.WithRequest(ctx, string(op.ID)), op)
	c.codes.see(&r)
	return r, err
}

func (c counting) Query(ctx context.Context, op channel.Operation) (channel.Result, error) {
	r, err := c.Channel.Query(keyuse.WithRequest(ctx, string(op.ID)), op)
	c.codes.see(&r)
	return r, err
}

func (c counting) Callback(ctx context.Context, req channel.CallbackRequest) (channel.Callback, error) {
	cb, err := c.Channel.Callback(ctx, req)
	c.codes.see(&cb.Result)
	return cb, err
}

// mostCodes bounds how many different codes are told apart.
const mostCodes = 100

// codes counts unknown codes. Safe for concurrent use.
type codes struct {
	mu    sync.Mutex
	seen  map[string]int64
	fresh bool
}

func newCodes() *codes { return &codes{seen: map[string]int64{}} }

func (c *codes) see(r *channel.Result) {
	if r.State != paymux.OpUnknown || r.Code == "" {
		return
	}
	code := strings.ToValidUTF8(r.Code[:min(len(r.Code), 100)], "?")
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.seen[code]; !known && len(c.seen) >= mostCodes {
		code = "(other)"
	}
	c.seen[code]++
	c.fresh = true
}

// counts is a copy of what was counted.
func (c *codes) counts() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.seen)
}

// news reports whether something was counted since it was last asked.
func (c *codes) news() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	fresh := c.fresh
	c.fresh = false
	return fresh
}
