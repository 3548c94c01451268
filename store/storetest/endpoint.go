package storetest

import (
	"testing"

	"github.com/paymux/paymux"
)

func endpointTests() []test {
	return []test{{"endpoint/round trip", endpointRoundTrip}}
}

func endpointRoundTrip(t *testing.T, f *fixture) {
	ctx := t.Context()
	first, second := f.endpoint(), f.endpoint()
	for _, e := range []paymux.Endpoint{first, second} {
		if err := f.CreateEndpoint(ctx, e, nil); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "the endpoint", must[paymux.Endpoint](t)(f.Endpoint(ctx, f.merchant, first.ID)), first)
	changed := f.endpoint()
	changed.ID, changed.CreatedAt, changed.Livemode, changed.Status = first.ID, first.CreatedAt, first.Livemode, paymux.EndpointDisabled
	if err := f.UpdateEndpoint(ctx, changed, nil); err != nil {
		t.Fatal(err)
	}
	same(t, "the endpoints, newest first", must[[]paymux.Endpoint](t)(f.Endpoints(ctx, f.merchant)), []paymux.Endpoint{second, changed})
	same(t, "another merchant's endpoints", must[[]paymux.Endpoint](t)(f.Endpoints(ctx, "mer_other")), nil)

	foreign := changed
	foreign.Merchant = "mer_other"
	_, err := f.Endpoint(ctx, "mer_other", first.ID)
	wantErr(t, "another merchant's read", err, paymux.NotFound)
	wantErr(t, "another merchant's update", f.UpdateEndpoint(ctx, foreign, nil), paymux.NotFound)
	wantErr(t, "another merchant's delete", f.DeleteEndpoint(ctx, "mer_other", first.ID, nil), paymux.NotFound)
	if err := f.DeleteEndpoint(ctx, f.merchant, first.ID, nil); err != nil {
		t.Fatal(err)
	}
	wantErr(t, "a second delete", f.DeleteEndpoint(ctx, f.merchant, first.ID, nil), paymux.NotFound)
	wantErr(t, "an update of what is deleted", f.UpdateEndpoint(ctx, changed, nil), paymux.NotFound)
	same(t, "what is left", must[[]paymux.Endpoint](t)(f.Endpoints(ctx, f.merchant)), []paymux.Endpoint{second})
}
