package histogram_test

import (
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux/internal/histogram"
)

func TestEachDurationIsInItsBucket(t *testing.T) {
	t.Parallel()
	var h histogram.Histogram
	for _, d := range []time.Duration{-time.Second, 0, 500 * time.Microsecond, 500*time.Microsecond + 1, 30 * time.Second, time.Minute} {
		h.Observe(d)
	}
	c := h.Counts()
	for end, want := range map[float64]uint64{0.0005: 3, 0.001: 4, 10: 4, 30: 5} {
		if got := c.Buckets[end]; got != want {
			t.Errorf("%d are at most %g s, want %d", got, end, want)
		}
	}
	if want := 90*time.Second + time.Millisecond + 1; c.Number != 6 || c.Sum != want {
		t.Errorf("%d of together %v, want 6 of %v", c.Number, c.Sum, want)
	}
}

func TestNoneIsLost(t *testing.T) {
	t.Parallel()
	var h histogram.Histogram
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				h.Observe(time.Millisecond)
			}
		})
	}
	all.Wait()
	if c := h.Counts(); c.Number != 8000 || c.Sum != 8*time.Second || c.Buckets[0.001] != 8000 || c.Buckets[0.0005] != 0 {
		t.Errorf("%+v", c)
	}
}

func BenchmarkObserve(b *testing.B) {
	var h histogram.Histogram
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			h.Observe(3 * time.Millisecond)
		}
	})
}
