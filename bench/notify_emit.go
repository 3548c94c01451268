package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/bench/tally"
)

// emission is a load of events: in a closed loop, each emitter committing the next as soon as the
// one before is durable, or, with a rate, in an open loop.
type emission struct {
	Phase    uint32 `json:"phase"`
	From     int    `json:"from"` // merchants, by number
	To       int    `json:"to"`   // exclusive
	Emitters int    `json:"emitters"`
	Rate     int    `json:"rate"` // events a second; 0: closed loop
	ForMS    int64  `json:"for_ms"`
	Events   int64  `json:"events"` // at most; 0: any number
	Each     bool   `json:"each"`   // one event for each merchant, in turn, instead of any number at random
	Shaky    uint32 `json:"shaky"`  // number of the first endpoint that has trouble
}

// emitted is what became of an emission.
type emitted struct {
	Events    int64  `json:"events"`
	Steady    int64  `json:"steady"` // deliveries to be made
	Shaky     int64  `json:"shaky"`  // of them to endpoints that have trouble
	Failed    int64  `json:"failed"`
	FirstFail string `json:"first_fail"`
	Began     int64  `json:"began"` // Unix nanoseconds, as is Ended
	Ended     int64  `json:"ended"`
}

// emit commits events until time or their number is up, or it is told to stop.
func (n *notifyNode) emit(ctx context.Context, e emission) (emitted, error) {
	if e.From < 0 || e.To > len(n.cast.Merchants) || e.From >= e.To || e.Emitters < 1 || e.ForMS < 1 {
		return emitted{}, fmt.Errorf("no such load: %+v", e)
	}
	length := time.Duration(e.ForMS) * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	n.mu.Lock()
	n.stops[e.Phase] = cancel
	n.mu.Unlock()
	began := time.Now()
	due := func() (time.Time, bool) { return time.Now(), true }
	if e.Rate > 0 {
		due = schedule(began, e.Rate, length)
	}
	var out counts
	if e.Each {
		e.Events = int64(e.To - e.From)
	}
	var begun atomic.Int64
	var wg sync.WaitGroup
	for range e.Emitters {
		wg.Go(func() {
			for {
				number := begun.Add(1)
				at, ok := due()
				if !ok || ctx.Err() != nil || e.Events > 0 && number > e.Events {
					return
				}
				merchant := e.From + rand.IntN(e.To-e.From)
				if e.Each {
					merchant = e.From + int(number) - 1
				}
				// What is under way when time is up is finished: its outcome would not be known.
				out.add(n.emitOne(context.WithoutCancel(ctx), &e, merchant, at))
			}
		})
	}
	wg.Wait()
	return emitted{
		Events: out.done.Load(), Steady: out.steady.Load(), Shaky: out.shaky.Load(), Failed: out.failed.Load(), FirstFail: out.first,
		Began: began.UnixNano(), Ended: time.Now().UnixNano(),
	}, nil
}

func (n *notifyNode) stopEmitting(_ context.Context, phase uint32) (struct{}, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if stop := n.stops[phase]; stop != nil {
		stop()
	}
	return struct{}{}, nil
}

// counts are a load's, as it goes.
type counts struct {
	done, steady, shaky, failed atomic.Int64
	once                        sync.Once
	first                       string
}

func (c *counts) add(steady, shaky int, err error) {
	if err != nil {
		c.failed.Add(1)
		c.once.Do(func() { c.first = err.Error() })
		return
	}
	c.done.Add(1)
	c.steady.Add(int64(steady))
	c.shaky.Add(int64(shaky))
}

// emitOne does what the payment room does of an event: it finds the endpoints, commits event
// and tasks as one, and offers the tasks to the runner.
func (n *notifyNode) emitOne(ctx context.Context, load *emission, merchant int, due time.Time) (steady, shaky int, err error) {
	e := n.draft.event(n.ids, n.cast.Merchants[merchant])
	tasks, err := n.notifier.Tasks(ctx, e)
	if err != nil {
		return 0, 0, err
	}
	if len(tasks) == 0 {
		return 0, 0, fmt.Errorf("merchant %d has no endpoint", merchant)
	}
	if err := n.store.Emit(ctx, e, tasks); err != nil {
		return 0, 0, err
	}
	at := time.Now().UnixNano()
	for i := range tasks {
		number := n.lanes[tasks[i].Lane]
		r := tally.Record{Key: tally.Key(string(e.ID), number), Due: due.UnixNano(), At: at, Endpoint: number, Phase: load.Phase}
		if err := n.journal.Add(r); err != nil {
			return 0, 0, err
		}
		if number >= load.Shaky {
			shaky++
		}
	}
	n.runner.Offer(tasks)
	return len(tasks) - shaky, shaky, nil
}

// draft is a payment as events show it, written once: making each anew would be
// the generator's cost, and no payment room is measured here.
type draft struct {
	object       []byte
	id, merchant int // where they stand in it
}

// Placeholders are of the length of what takes their place.
const (
	somePayment  = "pay_00000000000000000000000000"
	someMerchant = "mer_00000000000000000000000000"
)

func newDraft() draft {
	at := time.Date(2026, 11, 26, 8, 0, 0, 123456000, time.UTC)
	p := paymux.Payment{
		ID: somePayment, Object: "payment", Livemode: true, Status: paymux.Succeeded, Amount: 1250, Currency: "CNY", AmountReceived: 1250,
		CaptureMethod: paymux.CaptureAutomatic, MerchantOrderID: "A-1000001", Method: paymux.Method{Type: "wechat_pay"},
		ExpiresAt: at.Add(time.Hour), Channel: "wechatpay", Account: "wallet", ChannelTransactionID: "4200001234202611260123456789",
		CreatedAt: at, UpdatedAt: at.Add(3 * time.Second), Version: 3, Merchant: someMerchant,
	}
	object := p.AppendJSON(nil)
	return draft{object: object, id: bytes.Index(object, []byte(somePayment)), merchant: bytes.Index(object, []byte(someMerchant))}
}

// event makes a payment.succeeded event of a merchant.
func (d *draft) event(ids *paymux.IDs, merchant paymux.MerchantID) paymux.Event {
	payment := ids.New(paymux.PrefixPayment)
	object := bytes.Clone(d.object)
	copy(object[d.id:], payment)
	copy(object[d.merchant:], merchant)
	e := paymux.Event{
		ID: paymux.EventID(ids.New(paymux.PrefixEvent)), Type: paymux.PaymentSucceeded, Timestamp: time.Now().UTC(), APIVersion: paymux.APIVersion,
		Livemode: true, Merchant: merchant, ObjectID: payment, Payment: paymux.PaymentID(payment),
		Data: paymux.EventData{Object: object, Sequence: 3, Previous: map[string]string{"status": string(paymux.Processing)}},
	}
	e.Body = e.AppendJSON(make([]byte, 0, len(object)+256))
	return e
}

// bodyBytes is how long the body of an event is here.
func bodyBytes() int {
	d := newDraft()
	e := d.event(paymux.NewIDs(benchIDsKey, 1, time.Now), someMerchant)
	return len(e.Body)
}
