package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/directory"
)

func copiesTests() []test {
	return []test{
		{"copies/everything, in pages", copiesPages},
		{"copies/changes, revocations, deletions", copiesFollow},
		{"copies/no echo", copiesNoEcho},
		{"copies/what deliveries made of an endpoint", copiesOwnState},
		{"copies/taken once, whole or not at all", copiesOnce},
		{"copies/nobody else's rows", copiesForeign},
		{"copies/another history", copiesAnew},
		{"copies/model", copiesModel},
	}
}

// homeNumber is the region whose rows are copied.
const homeNumber paymux.Region = 7

// follow takes everything that home has into f, in pages.
func (f *fixture) follow(t testing.TB, home *fixture, limit int) (pages int) {
	t.Helper()
	for {
		at := must[directory.Position](t)(f.Copied(t.Context(), homeNumber))
		c := must[directory.Changes](t)(home.Changes(t.Context(), at.UpTo, limit))
		if !c.Anew && c.UpTo == at.UpTo && at.Whole {
			return pages
		}
		if !must[bool](t)(f.TakeCopies(t.Context(), homeNumber, at.UpTo, c)) {
			t.Fatalf("what comes behind %d is not taken", at.UpTo)
		}
		pages++
		if want := (directory.Position{UpTo: c.UpTo, Whole: !c.More}); must[directory.Position](t)(f.Copied(t.Context(), homeNumber)) != want {
			t.Fatalf("the position is not %+v", want)
		}
		if c.Anew && c.UpTo == 0 {
			return pages
		}
	}
}

// furnished is a merchant with a key and an endpoint.
func (f *fixture) furnished(t testing.TB) (m paymux.Merchant, k paymux.Key, e paymux.Endpoint) {
	t.Helper()
	m = f.newMerchant(t)
	k, e = f.key(m.ID), f.endpoint()
	k.RevokedAt, e.Merchant, e.FailingSince = time.Time{}, m.ID, time.Time{}
	done(t, f.CreateKey(t.Context(), k, nil))
	done(t, f.CreateEndpoint(t.Context(), e, nil))
	return m, k, e
}

func done(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sameMerchant fails the test where f does not have a merchant as home does, since when endpoints fail left out.
func (f *fixture) sameMerchant(t testing.TB, home *fixture, id paymux.MerchantID) {
	t.Helper()
	ctx := t.Context()
	m, err := home.Merchant(ctx, id)
	if errors.Is(err, paymux.NotFound) {
		_, err = f.Merchant(ctx, id)
		wantErr(t, "a merchant that its home does not have", err, paymux.NotFound)
	} else {
		same(t, "the merchant", must[paymux.Merchant](t)(f.Merchant(ctx, id)), must[paymux.Merchant](t)(m, err))
	}
	keys := must[[]paymux.Key](t)(home.Keys(ctx, id))
	same(t, "the keys", must[[]paymux.Key](t)(f.Keys(ctx, id)), keys)
	for _, want := range keys {
		k, owner, err := f.Key(ctx, want.ID)
		same(t, "a key", must[paymux.Key](t)(k, err), want)
		same(t, "its merchant", owner, m)
		if len(want.Digest) > 0 {
			k, _, err = f.KeyByDigest(ctx, want.Digest)
			same(t, "a key by its digest", must[paymux.Key](t)(k, err), want)
		}
	}
	same(t, "the endpoints", plain(must[[]paymux.Endpoint](t)(f.Endpoints(ctx, id))), plain(must[[]paymux.Endpoint](t)(home.Endpoints(ctx, id))))
}

func plain(list []paymux.Endpoint) []paymux.Endpoint {
	for i := range list {
		list[i].FailingSince = time.Time{}
	}
	return list
}

// Each page is of use by itself: a key comes with its merchant, wherever in the order that changed last.
func copiesPages(t *testing.T, home *fixture) {
	ctx := t.Context()
	first, _, _ := home.furnished(t)
	second, key, _ := home.furnished(t)
	done(t, home.UpdateMerchant(ctx, first)) // is the last now
	for limit := 1; limit <= 6; limit++ {
		f := home.elsewhere()
		before := must[int64](t)(f.Revision(ctx))
		if pages := f.follow(t, home, limit); pages != (6+limit-1)/limit {
			t.Errorf("%d pages of %d", pages, limit)
		}
		if now := must[int64](t)(f.Revision(ctx)); now <= before {
			t.Error("caches do not hear of copies")
		}
		f.sameMerchant(t, home, first.ID)
		f.sameMerchant(t, home, second.ID)
		if limit == 1 {
			continue
		}
		c := must[directory.Changes](t)(home.Changes(ctx, 0, limit))
		if !c.Anew || c.More != (limit < 6) {
			t.Errorf("the first %d: %+v", limit, c)
		}
	}
	c := must[directory.Changes](t)(home.Changes(ctx, 0, 1)) // of the first key
	if len(c.Keys) != 1 || len(c.Merchants) != 1 || c.Merchants[0].ID != c.Keys[0].Merchant || !c.More {
		t.Errorf("a page of one key: %+v", c)
	}
	all := must[directory.Changes](t)(home.Changes(ctx, 0, 6))
	same(t, "with its secrets", all.Keys[1], key)
	none := must[directory.Changes](t)(home.Changes(ctx, all.UpTo, 6))
	same(t, "behind the last", none, directory.Changes{UpTo: all.UpTo})
}

func copiesFollow(t *testing.T, home *fixture) {
	ctx := t.Context()
	f := home.elsewhere()
	m, k, e := home.furnished(t)
	f.follow(t, home, 10)
	home.fill.value(&m.Policy)
	done(t, home.UpdateMerchant(ctx, m))
	done(t, home.RevokeKey(ctx, m.ID, k.ID, start, nil))
	e.URL, e.Status, e.Secrets = "https://elsewhere.example", paymux.EndpointPull, e.Secrets[:1]
	done(t, home.UpdateEndpoint(ctx, e, nil))
	f.follow(t, home, 2)
	f.sameMerchant(t, home, m.ID)
	if got, _, err := f.Key(ctx, k.ID); err != nil || !got.RevokedAt.Equal(start) {
		t.Errorf("the revoked key: %+v, %v", got, err)
	}
	done(t, home.DeleteEndpoint(ctx, m.ID, e.ID, nil))
	f.follow(t, home, 2)
	_, err := f.Endpoint(ctx, m.ID, e.ID)
	wantErr(t, "the deleted endpoint", err, paymux.NotFound)
	done(t, home.CreateEndpoint(ctx, e, nil)) // back, before anybody has looked
	done(t, home.DeleteEndpoint(ctx, m.ID, e.ID, nil))
	done(t, home.CreateEndpoint(ctx, e, nil))
	f.follow(t, home, 10)
	f.sameMerchant(t, home, m.ID)
	late := home.elsewhere() // sees endpoints that are gone before and behind those that are there
	late.follow(t, home, 2)
	late.sameMerchant(t, home, m.ID)
}

// A copy is no change of the region that has it, whatever happens to it there, and nobody else than its home changes it.
func copiesNoEcho(t *testing.T, home *fixture) {
	ctx := t.Context()
	f := home.elsewhere()
	m, k, e := home.furnished(t)
	f.follow(t, home, 10)
	done(t, f.SetFailing(ctx, e.ID, start))
	before := must[int64](t)(f.Revision(ctx))
	e.Status, e.Reason = paymux.EndpointDisabled, "It answered 410 Gone."
	done(t, f.UpdateEndpoint(ctx, e, nil))
	if now := must[int64](t)(f.Revision(ctx)); now <= before {
		t.Error("caches do not hear of what deliveries made of a copy")
	}
	same(t, "the changes of who has copies", must[directory.Changes](t)(f.Changes(ctx, 0, 10)), directory.Changes{Anew: true})
	wantErr(t, "an update of a copy", f.UpdateMerchant(ctx, m), paymux.NotFound)
	wantErr(t, "a revocation of a copy", f.RevokeKey(ctx, m.ID, k.ID, start, nil), paymux.NotFound)
	wantErr(t, "a deletion of a copy", f.DeleteEndpoint(ctx, m.ID, e.ID, nil), paymux.NotFound)
	own, ownKey, ownEndpoint := f.furnished(t)
	at := must[directory.Position](t)(f.Copied(ctx, homeNumber))
	old := directory.Endpoint{Revision: 1, Endpoint: home.endpoint()} // lower than any of its own
	if !must[bool](t)(f.TakeCopies(ctx, homeNumber, at.UpTo, directory.Changes{UpTo: at.UpTo + 1, Endpoints: []directory.Endpoint{old}})) {
		t.Fatal("not taken")
	}
	c := must[directory.Changes](t)(f.Changes(ctx, 0, 10))
	same(t, "its own merchants", c.Merchants, []paymux.Merchant{own})
	same(t, "its own keys", c.Keys, []paymux.Key{ownKey})
	if len(c.Endpoints) != 1 || c.Endpoints[0].Endpoint.ID != ownEndpoint.ID {
		t.Errorf("its own endpoints are %+v", c.Endpoints)
	}
}

// What deliveries made of an endpoint here holds until the home changes the endpoint.
func copiesOwnState(t *testing.T, home *fixture) {
	ctx := t.Context()
	f := home.elsewhere()
	m, _, e := home.furnished(t)
	home.furnished(t)
	done(t, home.SetFailing(ctx, e.ID, start))
	f.follow(t, home, 10)
	endpoint := func() paymux.Endpoint {
		t.Helper()
		return must[paymux.Endpoint](t)(f.Endpoint(ctx, m.ID, e.ID))
	}
	same(t, "the copy, which fails at home", endpoint(), e)
	here := e
	here.Status, here.Reason, here.FailingSince = paymux.EndpointDisabled, "It answered 410 Gone.", start.Add(time.Hour)
	done(t, f.SetFailing(ctx, e.ID, here.FailingSince))
	done(t, f.UpdateEndpoint(ctx, here, nil))
	home.furnished(t)
	f.follow(t, home, 10)
	same(t, "after others have changed", endpoint(), here)
	at := must[directory.Position](t)(f.Copied(ctx, homeNumber))
	again := must[directory.Changes](t)(home.Changes(ctx, 0, 100)) // as if everything was told anew
	if !must[bool](t)(f.TakeCopies(ctx, homeNumber, at.UpTo, again)) {
		t.Fatal("a full copy is not taken")
	}
	same(t, "after a full copy", endpoint(), here)

	e.Description, e.Status = "changed, and still disabled", paymux.EndpointDisabled
	done(t, home.UpdateEndpoint(ctx, e, nil))
	f.follow(t, home, 10)
	e.FailingSince = here.FailingSince
	same(t, "disabled at home", endpoint(), e)
	e.Status, e.FailingSince = paymux.EndpointEnabled, time.Time{}
	done(t, home.UpdateEndpoint(ctx, e, nil))
	f.follow(t, home, 10)
	same(t, "enabled anew at home", endpoint(), e)
}

// A page is taken by one replica, behind the position it was asked for; one that cannot be committed leaves nothing.
func copiesOnce(t *testing.T, home *fixture) {
	ctx := t.Context()
	f := home.elsewhere()
	m, _, e := home.furnished(t)
	early := must[directory.Changes](t)(home.Changes(ctx, 0, 10))
	f.follow(t, home, 10)
	e.Description = "newer"
	done(t, home.UpdateEndpoint(ctx, e, nil))
	f.follow(t, home, 10)
	at, revision := must[directory.Position](t)(f.Copied(ctx, homeNumber)), must[int64](t)(f.Revision(ctx))
	for _, after := range []int64{0, early.UpTo, at.UpTo + 1} {
		if must[bool](t)(f.TakeCopies(ctx, homeNumber, after, early)) {
			t.Errorf("an early answer was taken behind %d", after)
		}
	}
	full := errors.New("no space left on device")
	done(t, home.DeleteEndpoint(ctx, m.ID, e.ID, nil))
	next := must[directory.Changes](t)(home.Changes(ctx, at.UpTo, 10))
	f.gate.fail(full)
	_, err := f.TakeCopies(ctx, homeNumber, at.UpTo, next)
	f.gate.fail(nil)
	wantErr(t, "a commit that fails", err, full)
	same(t, "the position", must[directory.Position](t)(f.Copied(ctx, homeNumber)), at)
	same(t, "the endpoint", must[paymux.Endpoint](t)(f.Endpoint(ctx, m.ID, e.ID)), e)
	if now := must[int64](t)(f.Revision(ctx)); now != revision {
		t.Errorf("the revision rose from %d to %d", revision, now)
	}
	same(t, "another region's position", must[directory.Position](t)(f.Copied(ctx, homeNumber+1)), directory.Position{})
}

// Whatever a region says: it changes copies of its own rows alone.
func copiesForeign(t *testing.T, home *fixture) {
	ctx := t.Context()
	f := home.elsewhere()
	m, k, e := home.furnished(t)
	f.follow(t, home, 10)
	own, ownKey, ownEndpoint := f.furnished(t)
	lie := directory.Changes{Anew: true, UpTo: 5, Merchants: []paymux.Merchant{m, own}, Keys: []paymux.Key{k, ownKey}, Deleted: []paymux.EndpointID{e.ID, ownEndpoint.ID}}
	for i := range lie.Merchants {
		lie.Merchants[i].Name = "taken over"
		lie.Keys[i].RevokedAt = start
	}
	for _, from := range []paymux.Endpoint{e, ownEndpoint} {
		from.URL = "https://thief.example"
		lie.Endpoints = append(lie.Endpoints, directory.Endpoint{Revision: 5, Endpoint: from})
	}
	if !must[bool](t)(f.TakeCopies(ctx, homeNumber+1, 0, lie)) {
		t.Fatal("not taken")
	}
	f.sameMerchant(t, home, m.ID)
	same(t, "its own merchant", must[paymux.Merchant](t)(f.Merchant(ctx, own.ID)), own)
	same(t, "its own keys", must[[]paymux.Key](t)(f.Keys(ctx, own.ID)), []paymux.Key{ownKey})
	same(t, "its own endpoints", must[[]paymux.Endpoint](t)(f.Endpoints(ctx, own.ID)), []paymux.Endpoint{ownEndpoint})
}

// A home whose database was restored does not know how far it was copied. Everything is told anew, and what it
// has lost goes at the end of that, not before.
func copiesAnew(t *testing.T, home *fixture) {
	ctx := t.Context()
	f, restored := home.elsewhere(), home.elsewhere()
	restored.ids = home.ids
	lost, _, _ := home.furnished(t)
	kept, key, endpoint := home.furnished(t)
	f.follow(t, home, 10)
	done(t, restored.CreateMerchant(ctx, kept))
	done(t, restored.CreateKey(ctx, key, nil))
	done(t, restored.CreateEndpoint(ctx, endpoint, nil))
	added, _, _ := restored.furnished(t)

	at := must[directory.Position](t)(f.Copied(ctx, homeNumber))
	first := must[directory.Changes](t)(restored.Changes(ctx, at.UpTo, 2))
	if !first.Anew || !first.More {
		t.Fatalf("behind what is not known: %+v", first)
	}
	if !must[bool](t)(f.TakeCopies(ctx, homeNumber, at.UpTo, first)) {
		t.Fatal("not taken")
	}
	f.sameMerchant(t, home, lost.ID)
	f.sameMerchant(t, home, kept.ID)
	f.follow(t, restored, 2)
	for _, id := range []paymux.MerchantID{lost.ID, kept.ID, added.ID} {
		f.sameMerchant(t, restored, id)
	}
}
