package storetest

import (
	"testing"
	"time"

	"github.com/paymux/paymux"
)

func resealTests() []test {
	return []test{
		{"reseal/walk", resealWalk},
		{"reseal/key", resealKey},
		{"reseal/endpoint", resealEndpoint},
		{"reseal/scrub", resealScrub},
	}
}

// Walks pass every merchant's rows in the order of their IDs, a batch at a time.
func resealWalk(t *testing.T, f *fixture) {
	e, ctx := f.engine(t), t.Context()
	var keys []paymux.Key
	var endpoints []paymux.Endpoint
	for range 5 {
		k, endpoint := f.key(f.newMerchant(t).ID), f.endpoint()
		endpoint.Merchant = k.Merchant
		keys, endpoints = append(keys, k), append(endpoints, endpoint)
		if err := f.CreateKey(ctx, k, nil); err != nil {
			t.Fatal(err)
		}
		if err := f.CreateEndpoint(ctx, endpoint, nil); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "the first keys", must[[]paymux.Key](t)(e.KeysAfter(ctx, "", 3)), keys[:3])
	same(t, "the next keys", must[[]paymux.Key](t)(e.KeysAfter(ctx, keys[2].ID, 3)), keys[3:])
	same(t, "keys behind the last", must[[]paymux.Key](t)(e.KeysAfter(ctx, keys[4].ID, 3)), nil)
	same(t, "the first endpoints", must[[]paymux.Endpoint](t)(e.EndpointsAfter(ctx, "", 3)), endpoints[:3])
	same(t, "the next endpoints", must[[]paymux.Endpoint](t)(e.EndpointsAfter(ctx, endpoints[2].ID, 3)), endpoints[3:])
	same(t, "endpoints behind the last", must[[]paymux.Endpoint](t)(e.EndpointsAfter(ctx, endpoints[4].ID, 3)), nil)
}

// A secret is replaced only where it is what was read, and nothing else of the row is; nobody's cache has to hear of it.
func resealKey(t *testing.T, f *fixture) {
	e, ctx := f.engine(t), t.Context()
	m := f.newMerchant(t)
	k, other := f.key(m.ID), f.key(m.ID)
	for _, k := range []paymux.Key{k, other} {
		if err := f.CreateKey(ctx, k, nil); err != nil {
			t.Fatal(err)
		}
	}
	revision := must[int64](t)(f.Revision(ctx))
	for _, try := range []struct {
		was  paymux.Secret
		want bool
	}{{"another", false}, {k.Shared, true}, {k.Shared, false}} {
		if got := must[bool](t)(e.ReplaceShared(ctx, k.ID, try.was, "sealed ' \" \\")); got != try.want {
			t.Errorf("replaced: %t, want %t", got, try.want)
		}
	}
	if must[bool](t)(e.ReplaceShared(ctx, "key_nobody", "", "x")) {
		t.Error("a key that is not there was replaced")
	}
	k.Shared = "sealed ' \" \\"
	same(t, "the keys", must[[]paymux.Key](t)(f.Keys(ctx, m.ID)), []paymux.Key{other, k})
	if now := must[int64](t)(f.Revision(ctx)); now != revision {
		t.Errorf("the revision rose from %d to %d", revision, now)
	}
}

func resealEndpoint(t *testing.T, f *fixture) {
	e, ctx := f.engine(t), t.Context()
	endpoint, other := f.endpoint(), f.endpoint()
	endpoint.Secrets = append(endpoint.Secrets, paymux.SigningSecret{Value: "for good"}, paymux.SigningSecret{Value: "<&>\u2028", Expires: start.Add(time.Nanosecond)})
	for _, one := range []paymux.Endpoint{endpoint, other} {
		if err := f.CreateEndpoint(ctx, one, nil); err != nil {
			t.Fatal(err)
		}
	}
	was := must[paymux.Endpoint](t)(f.Endpoint(ctx, f.merchant, endpoint.ID)).Secrets
	revision := must[int64](t)(f.Revision(ctx))
	sealed := []paymux.SigningSecret{{Value: "sealed 1", Expires: start}, {Value: "sealed 2"}}
	for _, try := range []struct {
		was  []paymux.SigningSecret
		want bool
	}{{was[1:], false}, {was, true}, {was, false}} {
		if got := must[bool](t)(e.ReplaceSecrets(ctx, endpoint.ID, try.was, sealed)); got != try.want {
			t.Errorf("replaced: %t, want %t", got, try.want)
		}
	}
	endpoint.Secrets = sealed
	same(t, "the endpoints", must[[]paymux.Endpoint](t)(f.Endpoints(ctx, f.merchant)), []paymux.Endpoint{other, endpoint})
	if now := must[int64](t)(f.Revision(ctx)); now != revision {
		t.Errorf("the revision rose from %d to %d", revision, now)
	}
}

// Writing the tables anew changes nothing that can be read, and everything can be written after it.
func resealScrub(t *testing.T, f *fixture) {
	e, ctx := f.engine(t), t.Context()
	if err := e.Scrub(ctx); err != nil {
		t.Fatal(err)
	}
	m := f.newMerchant(t)
	bearer, shared, endpoint := f.key(m.ID), f.key(m.ID), f.endpoint()
	shared.Kind, shared.Digest, shared.RevokedAt = paymux.KeyHMAC, nil, time.Time{}
	endpoint.Merchant = m.ID
	write := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		write(f.CreateKey(ctx, bearer, nil))
		write(f.CreateKey(ctx, shared, nil))
		write(f.CreateEndpoint(ctx, endpoint, nil))
		revision := must[int64](t)(f.Revision(ctx))
		write(e.Scrub(ctx))
		same(t, "the keys", must[[]paymux.Key](t)(f.Keys(ctx, m.ID))[:2], []paymux.Key{shared, bearer})
		same(t, "the endpoint", must[paymux.Endpoint](t)(f.Endpoint(ctx, m.ID, endpoint.ID)), endpoint)
		same(t, "the failing ones", must[[]paymux.Endpoint](t)(f.FailingEndpoints(ctx, 1)), []paymux.Endpoint{endpoint})
		if now := must[int64](t)(f.Revision(ctx)); now != revision {
			t.Errorf("the revision rose from %d to %d", revision, now)
		}
		write(f.DeleteEndpoint(ctx, m.ID, endpoint.ID, nil))
		bearer.ID, shared.ID = paymux.KeyID(f.ids.New(paymux.PrefixKey)), paymux.KeyID(f.ids.New(paymux.PrefixKey))
		bearer.Digest = []byte("another")
	}
}
