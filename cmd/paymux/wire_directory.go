package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/directory"
	"github.com/paymux/paymux/directory/directoryrpc"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/relay"
)

// self is this region as others follow it.
func (s *system) self() directory.Peer {
	return directory.Peer{Name: s.conf.Region.Name, Number: paymux.Region(s.conf.Region.Number)}
}

// openDirectory makes what copies the merchants of the regions in the registry.
func (s *system) openDirectory(context.Context) error {
	unreached := func(string) (relay.Node, bool, error) { return nil, false, nil } // only who there is matters here
	s.directory = directory.New(directory.Config{
		Self: s.self(), Store: s.store, Log: s.log, Now: s.now,
		Peers: directoryPeers{relay.NewRegistered(s.registry.Watch(registry.RoleNode), unreached, s.log), directoryrpc.NewClient(s.messaging.Conn)},
		Heard: func() { s.notifier.Invalidate() },
	})
	s.onStop(func(context.Context) error { s.directory.Stop(); return nil })
	return nil
}

func (s *system) startDirectory() {
	if s.directory != nil {
		s.directory.Start()
	}
}

// directoryPeers are the regions whose nodes are, or were, in the registry.
type directoryPeers struct {
	registered *relay.Registered
	*directoryrpc.Client
}

func (p directoryPeers) Regions() []directory.Peer {
	var all []directory.Peer
	for _, g := range p.registered.Regions() {
		all = append(all, directory.Peer{Name: g.Name, Number: g.Number})
	}
	return all
}

func (p directoryPeers) Changed() <-chan struct{} { return p.registered.Changed() }

// homeOf is another region that is a merchant's home. ok is false for this region's own, and where no other is followed.
func (s *system) homeOf(id paymux.MerchantID) (home paymux.Region, ok bool) {
	home, ok = paymux.RegionOf(string(id))
	return home, ok && s.directory != nil && home != s.self().Number
}

// fetched reads something of a merchant. What is not here may have been made at the merchant's home a moment ago:
// then it is read again once everything of the home is.
func fetched[T any](ctx context.Context, s *system, of paymux.MerchantID, read func() (T, error)) (T, error) {
	v, err := read()
	home, ok := s.homeOf(of)
	if !ok || !errors.Is(err, paymux.NotFound) {
		return v, err
	}
	if err := s.directory.Pull(ctx, home); err != nil && !errors.Is(err, paymux.NotFound) {
		return v, err
	}
	return read()
}

// merchant finds a merchant, of any region.
func (s *system) merchant(ctx context.Context, id paymux.MerchantID) (paymux.Merchant, error) {
	return fetched(ctx, s, id, func() (paymux.Merchant, error) { return s.store.Merchant(ctx, id) })
}

// merchantsFetched finds merchants of any region.
type merchantsFetched struct {
	merchantBook
	system *system
}

func (m merchantsFetched) Merchant(ctx context.Context, id paymux.MerchantID) (paymux.Merchant, error) {
	return m.system.merchant(ctx, id)
}

// endpointBook is access.Endpoints under another name, as merchantBook is.
type endpointBook = access.Endpoints

// endpointsFetched finds endpoints of merchants of any region.
type endpointsFetched struct {
	endpointBook
	system *system
}

func (e endpointsFetched) Endpoint(ctx context.Context, merchant paymux.MerchantID, id paymux.EndpointID) (paymux.Endpoint, error) {
	return fetched(ctx, e.system, merchant, func() (paymux.Endpoint, error) { return e.endpointBook.Endpoint(ctx, merchant, id) })
}

// acquainted is the payment room for merchants that are known here with all their endpoints: a payment of any other
// would end without a notification. One that was made elsewhere a moment ago is fetched first, and refused, with nothing begun, while that cannot be.
type acquainted struct {
	*payment.Service
	system *system
}

func (a acquainted) Create(ctx context.Context, q paymux.CreatePayment) (paymux.Reply, error) {
	if home, ok := a.system.homeOf(q.Merchant); ok && !a.system.met.has(q.Merchant) {
		if err := a.system.meet(ctx, q.Merchant, home); err != nil {
			return paymux.Reply{}, err
		}
		a.system.met.add(q.Merchant)
	}
	return a.Service.Create(ctx, q)
}

// A merchant's home is asked although there is a copy while what the merchant got just after it was made, such as its endpoint, may not be
// here yet: until everything is that was committed at home by settledIn after, or, where that is not known, for as long as it is fresh.
const (
	settledIn = 5 * time.Second
	fresh     = time.Minute
)

// meet sees to it that a merchant of another region is known here.
func (s *system) meet(ctx context.Context, id paymux.MerchantID, home paymux.Region) error {
	_, err := s.store.Merchant(ctx, id)
	if err == nil {
		at, fault := s.store.Copied(ctx, home)
		made, _ := paymux.TimeOf(string(id))
		switch {
		case fault != nil || at.UpTo == 0: // nothing was ever copied from there: the merchant is this store's own
			return fault
		case at.Whole && (s.now().Sub(made) >= fresh || s.copiedUntil(home).Sub(made) >= settledIn):
			return nil
		}
	} else if !errors.Is(err, paymux.NotFound) {
		return err
	}
	if err = s.directory.Pull(ctx, home); err == nil {
		_, err = s.store.Merchant(ctx, id)
	}
	return unknownHere(err)
}

// copiedUntil is when everything that is here was committed at a home; zero: that is not known.
func (s *system) copiedUntil(home paymux.Region) time.Time {
	for _, at := range s.directory.Status() {
		if at.Region.Number == home {
			return at.AsOf
		}
	}
	return time.Time{}
}

// unknownHere makes of a merchant, or a home, that is not known what it is to a request that was let in elsewhere: for now.
func unknownHere(err error) error {
	switch {
	case errors.Is(err, paymux.NotFound):
		e := paymux.Errorf(paymux.Unavailable, "The merchant is not known in this region yet; nothing was done. Repeat the request in a moment.").At(relay.OfOneMerchant).Because(err)
		e.RetryAfter = 1
		return e
	case errors.Is(err, paymux.Unavailable):
		e := paymux.Errorf(paymux.Unavailable, "The merchant's own region cannot be asked just now, and what is known of the merchant here may not be all; nothing was done. Repeat the request in a moment.").At(relay.OfOneMerchant).Because(err)
		e.RetryAfter = 1
		return e
	}
	return err
}

// mostMet is how many merchants are remembered at most: all are then forgotten, and met again.
const mostMet = 100_000

// met are merchants of other regions that are known here. The zero value is empty.
type met struct {
	mu  sync.RWMutex
	all map[paymux.MerchantID]bool
}

func (m *met) has(id paymux.MerchantID) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.all[id]
}

func (m *met) add(id paymux.MerchantID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil || len(m.all) >= mostMet {
		m.all = map[paymux.MerchantID]bool{}
	}
	m.all[id] = true
}
