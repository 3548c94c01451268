package rulebook

import (
	"context"
	"sync"
)

// routine is a goroutine that is begun at most once, and ended for good. Safe for concurrent use.
type routine struct {
	once   sync.Once
	ctx    context.Context // until stop
	cancel context.CancelFunc
	runs   sync.WaitGroup
}

func newRoutine() *routine {
	r := &routine{}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// start begins it, unless it was begun or ended before.
func (r *routine) start(run func(context.Context)) {
	r.once.Do(func() { r.runs.Go(func() { run(r.ctx) }) })
}

// stop ends it and waits until it has.
func (r *routine) stop() {
	r.once.Do(func() {})
	r.cancel()
	r.runs.Wait()
}
