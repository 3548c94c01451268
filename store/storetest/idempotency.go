package storetest

import (
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
)

func idempotencyTests() []test {
	return []test{
		{"idempotency/begin and finish", idempotencyBeginFinish},
		{"idempotency/key taken", idempotencyTaken},
		{"idempotency/with other writes", idempotencyOtherWrites},
		{"idempotency/prune", idempotencyPrune},
		{"idempotency/answer of a pruned record", idempotencyPrunedAnswer},
	}
}

func idempotencyBeginFinish(t *testing.T, f *fixture) {
	p := f.payment()
	begun := f.idempotency(string(p.ID))
	finished := *begun
	begun.Answer = nil
	f.commit(t, &payment.Change{Payment: p, Begin: begun})
	same(t, "the begun record", must[paymux.Idempotency](t)(f.Idempotency(t.Context(), f.merchant, begun.Key)), *begun)
	f.commit(t, &payment.Change{Payment: f.next(p, paymux.Succeeded), Finish: &finished})
	same(t, "the finished record", must[paymux.Idempotency](t)(f.Idempotency(t.Context(), f.merchant, begun.Key)), finished)
	_, err := f.Idempotency(t.Context(), "mer_other", begun.Key)
	wantErr(t, "another merchant's key", err, paymux.NotFound)

	whole, q := f.idempotency("whole"), f.payment()
	f.commit(t, &payment.Change{Payment: q, Begin: whole})
	same(t, "a record begun with its answer", must[paymux.Idempotency](t)(f.Idempotency(t.Context(), f.merchant, whole.Key)), *whole)
}

func idempotencyTaken(t *testing.T, f *fixture) {
	first, second := f.payment(), f.payment()
	idem := f.idempotency(string(first.ID))
	f.commit(t, &payment.Change{Payment: first, Begin: idem})
	again := f.idempotency(string(second.ID))
	again.Key = idem.Key
	wantErr(t, "a new payment", f.Commit(t.Context(), &payment.Change{Payment: second, Begin: again}), paymux.ErrKeyTaken)
	_, err := f.Record(t.Context(), second.ID)
	wantErr(t, "the refused payment", err, paymux.NotFound)
	wantErr(t, "an advance", f.Commit(t.Context(), &payment.Change{Payment: f.next(first, paymux.Succeeded), Begin: again}), paymux.ErrKeyTaken)
	same(t, "the payment", must[payment.Record](t)(f.Record(t.Context(), first.ID)).Payment, first)

	again.Merchant, second.Merchant = "mer_other", "mer_other"
	f.commit(t, &payment.Change{Payment: second, Begin: again})
}

// Writes of keys, endpoints and links take the record along, or leave nothing.
func idempotencyOtherWrites(t *testing.T, f *fixture) {
	ctx := t.Context()
	m := f.newMerchant(t)
	key, endpoint, link := f.key(m.ID), f.endpoint(), f.link()
	writes := map[string]func(i *paymux.Idempotency) error{
		"create key":      func(i *paymux.Idempotency) error { return f.CreateKey(ctx, key, i) },
		"create endpoint": func(i *paymux.Idempotency) error { return f.CreateEndpoint(ctx, endpoint, i) },
		"create link":     func(i *paymux.Idempotency) error { return f.CreateLink(ctx, link, i) },
	}
	changes := map[string]func(i *paymux.Idempotency) error{
		"revoke key":      func(i *paymux.Idempotency) error { return f.RevokeKey(ctx, m.ID, key.ID, start, i) },
		"update endpoint": func(i *paymux.Idempotency) error { return f.UpdateEndpoint(ctx, endpoint, i) },
		"update link":     func(i *paymux.Idempotency) error { return f.UpdateLink(ctx, link, i) },
		"delete endpoint": func(i *paymux.Idempotency) error { return f.DeleteEndpoint(ctx, f.merchant, endpoint.ID, i) },
	}
	taken := f.idempotency("taken")
	f.commit(t, &payment.Change{Payment: f.payment(), Begin: taken})
	for name, write := range writes {
		wantErr(t, name+" under a taken key", write(taken), paymux.ErrKeyTaken)
	}
	_, _, err := f.Key(ctx, key.ID)
	wantErr(t, "the refused key", err, paymux.NotFound)
	_, err = f.Endpoint(ctx, f.merchant, endpoint.ID)
	wantErr(t, "the refused endpoint", err, paymux.NotFound)
	_, err = f.Link(ctx, link.ID)
	wantErr(t, "the refused link", err, paymux.NotFound)

	f.takeAlong(t, writes)
	for name, write := range changes {
		wantErr(t, name+" under a taken key", write(taken), paymux.ErrKeyTaken)
	}
	same(t, "the endpoint", must[paymux.Endpoint](t)(f.Endpoint(ctx, f.merchant, endpoint.ID)), endpoint)
	kept, _, err := f.Key(ctx, key.ID)
	same(t, "the key", must[paymux.Key](t)(kept, err), key)
	deleteEndpoint := map[string]func(i *paymux.Idempotency) error{"delete endpoint": changes["delete endpoint"]}
	delete(changes, "delete endpoint")
	f.takeAlong(t, changes)
	f.takeAlong(t, deleteEndpoint)
}

func (f *fixture) takeAlong(t *testing.T, writes map[string]func(i *paymux.Idempotency) error) {
	for name, write := range writes {
		i := f.idempotency(name)
		if err := write(i); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		same(t, "the record of "+name, must[paymux.Idempotency](t)(f.Idempotency(t.Context(), f.merchant, i.Key)), *i)
	}
}

func idempotencyPrune(t *testing.T, f *fixture) {
	var all []*paymux.Idempotency
	for i := range 5 {
		idem := f.idempotency("x")
		idem.CreatedAt = start.Add(time.Duration(i) * time.Hour)
		f.commit(t, &payment.Change{Payment: f.payment(), Begin: idem})
		all = append(all, idem)
	}
	before := start.Add(3 * time.Hour)
	for _, want := range []int{2, 1, 0} {
		if n := must[int](t)(f.PruneIdempotency(t.Context(), before, 2)); n != want {
			t.Fatalf("%d records pruned, want %d", n, want)
		}
	}
	for i, idem := range all {
		_, err := f.Idempotency(t.Context(), f.merchant, idem.Key)
		if i < 3 {
			wantErr(t, "an old record", err, paymux.NotFound)
		} else if err != nil {
			t.Errorf("a record of hour %d: %v", i, err)
		}
	}
}

// An answer that comes after its record was pruned is not missed, and is never
// taken for that of a later request.
func idempotencyPrunedAnswer(t *testing.T, f *fixture) {
	p, q := f.payment(), f.payment()
	answered, waiting := f.idempotency(string(p.ID)), f.idempotency(string(q.ID))
	late := *waiting
	waiting.Answer = nil
	f.commit(t, &payment.Change{Payment: p, Begin: answered})
	f.commit(t, &payment.Change{Payment: q, Begin: waiting})
	if n := must[int](t)(f.PruneIdempotency(t.Context(), start.Add(24*time.Hour), 10)); n != 2 {
		t.Fatalf("%d records pruned, want 2", n)
	}
	for range 2 {
		p = f.next(p, paymux.Succeeded)
		f.commit(t, &payment.Change{Payment: p, Finish: &late})
	}
	for range 3 {
		begun := f.idempotency("later")
		begun.Answer = nil
		f.commit(t, &payment.Change{Payment: f.payment(), Begin: begun})
		same(t, "a later record", must[paymux.Idempotency](t)(f.Idempotency(t.Context(), f.merchant, begun.Key)), *begun)
	}
	_, err := f.Idempotency(t.Context(), f.merchant, late.Key)
	wantErr(t, "the pruned record", err, paymux.NotFound)
}
