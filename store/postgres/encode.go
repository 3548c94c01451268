package postgres

import (
	"encoding/json"
	"errors"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

// encode makes rows of a change. They point into its slices, which the caller leaves alone
// from then on: a change is written even when its caller has stopped waiting.
func encode(c *payment.Change) (*entry, error) {
	p := c.Payment
	e := &entry{about: string(p.ID), drop: c.Drop}
	var faults [7]error
	var detail string
	detail, faults[0] = paymentDetail(&p)
	e.payment = []row[paymux.Payment]{{&p, detail}}
	e.new, faults[1] = rows(c.New, operationDetail)
	e.operations, faults[2] = rows(c.Operations, operationDetail)
	e.newRefunds, faults[3] = rows(c.NewRefunds, marshal)
	e.refunds, faults[4] = rows(c.Refunds, marshal)
	e.disputes, faults[5] = rows(c.Disputes, marshal)
	e.hops, faults[6] = rows(payHops(p.ID, c.Hops), func(h *payHop) (string, error) { return marshal(&h.Hop) })
	e.begin, e.finish = optional(c.Begin), optional(c.Finish)
	e.events, e.tasks = pointers(c.Events), pointers(c.Tasks)
	if c.Link != "" {
		e.links = []linkPayment{{c.Link, p.ID}}
	}
	return e, errors.Join(faults[:]...)
}

func encodeEvent(event paymux.Event, tasks []queue.Task) *entry {
	return &entry{about: string(event.ID), events: []*paymux.Event{&event}, tasks: pointers(tasks)}
}

func rows[T any](nouns []T, detail func(*T) (string, error)) ([]row[T], error) {
	if len(nouns) == 0 {
		return nil, nil
	}
	all := make([]row[T], len(nouns))
	for i := range nouns {
		text, err := detail(&nouns[i])
		if err != nil {
			return nil, err
		}
		all[i] = row[T]{&nouns[i], text}
	}
	return all, nil
}

func marshal[T any](noun *T) (string, error) {
	text, err := json.Marshal(noun)
	return string(text), err
}

func optional[T any](noun *T) []*T {
	if noun == nil {
		return nil
	}
	return []*T{noun}
}

func pointers[T any](nouns []T) []*T {
	all := make([]*T, len(nouns))
	for i := range nouns {
		all[i] = &nouns[i]
	}
	return all
}
