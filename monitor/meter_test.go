package monitor_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux/monitor"
	"github.com/paymux/paymux/payment"
)

// The window is the four full seconds before now, to the request.
func TestUsageSlides(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		depth := int64(3)
		m := monitor.NewMeter(monitor.MeterConfig{Now: time.Now, Capacity: 50, QueueDepth: func() int64 { return depth }})
		time.Sleep(30 * time.Second)
		for second := range 12 { // second n has n good requests and one failed
			for range second {
				m.Request(false)
			}
			m.Request(true)
			time.Sleep(time.Second)
		}
		want := monitor.Usage{RequestsPerSecond: 10.5, TrafficRatio: 0.21, ErrorRatio: 4.0 / 42, QueueDepth: 3} // seconds 8 to 11
		if diff := cmp.Diff(want, m.Usage()); diff != "" {
			t.Error(diff)
		}
		m.Request(false) // the present second is not over
		if diff := cmp.Diff(want, m.Usage()); diff != "" {
			t.Error(diff)
		}
		time.Sleep(4 * time.Second)
		if got := m.Usage(); got.RequestsPerSecond != 0.25 || got.ErrorRatio != 0 {
			t.Errorf("%+v", got)
		}
		time.Sleep(time.Second)
		depth = 0
		if got := m.Usage(); got != (monitor.Usage{}) {
			t.Errorf("%+v after a silence", got)
		}
	})
}

// A process that is younger than the window is measured by its age.
func TestUsageOfAYoungProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := monitor.NewMeter(monitor.MeterConfig{Now: time.Now})
		if got := m.Usage(); got != (monitor.Usage{}) {
			t.Errorf("%+v before anything happened", got)
		}
		for range 30 {
			m.Request(false)
		}
		time.Sleep(3 * time.Second)
		if got := m.Usage(); got.RequestsPerSecond != 10 || got.TrafficRatio != 0 {
			t.Errorf("%+v", got)
		}
	})
}

// No request is lost or counted twice, whoever turns to a new second first.
func TestUsageCountsEveryRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := monitor.NewMeter(monitor.MeterConfig{Now: time.Now})
		time.Sleep(20 * time.Second)
		const callers, rounds = 50, 10
		var all sync.WaitGroup
		for caller := range callers {
			all.Go(func() {
				for range rounds {
					m.Request(caller%5 == 0)
					time.Sleep(time.Second)
				}
			})
		}
		all.Wait()
		if got := m.Usage(); got.RequestsPerSecond != callers || got.ErrorRatio != 0.2 {
			t.Errorf("%+v", got)
		}
	})
}

// breaking is a store that takes its time.
type breaking struct {
	payment.Store
	took time.Duration
	err  error
}

func (b *breaking) Commit(context.Context, *payment.Change) error {
	time.Sleep(b.took)
	return b.err
}

func TestStoreLatency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := monitor.NewMeter(monitor.MeterConfig{Now: time.Now})
		slow := &breaking{took: 16 * time.Millisecond}
		s := monitor.Timed{Store: slow, Meter: m, Now: time.Now}
		commit := func(want time.Duration) {
			t.Helper()
			if err := s.Commit(t.Context(), nil); !errors.Is(err, slow.err) {
				t.Errorf("%v, want %v", err, slow.err)
			}
			if got := m.Usage().StoreLatency; math.Abs(float64(got-want)) > 1 {
				t.Errorf("%v, want %v", got, want)
			}
		}
		commit(16 * time.Millisecond)
		slow.took, slow.err = 32*time.Millisecond, errors.New("full")
		commit(17 * time.Millisecond)
		slow.took, slow.err = 0, nil
		commit(17 * time.Millisecond * 15 / 16)
	})
}
