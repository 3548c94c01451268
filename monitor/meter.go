package monitor

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux/internal/histogram"
	"github.com/paymux/paymux/payment"
)

// Window is the time over which requests and errors are counted, in full seconds: the present one is not in it yet. It is short:
// whoever has too much to do is to be spared soon.
const Window = 4 * time.Second

// slots is the window, the present second, and room for those who are still adding to a second that just left.
const slots = 8

// Usage is how busy a process is (A12).
type Usage struct {
	RequestsPerSecond float64       `json:"requests_per_second"` // over the window
	TrafficRatio      float64       `json:"traffic_ratio"`       // of the rated capacity; 0 where none is known
	ErrorRatio        float64       `json:"error_ratio"`         // of the window's requests; 0 where there were none
	QueueDepth        int64         `json:"queue_depth"`
	StoreLatency      time.Duration `json:"store_latency_ns"` // of a commit, a moving average; 0: there was none yet
}

// MeterConfig wires a Meter. Only Now is required.
type MeterConfig struct {
	Now func() time.Time
	// Capacity is how many requests a second this process is rated for; 0: not known.
	Capacity float64
	// QueueDepth tells how many tasks are due and not done; nil: 0.
	QueueDepth func() int64
}

// Meter counts what this process does. It takes no lock; the zero Meter is not ready. Safe for concurrent use.
type Meter struct {
	conf    MeterConfig
	started int64 // Unix seconds
	seconds [slots]atomic.Pointer[second]
	latency atomic.Uint64 // bits of a float64: nanoseconds
	commits histogram.Histogram
}

// second counts one second of Unix time.
type second struct {
	at               int64
	requests, failed atomic.Int64
}

// NewMeter returns a meter.
func NewMeter(c MeterConfig) *Meter { return &Meter{conf: c, started: c.Now().Unix()} }

// Request counts a request that ended. failed: for a reason of ours, or of what stands behind us.
func (m *Meter) Request(failed bool) {
	s := m.second(m.conf.Now().Unix())
	s.requests.Add(1)
	if failed {
		s.failed.Add(1)
	}
}

// second finds the counter of a second, which its first request puts in the place of an older one.
func (m *Meter) second(at int64) *second {
	place := &m.seconds[uint64(at)%slots]
	for {
		s := place.Load()
		if s != nil && s.at >= at { // a clock that was set back adds to what there is
			return s
		}
		fresh := &second{at: at}
		if place.CompareAndSwap(s, fresh) {
			return fresh
		}
	}
}

// latencyWeight is that of the newest commit in the moving average.
const latencyWeight = 1.0 / 16

// Committed counts how long the store took for a commit.
func (m *Meter) Committed(took time.Duration) {
	m.commits.Observe(took)
	for {
		old := m.latency.Load()
		average := math.Float64frombits(old)
		if average == 0 {
			average = float64(took)
		} else {
			average += (float64(took) - average) * latencyWeight
		}
		if m.latency.CompareAndSwap(old, math.Float64bits(average)) {
			return
		}
	}
}

// Commits is how long commits took, all of them.
func (m *Meter) Commits() histogram.Counts { return m.commits.Counts() }

// Usage is a snapshot.
func (m *Meter) Usage() Usage {
	now := m.conf.Now().Unix()
	requests, failed := m.window(now)
	// A process younger than the window is measured by its own age.
	length := min(max(now-m.started, 1), int64(Window/time.Second))
	u := Usage{RequestsPerSecond: float64(requests) / float64(length), StoreLatency: time.Duration(math.Float64frombits(m.latency.Load()))}
	if m.conf.Capacity > 0 {
		u.TrafficRatio = u.RequestsPerSecond / m.conf.Capacity
	}
	if requests > 0 {
		u.ErrorRatio = float64(failed) / float64(requests)
	}
	if m.conf.QueueDepth != nil {
		u.QueueDepth = m.conf.QueueDepth()
	}
	return u
}

// window adds up the full seconds before now.
func (m *Meter) window(now int64) (requests, failed int64) {
	for i := range m.seconds {
		s := m.seconds[i].Load()
		if s != nil && s.at < now && s.at >= now-int64(Window/time.Second) {
			requests += s.requests.Load()
			failed += s.failed.Load()
		}
	}
	return requests, failed
}

// Timed is a payment store whose commits a meter sees.
type Timed struct {
	payment.Store
	Meter  *Meter
	Counts *Counts // of what was committed; nil: nobody wants to know
	Now    func() time.Time
}

// Commit implements payment.Store.
func (t Timed) Commit(ctx context.Context, c *payment.Change) error {
	began := t.Now()
	err := t.Store.Commit(ctx, c)
	t.Meter.Committed(t.Now().Sub(began))
	if err == nil && t.Counts != nil {
		t.Counts.add(c.Facts)
	}
	return err
}
