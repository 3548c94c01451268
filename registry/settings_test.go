package registry_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/paymux/paymux/registry"
)

func document(key string, n int) registry.Document {
	return registry.Document{Key: key, Value: json.RawMessage(fmt.Sprint(n)), Who: "operator", Why: "a test"}
}

func number(d registry.Document) int {
	var n int
	_ = json.Unmarshal(d.Value, &n) // zero where it is none
	return n
}

func TestSettingsHaveVersions(t *testing.T) {
	t.Parallel()
	s := newHouse(t).open().Settings()
	if _, err := s.Get(t.Context(), "routing.east"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("before there is one: %v", err)
	}
	first, err := s.Put(t.Context(), document("routing.east", 1))
	if err != nil || first.Version == 0 || first.When.IsZero() {
		t.Fatalf("%+v, %v", first, err)
	}
	if _, err := s.Put(t.Context(), document("routing.east", 2)); !errors.Is(err, registry.ErrConflict) {
		t.Errorf("making what is there: %v", err)
	}
	next := first
	next.Value, next.Why = json.RawMessage("2"), "because"
	second, err := s.Put(t.Context(), next)
	if err != nil || second.Version <= first.Version {
		t.Fatalf("%+v, %v", second, err)
	}
	if _, err := s.Put(t.Context(), next); !errors.Is(err, registry.ErrConflict) {
		t.Errorf("replacing an old version: %v", err)
	}
	got, err := s.Get(t.Context(), "routing.east")
	if err != nil || got.Version != second.Version || number(got) != 2 || got.Why != "because" || got.Who != "operator" || got.When.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
	history, err := s.History(t.Context(), "routing.east")
	if err != nil || len(history) != 2 || number(history[0]) != 1 || history[0].Version != first.Version || number(history[1]) != 2 {
		t.Errorf("%+v, %v", history, err)
	}
	if err := s.Delete(t.Context(), "routing.east"); err != nil {
		t.Error(err)
	}
	if _, err := s.Get(t.Context(), "routing.east"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("after deletion: %v", err)
	}
	if _, err := s.Put(t.Context(), document("routing.east", 3)); err != nil {
		t.Errorf("making it again: %v", err)
	}
}

func TestWhatIsNoSetting(t *testing.T) {
	t.Parallel()
	s := newHouse(t).open().Settings()
	for _, key := range []string{"", ".", "a..b", "a.*", ">", "a b"} {
		if _, err := s.Put(t.Context(), document(key, 1)); !errors.Is(err, registry.ErrBadName) {
			t.Errorf("put %q: %v", key, err)
		}
		if _, err := s.Get(t.Context(), key); !errors.Is(err, registry.ErrBadName) {
			t.Errorf("get %q: %v", key, err)
		}
	}
	if _, err := s.Put(t.Context(), registry.Document{Key: "a", Value: json.RawMessage("{")}); err == nil {
		t.Error("what is not JSON is put")
	}
}

func TestOneOfManyWritersWins(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	first, err := h.open().Settings().Put(t.Context(), document("list", 0))
	if err != nil {
		t.Fatal(err)
	}
	const writers, rounds = 8, 20
	var all sync.WaitGroup
	for range writers {
		s := h.open().Settings()
		all.Go(func() {
			for won := 0; won < rounds; {
				d, err := s.Get(t.Context(), "list")
				if err != nil {
					t.Error(err)
					return
				}
				d.Value = json.RawMessage(fmt.Sprint(number(d) + 1))
				if _, err = s.Put(t.Context(), d); err == nil {
					won++
				} else if !errors.Is(err, registry.ErrConflict) {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	last, err := h.open().Settings().Get(t.Context(), "list")
	if err != nil || number(last) != writers*rounds || last.Version < first.Version+writers*rounds {
		t.Errorf("%d at version %d after %d, %v", number(last), last.Version, first.Version, err)
	}
	history, err := h.open().Settings().History(t.Context(), "list")
	if err != nil || len(history) != 16 {
		t.Errorf("%d versions are kept, %v", len(history), err)
	}
}

func TestViewsFollowInOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := h.open().Settings()
	d, err := s.Put(t.Context(), document("routing", 0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), document("routings", 1)); err != nil {
		t.Fatal(err)
	}
	v := h.open().Settings().Watch("routing")
	await(t, "the first", v, func() bool { _, ok := v.Get("routing"); return ok })
	const n = 300
	go func() {
		for i := range n {
			d.Value = json.RawMessage(fmt.Sprint(i + 1))
			if d, err = s.Put(t.Context(), d); err != nil {
				t.Error(err)
				return
			}
		}
		if _, err := s.Put(t.Context(), document("routing.east", 5)); err != nil {
			t.Error(err)
		}
	}()
	seen := 0
	await(t, "the last", v, func() bool {
		is, _ := v.Get("routing")
		if number(is) < seen {
			t.Errorf("%d after %d", number(is), seen)
		}
		seen = number(is)
		_, ok := v.Get("routing.east")
		return seen == n && ok
	})
	if len(v.Documents()) != 2 {
		t.Errorf("%v", v.Documents())
	}
	if err := s.Delete(t.Context(), "routing"); err != nil {
		t.Error(err)
	}
	await(t, "the deletion", v, func() bool { return len(v.Documents()) == 1 })
}

func TestViewsSurviveARestartOfNATS(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := h.open().Settings()
	d, err := s.Put(t.Context(), document("a", 1))
	if err != nil {
		t.Fatal(err)
	}
	v := h.open().Settings().Watch("")
	await(t, "the setting", v, func() bool { return len(v.Documents()) == 1 })
	h.Stop()
	await(t, "stale", v, stale(v))
	if is, _ := v.Get("a"); number(is) != 1 {
		t.Errorf("while the registry is away: %+v", is)
	}
	h.Start()
	await(t, "fresh", v, fresh(v))
	d.Value = json.RawMessage("2")
	for err = errors.New("not yet"); err != nil; { // its connection may still be on its way back
		if _, err = s.Put(t.Context(), d); errors.Is(err, registry.ErrConflict) {
			t.Fatal(err)
		}
	}
	await(t, "a change", v, func() bool { is, _ := v.Get("a"); return number(is) == 2 })
}

// A disk was lost. What is known is worth more than what is not there.
func TestViewsKeepWhatABucketHasLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.open()
	if _, err := r.Settings().Put(t.Context(), document("a", 1)); err != nil {
		t.Fatal(err)
	}
	v := r.Settings().Watch("")
	await(t, "the setting", v, func() bool { return len(v.Documents()) == 1 })
	h.Stop()
	h.Lose()
	h.Start()
	await(t, "stale", v, stale(v))
	if _, ok := v.Get("a"); !ok {
		t.Error("it has forgotten the setting")
	}
	s := h.open().Settings()
	if _, err := s.Put(t.Context(), document("a", 7)); err != nil {
		t.Fatal(err)
	}
	await(t, "the setting, put again", v, func() bool { is, _ := v.Get("a"); return number(is) == 7 })
	await(t, "fresh", v, fresh(v))
}

func TestOneBadDocumentChangesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.open()
	s := r.Settings()
	if _, err := s.Put(t.Context(), document("a", 1)); err != nil {
		t.Fatal(err)
	}
	v := s.Watch("")
	await(t, "the setting", v, func() bool { return len(v.Documents()) == 1 })
	js, err := jetstream.New(r.Conn)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"{", `{"stream":"KV_instances","seq":3}`, ""} {
		if _, err := js.Publish(t.Context(), "$KV.settings.a", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Set(t.Context(), document("b", 1)); err != nil {
		t.Fatal(err)
	}
	await(t, "what came after", v, func() bool { return len(v.Documents()) == 2 })
	if is, ok := v.Get("a"); !ok || number(is) != 1 {
		t.Errorf("%+v", is)
	}
	if _, err := s.Get(t.Context(), "a"); err == nil || errors.Is(err, registry.ErrNotFound) {
		t.Errorf("reading it: %v", err)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.open().Flags()
	for n := range 3 {
		if _, err := f.Set(t.Context(), document("routing.node-1", n)); err != nil {
			t.Fatal(err)
		}
	}
	v := h.open().Flags().Watch("routing")
	await(t, "the flag", v, func() bool { is, _ := v.Get("routing.node-1"); return number(is) == 2 })
	history, err := f.History(t.Context(), "routing.node-1")
	if err != nil || len(history) != 1 {
		t.Errorf("%v, %v", history, err)
	}
}
