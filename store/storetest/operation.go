package storetest

import (
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
)

func operationTests() []test {
	return []test{{"operation/round trip", operationRoundTrip}}
}

func operationRoundTrip(t *testing.T, f *fixture) {
	p := f.payment()
	first, second := f.operation(p), f.operation(p)
	f.commit(t, &payment.Change{Payment: p, New: []paymux.Operation{first, second}})
	want := payment.Record{Payment: p, Operations: []paymux.Operation{first, second}}
	same(t, "the record", must[payment.Record](t)(f.Record(t.Context(), p.ID)), want)
	same(t, "the record of an operation", must[payment.Record](t)(f.RecordOf(t.Context(), second.ID)), want)

	changed := f.operation(p)
	changed.ID, changed.CreatedAt, changed.State = first.ID, first.CreatedAt, paymux.OpSucceeded
	changed.Refund = first.Refund
	third := f.operation(p)
	next := f.next(p, paymux.Succeeded)
	f.commit(t, &payment.Change{Payment: next, Operations: []paymux.Operation{changed}, New: []paymux.Operation{third}})
	want = payment.Record{Payment: next, Operations: []paymux.Operation{changed, second, third}}
	same(t, "the advanced record", must[payment.Record](t)(f.RecordOf(t.Context(), third.ID)), want)

	bare := f.payment()
	op := paymux.Operation{
		ID: paymux.OperationID(f.ids.New(paymux.PrefixOperation)), Object: "operation", Payment: bare.ID, Merchant: f.merchant,
		Kind: paymux.Cancel, State: paymux.OpCreated, Currency: "CNY", CreatedAt: start,
	}
	f.commit(t, &payment.Change{Payment: bare, New: []paymux.Operation{op}})
	same(t, "a bare operation", must[payment.Record](t)(f.RecordOf(t.Context(), op.ID)), payment.Record{Payment: bare, Operations: []paymux.Operation{op}})
	_, err := f.RecordOf(t.Context(), "op_none")
	wantErr(t, "record of an unknown operation", err, paymux.NotFound)
}
