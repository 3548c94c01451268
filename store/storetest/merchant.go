package storetest

import (
	"testing"

	"github.com/paymux/paymux"
)

func merchantTests() []test {
	return []test{
		{"merchant/round trip and list", merchantRoundTrip},
		{"merchant/revision", revisionRises},
	}
}

func merchantRoundTrip(t *testing.T, f *fixture) {
	ctx := t.Context()
	first, second, third := f.newMerchant(t), f.newMerchant(t), f.newMerchant(t)
	same(t, "the merchant", must[paymux.Merchant](t)(f.Merchant(ctx, first.ID)), first)
	if err := f.CreateMerchant(ctx, first); err == nil {
		t.Fatal("a merchant was created twice")
	}
	var changed paymux.Merchant
	f.fill.value(&changed)
	changed.ID, changed.Object, changed.CreatedAt, changed.Livemode = first.ID, "merchant", first.CreatedAt, first.Livemode
	if err := f.UpdateMerchant(ctx, changed); err != nil {
		t.Fatal(err)
	}
	same(t, "the changed merchant", must[paymux.Merchant](t)(f.Merchant(ctx, first.ID)), changed)
	same(t, "a page", must[[]paymux.Merchant](t)(f.Merchants(ctx, paymux.Page{Limit: 2})), []paymux.Merchant{third, second})
	same(t, "the next", must[[]paymux.Merchant](t)(f.Merchants(ctx, paymux.Page{Limit: 2, After: string(second.ID)})), []paymux.Merchant{changed})

	_, err := f.Merchant(ctx, "mer_none")
	wantErr(t, "an unknown merchant", err, paymux.NotFound)
	changed.ID = "mer_none"
	wantErr(t, "a change of an unknown merchant", f.UpdateMerchant(ctx, changed), paymux.NotFound)
}

// Whoever caches merchants, keys and endpoints sees by the revision that they changed.
func revisionRises(t *testing.T, f *fixture) {
	ctx := t.Context()
	m := f.newMerchant(t)
	key, endpoint := f.key(m.ID), f.endpoint()
	steps := []struct {
		name string
		do   func() error
	}{
		{"update merchant", func() error { return f.UpdateMerchant(ctx, m) }},
		{"create key", func() error { return f.CreateKey(ctx, key, nil) }},
		{"revoke key", func() error { return f.RevokeKey(ctx, m.ID, key.ID, start, nil) }},
		{"create endpoint", func() error { return f.CreateEndpoint(ctx, endpoint, nil) }},
		{"update endpoint", func() error { return f.UpdateEndpoint(ctx, endpoint, nil) }},
		{"delete endpoint", func() error { return f.DeleteEndpoint(ctx, f.merchant, endpoint.ID, nil) }},
		{"create merchant", func() error { f.newMerchant(t); return nil }},
	}
	last := must[int64](t)(f.Revision(ctx))
	for _, step := range steps {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		next := must[int64](t)(f.Revision(ctx))
		if next <= last {
			t.Fatalf("revision %d after %s, want more than %d", next, step.name, last)
		}
		last = next
	}
	f.enqueue(t)
	if err := f.CreateLink(ctx, f.link(), nil); err != nil {
		t.Fatal(err)
	}
	same(t, "the revision after a payment and a link", must[int64](t)(f.Revision(ctx)), last)
}
