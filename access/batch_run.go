package access

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/paymux/paymux"
)

// runItems does what was not refused: items about one payment in their order,
// others side by side. The outcomes are in the items' order. It returns when all are done.
func (s *Server) runItems(ctx context.Context, items []item) []batchOutcome {
	out := make([]batchOutcome, len(items))
	groups := make(chan []int)
	var work sync.WaitGroup
	for range min(batchWorkers, len(items)) {
		work.Go(func() {
			for group := range groups {
				for _, i := range group {
					out[i] = s.runItem(ctx, &items[i])
				}
			}
		})
	}
	for _, group := range byPayment(items) {
		groups <- group
	}
	close(groups)
	work.Wait()
	return out
}

// byPayment groups items by the payment they are about, in the order of their first.
func byPayment(items []item) [][]int {
	var groups [][]int
	place := map[paymux.PaymentID]int{}
	for i := range items {
		about := items[i].about()
		at, known := place[about]
		if about == "" || !known {
			at = len(groups)
			groups = append(groups, nil)
			place[about] = at
		}
		groups[at] = append(groups[at], i)
	}
	return groups
}

// about is the payment an item is about, empty for a new one.
func (it *item) about() paymux.PaymentID {
	if it.Service != paymux.ServiceRefund {
		return it.input.payment
	}
	var named struct{ Payment paymux.PaymentID }
	// An item that cannot be read was refused and will not run.
	_ = json.Unmarshal(it.Request, &named)
	return named.Payment
}

// runItem does one item. A panic ends this item alone: the others' outcomes must reach the merchant.
func (s *Server) runItem(ctx context.Context, it *item) (out batchOutcome) {
	id := it.input.caller.RequestID
	defer func() {
		if p := recover(); p != nil {
			out = s.itemRefused(it, panicked(p), nil)
		}
	}()
	if it.refused != nil {
		return s.itemRefused(it, it.refused, nil)
	}
	reply, err := it.verb.do(ctx, it.input)
	if err != nil {
		return s.itemRefused(it, err, nil)
	}
	a := s.replyAnswer(reply, id)
	if a.status >= http.StatusBadRequest {
		out = s.itemRefused(it, reply.Error, reply.Object)
		out.Replayed = reply.Replayed
		return out
	}
	return batchOutcome{Service: it.Service, Status: a.status, Replayed: reply.Replayed, Object: reply.Object}
}

func (s *Server) itemRefused(it *item, err error, object json.RawMessage) batchOutcome {
	e := asError(err)
	if e.Code == paymux.Internal {
		s.log.Error("batch item", "request_id", it.input.caller.RequestID, "error", err)
	}
	p := s.problemOf(e, it.input.caller.RequestID, object)
	return batchOutcome{Service: it.Service, Status: p.Status, Error: &p}
}
