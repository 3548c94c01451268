package access_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

func policyOf(requests, seconds int) paymux.Policy {
	return paymux.Policy{TrafficLimit: []paymux.Limit{{Service: paymux.ServicePay, Requests: requests, Seconds: seconds}}}
}

func TestTrafficThreshold(t *testing.T) {
	t.Parallel()
	d := newDoor(t, access.Options{})
	p := policyOf(3, 60)
	for left := 2; left >= 0; left-- {
		q, err := d.Take("mer_1", paymux.ServicePay, p)
		if err != nil || q.Remaining != left {
			t.Fatalf("quota %+v, %v; want %d left", q, err, left)
		}
	}
	q, err := d.Take("mer_1", paymux.ServicePay, p)
	wantCode(t, err, paymux.RateLimited, "3 requests", `"pay"`, "60 seconds")
	var e *paymux.Error
	if errors.As(err, &e); e.RetryAfter != q.Reset || q.Reset < 60 || q.Reset > 66 {
		t.Errorf("Retry-After %d, reset %d", e.RetryAfter, q.Reset)
	}
	// Others are not touched: another service type, another merchant.
	if q, err := d.Take("mer_1", paymux.ServiceRefund, p); err != nil || q.Policy != "default" || q.Requests != 6000 {
		t.Errorf("refund: %+v, %v", q, err)
	}
	if q, err := d.Take("mer_2", paymux.ServicePay, p); err != nil || q.Remaining != 2 {
		t.Errorf("other merchant: %+v, %v", q, err)
	}
	d.clock.move(time.Duration(q.Reset) * time.Second)
	if q, err := d.Take("mer_1", paymux.ServicePay, p); err != nil || q.Remaining != 2 {
		t.Errorf("after Retry-After: %+v, %v", q, err)
	}
	// A changed threshold counts from now on.
	if q, err := d.Take("mer_1", paymux.ServicePay, policyOf(1, 30)); err != nil || q.Remaining != 0 {
		t.Errorf("changed threshold: %+v, %v", q, err)
	}
}

func TestTrafficHeaders(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	access.Quota{}.Header(h)
	if len(h) != 0 {
		t.Errorf("a zero quota sets %v", h)
	}
	access.Quota{Policy: "default", Requests: 100, Seconds: 60, Remaining: 50, Reset: 30}.Header(h)
	if got := h.Get("RateLimit-Policy"); got != `"default";q=100;w=60` {
		t.Errorf("RateLimit-Policy: %s", got)
	}
	if got := h.Get("RateLimit"); got != `"default";r=50;t=30` {
		t.Errorf("RateLimit: %s", got)
	}
	if h.Get("Retry-After") != "" {
		t.Error("Retry-After without a refusal")
	}
	access.Quota{Policy: "pay", Requests: 1, Seconds: 60, Reset: 7, Refused: true}.Header(h)
	if got := h.Get("Retry-After"); got != "7" {
		t.Errorf("Retry-After: %s", got)
	}
}

// In no window of the given length is more let through than the threshold, whatever the rhythm.
func TestTrafficNeverExceedsTheWindow(t *testing.T) {
	t.Parallel()
	for _, step := range []time.Duration{50 * time.Millisecond, 333 * time.Millisecond, 2 * time.Second} {
		d := newDoor(t, access.Options{})
		p := policyOf(20, 10)
		var taken []time.Time
		for range 2000 {
			if _, err := d.Take("mer_1", paymux.ServicePay, p); err == nil {
				taken = append(taken, d.clock.now())
			}
			d.clock.move(step)
		}
		for i := 20; i < len(taken); i++ {
			if gap := taken[i].Sub(taken[i-20]); gap < 10*time.Second {
				t.Fatalf("step %s: 21 requests within %s", step, gap)
			}
		}
		if want := min(2000, int(2000*step/(11*time.Second))*20); len(taken) < want*9/10 {
			t.Errorf("step %s: only %d let through, want about %d", step, len(taken), want)
		}
	}
}

func TestFloodLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	d := newDoor(t, access.Options{})
	p := policyOf(50, 60)
	var flood, others atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5000 {
				if _, err := d.Take("mer_flood", paymux.ServicePay, p); err == nil {
					flood.Add(1)
				}
			}
		})
	}
	for i := range 20 {
		all.Go(func() {
			for range 50 {
				if _, err := d.Take(paymux.MerchantID(fmt.Sprintf("mer_%d", i)), paymux.ServicePay, p); err == nil {
					others.Add(1)
				}
			}
		})
	}
	all.Wait()
	if flood.Load() != 50 || others.Load() != 20*50 {
		t.Errorf("flood %d of 50, others %d of 1000", flood.Load(), others.Load())
	}
}

func TestTrafficClockStepsBack(t *testing.T) {
	t.Parallel()
	d := newDoor(t, access.Options{})
	p := policyOf(2, 60)
	d.Take("mer_1", paymux.ServicePay, p)
	d.clock.move(-30 * time.Second)
	d.Take("mer_1", paymux.ServicePay, p)
	if _, err := d.Take("mer_1", paymux.ServicePay, p); err == nil {
		t.Error("a clock that stepped back gave a merchant more")
	}
}
