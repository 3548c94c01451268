package storetest

import (
	"testing"
	"time"

	"github.com/paymux/paymux"
)

func endpointTests() []test {
	return []test{
		{"endpoint/round trip", endpointRoundTrip},
		{"endpoint/failing", endpointFailing},
		{"endpoint/ended", endpointEnded},
	}
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
	changed.FailingSince = first.FailingSince // an update does not carry it
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

// FailingSince is written apart: an update, whose caller may have read the endpoint long before, leaves
// it, and an endpoint that is enabled anew begins without.
func endpointFailing(t *testing.T, f *fixture) {
	ctx := t.Context()
	first, second, sound := f.endpoint(), f.endpoint(), f.endpoint()
	second.Merchant, sound.FailingSince = "mer_other", time.Time{}
	first.FailingSince, second.FailingSince = start.Add(2*time.Minute), start.Add(time.Minute)
	for _, e := range []paymux.Endpoint{first, second, sound} {
		if err := f.CreateEndpoint(ctx, e, nil); err != nil {
			t.Fatal(err)
		}
	}
	failing := func(what string, limit int, want ...paymux.Endpoint) {
		t.Helper()
		same(t, what, must[[]paymux.Endpoint](t)(f.FailingEndpoints(ctx, limit)), want)
	}
	setFailing := func(e *paymux.Endpoint, since time.Time) {
		t.Helper()
		e.FailingSince = since
		if err := f.SetFailing(ctx, e.ID, since); err != nil {
			t.Fatal(err)
		}
	}
	failing("the failing, longest first", 10, second, first)
	failing("the first of them", 1, second)

	stale, revision := first, must[int64](t)(f.Revision(ctx))
	setFailing(&first, start)
	setFailing(&second, time.Time{})
	if now := must[int64](t)(f.Revision(ctx)); now != revision {
		t.Errorf("the revision rose from %d to %d", revision, now)
	}
	failing("those left", 10, first)
	same(t, "one that works again", must[paymux.Endpoint](t)(f.Endpoint(ctx, "mer_other", second.ID)), second)
	gone := f.endpoint()
	setFailing(&gone, start)

	update := func(e paymux.Endpoint) {
		t.Helper()
		if err := f.UpdateEndpoint(ctx, e, nil); err != nil {
			t.Fatal(err)
		}
	}
	stale.Description = "still enabled"
	update(stale)
	stale.FailingSince = first.FailingSince
	same(t, "after an update", must[paymux.Endpoint](t)(f.Endpoint(ctx, f.merchant, first.ID)), stale)
	stale.Status, stale.FailingSince = paymux.EndpointPull, time.Time{}
	update(stale)
	stale.FailingSince = first.FailingSince
	same(t, "pulled instead", must[paymux.Endpoint](t)(f.Endpoint(ctx, f.merchant, first.ID)), stale)
	stale.Status = paymux.EndpointEnabled
	update(stale)
	stale.FailingSince = time.Time{}
	same(t, "enabled anew", must[paymux.Endpoint](t)(f.Endpoint(ctx, f.merchant, first.ID)), stale)
	failing("those left in the end", 10)
}

// A delivery ends the endpoint that it read, and none that was changed since: the change would be undone and, of a copy, until the next one at home.
func endpointEnded(t *testing.T, f *fixture) {
	ctx, e := t.Context(), f.endpoint()
	done(t, f.CreateEndpoint(ctx, e, nil))
	read := must[paymux.Endpoint](t)(f.Endpoint(ctx, f.merchant, e.ID))
	ended := read
	ended.Status, ended.Reason, ended.UpdatedAt = paymux.EndpointDisabled, gone, start.Add(time.Hour)
	changed := read
	changed.URL, changed.UpdatedAt = "https://new.example/", read.UpdatedAt.Add(time.Microsecond)
	done(t, f.UpdateEndpoint(ctx, changed, nil))
	wantErr(t, "one that was changed meanwhile", f.EndEndpoint(ctx, ended, read.UpdatedAt), paymux.ErrStale)
	same(t, "it", must[paymux.Endpoint](t)(f.Endpoint(ctx, f.merchant, e.ID)), changed)
	ended.URL = changed.URL
	done(t, f.EndEndpoint(ctx, ended, changed.UpdatedAt))
	same(t, "one that was not", must[paymux.Endpoint](t)(f.Endpoint(ctx, f.merchant, e.ID)), ended)
	done(t, f.DeleteEndpoint(ctx, f.merchant, e.ID, nil))
	wantErr(t, "one that is gone", f.EndEndpoint(ctx, ended, ended.UpdatedAt), paymux.NotFound)
}
