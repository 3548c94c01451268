package monitor_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/monitor"
	"github.com/paymux/paymux/payment"
)

// accepting is a store that commits what comes, or not.
type accepting struct {
	payment.Store
	err error
}

func (a accepting) Commit(context.Context, *payment.Change) error { return a.err }

func fact(merchant, channel string, m paymux.Measure, late bool) paymux.Fact {
	return paymux.Fact{Measure: m, Late: late, Key: paymux.StatisticsKey{
		Merchant: paymux.MerchantID(merchant), Mode: "live", Channel: channel, Method: paymux.Card, Currency: "USD", Account: "a-" + merchant,
	}}
}

func each(c *monitor.Counts) map[string]int64 {
	all := map[string]int64{}
	c.Each(func(of monitor.Counted, m paymux.Measure, n int64) {
		all[fmt.Sprintf("%s %s %s %s", of.Mode, of.Channel, of.Method, m)] = n
	})
	return all
}

// What was committed is counted, whoever the merchant is, and what was not is not.
func TestCountsOfWhatWasCommitted(t *testing.T) {
	t.Parallel()
	var counts monitor.Counts
	meter := monitor.NewMeter(monitor.MeterConfig{Now: time.Now})
	good := monitor.Timed{Store: accepting{}, Meter: meter, Counts: &counts, Now: time.Now}
	bad := good
	bad.Store = accepting{err: errors.New("the disk is full")}
	if got := each(&counts); len(got) != 0 {
		t.Errorf("before anything: %v", got)
	}
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			c := &payment.Change{Facts: []paymux.Fact{
				fact(fmt.Sprint(i), "stripe", paymux.CountCreated, false), fact(fmt.Sprint(i), "stripe", paymux.CountSucceeded, i%10 == 0),
				fact(fmt.Sprint(i), "adyen", paymux.CountTried, false), {Measure: "of a newer program"},
			}}
			if err := good.Commit(t.Context(), c); err != nil {
				t.Error(err)
			}
			if err := bad.Commit(t.Context(), c); err == nil {
				t.Error("the disk has room")
			}
		})
	}
	all.Wait()
	want := map[string]int64{"live stripe card created": 50, "live stripe card succeeded": 50, "live adyen card tried": 50}
	if diff := cmp.Diff(want, each(&counts)); diff != "" {
		t.Error(diff)
	}
	if n := counts.Late(); n != 5 {
		t.Errorf("%d were late, want 5", n)
	}
	if n := meter.Commits().Number; n != 100 {
		t.Errorf("%d commits were timed, want 100", n)
	}
}

// Whatever is configured, there is an end to what is told apart, and nothing is lost.
func TestCountsHaveABound(t *testing.T) {
	t.Parallel()
	var counts monitor.Counts
	s := monitor.Timed{Store: accepting{}, Meter: monitor.NewMeter(monitor.MeterConfig{Now: time.Now}), Counts: &counts, Now: time.Now}
	const channels = 1000
	for i := range channels {
		_ = s.Commit(t.Context(), &payment.Change{Facts: []paymux.Fact{fact("m", fmt.Sprint("channel-", i), paymux.CountCreated, false)}})
	}
	var rows, sum int64
	for _, n := range each(&counts) {
		rows, sum = rows+1, sum+n
	}
	if rows > 513 || sum != channels {
		t.Errorf("%d rows with %d payments", rows, sum)
	}
}
