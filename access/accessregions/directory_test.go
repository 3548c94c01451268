package accessregions_test

import (
	"errors"
	"testing"

	"github.com/paymux/paymux"
)

// Credentials are found as near as they are, and an unknown one is called unknown only by all.
func TestCredentials(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		at, away []string
		from     string // empty: nobody
		err      error
		asked    int // regions, by ID
	}{
		{at: []string{"r1", "r2", "r3"}, from: "r1", asked: 1},
		{at: []string{"r2", "r3"}, from: "r2", asked: 2},
		{at: []string{"r3"}, from: "r3", asked: 3},
		{err: paymux.NotFound, asked: 3},
		{at: []string{"r1", "r2"}, away: []string{"r2", "r3"}, from: "r1", asked: 1},
		{at: []string{"r2"}, away: []string{"r1", "r3"}, from: "r2", asked: 2},
		{at: []string{"r3"}, away: []string{"r1", "r2"}, from: "r3", asked: 3},
		{at: []string{"r2"}, away: []string{"r2"}, err: paymux.Unavailable, asked: 3},
		{away: []string{"r1"}, err: paymux.Unavailable, asked: 3},
		{away: []string{"r3"}, err: paymux.Unavailable, asked: 3},
		{away: []string{"r1", "r2", "r3"}, err: paymux.Unavailable, asked: 3},
	} {
		h := newHouse(t, 3)
		m := h.merchant(2)
		id := paymux.KeyID(h.id(2, paymux.PrefixKey))
		for _, name := range x.at {
			h.rooms[name].merchants = []paymux.Merchant{{ID: m}}
			h.rooms[name].keys = []paymux.Key{{ID: id, Merchant: m, Digest: []byte("d"), Name: name}}
		}
		for _, name := range x.away {
			h.away(name)
		}
		k, of, err := h.Key(ctx(), id)
		if k.Name != x.from || !errors.Is(err, x.err) || err == nil && of.ID != m {
			t.Errorf("%+v: of %q, %v", x, k.Name, err)
		}
		if asked := h.heard(); len(asked) != x.asked {
			t.Errorf("%+v: asked %v", x, asked)
		}
		if k, _, err = h.KeyByDigest(ctx(), []byte("d")); k.Name != x.from || !errors.Is(err, x.err) {
			t.Errorf("%+v: by digest of %q, %v", x, k.Name, err)
		}
	}
}

// The revision changes whenever something that is cached may have: with the own region's, and when another's has to do.
func TestRevision(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	seen := map[int64]string{}
	read := func(what string, fresh bool) int64 {
		t.Helper()
		n, err := h.Revision(ctx())
		was, again := seen[n]
		if err != nil || again == fresh {
			t.Errorf("%s: %d, %v; seen at %q", what, n, err, was)
		}
		seen[n] = what
		return n
	}
	h.rooms["r1"].revision, h.rooms["r2"].revision, h.rooms["r3"].revision = 57, 56, 57
	if n := read("at first", true); n != 57 {
		t.Errorf("the own region's is %d", n)
	}
	h.away("r3")
	read("another region is away", false)
	h.rooms["r2"].revision = 57
	read("another region's rises, and has not been copied", false)
	h.away("r1")
	read("the own region is away", true)
	read("it still is", false)
	h.rooms["r2"].revision++
	read("the other's rises", true)
	h.away("r2")
	if n, err := h.Revision(ctx()); !errors.Is(err, paymux.Unavailable) {
		t.Errorf("nobody is there: %d, %v", n, err)
	}
	h.back("r3")
	read("a third has to do", true)
	h.rooms["r1"].revision++
	h.back("r1")
	read("the own region is back", true)
}
