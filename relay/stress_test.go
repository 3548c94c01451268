package relay_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/relay"
)

// storm is what happens to regions, list, journal and frontends while merchants pay.
type storm struct {
	*house
	strict bool // so frontends may die
	chance *rand.Rand
	hall   hall
	far    []*swallower

	mu     sync.Mutex
	fronts []*relay.Relay
	lines  []*line
	seats  []*seat
}

func (s *storm) roll(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.chance.IntN(n)
}

func (s *storm) front() *relay.Relay {
	n := s.roll(len(s.fronts))
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fronts[n]
}

// unread is a registry that a frontend reads late: until then it knows one region, and no list.
type unread struct {
	relay.Directory
	relay.Lists
	own  relay.Region
	read chan struct{}
}

func (u *unread) late() bool {
	select {
	case <-u.read:
		return false
	default:
		return true
	}
}

func (u *unread) Regions() []relay.Region {
	if u.late() {
		return []relay.Region{u.own}
	}
	return u.Directory.Regions()
}

func (u *unread) List() *relay.List {
	if u.late() {
		return nil
	}
	return u.Lists.List()
}

func (u *unread) Changed() <-chan struct{} {
	if u.late() {
		return u.read
	}
	return u.Directory.Changed()
}

// enter opens a frontend in the place of another.
func (s *storm) enter(n int) {
	l := &line{book: s.journal, slow: func() time.Duration { return time.Duration(s.roll(8)) * time.Millisecond }}
	sits := s.hall.sit(fmt.Sprint("front-", n))
	g := s.sites[s.roll(len(s.sites))]
	u := &unread{Directory: s.dir, Lists: s.lists, own: relay.Region{Number: g.number, Name: g.name, Weight: 1, Node: g}, read: make(chan struct{})}
	time.AfterFunc(time.Duration(s.roll(3)*s.roll(5000))*time.Millisecond, func() { close(u.read) })
	r := s.open(func(c *relay.Config) {
		c.Strict, c.Journal, c.Council = s.strict, l, sits
		c.Directory, c.Lists, c.Default, c.Read = u, u, g.name, []<-chan struct{}{u.read}
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if n == len(s.fronts) {
		s.fronts, s.lines, s.seats = append(s.fronts, r), append(s.lines, l), append(s.seats, sits)
		return
	}
	s.fronts[n], s.lines[n], s.seats[n] = r, l, sits
}

// swallower is a site beyond a network that loses what is sent: requests, which it may have begun all the same, and pings.
type swallower struct {
	*site
	roll      func(int) int
	swallows  atomic.Bool
	swallowed atomic.Int32
}

func (w *swallower) Create(ctx context.Context, q paymux.CreatePayment) (paymux.Reply, error) {
	if !w.swallows.Load() {
		return w.site.Create(ctx, q)
	}
	w.swallowed.Add(1)
	if w.roll(2) == 0 {
		_, _ = w.site.Create(ctx, q)
	}
	pause(ctx, time.Duration(2000+w.roll(6000))*time.Millisecond)
	return paymux.Reply{}, errLost
}

func (w *swallower) Ping(ctx context.Context) error {
	if w.swallows.Load() {
		<-ctx.Done()
	}
	return ctx.Err()
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// link puts such networks before all sites but the first, which cannot be pinged.
func (s *storm) link() {
	for _, g := range s.sites[1:] {
		s.far = append(s.far, &swallower{site: g, roll: s.roll})
	}
	s.show(nil)
}

func (s *storm) show(change func(*relay.Region)) {
	s.house.show(func(g *relay.Region) {
		for _, w := range s.far {
			if w.number == g.Number {
				g.Node = w
			}
		}
		if change != nil {
			change(g)
		}
	})
}

// blow makes one thing happen.
func (s *storm) blow() {
	switch s.roll(12) {
	case 0, 1, 2, 3:
		g := s.sites[s.roll(len(s.sites))]
		how := s.roll(6)
		g.set(how == 0 || how == 1, how == 2, how == 3)
	case 4, 5:
		s.journal.set(true)
		time.Sleep(time.Duration(s.roll(6000)) * time.Millisecond)
		s.journal.set(false)
	case 6:
		text := evenly(len(s.sites))
		for i := range s.sites {
			text = strings.Replace(text, fmt.Sprintf("{region: %c}", 'a'+i), fmt.Sprintf("{region: %c, weight: %d}", 'a'+i, 1+s.roll(3)), 1)
		}
		s.assign(text)
	case 7:
		full := s.roll(len(s.sites) + 1)
		s.show(func(g *relay.Region) {
			if int(g.Number) == full {
				g.Usage.Ratio = 2
			}
		})
	case 8:
		if s.strict {
			n := s.roll(len(s.fronts))
			s.mu.Lock()
			r := s.fronts[n]
			s.mu.Unlock()
			s.enter(n)
			s.close(r)
		}
	case 10, 11:
		w := s.far[s.roll(len(s.far))]
		w.swallows.Store(true)
		time.Sleep(time.Duration(s.roll(9000)) * time.Millisecond)
		w.swallows.Store(false)
	case 9:
		if !s.strict && s.roll(12) == 0 {
			s.journal.lose()
			return
		}
		n := s.roll(len(s.fronts))
		s.mu.Lock()
		l, sits := s.lines[n], s.seats[n]
		s.mu.Unlock()
		l.set(true)
		sits.set(s.roll(2) == 0) // from the journal alone, or from the other frontends, too
		time.Sleep(time.Duration(s.roll(9000)) * time.Millisecond)
		l.set(false)
		sits.set(false)
	}
}

// merchant pays, and repeats each payment at any frontend, sometimes at two at once, until it knows.
func (s *storm) merchant(id paymux.MerchantID, payments int) (failed int) {
	for i := range payments {
		q := pay(id, fmt.Sprintf("%s-%d", id, i))
		for n := 0; ; n++ {
			if s.roll(4) == 0 {
				go func() { _, _ = s.front().Create(s.t.Context(), q) }()
			}
			_, err := s.front().Create(s.t.Context(), q)
			if err == nil {
				break
			}
			if !errors.Is(err, paymux.Unavailable) && !errors.Is(err, paymux.OutcomeUnknown) {
				s.t.Errorf("%s: %v", q.Idempotency, err)
			}
			if n > 1000 {
				failed++
				break
			}
			time.Sleep(time.Duration(100+s.roll(3000)) * time.Millisecond)
		}
		time.Sleep(time.Duration(s.roll(2000)) * time.Millisecond)
	}
	return failed
}

// Whatever happens to regions, list and journal, no key is begun in two regions, and every payment is made in the end.
func TestNoKeyReachesTwoRegions(t *testing.T) {
	t.Parallel()
	const seeds = 5
	var storms, moved, swallowed atomic.Int32
	t.Run("storms", func(t *testing.T) {
		for _, strict := range []bool{false, true} {
			for seed := range uint64(seeds) {
				t.Run(fmt.Sprintf("strict %t, seed %d", strict, seed), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						m, w := weather(t, strict, seed)
						storms.Add(1)
						moved.Add(m)
						swallowed.Add(w)
					})
				})
			}
		}
	})
	if storms.Load() == 2*seeds && (moved.Load() < 1000 || swallowed.Load() < 100) { // one alone may do little
		t.Errorf("only %d payments were made elsewhere than at home, and %d requests swallowed: little was tried", moved.Load(), swallowed.Load())
	}
}

// weather is one storm. It counts the payments that were made elsewhere than at home, and the requests that were swallowed.
func weather(t *testing.T, strict bool, seed uint64) (moved, swallowed int32) {
	s := &storm{house: newHouse(t, 3), strict: strict, chance: rand.New(rand.NewPCG(seed, 7))}
	s.old()
	s.link()
	for _, g := range s.sites {
		g.slow = func() time.Duration {
			if s.roll(100) == 0 {
				return time.Duration(s.roll(4000)) * time.Millisecond
			}
			return time.Duration(s.roll(30)) * time.Millisecond
		}
	}
	for n := range 3 {
		s.enter(n)
	}
	settled()
	const merchants, payments = 40, 30
	calm := make(chan struct{})
	go func() {
		for {
			select {
			case <-calm:
				return
			case <-time.After(time.Duration(s.roll(1500)) * time.Millisecond):
				s.blow()
			}
		}
	}()
	var all sync.WaitGroup
	for m := range merchants {
		all.Go(func() {
			if failed := s.merchant(paymux.MerchantID(fmt.Sprint("mer_", m)), payments); failed > 0 {
				t.Errorf("%d payments of merchant %d were never made", failed, m)
			}
		})
	}
	all.Wait()
	close(calm)
	time.Sleep(time.Minute)
	for m := range merchants {
		for i := range payments {
			id := paymux.MerchantID(fmt.Sprint("mer_", m))
			q := pay(id, fmt.Sprintf("%s-%d", id, i))
			began := s.began(q.Idempotency)
			if len(began) != 1 {
				t.Errorf("%s was begun in %v; the journal has %s", q.Idempotency, began, s.journal.has(q))
			}
			if len(began) > 0 && began[0] != s.home(id).name {
				moved++
			}
		}
	}
	bare := 0
	for _, g := range s.sites {
		bare += g.bare
	}
	for _, w := range s.far {
		swallowed += w.swallowed.Load()
	}
	t.Logf("%d payments were made elsewhere than at home, %d without the journal; %d requests were swallowed", moved, bare, swallowed)
	if strict && bare > 0 {
		t.Errorf("%d payments were made without the journal", bare)
	}
	return moved, swallowed
}
