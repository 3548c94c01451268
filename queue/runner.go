package queue

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/paymux/paymux"
)

// Config wires a Runner. Store, Handlers, Now and Log are required; zero means the default named.
type Config struct {
	Store    Store
	Handlers map[string]Handler // by Task.Kind
	Now      func() time.Time
	Log      *slog.Logger

	Workers     int           // slots for calls that end quickly; 64
	SlowWorkers int           // slots for calls that do not; 512
	SlowAfter   time.Duration // age at which a call gives its slot back and takes a slow one; 500 ms
	LaneWindow  int           // tasks of one lane at a time; 4
	SlowWindow  int           // the same for a lane whose calls are slow; 2
	LaneBacklog int           // tasks of one lane held in memory; 256
	Backlog     int           // tasks held in memory above which lanes keep only twice their window; 16384

	FetchLimit  int           // rows a read; 500
	Poll        time.Duration // longest wait between two reads; 1 s
	SettleEvery time.Duration // longest an outcome waits for others to be committed with; 5 ms
	SettleMax   int           // outcomes a commit; 500

	// Backoff is the wait after a failed attempt, the first being 1, where the
	// verdict names no time. Default: 1 s doubling up to 10 min, ± 20 %.
	Backoff func(attempt int) time.Duration
}

// Runner takes due tasks from the store, lane by lane, and has them handled. Safe
// for concurrent use. It is the only runner on its store.
//
// All of the scheduling is under one mutex that is never held across I/O; there is no second lock.
type Runner struct {
	Config
	wake     chan struct{}
	quit     chan struct{}
	finished chan struct{}
	outcomes chan settlement
	ctx      context.Context // of attempts and reads; ends when Stop loses patience
	cancel   context.CancelFunc
	stop     sync.Once
	calls    sync.WaitGroup

	mu         sync.Mutex
	phase      phase
	lanes      map[string]*lane
	known      map[paymux.TaskID]*lane // waiting, running or being settled
	gone       tombstones
	fast, slow pool
	waiting    []*call // past SlowAfter, while the slow pool is full
	inMemory   int     // tasks waiting in lanes
	unsettled  int
	soonest    time.Time // earliest due time heard of since the last read
	wakeAt     time.Time // when the sleeping loop reads next; zero while it reads
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
	return &Runner{
		Config:   c,
		wake:     make(chan struct{}, 1),
		quit:     make(chan struct{}),
		finished: make(chan struct{}),
		outcomes: make(chan settlement, c.SettleMax),
		ctx:      ctx, cancel: cancel,
		lanes: map[string]*lane{},
		known: map[paymux.TaskID]*lane{},
		gone:  newTombstones(),
		fast:  pool{free: c.Workers},
		slow:  pool{free: c.SlowWorkers},
	}
}

func (c *Config) setDefaults() {
	or := func(v *int, standard int) {
		if *v <= 0 {
			*v = standard
		}
	}
	or(&c.Workers, 64)
	or(&c.SlowWorkers, 512)
	or(&c.LaneWindow, 4)
	or(&c.SlowWindow, 2)
	or(&c.LaneBacklog, 256)
	or(&c.Backlog, 16384)
	or(&c.FetchLimit, 500)
	or(&c.SettleMax, 500)
	if c.SlowAfter <= 0 {
		c.SlowAfter = 500 * time.Millisecond
	}
	if c.Poll <= 0 {
		c.Poll = time.Second
	}
	if c.SettleEvery <= 0 {
		c.SettleEvery = 5 * time.Millisecond
	}
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
	settled := make(chan struct{})
	go func() { defer close(settled); r.settleLoop() }()
	fetched := make(chan struct{})
	go func() { defer close(fetched); r.fetchLoop() }()
	go func() { // ends last: every outcome is settled before finished is closed
		<-r.quit
		r.calls.Wait()
		close(r.outcomes)
		<-settled
		<-fetched
		close(r.finished)
	}()
}

// Stop ends work: nothing new is started, attempts under way are waited for and
// settled. When ctx ends first they are interrupted, and those that do not succeed are left in the
// table as they were; Stop then returns ctx's error. It may be called twice.
func (r *Runner) Stop(ctx context.Context) error {
	r.stop.Do(func() {
		r.mu.Lock()
		if r.phase == idle {
			close(r.finished)
		}
		r.phase = stopping
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

// Wake makes the runner look into the store soon. Any number of calls between two reads cost one read.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Offer hands over tasks that this process has just committed, so that they
// start without a read. What does not fit is found by the next read, and so is all of it
// when the runner is not running: the table is the truth.
func (r *Runner) Offer(tasks []Task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.phase != running {
		return
	}
	now := r.Now()
	for _, t := range tasks {
		if t.Due.After(now) {
			r.expect(t.Due)
			continue
		}
		r.take(held{Task: t})
	}
	r.dispatch()
}

// expect makes the loop read again at due at the latest. The caller holds mu.
func (r *Runner) expect(due time.Time) {
	if r.soonest.IsZero() || due.Before(r.soonest) {
		r.soonest = due
	}
	if due.Before(r.wakeAt) {
		r.Wake()
	}
}
