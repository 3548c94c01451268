package queue

import (
	"context"
	"time"

	"github.com/paymux/paymux"
)

// Handler does one kind of task.
type Handler struct {
	// Do makes one attempt. It runs at least once a task, at times twice (a crash, a
	// settlement that failed), so it must be harmless to repeat. It returns soon after ctx
	// ends. A panic is a failed attempt.
	Do func(ctx context.Context, t Task) Verdict
	// Attempts is the threshold: the failed attempt of this number buries the task,
	// whatever the verdict says. 0: Do decides alone.
	Attempts int
	// Window is how many tasks of one lane run at a time, where no verdict says otherwise. 0: Config.LaneWindow.
	Window int
	// Breaker: failures in a row are the far side's, and hold the lane, ever longer, until a try succeeds.
	Breaker bool
}

// Verdict is a handler's word on an attempt. With neither Done nor Bury it is a failure to try again.
type Verdict struct {
	Done   bool      // nothing is left to do, whether it worked or no longer matters
	Bury   bool      // give up
	Due    time.Time // try again then; zero: Config.Backoff decides
	Reason string    // of a failure, one line without secrets; it is stored and shown
	// Uncounted: the attempt failed for reasons of our own (a store that does not
	// answer) and is not held against the task.
	Uncounted bool
	// Hold keeps the whole lane from starting anything before this time: the far side asked for a pause.
	Hold time.Time

	// Window and Rate are the lane's own limits from now on: tasks at a time, and tasks
	// started a second. 0: the handler's window, no rate.
	Window int
	Rate   int

	// Payment and Hop, when set, leave a line on a payment's timeline.
	Payment paymux.PaymentID
	Hop     *paymux.Hop
	// Attempt, when set, goes to the log of attempts.
	Attempt *paymux.Attempt
}

// outcome turns a verdict into what to store. limit is the handler's threshold.
func (v *Verdict) outcome(t Task, limit int, backoff func(int) time.Duration, now time.Time) Outcome {
	o := Outcome{Task: t, Payment: v.Payment, Hop: v.Hop, Attempt: v.Attempt}
	if v.Done {
		o.Done = true
		return o
	}
	o.Task.LastError = v.Reason
	if !v.Uncounted {
		o.Task.Attempt++
	}
	if v.Bury || limit > 0 && o.Task.Attempt >= limit {
		o.Bury = true
		return o
	}
	o.Due = v.Due
	if o.Due.IsZero() {
		o.Due = now.Add(backoff(o.Task.Attempt))
	}
	o.Due = o.Due.UTC()
	o.Task.Due = o.Due
	return o
}
