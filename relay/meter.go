package relay

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/paymux/paymux"
)

// Meter is a Node that counts what another one is asked, for its usage state (A12). Safe for concurrent use.
type Meter struct {
	Node
	now func() time.Time

	mu    sync.Mutex
	slots [meterSlots]meterSlot
}

// Metered is what was counted over the last seconds.
type Metered struct {
	Requests int     // a second
	Errors   float64 // share that failed by the node's own fault
}

const meterSlots = 5 // of one second each, the one under way not counted

type meterSlot struct{ second, requests, failed int64 }

// NewMeter counts what n is asked.
func NewMeter(n Node, now func() time.Time) *Meter { return &Meter{Node: n, now: now} }

// Metered tells what was counted over the last whole seconds.
func (m *Meter) Metered() Metered {
	m.mu.Lock()
	defer m.mu.Unlock()
	second := m.now().Unix()
	var requests, failed, seconds int64
	for _, s := range m.slots {
		if age := second - s.second; age >= 1 && age < meterSlots {
			requests, failed = requests+s.requests, failed+s.failed
		}
	}
	seconds = meterSlots - 1
	out := Metered{Requests: int((requests + seconds/2) / seconds)}
	if requests > 0 {
		out.Errors = float64(failed) / float64(requests)
	}
	return out
}

// count takes one request's end.
func (m *Meter) count(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	second := m.now().Unix()
	s := &m.slots[second%meterSlots]
	if s.second != second {
		*s = meterSlot{second: second}
	}
	s.requests++
	var e *paymux.Error
	if err != nil && (!errors.As(err, &e) || e.Code == paymux.Internal || e.Code == paymux.Unavailable) {
		s.failed++
	}
}

// Create counts and asks the node; so do the others.
func (m *Meter) Create(ctx context.Context, q paymux.CreatePayment) (r paymux.Reply, err error) {
	defer func() { m.count(err) }()
	return m.Node.Create(ctx, q)
}

// Confirm counts.
func (m *Meter) Confirm(ctx context.Context, q paymux.ConfirmPayment) (r paymux.Reply, err error) {
	defer func() { m.count(err) }()
	return m.Node.Confirm(ctx, q)
}

// Capture counts.
func (m *Meter) Capture(ctx context.Context, q paymux.CapturePayment) (r paymux.Reply, err error) {
	defer func() { m.count(err) }()
	return m.Node.Capture(ctx, q)
}

// Cancel counts.
func (m *Meter) Cancel(ctx context.Context, q paymux.CancelPayment) (r paymux.Reply, err error) {
	defer func() { m.count(err) }()
	return m.Node.Cancel(ctx, q)
}

// Refund counts.
func (m *Meter) Refund(ctx context.Context, q paymux.CreateRefund) (r paymux.Reply, err error) {
	defer func() { m.count(err) }()
	return m.Node.Refund(ctx, q)
}
