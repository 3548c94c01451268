package queue_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/queue/queuetest"
)

func TestShares(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		alive := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{3,12}`), 1, 9, rapid.ID[string]).Draw(t, "alive")
		slices.Sort(alive)
		owner := owners(alive)
		if len(owner) != queue.Partitions {
			t.Fatalf("%d of %d partitions have an owner", len(owner), queue.Partitions)
		}
		count := map[string]int{}
		for _, name := range owner {
			count[name]++
		}
		most := (queue.Partitions + len(alive) - 1) / len(alive)
		for name, n := range count {
			if n > most {
				t.Errorf("%s has %d partitions, more than %d", name, n, most)
			}
		}
		moved, fewer := 0, owners(alive[1:])
		for number, name := range owner {
			if name != alive[0] && len(fewer) > 0 && fewer[number] != name {
				moved++
			}
		}
		// A capacity that everybody reaches moves a few of the others' too.
		if moved > queue.Partitions/2 {
			t.Errorf("%d partitions of those that stay moved", moved)
		}
	})
}

func owners(alive []string) map[int]string {
	owner := map[int]string{}
	for _, name := range alive {
		for number := range queue.Share(alive, name) {
			owner[number] = name
		}
	}
	return owner
}

// replicas are several runners on one store.
type replicas struct {
	*bench
	mu    sync.Mutex
	times map[paymux.TaskID][]string // who did a task, in order
	took  time.Duration              // of each attempt
	fails bool
	all   map[string]*queue.Runner
	cut   map[string]bool // from the store's leases
}

func startReplicas(t *testing.T, took time.Duration, names ...string) *replicas {
	r := &replicas{
		bench: &bench{T: t, store: queuetest.NewStore()}, took: took,
		times: map[paymux.TaskID][]string{}, all: map[string]*queue.Runner{}, cut: map[string]bool{},
	}
	for _, name := range names {
		r.start(name)
	}
	pass(2 * time.Second)
	return r
}

func (r *replicas) start(name string) {
	runner := queue.NewRunner(queue.Config{
		Store: r.store, Leases: leases{r, name}, Replica: name, Now: time.Now,
		Log:      slog.New(slog.NewTextHandler(io.Discard, nil)),
		Handlers: map[string]queue.Handler{"work": {Do: r.handler(name)}},
		Signal: func(parts uint64) {
			for _, other := range r.runners() {
				other.Wake(parts)
			}
		},
	})
	r.mu.Lock()
	r.all[name] = runner
	r.mu.Unlock()
	runner.Start()
	r.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		runner.Stop(ctx)
	})
}

func (r *replicas) runners() []*queue.Runner {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*queue.Runner
	for _, runner := range r.all {
		all = append(all, runner)
	}
	return all
}

func (r *replicas) handler(name string) func(context.Context, queue.Task) queue.Verdict {
	return func(ctx context.Context, t queue.Task) queue.Verdict {
		r.mu.Lock()
		took, fails := r.took, r.fails
		r.mu.Unlock()
		select {
		case <-time.After(took):
		case <-ctx.Done():
			return queue.Verdict{Reason: "interrupted"}
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.times[t.ID] = append(r.times[t.ID], name)
		if fails {
			return queue.Verdict{Reason: name, Attempt: &paymux.Attempt{Error: name}}
		}
		return queue.Verdict{Done: true}
	}
}

// spread makes n tasks of n lanes.
func (r *replicas) spread(n int) (tasks []queue.Task) {
	for i := range n {
		tasks = append(tasks, r.tasks(fmt.Sprintf("lane%d", i), 1)...)
	}
	return tasks
}

func (r *replicas) once(tasks []queue.Task) {
	r.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range tasks {
		if n := len(r.times[t.ID]); n != 1 {
			r.Errorf("%s was done %d times: %v", t.ID, n, r.times[t.ID])
		}
	}
}

// leases cuts a replica off from the store's leases on demand, as a stopped or partitioned process is.
type leases struct {
	r    *replicas
	name string
}

var errCut = errors.New("cut off")

func (l leases) away() bool {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	return l.r.cut[l.name]
}

func (l leases) Attend(ctx context.Context, replica string, ttl time.Duration) ([]queue.Lease, []string, error) {
	if l.away() {
		return nil, nil, errCut
	}
	return l.r.store.Attend(ctx, replica, ttl)
}

func (l leases) Acquire(ctx context.Context, replica string, parts []int, ttl time.Duration) ([]queue.Lease, error) {
	if l.away() {
		return nil, errCut
	}
	return l.r.store.Acquire(ctx, replica, parts, ttl)
}

func (l leases) Release(ctx context.Context, replica string, parts []int) error {
	if l.away() {
		return errCut
	}
	return l.r.store.Release(ctx, replica, parts)
}

func (l leases) Leave(ctx context.Context, replica string) error {
	if l.away() {
		return errCut
	}
	return l.r.store.Leave(ctx, replica)
}

func (r *replicas) cutOff(name string, off bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut[name] = off
}

func (r *replicas) owned(want map[string]int) {
	r.Helper()
	got := r.store.Look().Owners
	for name, n := range want {
		if got[name] != n {
			r.Errorf("%s has %d partitions, want %d: %v", name, got[name], n, got)
		}
	}
}

func TestReplicasShareTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startReplicas(t, time.Millisecond, "a", "b")
		r.owned(map[string]int{"a": 32, "b": 32})
		tasks := r.spread(400)
		r.store.Add(tasks...)
		r.all["a"].Offer(tasks) // b hears of its own by the signal
		pass(100 * time.Millisecond)
		r.empty()
		r.once(tasks)
		r.start("c")
		pass(3 * time.Second)
		if got := r.store.Look().Owners; got["a"]+got["b"]+got["c"] != 64 || got["c"] < 20 {
			t.Errorf("after a third came: %v", got)
		}
		tasks = r.spread(400)
		r.store.Add(tasks...)
		r.all["c"].Offer(tasks)
		pass(100 * time.Millisecond)
		r.empty()
		r.once(tasks)
	})
}

func TestCleanStopHandsOverAtOnceAndRepeatsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startReplicas(t, 5*time.Second, "a", "b")
		tasks := r.spread(40)
		r.store.Add(tasks...)
		r.all["a"].Wake(queue.Everything)
		r.all["b"].Wake(queue.Everything)
		pass(time.Second) // all of them are under way
		stopped := make(chan error)
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			stopped <- r.all["a"].Stop(ctx)
		}()
		pass(1010 * time.Millisecond)
		r.owned(map[string]int{"b": 64})
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		pass(time.Minute)
		r.empty()
		r.once(tasks)
	})
}

func TestDeadReplicasPartitionsAreTakenOverWithinTheLeaseTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startReplicas(t, time.Hour, "dead")
		tasks := r.spread(100)
		r.store.Add(tasks...)
		r.all["dead"].Wake(queue.Everything)
		pass(time.Second)
		r.cutOff("dead", true) // its calls hang, and it renews nothing
		r.mu.Lock()
		r.took = time.Millisecond
		r.mu.Unlock()
		r.start("heir")
		died := time.Now()
		if _, err := r.store.Until(t.Context(), func(l queuetest.Look) bool { return len(l.Tasks) == 0 }); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(died); took > 6*time.Second {
			t.Errorf("taken over after %v", took)
		}
		r.once(tasks)
	})
}

// A replica that was stopped past its lease and goes on must start nothing, and its
// failures must not touch what others have gone on with.
func TestZombie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startReplicas(t, 20*time.Second, "zombie")
		r.mu.Lock()
		r.fails = true
		r.mu.Unlock()
		lost := r.spread(30)
		for i := range lost {
			lost[i].LastError = "before"
		}
		r.store.Add(lost...)
		r.all["zombie"].Wake(queue.Everything)
		pass(time.Second)
		r.cutOff("zombie", true)
		pass(6 * time.Second)
		late := r.spread(60)
		r.store.Add(late...)
		r.all["zombie"].Wake(queue.Everything)
		if owned, err := r.store.Acquire(t.Context(), "other", []int{queue.PartitionOf(lost[0].Lane)}, time.Hour); err != nil || len(owned) != 1 {
			t.Fatalf("the lease has not ended: %v, %v", owned, err)
		}
		pass(30 * time.Second) // its calls have failed long ago
		look := r.store.Look()
		if len(look.Log) != len(lost) {
			t.Errorf("%d attempts in the log, want %d: nothing was begun without a lease, and what was made is logged", len(look.Log), len(lost))
		}
		for _, k := range look.Tasks {
			if k.ID == lost[0].ID && (k.Attempt != 0 || k.LastError != "before") {
				t.Errorf("the zombie changed %+v", k)
			}
		}
		r.cutOff("zombie", false)
		pass(time.Second)
		r.owned(map[string]int{"zombie": 63, "other": 1})
	})
}

// Rows become visible in another order than they were made in: some late within the overlap, some long after.
func TestLateCommitsAreFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startReplicas(t, time.Millisecond, "a")
		held := r.spread(2)
		for i := range 100 {
			task := r.tasks(fmt.Sprint("other", i), 1)
			r.store.Add(task...)
			pass(50 * time.Millisecond)
			r.all["a"].Wake(queue.Everything)
			if i == 3 {
				r.store.Add(held[0])
				r.all["a"].Wake(queue.Everything)
				pass(10 * time.Millisecond)
				r.once(held[:1])
			}
		}
		r.store.Add(held[1]) // made five seconds ago
		pass(2100 * time.Millisecond)
		r.once(held)
		r.empty()
	})
}
