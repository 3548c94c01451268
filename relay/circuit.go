package relay

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	tripAfter  = 3 // failures in a row
	firstPause = 500 * time.Millisecond
	lastPause  = 10 * time.Second
)

// circuit keeps requests from a region that does not answer. After three failures in a row, or a ping that nobody answers, it is open. A
// region that can be pinged is then pinged until it answers; of another one, one request goes to see after a pause, which
// doubles each time, and its answer closes the circuit or opens it again.
type circuit struct {
	examined latch // held while the region is pinged because a request waits, or would

	heard atomic.Int64 // when the region last answered anything, in Unix nanoseconds

	mu       sync.Mutex // guards what follows
	pinged   bool       // requests do not go to see
	reviving bool       // somebody pings it until it answers
	failed   int        // in a row
	open     bool
	pause    time.Duration
	until    time.Time // of the pause
	probing  bool
}

func newCircuit() *circuit { return &circuit{examined: newLatch()} }

// result is what a request says about its region.
type result int

const (
	answered result = iota
	missed          // nothing was heard, or that nothing can be done now
	nothing         // the caller went away, or the request never left
)

// ready reports whether a request may go. It promises nothing: ask enter.
func (c *circuit) ready(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.open || !c.pinged && !c.probing && !now.Before(c.until)
}

// enter lets a request through. Who was let through has to leave.
func (c *circuit) enter(now time.Time) (probe, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.open {
		return false, true
	}
	if c.pinged || c.probing || now.Before(c.until) {
		return false, false
	}
	c.probing = true
	return true, true
}

// leave counts what became of a request, and reports whether that opened the circuit. What began before it opened changes nothing any more.
func (c *circuit) leave(probe bool, r result, now time.Time) (opened bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if probe {
		c.probing = false
	}
	if r == answered {
		c.heard.Store(now.UnixNano())
	}
	switch {
	case c.open && !probe || r == nothing:
	case r == answered:
		c.failed, c.open, c.pause = 0, false, 0
	default:
		if c.failed++; probe || c.failed >= tripAfter {
			opened = !c.open
			c.pause = min(max(2*c.pause, firstPause), lastPause)
			c.open, c.until = true, now.Add(c.pause)
		}
	}
	return opened
}

// trip opens the circuit, of a region that is pinged from then on. news: it was closed. alone: nobody pings it yet, so the caller has to.
func (c *circuit) trip(now time.Time) (news, alone bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	news, alone = !c.open, !c.reviving
	c.open, c.pinged, c.reviving, c.until = true, true, true, now.Add(lastRevival)
	return news, alone
}

// silent reports whether who pings the region has to go on. If not, the next trip needs somebody else.
func (c *circuit) silent() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reviving = c.open
	return c.open
}

// close ends it: the region has answered a ping.
func (c *circuit) close(now time.Time) {
	c.heard.Store(now.UnixNano())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed, c.open, c.pinged, c.pause = 0, false, false, 0
}

// silentFor is for how long nothing was heard of the region.
func (c *circuit) silentFor(now time.Time) time.Duration {
	return now.Sub(time.Unix(0, c.heard.Load()))
}

// tripped reports whether the region did not answer, and has not since.
func (c *circuit) tripped() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open
}

// left is how long the pause still takes.
func (c *circuit) left(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.open {
		return 0
	}
	return max(0, c.until.Sub(now))
}
