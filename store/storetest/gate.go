package storetest

import (
	"runtime"
	"sync"
	"testing"

	"github.com/paymux/paymux/payment"
)

// gate stands before every commit of a store: it counts, holds and fails them.
type gate struct {
	mu      sync.Mutex
	commits int
	err     error
	held    chan struct{} // closed to let commits go on; nil: they are not held
	waiting chan struct{} // closed when the first commit waits
}

func (g *gate) pass() error {
	g.mu.Lock()
	g.commits++
	held, err := g.held, g.err
	if held != nil && g.waiting != nil {
		close(g.waiting)
		g.waiting = nil
	}
	g.mu.Unlock()
	if held != nil {
		<-held
		g.mu.Lock()
		err = g.err
		g.mu.Unlock()
	}
	return err
}

// hold keeps commits from going on until release, which returns how many came
// to the gate since. waiting is closed when the first is there.
func (g *gate) hold() (waiting <-chan struct{}, release func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	held, first := make(chan struct{}), make(chan struct{})
	g.held, g.waiting = held, first
	return first, sync.OnceFunc(func() {
		g.mu.Lock()
		g.held = nil
		g.mu.Unlock()
		close(held)
	})
}

// fail makes commits fail, from now on and where one is held; nil ends it.
func (g *gate) fail(err error) {
	g.mu.Lock()
	g.err = err
	g.mu.Unlock()
}

func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.commits
}

// together submits changes while a commit is held, so that they pile up and
// are committed in groups, and returns each one's outcome. Whether a goroutine
// has submitted cannot be seen from outside, so it may take some rounds until one
// group holds several: changes makes new ones for each round.
func (f *fixture) together(t testing.TB, changes func() []*payment.Change) ([]*payment.Change, []error) {
	t.Helper()
	for range 100 {
		batch, before := changes(), f.gate.count()
		waiting, release := f.gate.hold()
		defer release()
		outcomes := f.submit(t, waiting, release, batch)
		if f.gate.count()-before <= len(batch)/2 {
			return batch, outcomes
		}
	}
	t.Fatal("changes submitted together were never committed in one group")
	return nil, nil
}

func (f *fixture) submit(t testing.TB, waiting <-chan struct{}, release func(), batch []*payment.Change) []error {
	outcomes := make([]error, len(batch))
	var all, begun sync.WaitGroup
	plug := &payment.Change{Payment: f.payment()} // keeps the writer busy
	all.Go(func() {
		if err := f.Commit(t.Context(), plug); err != nil {
			t.Logf("the change that held the gate: %v", err)
		}
	})
	<-waiting
	begun.Add(len(batch))
	for i, c := range batch {
		all.Go(func() {
			begun.Done()
			outcomes[i] = f.Commit(t.Context(), c)
		})
	}
	begun.Wait()
	for range 1000 {
		runtime.Gosched()
	}
	release()
	all.Wait()
	return outcomes
}
