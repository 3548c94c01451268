package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
)

func commitTests() []test {
	return []test{
		{"commit/failure is told to the whole group", commitFailure},
		{"commit/neighbours of a lost race", commitNeighbours},
		{"commit/goes on without its caller", commitAbandoned},
		{"commit/reopened", commitReopened},
		{"commit/closed", commitClosed},
	}
}

func (f *fixture) fresh(n int) func() []*payment.Change {
	return func() []*payment.Change {
		var changes []*payment.Change
		for range n {
			changes = append(changes, &payment.Change{Payment: f.payment(), Begin: f.idempotency("x")})
		}
		return changes
	}
}

func commitFailure(t *testing.T, f *fixture) {
	broken := errors.New("no space left on device")
	f.gate.fail(broken)
	batch, outcomes := f.together(t, f.fresh(8))
	for i, err := range outcomes {
		wantErr(t, "one of a group whose commit failed", err, broken)
		f.wantKept(t, batch[i], false)
	}
	wantErr(t, "another kind of write", f.CreateLink(t.Context(), f.link(), nil), broken)
	f.gate.fail(nil)
	f.commit(t, batch[0])
	f.wantKept(t, batch[0], true)
}

// Changes that lose their races harm none that are committed with them.
func commitNeighbours(t *testing.T, f *fixture) {
	taken := f.payment()
	f.commit(t, &payment.Change{Payment: taken, Begin: f.idempotency("x")})
	key := f.idempotency("x")
	f.commit(t, &payment.Change{Payment: f.payment(), Begin: key})
	batch, outcomes := f.together(t, func() []*payment.Change {
		changes := f.fresh(8)()
		changes[1].Payment.MerchantOrderID = taken.MerchantOrderID
		changes[3].Begin.Key = key.Key
		changes[5].Payment.Version = 9
		return changes
	})
	want := map[int]error{1: paymux.ErrOrderTaken, 3: paymux.ErrKeyTaken, 5: paymux.ErrStale}
	for i, err := range outcomes {
		wantErr(t, "one of the group", err, want[i])
		if i != 3 {
			f.wantKept(t, batch[i], want[i] == nil)
		}
	}
}

// A caller that stops waiting does not stop the write.
func commitAbandoned(t *testing.T, f *fixture) {
	waiting, release := f.gate.hold()
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	c := &payment.Change{Payment: f.payment(), Begin: f.idempotency("x")}
	outcome := make(chan error, 1)
	go func() { outcome <- f.Commit(ctx, c) }()
	<-waiting
	cancel()
	wantErr(t, "the caller that left", <-outcome, context.Canceled)
	release()
	deadline := time.Now().Add(10 * time.Second)
	for {
		_, err := f.Record(t.Context(), c.Payment.ID)
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the change was not written: %v", err)
		}
	}
	f.wantKept(t, c, true)
}

func commitReopened(t *testing.T, f *fixture) {
	ctx := t.Context()
	p, m, link := f.payment(), f.newMerchant(t), f.link()
	op, task := f.operation(p), f.task("a", "b", "c", start)
	f.commit(t, &payment.Change{Payment: p, New: []paymux.Operation{op}})
	f.enqueue(t, task)
	if err := f.CreateLink(ctx, link, nil); err != nil {
		t.Fatal(err)
	}
	revision := must[int64](t)(f.Revision(ctx))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f.Store = f.open()
	same(t, "the record", must[payment.Record](t)(f.Record(ctx, p.ID)), payment.Record{Payment: p, Operations: []paymux.Operation{op}})
	same(t, "the merchant", must[paymux.Merchant](t)(f.Merchant(ctx, m.ID)), m)
	same(t, "the link", must[paymux.Link](t)(f.Link(ctx, link.ID)), link)
	same(t, "the tasks", f.due(t, start, 10)[0], task)
	same(t, "the revision", must[int64](t)(f.Revision(ctx)), revision)
}

func commitClosed(t *testing.T, f *fixture) {
	for range 2 {
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Commit(t.Context(), &payment.Change{Payment: f.payment()}); err == nil {
		t.Fatal("a closed store took a payment")
	}
	if _, err := f.Record(t.Context(), "pay_1"); err == nil || errors.Is(err, paymux.NotFound) {
		t.Fatalf("a closed store was read: %v", err)
	}
}
