package adyen_test

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/adyen"
	"github.com/paymux/paymux/test/adyenfake"
)

// told stands where the rest of the system does: Adyen cannot be asked, so it remembers what
// the channel has answered and what the institution's webhooks say, through the channel, and answers
// the suite's queries from that. How a reservation ended is looked up in the institution's own book.
type told struct {
	institution *adyenfake.Institution
	closed      sync.Map // cancel operation → pay operation, of pages
}

// driver is the real one, with queries.
func (t *told) driver() channel.Driver {
	d := *adyen.Driver()
	open := d.Open
	d.Features.Query = true
	d.Open = func(c channel.Config) (channel.Channel, error) {
		ch, err := open(c)
		return &remembering{Channel: ch, told: t, answers: map[paymux.OperationID]channel.Result{}}, err
	}
	return d
}

func (t *told) effects(id paymux.OperationID) int {
	if pay, ok := t.closed.Load(id); ok {
		return t.institution.Closed(string(pay.(paymux.OperationID)))
	}
	return t.institution.Effects(string(id))
}

type remembering struct {
	channel.Channel
	told    *told
	mu      sync.Mutex
	answers map[paymux.OperationID]channel.Result
}

func (r *remembering) Do(ctx context.Context, op channel.Operation) (channel.Result, error) {
	result, err := r.Channel.Do(ctx, op)
	if err == nil {
		r.mu.Lock()
		r.answers[op.ID] = result
		r.mu.Unlock()
		if op.Kind == paymux.Cancel && result.State == paymux.OpSucceeded {
			r.told.closed.Store(op.ID, op.PayID)
		}
	}
	return result, err
}

func (r *remembering) Query(ctx context.Context, op channel.Operation) (channel.Result, error) {
	if err := ctx.Err(); err != nil {
		return channel.Result{}, err
	}
	r.mu.Lock()
	result, known := r.answers[op.ID]
	r.mu.Unlock()
	for _, e := range r.told.institution.Events(string(op.ID)) {
		news, err := r.Channel.Callback(ctx, posted(e.Body))
		if err != nil {
			return channel.Result{}, err
		}
		if string(news.Ack.Body) != "[accepted]" {
			return channel.Result{}, fmt.Errorf("acknowledged with %q", news.Ack.Body)
		}
		if news.Operation == op.ID {
			result, known = news.Result, true
		}
	}
	if !known {
		return channel.Result{}, channel.ErrAbsent
	}
	if op.Kind != paymux.Pay {
		return result, nil
	}
	if asked, err := r.Channel.Query(ctx, op); !errors.Is(err, channel.ErrUnsupported) && result.State == paymux.OpPending {
		return asked, err
	}
	return r.book(op, result), nil
}

// book is how a payment stands at the institution once its reservation has ended.
func (r *remembering) book(op channel.Operation, result channel.Result) channel.Result {
	switch r.told.institution.State(string(op.ID)) {
	case "captured":
		result.State = paymux.OpSucceeded
	case "cancelled":
		result.State, result.NextAction = paymux.OpCanceled, nil
	}
	return result
}
