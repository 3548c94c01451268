package main

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/directory"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/store/sqlite"
)

// elsewhere is another region, number 2, that has these merchants, or is away.
type elsewhere struct {
	away      bool
	more      bool // there is more than it ever tells at once
	merchants []paymux.Merchant
	endpoints []directory.Endpoint
	asked     int
}

func (e *elsewhere) Regions() []directory.Peer {
	return []directory.Peer{{Name: "east", Number: 2}}
}
func (e *elsewhere) Changed() <-chan struct{} { return nil }

func (e *elsewhere) Changes(_ context.Context, _ string, after int64, _ int) (directory.Changes, error) {
	e.asked++
	if e.away {
		return directory.Changes{}, paymux.Errorf(paymux.Unavailable, "No node answers just now.")
	}
	if n := int64(len(e.merchants) + len(e.endpoints)); after < n {
		defer func() { e.away = e.more }()
		return directory.Changes{Anew: after == 0, UpTo: n, Merchants: e.merchants, Endpoints: e.endpoints, More: e.more}, nil
	}
	return directory.Changes{UpTo: after}, nil
}

func newcomers(t *testing.T) (*system, *elsewhere, func(region paymux.Region) paymux.Merchant) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	opened, err := sqlite.Open(sqlite.Config{Now: time.Now, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	e := &elsewhere{}
	s := &system{store: opened, log: log, now: time.Now, notifier: notify.New(notify.Config{Store: opened, Now: time.Now, Log: log})}
	s.conf.Region = RegionConfig{Name: "west", Number: 1}
	s.directory = directory.New(directory.Config{Self: s.self(), Store: opened, Peers: e, Log: log, Now: time.Now, Heard: s.notifier.Invalidate})
	t.Cleanup(func() {
		s.directory.Stop()
		s.notifier.Close()
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, e, func(region paymux.Region) paymux.Merchant {
		ids := paymux.NewIDs([]byte("only for tests, no secret"), region, func() time.Time { return s.now().Add(-time.Hour) })
		return paymux.Merchant{ID: paymux.MerchantID(ids.New(paymux.PrefixMerchant)), Object: "merchant", Name: "Tea House"}
	}
}

// A merchant that another region has made is fetched when it first pays here, once.
func TestMerchantsMadeElsewhereAreFetched(t *testing.T) {
	t.Parallel()
	s, e, made := newcomers(t)
	m, own := made(2), made(1)
	e.merchants = []paymux.Merchant{m}
	for range 2 {
		if err := s.meet(t.Context(), m.ID, 2); err != nil || e.asked != 2 { // for changes, and whether there are more
			t.Errorf("met with %d questions: %v", e.asked, err)
		}
		e.away = true
	}
	if got, err := s.merchant(t.Context(), m.ID); err != nil || got.Name != m.Name {
		t.Errorf("%+v, %v", got, err)
	}
	if _, ok := s.homeOf(own.ID); ok {
		t.Error("this region's own merchant has a home elsewhere")
	}
	if _, err := s.merchant(t.Context(), own.ID); !errors.Is(err, paymux.NotFound) || e.asked != 2 {
		t.Errorf("one that is not there, after %d questions: %v", e.asked, err)
	}
}

// Who is let in elsewhere and not known here is refused for now, and nothing is begun.
func TestMerchantsThatCannotBeFetched(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		region paymux.Region
		away   bool
		policy paymux.Code // what a question for the merchant ends with
	}{
		"the home is away":         {2, true, paymux.Unavailable},
		"the home has it no more":  {2, false, paymux.NotFound},
		"a home that nobody knows": {3, false, paymux.NotFound},
	} {
		s, e, made := newcomers(t)
		e.away = c.away
		m := made(c.region)
		err := s.meet(t.Context(), m.ID, c.region)
		if away := new(paymux.Error); !errors.As(err, &away) || away.Code != paymux.Unavailable || away.RetryAfter == 0 {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.merchant(t.Context(), m.ID); !errors.Is(err, c.policy) {
			t.Errorf("%s: its policy: %v", name, err)
		}
	}
}

// In the middle of catching up, a merchant may be known and its endpoints not.
func TestMerchantsThatAreKnownByHalf(t *testing.T) {
	t.Parallel()
	s, e, made := newcomers(t)
	m := made(2)
	e.merchants, e.more = []paymux.Merchant{m}, true
	if err := s.directory.Pull(t.Context(), 2); !errors.Is(err, paymux.Unavailable) {
		t.Fatalf("the home is away after its first answer: %v", err)
	}
	if err := s.meet(t.Context(), m.ID, 2); !errors.Is(err, paymux.Unavailable) {
		t.Errorf("known by half: %v", err)
	}
	e.away, e.more = false, false
	if err := s.meet(t.Context(), m.ID, 2); err != nil {
		t.Errorf("when the home is back: %v", err)
	}
}

// A merchant that was copied a moment ago may have got its endpoint since: its first payment would end without a notification.
func TestMerchantsMadeAMomentAgoAreAskedAboutAgain(t *testing.T) {
	t.Parallel()
	s, e, made := newcomers(t)
	was := s.now
	s.now = func() time.Time { return was().Add(time.Hour) }
	m := made(2) // just now
	s.now = was
	e.merchants = []paymux.Merchant{m}
	if err := s.directory.Pull(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	e.endpoints = []directory.Endpoint{{Revision: 2, Endpoint: paymux.Endpoint{ID: "we_1", Merchant: m.ID, URL: "https://shop.example/w", Status: paymux.EndpointEnabled}}}
	if err := s.meet(t.Context(), m.ID, 2); err != nil {
		t.Fatal(err)
	}
	if got, err := s.store.Endpoints(t.Context(), m.ID); err != nil || len(got) != 1 {
		t.Errorf("it is met with the endpoints %v, %v", got, err)
	}
	e.away = true
	if err := s.meet(t.Context(), m.ID, 2); !errors.Is(err, paymux.Unavailable) {
		t.Errorf("its home is away: %v", err)
	}
	s.now = func() time.Time { return was().Add(time.Hour) }
	if err := s.meet(t.Context(), m.ID, 2); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}

// Merchants that this store made under another number are its own, whatever their IDs say.
func TestMerchantsOfANumberBefore(t *testing.T) {
	t.Parallel()
	s, e, made := newcomers(t)
	for _, number := range []paymux.Region{2, 9} {
		m := made(number)
		if err := s.store.CreateMerchant(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if err := s.meet(t.Context(), m.ID, number); err != nil || e.asked > 0 {
			t.Errorf("number %d: %v after %d questions", number, err, e.asked)
		}
	}
}
