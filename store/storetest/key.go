package storetest

import (
	"testing"
	"time"

	"github.com/paymux/paymux"
)

func keyTests() []test {
	return []test{{"key/round trip", keyRoundTrip}}
}

func keyRoundTrip(t *testing.T, f *fixture) {
	ctx := t.Context()
	m, other := f.newMerchant(t), f.newMerchant(t)
	bearer, signing := f.key(m.ID), f.key(m.ID)
	signing.Kind, signing.Digest, signing.RevokedAt = paymux.KeyHMAC, nil, time.Time{}
	second := f.key(m.ID)
	second.Kind, second.Digest = paymux.KeyEd25519, nil
	for _, k := range []paymux.Key{bearer, signing, second} {
		if err := f.CreateKey(ctx, k, nil); err != nil {
			t.Fatal(err)
		}
	}
	got, owner, err := f.KeyByDigest(ctx, bearer.Digest)
	same(t, "the key by its digest", must[paymux.Key](t)(got, err), bearer)
	same(t, "its merchant", owner, m)
	got, owner, err = f.Key(ctx, signing.ID)
	same(t, "the key by its ID", must[paymux.Key](t)(got, err), signing)
	same(t, "its merchant", owner, m)

	at := start.Add(time.Hour)
	wantErr(t, "a stranger's revocation", f.RevokeKey(ctx, other.ID, signing.ID, at, nil), paymux.NotFound)
	if err := f.RevokeKey(ctx, m.ID, signing.ID, at, nil); err != nil {
		t.Fatal(err)
	}
	signing.RevokedAt = at
	if err := f.RevokeKey(ctx, m.ID, signing.ID, at.Add(time.Hour), nil); err != nil {
		t.Fatalf("revoke again: %v", err)
	}
	same(t, "the keys, newest first", must[[]paymux.Key](t)(f.Keys(ctx, m.ID)), []paymux.Key{second, signing, bearer})
	same(t, "another merchant's keys", must[[]paymux.Key](t)(f.Keys(ctx, other.ID)), nil)

	twin := f.key(other.ID)
	twin.Digest = bearer.Digest
	if err := f.CreateKey(ctx, twin, nil); err == nil {
		t.Fatal("two keys have the same digest")
	}
	_, _, err = f.Key(ctx, twin.ID)
	wantErr(t, "an unknown key", err, paymux.NotFound)
	_, _, err = f.KeyByDigest(ctx, []byte("another"))
	wantErr(t, "an unknown digest", err, paymux.NotFound)
	_, _, err = f.KeyByDigest(ctx, nil)
	wantErr(t, "no digest", err, paymux.NotFound)
}
