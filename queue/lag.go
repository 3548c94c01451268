package queue

import "time"

// A machine whose timers are late by busyLag on average has more to do than it can.
const (
	lagEvery = 50 * time.Millisecond
	busyLag  = time.Millisecond
)

// lagLoop measures how late this process gets to run.
func (r *Runner) lagLoop() {
	for began := r.Now(); r.rest(lagEvery, nil); began = r.Now() {
		late := r.Now().Sub(began) - lagEvery
		r.mu.Lock()
		r.lag += (late - r.lag) / 4
		r.mu.Unlock()
	}
}

// busyHere reports whether this machine, rather than the far sides, is what calls wait for. The caller holds mu.
func (r *Runner) busyHere() bool { return r.lag > busyLag }
