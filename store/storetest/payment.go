package storetest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

func paymentTests() []test {
	return []test{
		{"payment/round trip", paymentRoundTrip},
		{"payment/empty fields", paymentEmptyFields},
		{"payment/one of many wins a version", paymentVersionRace},
		{"payment/stale writes nothing", paymentStale},
		{"payment/not found", paymentNotFound},
		{"payment/mistyped IDs", paymentMistyped},
		{"payment/list", paymentList},
		{"payment/pages are stable", paymentPages},
	}
}

func paymentRoundTrip(t *testing.T, f *fixture) {
	p := f.payment()
	f.commit(t, &payment.Change{Payment: p})
	same(t, "the new payment", must[payment.Record](t)(f.Record(t.Context(), p.ID)), payment.Record{Payment: p})
	next := f.next(p, paymux.Succeeded)
	f.commit(t, &payment.Change{Payment: next})
	same(t, "the advanced payment", must[payment.Record](t)(f.Record(t.Context(), p.ID)), payment.Record{Payment: next})
	listed := must[[]paymux.Payment](t)(f.Payments(t.Context(), paymux.PaymentFilter{Merchant: f.merchant, Page: paymux.Page{Limit: 10}}))
	same(t, "the listed payment", listed, []paymux.Payment{next})
}

// A payment with nothing but what every payment has.
func paymentEmptyFields(t *testing.T, f *fixture) {
	full := f.payment()
	p := paymux.Payment{
		ID: full.ID, Object: "payment", Status: paymux.Created, Amount: 1, Currency: "JPY", MerchantOrderID: "o",
		CreatedAt: full.CreatedAt, UpdatedAt: full.UpdatedAt, Version: 1, Merchant: f.merchant,
	}
	f.commit(t, &payment.Change{Payment: p})
	same(t, "the payment", must[payment.Record](t)(f.Record(t.Context(), p.ID)).Payment, p)
}

func paymentVersionRace(t *testing.T, f *fixture) {
	p := f.payment()
	f.commit(t, &payment.Change{Payment: p})
	outcomes := make([]error, 32)
	var all sync.WaitGroup
	for i := range outcomes {
		next := f.next(p, paymux.Succeeded)
		next.Description = string(rune('A' + i))
		all.Go(func() { outcomes[i] = f.Commit(t.Context(), &payment.Change{Payment: next}) })
	}
	all.Wait()
	winner := slices.Index(outcomes, nil)
	if winner < 0 {
		t.Fatalf("nobody won the version: %v", outcomes[0])
	}
	for i, err := range outcomes {
		if i != winner {
			wantErr(t, "a loser", err, paymux.ErrStale)
		}
	}
	got := must[payment.Record](t)(f.Record(t.Context(), p.ID)).Payment
	if got.Version != 2 || got.Description != string(rune('A'+winner)) {
		t.Fatalf("version %d of %q is kept, want 2 of the winner %q", got.Version, got.Description, string(rune('A'+winner)))
	}
}

// A change that lost a race leaves nothing of any of its parts.
func paymentStale(t *testing.T, f *fixture) {
	p := f.payment()
	op, re := f.operation(p), f.refund(p)
	idem := f.idempotency(string(p.ID))
	idem.Answer = nil
	link := f.link()
	if err := f.CreateLink(t.Context(), link, nil); err != nil {
		t.Fatal(err)
	}
	expire := f.task("expire", string(p.ID), "lane", start)
	f.commit(t, &payment.Change{Payment: p, New: []paymux.Operation{op}, NewRefunds: []paymux.Refund{re}, Begin: idem, Tasks: []queue.Task{expire}})

	late := f.next(p, paymux.Succeeded)
	late.Version = 3
	op2, re2 := f.operation(p), f.refund(p)
	answered, another := *idem, f.idempotency("another")
	answered.Answer = []byte(`{}`)
	changedOp, changedRe := op, re
	changedOp.State, changedRe.Status = paymux.OpSucceeded, paymux.RefundSucceeded
	dispute, event := f.dispute(p), f.event(t, p.ID)
	err := f.Commit(t.Context(), &payment.Change{
		Payment: late, New: []paymux.Operation{op2}, Operations: []paymux.Operation{changedOp},
		NewRefunds: []paymux.Refund{re2}, Refunds: []paymux.Refund{changedRe}, Disputes: []paymux.Dispute{dispute},
		Begin: another, Finish: &answered, Events: []paymux.Event{event}, Tasks: []queue.Task{f.task("resolve", string(op2.ID), "lane", start)},
		Drop: []payment.TaskRef{{Kind: "expire", Ref: string(p.ID)}}, Hops: []paymux.Hop{{At: start, Kind: paymux.HopState, Text: "x"}}, Link: link.ID,
	})
	wantErr(t, "a version from the future", err, paymux.ErrStale)

	ctx := t.Context()
	same(t, "the record", must[payment.Record](t)(f.Record(ctx, p.ID)), payment.Record{Payment: p, Operations: []paymux.Operation{op}})
	same(t, "the refund", must[paymux.Refund](t)(f.Refund(ctx, re.ID)), re)
	same(t, "the idempotency record", must[paymux.Idempotency](t)(f.Idempotency(ctx, f.merchant, idem.Key)), *idem)
	same(t, "the tasks", f.due(t, start, 10), []queue.Task{expire})
	same(t, "the hops", must[[]paymux.Hop](t)(f.Hops(ctx, p.ID)), nil)
	same(t, "the link", must[paymux.Link](t)(f.Link(ctx, link.ID)), link)
	_, err = f.Refund(ctx, re2.ID)
	wantErr(t, "the new refund", err, paymux.NotFound)
	_, err = f.Idempotency(ctx, f.merchant, another.Key)
	wantErr(t, "the new idempotency record", err, paymux.NotFound)
	_, err = f.Dispute(ctx, dispute.Account, dispute.ChannelID)
	wantErr(t, "the dispute", err, paymux.NotFound)
	_, err = f.EventByID(ctx, event.ID)
	wantErr(t, "the event", err, paymux.NotFound)
}

func paymentNotFound(t *testing.T, f *fixture) {
	p := f.payment()
	_, err := f.Record(t.Context(), p.ID)
	wantErr(t, "record", err, paymux.NotFound)
	p.Version = 2
	wantErr(t, "advance", f.Commit(t.Context(), &payment.Change{Payment: p}), paymux.ErrStale)
	listed := must[[]paymux.Payment](t)(f.Payments(t.Context(), paymux.PaymentFilter{Merchant: f.merchant, Page: paymux.Page{Limit: 10}}))
	same(t, "the list", listed, nil)
}

// An ID that differs from a stored one only in its end, which says nothing of time, is another's.
func paymentMistyped(t *testing.T, f *fixture) {
	ctx, p := t.Context(), f.payment()
	op, event := f.operation(p), f.event(t, p.ID)
	f.commit(t, &payment.Change{Payment: p, New: []paymux.Operation{op}, Events: []paymux.Event{event}})
	next := f.next(p, paymux.Succeeded)
	next.ID = paymux.PaymentID(mistype(string(p.ID)))
	wantErr(t, "advance", f.Commit(ctx, &payment.Change{Payment: next}), paymux.ErrStale)
	_, err := f.Record(ctx, next.ID)
	wantErr(t, "record", err, paymux.NotFound)
	wrong := op
	wrong.ID, wrong.State = paymux.OperationID(mistype(string(op.ID))), paymux.OpSucceeded
	_, err = f.RecordOf(ctx, wrong.ID)
	wantErr(t, "record of an operation", err, paymux.NotFound)
	refused(t, "another operation", f.Commit(ctx, &payment.Change{Payment: f.next(p, paymux.Succeeded), Operations: []paymux.Operation{wrong}}))
	_, err = f.EventByID(ctx, paymux.EventID(mistype(string(event.ID))))
	wantErr(t, "event", err, paymux.NotFound)
	same(t, "the record", must[payment.Record](t)(f.Record(ctx, p.ID)), payment.Record{Payment: p, Operations: []paymux.Operation{op}})
}

func mistype(id string) string {
	if last := len(id) - 1; id[last] != '0' {
		return id[:last] + "0"
	}
	return id[:len(id)-1] + "1"
}

func paymentList(t *testing.T, f *fixture) {
	statuses := []paymux.PaymentStatus{paymux.Created, paymux.Succeeded, paymux.Created, paymux.Failed}
	var all []paymux.Payment
	for i, s := range statuses {
		p := f.payment()
		p.Status, p.CreatedAt = s, start.Add(time.Duration(i)*time.Hour)
		f.commit(t, &payment.Change{Payment: p})
		all = append(all, p)
	}
	other := f.payment()
	other.Merchant, other.MerchantOrderID = "mer_other", all[1].MerchantOrderID
	f.commit(t, &payment.Change{Payment: other})
	for name, tt := range map[string]struct {
		filter paymux.PaymentFilter
		want   []int // into all
	}{
		"all":         {paymux.PaymentFilter{}, []int{3, 2, 1, 0}},
		"limit":       {paymux.PaymentFilter{Page: paymux.Page{Limit: 2}}, []int{3, 2}},
		"after":       {paymux.PaymentFilter{Page: paymux.Page{After: string(all[2].ID)}}, []int{1, 0}},
		"status":      {paymux.PaymentFilter{Status: paymux.Created}, []int{2, 0}},
		"order":       {paymux.PaymentFilter{MerchantOrderID: all[1].MerchantOrderID}, []int{1}},
		"from":        {paymux.PaymentFilter{CreatedFrom: start.Add(time.Hour)}, []int{3, 2, 1}},
		"to":          {paymux.PaymentFilter{CreatedTo: start.Add(time.Hour)}, []int{0}},
		"from and to": {paymux.PaymentFilter{CreatedFrom: start.Add(time.Hour), CreatedTo: start.Add(2 * time.Hour)}, []int{1}},
		"everything":  {paymux.PaymentFilter{Status: paymux.Created, CreatedFrom: start, CreatedTo: start.Add(3 * time.Hour), Page: paymux.Page{After: string(all[2].ID), Limit: 5}}, []int{0}},
		"none":        {paymux.PaymentFilter{Status: paymux.Expired}, nil},
	} {
		tt.filter.Merchant = f.merchant
		if tt.filter.Limit == 0 {
			tt.filter.Limit = 100
		}
		var want []paymux.Payment
		for _, i := range tt.want {
			want = append(want, all[i])
		}
		same(t, "the list by "+name, must[[]paymux.Payment](t)(f.Payments(t.Context(), tt.filter)), want)
	}
}

// Rows that come while a list is walked neither repeat nor hide others.
func paymentPages(t *testing.T, f *fixture) {
	var want []paymux.PaymentID
	for range 10 {
		p := f.payment()
		f.commit(t, &payment.Change{Payment: p})
		want = append(want, p.ID)
	}
	slices.Reverse(want)
	var got []paymux.PaymentID
	filter := paymux.PaymentFilter{Merchant: f.merchant, Page: paymux.Page{Limit: 3}}
	for {
		page := must[[]paymux.Payment](t)(f.Payments(t.Context(), filter))
		if len(page) == 0 {
			break
		}
		for _, p := range page {
			got = append(got, p.ID)
		}
		filter.After = string(page[len(page)-1].ID)
		f.commit(t, &payment.Change{Payment: f.payment()})
	}
	same(t, "the walk", got, want)
}
