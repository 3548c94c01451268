package channel

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/histogram"
)

// What a channel is asked besides operations, as a Meter calls it.
const (
	askedQuery     = "query"
	askedCallback  = "callback"
	askedStatement = "statement"
)

// Outcomes of calls that are no operation's state.
const (
	wentWell    = "ok"          // a callback was believed, a statement read
	absent      = "absent"      // of a query: the institution has never seen the operation
	unsupported = "unsupported" // the channel cannot do it
	refused     = "refused"     // a callback that cannot be believed
	failed      = "failed"      // a query or a statement that brought no answer
)

var asked = [...]string{string(paymux.Pay), string(paymux.Capture), string(paymux.Cancel), string(paymux.Refunds), askedQuery, askedCallback, askedStatement}

var outcomes = [...]string{
	string(paymux.OpSucceeded), string(paymux.OpAuthorized), string(paymux.OpPending), string(paymux.OpDeclined), string(paymux.OpCanceled),
	string(paymux.OpUnknown), string(paymux.OpNotSent), wentWell, absent, unsupported, refused, failed,
}

// Meter counts the calls of one channel, whatever its accounts. The zero Meter is ready; it takes no lock. Safe for concurrent use.
type Meter struct {
	under atomic.Int64
	took  [len(asked)]histogram.Histogram
	ended [len(asked)][len(outcomes)]atomic.Int64
}

// Calls is what a Meter has counted of one operation.
type Calls struct {
	Operation string // pay, capture, cancel, refund, query, callback or statement
	Outcomes  map[string]int64
	Took      histogram.Counts
}

// UnderWay is how many calls have not ended.
func (m *Meter) UnderWay() int64 { return m.under.Load() }

// Calls lists what there was.
func (m *Meter) Calls() (list []Calls) {
	for i, name := range asked {
		c := Calls{Operation: name, Outcomes: map[string]int64{}, Took: m.took[i].Counts()}
		for j, outcome := range outcomes {
			if n := m.ended[i][j].Load(); n > 0 {
				c.Outcomes[outcome] = n
			}
		}
		if len(c.Outcomes) > 0 {
			list = append(list, c)
		}
	}
	return list
}

// Of returns c with its calls counted.
func (m *Meter) Of(c Channel) Channel { return measured{c, m} }

// measured is a channel whose calls are counted.
type measured struct {
	Channel
	meter *Meter
}

// Unwrap leads to the account's kit.
func (c measured) Unwrap() Channel { return c.Channel }

// Do implements Channel; so do the others.
func (c measured) Do(ctx context.Context, op Operation) (Result, error) {
	defer c.meter.under.Add(-1)
	began := c.meter.begin()
	r, err := c.Channel.Do(ctx, op)
	c.meter.end(ctx, string(op.Kind), began, outcomeOf(&r, err, string(paymux.OpUnknown)))
	return r, err
}

func (c measured) Query(ctx context.Context, op Operation) (Result, error) {
	defer c.meter.under.Add(-1)
	began := c.meter.begin()
	r, err := c.Channel.Query(ctx, op)
	c.meter.end(ctx, askedQuery, began, outcomeOf(&r, err, failed))
	return r, err
}

func (c measured) Callback(ctx context.Context, req CallbackRequest) (Callback, error) {
	defer c.meter.under.Add(-1)
	began := c.meter.begin()
	cb, err := c.Channel.Callback(ctx, req)
	c.meter.end(ctx, askedCallback, began, wordOf(err, refused))
	return cb, err
}

func (c measured) Statement(ctx context.Context, day time.Time) ([]StatementLine, error) {
	defer c.meter.under.Add(-1)
	began := c.meter.begin()
	lines, err := c.Channel.Statement(ctx, day)
	c.meter.end(ctx, askedStatement, began, wordOf(err, failed))
	return lines, err
}

func (m *Meter) begin() time.Time {
	m.under.Add(1)
	return time.Now()
}

// Spent is how long institutions were waited for in the course of a request. Safe for concurrent use.
type Spent struct{ nanos atomic.Int64 }

// Time is the sum so far.
func (s *Spent) Time() time.Duration { return time.Duration(s.nanos.Load()) }

type spentKey struct{}

// WithSpent returns a context that notes the time of calls, of channels that a Meter counts, that are made under it.
func WithSpent(ctx context.Context) (context.Context, *Spent) {
	s := &Spent{}
	return context.WithValue(ctx, spentKey{}, s), s
}

// end counts a call. What is not in the lists was never asked or answered by the contract, and is not counted.
func (m *Meter) end(ctx context.Context, operation string, began time.Time, outcome string) {
	took := time.Since(began)
	if s, ok := ctx.Value(spentKey{}).(*Spent); ok {
		s.nanos.Add(int64(took))
	}
	i, j := slices.Index(asked[:], operation), slices.Index(outcomes[:], outcome)
	if i < 0 || j < 0 {
		return
	}
	m.took[i].Observe(took)
	m.ended[i][j].Add(1)
}

// outcomeOf is how an answer about an operation counts. unanswered is the word for an error that proves nothing.
func outcomeOf(r *Result, err error, unanswered string) string {
	switch {
	case errors.Is(err, ErrNotSent):
		return string(paymux.OpNotSent)
	case errors.Is(err, ErrAbsent):
		return absent
	case err != nil:
		return wordOf(err, unanswered)
	case slices.Contains(outcomes[:], string(r.State)):
		return string(r.State)
	}
	return string(paymux.OpUnknown) // a state nobody knows is no verdict
}

func wordOf(err error, otherwise string) string {
	switch {
	case err == nil:
		return wentWell
	case errors.Is(err, ErrUnsupported):
		return unsupported
	}
	return otherwise
}
