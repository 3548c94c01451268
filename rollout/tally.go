package rollout

import (
	"errors"
	"sync/atomic"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// counters count a [paymux.Tally]. Safe for concurrent use, without a lock.
type counters struct{ calls, failed, payments, declined atomic.Int64 }

func (c *counters) tally() paymux.Tally {
	return paymux.Tally{Calls: c.calls.Load(), Failed: c.failed.Load(), Payments: c.payments.Load(), Declined: c.declined.Load()}
}

// outcome is how a call counts.
type outcome int

const (
	went outcome = iota
	declined
	failed
)

func outcomeOf(r *channel.Result, err error) outcome {
	switch {
	case errors.Is(err, channel.ErrUnsupported):
		return went
	case err != nil, r.State == paymux.OpUnknown:
		return failed
	case r.State == paymux.OpDeclined:
		return declined
	}
	return went
}

// count notes the outcome of an operation.
func (c *counters) count(kind paymux.OperationKind, o outcome) {
	c.calls.Add(1)
	if o == failed {
		c.failed.Add(1)
	}
	if kind != paymux.Pay {
		return
	}
	c.payments.Add(1)
	if o == declined {
		c.declined.Add(1)
	}
}
