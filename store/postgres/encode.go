package postgres

import (
	"encoding/json"
	"errors"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

// usualSize is room for the rows of most changes.
const usualSize = 6 << 10

// encode makes rows of a change, once and for all: a change is written even when its
// caller has stopped waiting.
func encode(c *payment.Change) (*entry, error) {
	p := c.Payment
	r := &record{buf: make([]byte, 0, usualSize)}
	e := &entry{about: string(p.ID)}
	e.begin = rows(r, optional(c.Begin), appendIdempotency)
	e.payment = rows(r, []paymux.Payment{p}, appendPayment)
	e.finish = rows(r, optional(c.Finish), appendIdempotency)
	e.new = rows(r, c.New, appendOperation)
	e.operations = rows(r, c.Operations, appendOperation)
	e.newRefunds = rows(r, c.NewRefunds, appendRefund)
	e.refunds = rows(r, c.Refunds, appendRefund)
	e.disputes = rows(r, c.Disputes, appendDispute)
	e.events = rows(r, c.Events, appendEvent)
	e.drop = rows(r, c.Drop, appendTaskRef)
	e.tasks = rows(r, c.Tasks, appendTask)
	e.hops = rows(r, payHops(p.ID, c.Hops), appendHop)
	if c.Link != "" {
		e.links = rows(r, []linkPayment{{c.Link, p.ID}}, appendLink)
	}
	e.facts = paymux.AppendFacts(nil, c.Facts)
	e.reserve, e.release = c.Reserve, c.Release
	return e, errors.Join(r.err, checkQuotas(e.reserve, e.release))
}

func encodeEvent(event paymux.Event, tasks []queue.Task) (*entry, error) {
	r := &record{}
	e := &entry{about: string(event.ID)}
	e.events = rows(r, []paymux.Event{event}, appendEvent)
	e.tasks = rows(r, tasks, appendTask)
	return e, r.err
}

// rows makes rows of nouns. The error is left in r.
func rows[T any](r *record, nouns []T, appendRow func(*record, *T)) []row[T] {
	if len(nouns) == 0 {
		return nil
	}
	all := make([]row[T], len(nouns))
	for i := range nouns {
		appendRow(r, &nouns[i])
		all[i] = row[T]{&nouns[i], r.done()}
	}
	return all
}

func marshal[T any](noun *T) (string, error) {
	text, err := json.Marshal(noun)
	return string(text), err
}

func optional[T any](noun *T) []T {
	if noun == nil {
		return nil
	}
	return []T{*noun}
}
