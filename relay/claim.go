package relay

import (
	"context"
	"sync"

	"github.com/paymux/paymux"
)

// claim is what this process knows of one key. A region that is known never changes but by move, and that only
// where no request under the key can have been begun anywhere.
type claim struct {
	name string

	held   latch // guards what follows; held while the journal is asked, never while a region is
	known  bool
	region paymux.Region
	fresh  bool   // this process made the entry, and the journal has it as revision
	rev    uint64 // of the entry, where fresh
	epoch  int    // of the journal that has it
	under  int    // requests under way
	used   bool   // a request may have been begun
}

// movable reports whether nothing can have been begun under the key, as far as this process knows. That no
// other process knows better is what the journal says when the entry is replaced.
func (c *claim) movable(epoch int) bool {
	return c.fresh && !c.used && c.under == 0 && c.epoch == epoch
}

// latch is a lock whose waiters may give up.
type latch chan struct{}

func newLatch() latch { return make(latch, 1) }

// take fails where ctx ends first.
func (l latch) take(ctx context.Context) error {
	select {
	case l <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// try reports whether it was free, and takes it then.
func (l latch) try() bool {
	select {
	case l <- struct{}{}:
		return true
	default:
		return false
	}
}

func (l latch) release() { <-l }

// done counts a request's end. begun is false where the region has certainly not begun it.
func (c *claim) done(begun bool) {
	_ = c.held.take(context.Background()) // whoever holds it waits for the journal, which has a limit
	defer c.held.release()
	c.under--
	c.used = c.used || begun
}

const (
	// generation is how many claims are remembered before the older ones are forgotten: what is forgotten here is still in the journal.
	generation = 1 << 15
	// mostBare is how many keys may be sent while the journal is away. They are all written when it is back, within a second or so.
	mostBare = 10_000
)

// claims remembers claims. Safe for concurrent use.
type claims struct {
	mu         sync.Mutex
	young, old map[string]*claim
	bare       map[string]*claim // that the journal does not have yet
}

func newClaims() *claims {
	return &claims{young: map[string]*claim{}, bare: map[string]*claim{}}
}

// of finds a key's claim or begins one.
func (s *claims) of(name string) *claim {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range []map[string]*claim{s.young, s.bare, s.old} {
		if c := m[name]; c != nil {
			s.keep(c)
			return c
		}
	}
	c := &claim{name: name, held: newLatch()}
	s.keep(c)
	return c
}

func (s *claims) keep(c *claim) {
	if len(s.young) >= generation {
		s.young, s.old = make(map[string]*claim, generation), s.young
	}
	s.young[c.name] = c
}

// lay keeps a claim until the journal has it; false: there are too many.
func (s *claims) lay(c *claim) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.bare) >= mostBare {
		return false
	}
	s.bare[c.name] = c
	return true
}

// owe keeps a claim that the journal had until it has it again.
func (s *claims) owe(c *claim) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bare[c.name] = c
}

func (s *claims) lift(c *claim) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.bare, c.name)
}

func (s *claims) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bare) >= mostBare
}

// owing reports whether the journal has to be told of any.
func (s *claims) owing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bare) > 0
}

// laid are the claims the journal does not have; all: those it has been given, too, as far as they are remembered.
func (s *claims) laid(all bool) []*claim {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*claim
	for _, c := range s.bare {
		out = append(out, c)
	}
	if all {
		for _, m := range []map[string]*claim{s.young, s.old} {
			for _, c := range m {
				out = append(out, c)
			}
		}
	}
	return out
}
