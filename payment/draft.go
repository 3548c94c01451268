package payment

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/queue"
)

// draft is a payment being changed: the record as it was read and the Change it is
// to become. Operations are reached through op, so that what was touched is known.
type draft struct {
	Change
	s        *Service
	before   paymux.Payment
	ops      []paymux.Operation // as they are to be, oldest first
	marks    []mark             // of ops, by position
	now      time.Time
	types    []paymux.EventType                // of the payment, to be made when it is whole
	object   json.RawMessage                   // the payment as JSON, made by seal
	refunds  map[paymux.RefundID]paymux.Refund // read for this change
	outcomes []Outcome                         // to be told once they are durable
	told     paymux.OperationID                // what an institution's news is about, whose trace it continues
	early    bool                              // there may have been accounts that were not known when it was routed

	atOnce   *paymux.Caller    // whose request this change itself answers
	answers  *paymux.Operation // whose outcome answers the request that waits
	answered *paymux.Reply     // that answer, once the change is sealed
}

// mark says what a change does to an operation.
type mark uint8

const (
	untouched mark = iota
	dirty
	begun
)

func (s *Service) draftOf(rec Record) *draft {
	d := &draft{s: s, before: rec.Payment, ops: slices.Clone(rec.Operations), marks: make([]mark, len(rec.Operations)), now: s.now()}
	d.Payment = rec.Payment
	return d
}

// now is the clock, to the microsecond, as stores keep it.
func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// find returns an operation of the payment, nil where there is none of that ID.
func (d *draft) find(id paymux.OperationID) *paymux.Operation {
	for i := range d.ops {
		if d.ops[i].ID == id {
			return &d.ops[i]
		}
	}
	return nil
}

// touch marks an operation as changed.
func (d *draft) touch(op *paymux.Operation) {
	for i := range d.ops {
		if d.ops[i].ID == op.ID && d.marks[i] == untouched {
			d.marks[i] = dirty
		}
	}
}

// begin adds an operation that is about to be sent, or, as OpCreated, left to the resolve task.
func (d *draft) begin(kind paymux.OperationKind, a *channel.Account, amount int64) *paymux.Operation {
	op := paymux.Operation{
		ID: paymux.OperationID(d.s.IDs.New(paymux.PrefixOperation)), Object: "operation",
		Payment: d.Payment.ID, Merchant: d.Payment.Merchant, Kind: kind, State: paymux.OpSent,
		Amount: amount, Currency: d.Payment.Currency, Channel: a.Driver.Name, Account: a.Name,
		CreatedAt: d.now, SentAt: d.now,
	}
	d.ops, d.marks = append(d.ops, op), append(d.marks, begun)
	d.resolveAt(a.Name, d.now.Add(a.Driver.TimeLimit+d.s.Patience))
	if kind == paymux.Pay {
		d.factOf(paymux.CountTried, d.now, amount, op.Channel, op.Account)
	}
	return &d.ops[len(d.ops)-1]
}

// resolveAt makes sure that the payment is looked at again.
func (d *draft) resolveAt(account string, at time.Time) {
	task := queue.Task{
		ID: paymux.TaskID(d.s.IDs.New(paymux.PrefixTask)), Kind: KindResolve, Lane: account,
		Ref: string(d.Payment.ID), Due: at, CreatedAt: d.now,
	}
	for i := range d.Tasks {
		if d.Tasks[i].Kind == KindResolve && d.Tasks[i].Lane == account {
			d.Tasks[i] = task
			return
		}
	}
	d.Tasks = append(d.Tasks, task)
}

// status moves the payment and notes the event that goes with it. It reports
// whether the table of states allows it.
func (d *draft) status(next paymux.PaymentStatus) bool {
	if !d.Payment.Status.CanBecome(next) {
		return false
	}
	if d.Payment.Status == next {
		return true
	}
	if d.Payment.Status.EndedUnpaid() {
		d.Payment.Late = true
	}
	d.Payment.Status = next
	if next != paymux.RequiresAction {
		d.Payment.NextAction = nil
	}
	if t, ok := eventOf[next]; ok {
		d.types = append(d.types, t)
	}
	return true
}

var eventOf = map[paymux.PaymentStatus]paymux.EventType{
	paymux.Authorized:        paymux.PaymentAuthorized,
	paymux.PartiallyCaptured: paymux.PaymentCaptured,
	paymux.Succeeded:         paymux.PaymentSucceeded,
	paymux.Failed:            paymux.PaymentFailed,
	paymux.Canceled:          paymux.PaymentCanceled,
	paymux.Expired:           paymux.PaymentExpired,
}

// hop leaves a line on the payment's timeline.
func (d *draft) hop(kind paymux.HopKind, ref, text string, data map[string]string) {
	d.Hops = append(d.Hops, paymux.Hop{At: d.now, Kind: kind, Text: text, Ref: ref, Data: data})
}

// open reports whether an operation of the payment has no outcome yet, among kinds, or of any kind.
func (d *draft) open(kinds ...paymux.OperationKind) bool {
	for i := range d.ops {
		if d.ops[i].State.Ended() {
			continue
		}
		if len(kinds) == 0 {
			return true
		}
		for _, k := range kinds {
			if d.ops[i].Kind == k {
				return true
			}
		}
	}
	return false
}

// payOperation is the pay operation that captures, cancels and refunds refer to:
// the one that brought money or a reservation, else the newest; nil where there is none.
func (d *draft) payOperation() *paymux.Operation {
	var newest *paymux.Operation
	for i := range d.ops {
		op := &d.ops[i]
		if op.Kind != paymux.Pay {
			continue
		}
		if newest == nil || !carries(newest) || carries(op) && !carries(newest) {
			newest = op
		}
	}
	return newest
}

// carries reports whether a pay operation brought money or a reservation.
func carries(op *paymux.Operation) bool {
	return op.State == paymux.OpAuthorized || op.State == paymux.OpSucceeded
}

// objectSize is room for most payments as JSON.
const objectSize = 1536

// seal completes the change: version, touched operations, events with their deliveries, and tasks to drop.
func (d *draft) seal(ctx context.Context) error {
	d.Payment.Version = d.before.Version + 1
	d.Payment.UpdatedAt = d.now
	if len(d.ops) > 0 {
		d.Payment.LatestOperation = d.ops[len(d.ops)-1].ID
	}
	d.quotas()
	d.New, d.Operations = d.New[:0], d.Operations[:0]
	for i, op := range d.ops {
		switch d.marks[i] {
		case begun:
			d.New = append(d.New, op)
		case dirty:
			d.Operations = append(d.Operations, op)
		}
	}
	if d.Payment.Status.Ended() && !d.open() && d.before.Version > 0 {
		d.Drop = append(d.Drop, TaskRef{Kind: KindResolve, Ref: string(d.Payment.ID)})
		d.Tasks = slices.DeleteFunc(d.Tasks, func(t queue.Task) bool { return t.Kind == KindResolve })
	}
	d.facts()
	d.object = d.Payment.AppendShown(make([]byte, 0, objectSize))
	if err := d.answer(); err != nil {
		return err
	}
	return d.events(ctx)
}
