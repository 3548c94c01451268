package accessregions_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

// changesAtHome are all that belong to a merchant.
func (h *house) changesAtHome(m paymux.MerchantID, i *paymux.Idempotency) map[string]func() error {
	e := paymux.Endpoint{ID: "we_1", Merchant: m}
	link := paymux.Link{ID: paymux.LinkID(h.id(2, paymux.PrefixLink)), Merchant: m}
	return map[string]func() error{
		"CreateMerchant": func() error { return h.CreateMerchant(ctx(), paymux.Merchant{ID: m}) },
		"UpdateMerchant": func() error { return h.UpdateMerchant(ctx(), paymux.Merchant{ID: m}) },
		"CreateKey":      func() error { return h.CreateKey(ctx(), paymux.Key{ID: "key_1", Merchant: m}, i) },
		"RevokeKey":      func() error { return h.RevokeKey(ctx(), m, "key_1", noon, i) },
		"CreateEndpoint": func() error { return h.CreateEndpoint(ctx(), e, i) },
		"UpdateEndpoint": func() error { return h.UpdateEndpoint(ctx(), e, i) },
		"DeleteEndpoint": func() error { return h.DeleteEndpoint(ctx(), m, e.ID, i) },
		"Test":           func() error { _, err := h.Test(ctx(), e); return err },
		"CreateLink":     func() error { return h.CreateLink(ctx(), link, i) },
		"UpdateLink":     func() error { return h.UpdateLink(ctx(), link, i) },
	}
}

// What belongs to a merchant is changed at home or not at all.
func TestChangesGoHome(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	m := h.merchant(2)
	for what, change := range h.changesAtHome(m, nil) {
		if err := change(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if got := fmt.Sprint(h.heard()); got != "map[r2:["+what+"]]" {
			t.Errorf("%s went to %s", what, got)
		}
	}
	h.away("r2")
	for what, change := range h.changesAtHome(m, nil) {
		err := change()
		wantAway(t, what, err)
		if !strings.Contains(err.Error(), "home region is away") {
			t.Errorf("%s: %v", what, err)
		}
		if asked := h.heard(); asked["r1"] != nil || asked["r3"] != nil {
			t.Errorf("%s: asked %v", what, asked)
		}
	}
	unknown := newHouse(t, 2)
	for what, change := range unknown.changesAtHome(h.merchant(7), nil) {
		if strings.Contains(what, "Link") {
			continue // its own ID says where it is
		}
		wantAway(t, what+" in a region nobody has seen", change())
	}
	// What may have been begun is not called undone.
	h = newHouse(t, 3)
	h.lost("r2", "CreateKey")
	if err := h.CreateKey(ctx(), paymux.Key{Merchant: m}, nil); !errors.Is(err, paymux.OutcomeUnknown) {
		t.Errorf("a change whose answer was lost: %v", err)
	}
	// A node's own words are its own.
	h.rooms["r2"].fault = func(string) error { return paymux.Errorf(paymux.Unavailable, "The store is full.") }
	if err := h.CreateKey(ctx(), paymux.Key{Merchant: m}, nil); err == nil || !strings.Contains(err.Error(), "The store is full.") {
		t.Errorf("%v", err)
	}
}

// Who changes something sees it at once. While home is away, copies are read: the own region's, or any that knows the merchant.
func TestReadsAtHomeAndOfCopies(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	m := h.merchant(2)
	keep := func(name, of string) {
		r := h.rooms[name]
		r.merchants = []paymux.Merchant{{ID: m, Name: of}}
		r.keys = []paymux.Key{{ID: "key_1", Merchant: m, Name: of}}
		r.endpoints = []paymux.Endpoint{{ID: "we_1", Merchant: m, Description: of}}
	}
	reads := map[string]func() (string, error){
		"merchant": func() (string, error) { got, err := h.Merchant(ctx(), m); return got.Name, err },
		"endpoint": func() (string, error) { got, err := h.Endpoint(ctx(), m, "we_1"); return got.Description, err },
		"keys": func() (string, error) {
			list, err := h.Keys(ctx(), m)
			if len(list) != 1 {
				return "", err
			}
			return list[0].Name, err
		},
		"endpoints": func() (string, error) {
			list, err := h.Endpoints(ctx(), m)
			if len(list) != 1 {
				return "", err
			}
			return list[0].Description, err
		},
	}
	want := func(where string) {
		t.Helper()
		for what, read := range reads {
			switch got, err := read(); {
			case where == "away":
				wantAway(t, what, err)
			case err != nil || got != where:
				t.Errorf("%s: of %q, %v; want of %q", what, got, err, where)
			}
		}
	}
	keep("r2", "r2")
	want("r2")
	keep("r1", "r1")
	keep("r3", "r3")
	want("r2")
	h.away("r2")
	want("r1")
	h.rooms["r1"].merchants, h.rooms["r1"].keys, h.rooms["r1"].endpoints = nil, nil, nil // not copied yet
	want("r3")
	h.away("r3")
	want("away")
	h.away("r1")
	want("away")
	h.back("r1")
	h.back("r2")
	h.back("r3")
	keep("r1", "r1")
	h.rooms["r2"].merchants, h.rooms["r2"].endpoints = nil, nil
	if _, err := h.Merchant(ctx(), m); !errors.Is(err, paymux.NotFound) {
		t.Errorf("home does not have it: %v", err)
	}
	if _, err := h.Endpoint(ctx(), m, "we_1"); !errors.Is(err, paymux.NotFound) {
		t.Errorf("deleted at home: %v", err)
	}
	if _, err := h.Merchant(ctx(), h.merchant(7)); !errors.Is(err, paymux.NotFound) {
		t.Errorf("of a region nobody has seen: %v", err)
	}
}

// Kept answers are found wherever they were written. Where one might be that cannot be read, nothing is done a second time.
func TestKeptAnswers(t *testing.T) {
	t.Parallel()
	m := newHouse(t, 3).merchant(2)
	for _, x := range []struct {
		at, away string // where it is kept, and who does not answer
		want     error
	}{
		{at: "r1"}, {at: "r2"}, {at: "r3"},
		{want: paymux.NotFound},
		{at: "r3", away: "r2"},
		{at: "r2", away: "r1"},
		{at: "r3", away: "r1"},
		{at: "r1", away: "r1", want: paymux.Unavailable},
		{away: "r3", want: paymux.Unavailable},
		{away: "r2", want: paymux.Unavailable},
	} {
		h := newHouse(t, 3)
		if x.at != "" {
			h.rooms[x.at].answers["k"] = paymux.Idempotency{Key: "k", Object: x.at}
		}
		if x.away != "" {
			h.away(x.away)
		}
		got, err := h.Idempotency(ctx(), m, "k")
		if x.want == nil && (err != nil || got.Object != x.at) || x.want != nil && !errors.Is(err, x.want) {
			t.Errorf("%+v: of %q, %v", x, got.Object, err)
		}
		if some := x.away != ""; errors.Is(err, access.ErrSomeAway) != (some && err != nil) {
			t.Errorf("%+v: not told that others have answered: %v", x, err)
		}
		if asked := h.heard(); x.at == "r2" && x.away != "r2" && len(asked) != 1 {
			t.Errorf("%+v: asked %v", x, asked)
		}
	}
	// What is kept with an object is looked for with it, so that a region that is away stops nothing but its own.
	h := newHouse(t, 3)
	h.rooms["r2"].answers["k"] = paymux.Idempotency{Object: "r2"}
	h.away("r3")
	for _, id := range []string{string(m), h.id(2, paymux.PrefixLink), h.id(2, paymux.PrefixPayment)} {
		if got, err := h.AnswersOf(id).Idempotency(ctx(), m, "k"); err != nil || got.Object != "r2" {
			t.Errorf("%s: %v", id, err)
		}
		if _, err := h.AnswersOf(id).Idempotency(ctx(), m, "other"); !errors.Is(err, paymux.NotFound) {
			t.Errorf("%s: a new key: %v", id, err)
		}
	}
	_, err := h.AnswersOf(h.id(3, paymux.PrefixMerchant)).Idempotency(ctx(), m, "k")
	wantAway(t, "kept at a home that is away", err)
}
