package access

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/paymux/paymux"
)

// Limits of batches: items, and how many are worked on at the same time. A batch's key is
// shorter than others, so that the items' keys made of it are not longer than any.
const (
	maxItems     = 100
	batchWorkers = 8
	maxBatchKey  = maxKey - len("#100")
)

type batchBody struct {
	Items []batchItem `json:"items" need:"true" len:"1-100" doc:"items about the same payment are done in their order, others side by side"`
}

type batchItem struct {
	Service paymux.ServiceType `json:"service" need:"true" doc:"pay, capture, cancel, refund or query" example:"refund"`
	Payment string             `json:"payment" need:"false" len:"1-64" format:"id" doc:"of capture, cancel and query: which payment"`
	Request json.RawMessage    `json:"request" need:"false" doc:"the body of the request the item stands for: PaymentCreate, PaymentCapture, PaymentCancel or RefundCreate"`
}

// batchAnswer is what became of a batch, item by item in the order of the request.
type batchAnswer struct {
	ID     string         `json:"id" example:"batch_01KAN7PQ3Z8T5V6W7X8Y9ZABCD"`
	Object string         `json:"object" doc:"always batch" example:"batch"`
	Policy string         `json:"policy" doc:"any or all, as the merchant's policy says"`
	Items  []batchOutcome `json:"items"`
}

type batchOutcome struct {
	Service  paymux.ServiceType `json:"service"`
	Status   int                `json:"status" doc:"as HTTP would have it" example:"201"`
	Replayed bool               `json:"idempotent_replayed,omitempty" doc:"the answer is that of an earlier sending of this batch"`
	Object   json.RawMessage    `json:"object,omitempty" doc:"the payment or refund"`
	Error    *problem           `json:"error,omitempty" doc:"a problem document"`
}

// batchVerb is what a service type does in a batch.
type batchVerb struct {
	body    *schema // of the item's request; nil: it has none
	payment bool    // the item names one
	need    bool    // the request must be there
	do      verb
}

func (s *Server) batchRoutes() []route {
	verbs := s.batchVerbs()
	return []route{{
		method: http.MethodPost, path: "/v1/batches", id: "createBatch", tag: "Batches", summary: "Carry out a batch",
		doc:  "Up to 100 requests of mixed service types. Under the merchant's policy any, what may not be done is refused item by item; under all, one refusal refuses the whole batch. Repeating the batch with its Idempotency-Key repeats no item.",
		body: schemaFor[batchBody]("BatchCreate"), limit: batchLimit, key: keyRequired, reply: schemaFor[batchAnswer]("Batch"),
		serve: func(ctx context.Context, c *call) (answer, error) { return s.batch(ctx, c, verbs) },
	}}
}

func (s *Server) batchVerbs() map[paymux.ServiceType]batchVerb {
	return map[paymux.ServiceType]batchVerb{
		paymux.ServicePay:     {body: schemaFor[createBody]("PaymentCreate"), need: true, do: s.create},
		paymux.ServiceRefund:  {body: schemaFor[refundBody]("RefundCreate"), need: true, do: s.refund},
		paymux.ServiceCapture: {body: schemaFor[captureBody]("PaymentCapture"), payment: true, do: s.capture},
		paymux.ServiceCancel:  {body: schemaFor[cancelBody]("PaymentCancel"), payment: true, do: s.cancel},
		paymux.ServiceQuery:   {payment: true, do: s.readPayment},
	}
}

// item is one request of a batch on its way.
type item struct {
	batchItem
	verb    batchVerb
	input   input
	refused error // before anything was done
}

func (s *Server) batch(ctx context.Context, c *call, verbs map[paymux.ServiceType]batchVerb) (answer, error) {
	if len(c.caller.Idempotency) > maxBatchKey {
		return answer{}, badKey(fmt.Sprintf("of a batch must have at most %d characters", maxBatchKey))
	}
	b, err := decode[batchBody](c.body)
	if err != nil {
		return answer{}, err
	}
	items := make([]item, len(b.Items))
	list := c.value.get("items")
	for i := range items {
		items[i] = s.item(c, i, b.Items[i], verbs)
		items[i].check(s, &list.items[i])
	}
	s.authorizeItems(c, items)
	if c.caller.Policy.Batch == paymux.BatchAll {
		if err := firstRefusal(items); err != nil {
			return answer{}, err
		}
	}
	if err := s.sameBatch(ctx, c, items); err != nil {
		return answer{}, err
	}
	out := batchAnswer{ID: s.ids.New(paymux.PrefixBatch), Object: "batch", Policy: string(paymux.BatchAny)}
	if c.caller.Policy.Batch == paymux.BatchAll {
		out.Policy = string(paymux.BatchAll)
	}
	out.Items = s.runItems(ctx, items)
	return answerWith(http.StatusOK, out)
}

// item derives the item's idempotency key and fingerprint from the batch's, so that a repeat
// of the batch repeats no item, and another batch under the same key is told from it.
func (s *Server) item(c *call, i int, b batchItem, verbs map[paymux.ServiceType]batchVerb) item {
	in := input{caller: c.caller, payment: paymux.PaymentID(b.Payment), body: b.Request, at: "body.items[" + strconv.Itoa(i) + "].request"}
	in.caller.Idempotency = itemKey(c.caller.Idempotency, i)
	in.caller.Fingerprint = fingerprint(c.caller.Fingerprint, []byte(strconv.Itoa(i)))
	return item{batchItem: b, verb: verbs[b.Service], input: in}
}

func itemKey(key string, i int) string { return key + "#" + strconv.Itoa(i) }

// check refuses an item that is wrong in itself.
func (it *item) check(s *Server, v *value) {
	var f faults
	where := it.input.at[:len(it.input.at)-len(".request")]
	request := v.get("request")
	switch {
	case it.verb.do == nil:
		f.add(where+".service", "cannot be part of a batch", string(it.Service))
	case it.verb.need && request == nil:
		f.add(it.input.at, "is required", nil)
	case it.verb.body == nil && request != nil:
		f.add(it.input.at, "goes not with this service type", nil)
	case request != nil:
		it.verb.body.check(request, &path{name: it.input.at}, &f)
	}
	if it.verb.payment == (it.Payment == "") {
		f.add(where+".payment", "goes with capture, cancel and query, and only with them", nil)
	}
	if it.refused = f.err(); it.refused == nil && it.verb.payment {
		if err := s.ids.Check(paymux.PrefixPayment, it.Payment); err != nil {
			it.refused = at(err, where+".payment")
		}
	}
}

// authorizeItems asks the authority list about every item before anything is
// done (A5), then counts each as the request it stands for (A6).
func (s *Server) authorizeItems(c *call, items []item) {
	for i := range items {
		if err := s.gate.Authorize(c.identity, items[i].Service); err != nil {
			items[i].refused = err
		}
	}
	if c.caller.Policy.Batch == paymux.BatchAll && firstRefusal(items) != nil {
		return
	}
	for i := range items {
		if items[i].refused == nil {
			quota, err := s.gate.Take(c.caller.Merchant, items[i].Service, c.caller.Policy)
			quota.Header(c.w.Header())
			items[i].refused = err
		}
	}
}

// firstRefusal is why a batch under policy all is refused. A lack of authority is told before anything else.
func firstRefusal(items []item) error {
	var first error
	for i := range items {
		err := items[i].refused
		if err == nil {
			continue
		}
		e := *asError(err)
		e.Message = fmt.Sprintf("The batch was refused whole because of item %d (service type %s): %s", i, items[i].Service, e.Message)
		if errors.Is(err, paymux.Forbidden) {
			e.Fields = []paymux.FieldError{{Location: "body.items[" + strconv.Itoa(i) + "].service", Message: "is a service type these credentials have no authority for", Value: string(items[i].Service)}}
			return e.At("items[" + strconv.Itoa(i) + "].service")
		}
		if first == nil {
			first = &e
		}
	}
	return first
}

// sameBatch refuses a batch whose key was used with another one. Items in flight
// or answered already are the payment room's to replay. Where some regions do not answer, items find out themselves what they may do.
func (s *Server) sameBatch(ctx context.Context, c *call, items []item) error {
	faults := make([]error, len(items))
	next := atomic.Int64{}
	var work sync.WaitGroup
	for range min(batchWorkers, len(items)) {
		work.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(items)); i = next.Add(1) - 1 {
				faults[i] = s.sameItem(ctx, c, &items[i])
			}
		})
	}
	work.Wait()
	answered := slices.Contains(faults, nil)
	for _, err := range faults {
		if err != nil && !(answered && errors.Is(err, paymux.Unavailable)) {
			return err
		}
	}
	return nil
}

// sameItem looks where the item's key would be kept: in the region of its payment, or anywhere, if that is to be made.
func (s *Server) sameItem(ctx context.Context, c *call, it *item) error {
	if it.refused != nil || it.Service == paymux.ServiceQuery {
		return nil
	}
	answers := s.answers
	if about := it.about(); s.ids.Check(paymux.PrefixPayment, string(about)) == nil {
		answers = s.answersOf(string(about))
	}
	had, err := answers.Idempotency(ctx, c.caller.Merchant, it.input.caller.Idempotency)
	if errors.Is(err, paymux.NotFound) || errors.Is(err, ErrSomeAway) {
		return nil
	}
	if err == nil && string(had.Fingerprint) != string(it.input.caller.Fingerprint) {
		err = reused(c.caller.Idempotency)
	}
	return err
}
