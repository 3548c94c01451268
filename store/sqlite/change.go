package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
)

// Commit implements payment.Store.
func (s *Store) Commit(ctx context.Context, c *payment.Change) error {
	docs, err := encode(c)
	if err != nil {
		return fmt.Errorf("encode payment %s: %w", c.Payment.ID, err)
	}
	return s.submit(ctx, func(w *writer) error { return w.change(c, docs) })
}

// documents are a change's parts as JSON, made before the writer is kept busy with them.
type documents struct {
	payment             string
	new, operations     []string
	newRefunds, refunds []string
	hops                string
	facts               []byte
}

func encode(c *payment.Change) (d documents, err error) {
	d.payment = paymentDoc(&c.Payment)
	if d.new, err = encodeAll(c.New, operationDoc); err != nil {
		return d, err
	}
	if d.operations, err = encodeAll(c.Operations, operationDoc); err != nil {
		return d, err
	}
	if d.newRefunds, err = encodeAll(c.NewRefunds, refundDoc); err != nil {
		return d, err
	}
	if d.refunds, err = encodeAll(c.Refunds, refundDoc); err != nil {
		return d, err
	}
	if len(c.Hops) > 0 {
		d.hops = string(paymux.AppendHops(nil, c.Hops))
	}
	d.facts = paymux.AppendFacts(nil, c.Facts)
	return d, err
}

// text is JSON as columns keep it, as text, so that people can read it.
func text(v any) (string, error) {
	doc, err := json.Marshal(v)
	return string(doc), err
}

func encodeAll[T any](list []T, encode func(*T) (string, error)) ([]string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	docs := make([]string, len(list))
	for i := range list {
		doc, err := encode(&list[i])
		if err != nil {
			return nil, err
		}
		docs[i] = doc
	}
	return docs, nil
}

// change writes a change. What can lose a race comes first, before anything
// has to be undone; the key before the order, for a repeat has the first's order, too.
func (w *writer) change(c *payment.Change, d documents) error {
	if err := w.haveRoom(c); err != nil {
		return err
	}
	if c.Begin != nil {
		if err := w.insertIdempotency(c.Begin); err != nil {
			return err
		}
	}
	if err := w.putPayment(&c.Payment, d.payment); err != nil {
		return err
	}
	if err := w.changeOperations(c, d); err != nil {
		return err
	}
	if err := w.changeRefunds(c, d); err != nil {
		return err
	}
	for i := range c.Disputes {
		if err := w.putDispute(&c.Disputes[i]); err != nil {
			return err
		}
	}
	if c.Finish != nil {
		if err := w.finishIdempotency(c.Finish); err != nil {
			return err
		}
	}
	for i := range c.Events {
		if err := w.insertEvent(&c.Events[i]); err != nil {
			return err
		}
	}
	if err := w.changeTrail(c, d); err != nil {
		return err
	}
	if err := w.countQuotas(c); err != nil {
		return err
	}
	w.facts = append(w.facts, d.facts...) // last: of a change that fails there are none
	return nil
}

// changeTrail writes what follows from a change: tasks, timeline, link. Tasks
// are dropped before others are enqueued, so that one change can renew a task.
func (w *writer) changeTrail(c *payment.Change, d documents) error {
	for _, ref := range c.Drop {
		if err := w.dropTasks(ref); err != nil {
			return err
		}
	}
	for i := range c.Tasks {
		if err := w.putTask(&c.Tasks[i]); err != nil {
			return err
		}
	}
	if d.hops != "" {
		if err := w.appendHops(c.Payment.ID, d.hops); err != nil {
			return err
		}
	}
	if c.Link != "" {
		return w.linkPayment(c.Link, c.Payment.ID)
	}
	return nil
}

func (w *writer) putPayment(p *paymux.Payment, doc string) error {
	if p.Version == 1 {
		return w.insertPayment(p, doc)
	}
	return w.advancePayment(p, doc)
}
