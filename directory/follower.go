package directory

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/paymux/paymux"
)

// Config wires a Follower. Store, Peers, Log and Now are required.
type Config struct {
	Self  Peer // this region, which is not followed
	Store Store
	Peers Peers
	Heard func()        // called after copies were taken, for caches in this process; nil: nobody
	Every time.Duration // between two questions to a region; zero: 1 s
	Limit time.Duration // of one question; zero: 5 s
	Page  int           // changes asked for at a time; zero: 500
	Log   *slog.Logger
	Now   func() time.Time
}

// Follower keeps copies of what other regions have. Each region is followed by itself: one that hangs delays no other.
// Several replicas may follow for one store. Safe for concurrent use.
type Follower struct {
	Config
	ctx    context.Context
	cancel context.CancelFunc

	mu      sync.Mutex // guards what follows; taken before a home's, and that before life
	homes   map[Peer]*home
	started bool
	clashes map[Peer]bool // that were logged

	life    sync.Mutex // guards what follows
	stopped bool
	work    sync.WaitGroup
}

// Status is how a region's copies stand.
type Status struct {
	Region   Peer
	Revision int64     // of that region, up to which everything is here; zero: nothing, or it was not reached since this process began
	AsOf     time.Time // everything that was committed there until then is here; zero: it was not reached since this process began
	Trouble  string    // why it cannot be followed just now; empty: it can
}

// New returns a Follower that follows nobody yet.
func New(c Config) *Follower {
	c.Every = cmp.Or(c.Every, time.Second)
	c.Limit = cmp.Or(c.Limit, 5*time.Second)
	c.Page = cmp.Or(c.Page, 500)
	if c.Heard == nil {
		c.Heard = func() {}
	}
	f := &Follower{Config: c, homes: map[Peer]*home{}, clashes: map[Peer]bool{}}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f
}

// Start follows every region there is, and those that come, until Stop. It may be called twice.
func (f *Follower) Start() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.started {
		return
	}
	f.started = true
	f.spawn(f.watch)
	for _, h := range f.homes { // which Pull has met
		f.spawn(h.follow)
	}
}

// Stop ends the following. What was being taken is taken or not. It may be called twice.
func (f *Follower) Stop() {
	f.life.Lock()
	f.stopped = true
	f.life.Unlock()
	f.cancel()
	f.work.Wait()
}

// spawn runs work that Stop waits for. After Stop there is none.
func (f *Follower) spawn(work func()) {
	f.life.Lock()
	defer f.life.Unlock()
	if !f.stopped {
		f.work.Go(work)
	}
}

// Wake asks every region soon: something may have changed there.
func (f *Follower) Wake() {
	for _, h := range f.look() {
		h.wake()
	}
}

// Status tells how the copies of each region stand, in the order of the regions' numbers.
func (f *Follower) Status() []Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []Status
	for _, h := range f.homes {
		all = append(all, h.status())
	}
	slices.SortFunc(all, func(a, b Status) int {
		return cmp.Or(cmp.Compare(a.Region.Number, b.Region.Number), cmp.Compare(a.Region.Name, b.Region.Name))
	})
	return all
}

// Pull takes everything that a region has committed until now. Calls at the same time share the work. Errors: NotFound for
// a region that is not known; Unavailable where it could not be asked.
func (f *Follower) Pull(ctx context.Context, region paymux.Region) error {
	for _, h := range f.look() {
		if h.peer.Number == region {
			return unavailable(h.pull(ctx))
		}
	}
	return paymux.Errorf(paymux.NotFound, "No other region has the number %d.", region)
}

func unavailable(err error) error {
	if err == nil {
		return nil
	}
	e := paymux.Errorf(paymux.Unavailable, "The merchant's own region cannot be asked just now. Try again in a moment.").Because(err)
	e.RetryAfter = 1
	return e
}

// calm is for how many questions peers are asked in their turn only, after they were because something had changed: in a large
// system something always has.
const calm = 10

// watch follows the regions that come.
func (f *Follower) watch() {
	tick := time.NewTicker(f.Every) // for peers that do not tell
	defer tick.Stop()
	var woken time.Time
	for {
		changed := f.Peers.Changed()
		f.look()
		if f.Now().Sub(woken) < calm*f.Every {
			changed = nil
		}
		select {
		case <-changed:
			woken = f.Now()
			f.Wake() // whoever is back may have news
		case <-tick.C:
		case <-f.ctx.Done():
			return
		}
	}
}

// look returns the regions to follow, and begins with those it has not seen yet.
func (f *Follower) look() []*home {
	peers := f.Peers.Regions()
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []*home
	by := map[paymux.Region]Peer{f.Self.Number: f.Self}
	for _, p := range peers {
		if other, ok := by[p.Number]; ok {
			f.clash(p, other)
			continue
		}
		by[p.Number] = p
		if f.homes[p] == nil {
			f.homes[p] = newHome(f, p)
			if f.started {
				f.spawn(f.homes[p].follow)
			}
		}
		all = append(all, f.homes[p])
	}
	return all
}

// clash tells once of a region with another's number: nobody can say whose merchants are whose.
func (f *Follower) clash(p, other Peer) {
	if p != other && !f.clashes[p] {
		f.clashes[p] = true
		f.Log.Error("two regions have the same number; the merchants of one are not known here", "number", p.Number, "region", other.Name, "left_out", p.Name)
	}
}
