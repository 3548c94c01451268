package directory_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/directory"
)

var (
	here  = directory.Peer{Name: "cn-1", Number: 1}
	east  = directory.Peer{Name: "eu-1", Number: 2}
	south = directory.Peer{Name: "eu-2", Number: 3}
)

// scene is a follower between a store and regions that are both made up. Times are those of a synctest bubble.
type scene struct {
	*directory.Follower
	t *testing.T

	mu      sync.Mutex
	regions []directory.Peer
	changed chan struct{}
	answer  map[string]func(ctx context.Context, after int64) (directory.Changes, error)
	asked   map[string]int
	at      map[paymux.Region]directory.Position
	taken   []int64 // revisions up to which pages were taken
	refuse  func(region paymux.Region) error
	first   func() // just before a page would be taken
	heard   int
	log     bytes.Buffer
}

func newScene(t *testing.T, regions ...directory.Peer) *scene {
	t.Helper()
	s := &scene{
		t: t, regions: regions, changed: make(chan struct{}), asked: map[string]int{}, at: map[paymux.Region]directory.Position{},
		answer: map[string]func(context.Context, int64) (directory.Changes, error){},
	}
	s.Follower = directory.New(directory.Config{
		Self: here, Store: (*shelf)(s), Peers: (*peers)(s), Log: slog.New(slog.NewTextHandler(s, nil)), Now: time.Now,
		Heard: func() { s.locked(func() { s.heard++ }) },
	})
	t.Cleanup(s.Stop)
	return s
}

func (s *scene) locked(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

// Write gathers the log.
func (s *scene) Write(b []byte) (n int, err error) {
	s.locked(func() { n, err = s.log.Write(b) })
	return n, err
}

// logged is how many lines of the log have a text.
func (s *scene) logged(text string) (n int) {
	s.locked(func() { n = strings.Count(s.log.String(), text) })
	return n
}

// has a region answer with changes up to a revision, in one page.
func (s *scene) has(p directory.Peer, upTo int64) {
	s.says(p, func(_ context.Context, after int64) (directory.Changes, error) {
		return directory.Changes{Anew: after == 0, UpTo: max(after, upTo)}, nil
	})
}

func (s *scene) says(p directory.Peer, answer func(ctx context.Context, after int64) (directory.Changes, error)) {
	s.locked(func() { s.answer[p.Name] = answer })
}

// status is how one region's copies stand.
func (s *scene) status(p directory.Peer) directory.Status {
	all := s.Status()
	i := slices.IndexFunc(all, func(st directory.Status) bool { return st.Region == p })
	if i < 0 {
		s.t.Helper()
		s.t.Fatalf("there is no status of %v: %+v", p, all)
	}
	return all[i]
}

func (s *scene) count(p directory.Peer) (n int) {
	s.locked(func() { n = s.asked[p.Name] })
	return n
}

// position is how far a region was copied.
func (s *scene) position(p directory.Peer) (at directory.Position) {
	s.locked(func() { at = s.at[p.Number] })
	return at
}

// peers are the scene's regions.
type peers scene

func (p *peers) Regions() []directory.Peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.regions
}

func (p *peers) Changed() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed
}

func (p *peers) Changes(ctx context.Context, region string, after int64, _ int) (directory.Changes, error) {
	p.mu.Lock()
	p.asked[region]++
	answer := p.answer[region]
	p.mu.Unlock()
	if answer == nil {
		return directory.Changes{}, paymux.Errorf(paymux.Unavailable, "No node answers just now.")
	}
	return answer(ctx, after)
}

// shelf is the scene's store.
type shelf scene

func (s *shelf) Changes(context.Context, int64, int) (directory.Changes, error) {
	return directory.Changes{}, nil
}

func (s *shelf) Copied(_ context.Context, region paymux.Region) (directory.Position, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at[region], nil
}

func (s *shelf) TakeCopies(_ context.Context, region paymux.Region, after int64, c directory.Changes) (bool, error) {
	if s.first != nil {
		s.first()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		if err := s.refuse(region); err != nil {
			return false, err
		}
	}
	if s.at[region].UpTo != after {
		return false, nil
	}
	s.at[region] = directory.Position{UpTo: c.UpTo, Whole: !c.More}
	s.taken = append(s.taken, c.UpTo)
	return true, nil
}
