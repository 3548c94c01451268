package queue

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/trace"
)

// Config wires a Runner. Store, Leases, Replica, Handlers, Now and Log are required; zero means the default named.
type Config struct {
	Store    Store
	Leases   Leases
	Replica  string             // this process among those on the store; never used by two
	Handlers map[string]Handler // by Task.Kind
	Now      func() time.Time
	Log      *slog.Logger
	Trace    *trace.Tracer // of attempts; nil: none is recorded
	// Signal tells other replicas that tasks of these partitions, a bit each, were committed. It
	// is called at most every few milliseconds, may block and may fail. Nil: their polls find them.
	Signal func(parts uint64)

	Workers     int           // slots for calls that end quickly; 64
	SlowWorkers int           // slots for calls that do not; 2048
	SlowAfter   time.Duration // age at which a call gives its slot back, takes a slow one, and its lane counts as slow; 500 ms
	LaneWindow  int           // tasks of one lane at a time; 4
	SlowWindow  int           // the same for a lane whose calls are slow; 2, and 1 while slow slots are scarce
	LaneBacklog int           // tasks of one lane held in memory; 256
	Backlog     int           // tasks held in memory above which lanes keep only twice their window; 65536

	FetchLimit  int           // rows a read; 1024
	Poll        time.Duration // longest wait between two reads; 250 ms
	Sweep       time.Duration // longest wait between two reads of everything that is due; 2 s
	SettleEvery time.Duration // longest an outcome waits for others to be committed with; 5 ms
	SettleMax   int           // outcomes a commit; 500
	// LeaseTime is the longest a partition goes unserved after its replica has died; 6 s. One that stops
	// leaves its partitions within LeaseTime/12.
	LeaseTime time.Duration

	// Backoff is the wait after a failed attempt, the first being 1, where the
	// verdict names no time. Default: 1 s doubling up to 10 min, ± 20 %.
	Backoff func(attempt int) time.Duration
}

// Runner leases partitions, takes their due tasks from the store, lane by lane, and has them handled. Safe
// for concurrent use.
//
// All of the scheduling is under one mutex that is never held across I/O; there is no second lock.
type Runner struct {
	Config
	wake     chan struct{} // to the fetching loop
	refill   chan struct{} // to the loop that reads parked tasks
	quit     chan struct{}
	finished chan struct{}
	outcomes chan settlement
	ctx      context.Context // of attempts and reads; ends when Stop loses patience
	cancel   context.CancelFunc
	stop     sync.Once
	calls    sync.WaitGroup
	tallies  map[string]*tally // by kind; never changed

	mu         sync.Mutex
	phase      phase
	parts      [Partitions]*part // nil: held by others
	lanes      map[string]*lane
	known      map[paymux.TaskID]*lane // waiting, running or being settled
	gone       tombstones
	fast, slow pool
	young      []*call // in fast slots, oldest first, ended ones among them
	pressed    bool    // a timer will press again
	waiting    []*call // past SlowAfter, while the slow pool is full
	running    map[*call]bool
	busy       int           // tasks running or being settled
	quiet      chan struct{} // closed when busy has come to 0 after quit
	inMemory   int           // tasks waiting in lanes
	typical    time.Duration // moving average of calls that ended quickly
	lag        time.Duration // moving average of how late timers are
	unsettled  int
	soonest    time.Time // earliest due time heard of since the last read
	wakeAt     time.Time // when the sleeping loop reads next; zero while it reads
	dry        []*lane   // lanes whose parked tasks there is room for
	foreign    uint64    // partitions to signal to others
}

type phase int

const (
	idle phase = iota
	running
	stopping
)

// NewRunner returns a Runner that waits for Start.
func NewRunner(c Config) *Runner {
	c.setDefaults()
	ctx, cancel := context.WithCancel(context.Background())
	tallies := make(map[string]*tally, len(c.Handlers))
	for kind := range c.Handlers {
		tallies[kind] = &tally{}
	}
	return &Runner{
		tallies:  tallies,
		Config:   c,
		wake:     make(chan struct{}, 1),
		refill:   make(chan struct{}, 1),
		quit:     make(chan struct{}),
		finished: make(chan struct{}),
		quiet:    make(chan struct{}),
		outcomes: make(chan settlement, c.SettleMax),
		ctx:      ctx, cancel: cancel,
		lanes:   map[string]*lane{},
		known:   map[paymux.TaskID]*lane{},
		running: map[*call]bool{},
		gone:    newTombstones(),
		typical: firstCost,
		fast:    pool{free: c.Workers},
		slow:    pool{free: c.SlowWorkers},
	}
}

func (c *Config) setDefaults() {
	number := func(v *int, standard int) {
		if *v <= 0 {
			*v = standard
		}
	}
	length := func(v *time.Duration, standard time.Duration) {
		if *v <= 0 {
			*v = standard
		}
	}
	number(&c.Workers, 64)
	number(&c.SlowWorkers, 2048)
	number(&c.LaneWindow, 4)
	number(&c.SlowWindow, 2)
	number(&c.LaneBacklog, 256)
	number(&c.Backlog, 65536)
	number(&c.FetchLimit, 1024)
	number(&c.SettleMax, 500)
	length(&c.SlowAfter, 500*time.Millisecond)
	length(&c.Poll, 250*time.Millisecond)
	length(&c.Sweep, 2*time.Second)
	length(&c.SettleEvery, 5*time.Millisecond)
	length(&c.LeaseTime, 6*time.Second)
	if c.Backoff == nil {
		c.Backoff = doubling
	}
}

func doubling(attempt int) time.Duration {
	wait := min(time.Second<<min(max(attempt-1, 0), 10), 10*time.Minute)
	return time.Duration(float64(wait) * (0.8 + 0.4*rand.Float64()))
}

// Start begins work and returns at once. A second Start, and one after Stop, does nothing.
func (r *Runner) Start() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.phase != idle {
		return
	}
	r.phase = running
	loop := func(run func()) <-chan struct{} {
		ended := make(chan struct{})
		go func() { defer close(ended); run() }()
		return ended
	}
	settled := loop(r.settleLoop)
	leased, fetched, refilled, measured := loop(r.leaseLoop), loop(r.fetchLoop), loop(r.refillLoop), loop(r.lagLoop)
	go func() { // ends last: every outcome is settled before finished is closed
		<-r.quit
		<-leased
		r.handOver()
		r.calls.Wait()
		close(r.outcomes)
		<-settled
		<-fetched
		<-refilled
		<-measured
		close(r.finished)
	}()
}

// Stop ends work: nothing new is started, partitions are handed over within about half a second, attempts under
// way are waited for and settled. When ctx ends first they are interrupted, and those that do not succeed are
// done again by others; Stop then returns ctx's error. It may be called twice.
func (r *Runner) Stop(ctx context.Context) error {
	r.stop.Do(func() {
		r.mu.Lock()
		if r.phase == idle {
			close(r.finished)
		}
		r.phase = stopping
		r.atRest()
		r.mu.Unlock()
		close(r.quit)
	})
	defer r.cancel()
	select {
	case <-r.finished:
		return nil
	case <-ctx.Done():
	}
	r.cancel()
	grace := time.NewTimer(2 * time.Second)
	defer grace.Stop()
	select {
	case <-r.finished:
	case <-grace.C:
	}
	return context.Cause(ctx)
}

// atRest tells handOver when nothing is under way any more. The caller holds mu.
func (r *Runner) atRest() {
	if r.phase != stopping || r.busy > 0 {
		return
	}
	select {
	case <-r.quiet:
	default:
		close(r.quiet)
	}
}

// rest waits, at most until something comes from early. It reports whether to go on.
func (r *Runner) rest(wait time.Duration, early <-chan struct{}) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-early:
	case <-r.quit:
		return false
	}
	return true
}

func (r *Runner) complain(what string, err error) {
	if r.ctx.Err() == nil {
		r.Log.WarnContext(r.ctx, "queue: "+what, "error", err)
	}
}

func poke(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
