package postgres_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/store/postgres"
)

// Many that want one key and one order, in the same groups and from two stores at
// once: one gets them, and the others hear of the key, which is what they share with their repeat.
func TestOneKeyManyPayments(t *testing.T) {
	t.Parallel()
	url := shared.Database(t)
	stores := []*postgres.Store{
		openStore(t, postgres.Config{URL: url, Now: time.Now, Log: quiet()}),
		openStore(t, postgres.Config{URL: url, Now: time.Now, Log: quiet()}),
	}
	for round := range 5 {
		key := fmt.Sprint("key ", round)
		outcomes := together(200, func(i int) error {
			p := newPayment(key)
			return stores[i%2].Commit(t.Context(), &payment.Change{Payment: p, Begin: begin(p, key)})
		})
		won := 0
		for _, err := range outcomes {
			if err == nil {
				won++
			} else if !errors.Is(err, paymux.ErrKeyTaken) {
				t.Errorf("a loser was told %v, want %v", err, paymux.ErrKeyTaken)
			}
		}
		if won != 1 {
			t.Errorf("%d payments were made under one key, want 1", won)
		}
	}
}

// A change that is refused must not make its neighbours of the same group be refused for
// having run into it: the order it would have taken is free.
func TestRefusedNeighbourHoldsNothing(t *testing.T) {
	t.Parallel()
	s := openStore(t, postgres.Config{URL: shared.Database(t), Now: time.Now, Log: quiet()})
	first := newPayment("first")
	if err := s.Commit(t.Context(), &payment.Change{Payment: first, Begin: begin(first, "taken")}); err != nil {
		t.Fatal(err)
	}
	for round := range 50 {
		order := fmt.Sprint("order ", round)
		outcomes := together(16, func(i int) error {
			p := newPayment(order)
			key := fmt.Sprint(round, " ", i)
			if i != 7 {
				key = "taken" // all but one are repeats of the first request
			}
			return s.Commit(t.Context(), &payment.Change{Payment: p, Begin: begin(p, key)})
		})
		for i, err := range outcomes {
			if i == 7 && err != nil {
				t.Fatalf("round %d: the one with a key of its own: %v", round, err)
			}
			if i != 7 && !errors.Is(err, paymux.ErrKeyTaken) {
				t.Fatalf("round %d: a repeat: %v, want %v", round, err, paymux.ErrKeyTaken)
			}
		}
	}
}

// Changes and settlements that lock the same tasks the other way round end in deadlocks, which
// PostgreSQL breaks and the store repeats: no caller hears of it.
func TestTasksFromBothSides(t *testing.T) {
	t.Parallel()
	s := openStore(t, postgres.Config{URL: shared.Database(t), Now: time.Now, Log: quiet()})
	task := func(n int) queue.Task {
		return queue.Task{ID: paymux.TaskID(ids.New(paymux.PrefixTask)), Kind: "resolve", Ref: fmt.Sprint(n), Due: time.Now(), CreatedAt: time.Now()}
	}
	outcomes := together(64, func(i int) error {
		var err error
		for round := range 10 {
			a, b := task((i+round)%5), task((i+2*round)%5)
			if i%2 == 0 {
				p := newPayment(fmt.Sprint(i, round))
				err = errors.Join(err, s.Commit(t.Context(), &payment.Change{Payment: p, Tasks: []queue.Task{a, b}}))
			} else {
				due, dueErr := s.Due(t.Context(), time.Now(), []queue.Reading{{Part: queue.PartitionOf("")}}, 10)
				var settled []queue.Outcome
				for _, k := range due {
					settled = append(settled, queue.Outcome{Task: k, Done: true})
				}
				err = errors.Join(err, dueErr, s.Settle(t.Context(), settled))
			}
		}
		return err
	})
	if err := errors.Join(outcomes...); err != nil {
		t.Error(err)
	}
}

// Text that PostgreSQL cannot hold fails its own change and no other.
func TestBadBytes(t *testing.T) {
	t.Parallel()
	s := openStore(t, postgres.Config{URL: shared.Database(t), Now: time.Now, Log: quiet()})
	outcomes := together(16, func(i int) error {
		p := newPayment(fmt.Sprint("order ", i))
		if i == 3 {
			p.MerchantOrderID = "a\x00b"
		}
		if i == 5 {
			p.MerchantOrderID = "not UTF-8 \xff"
		}
		return s.Commit(t.Context(), &payment.Change{Payment: p})
	})
	for i, err := range outcomes {
		if bad := i == 3 || i == 5; bad != (err != nil) {
			t.Errorf("change %d: %v", i, err)
		}
	}
	good, bad := queue.Task{ID: "task_1", Kind: "a"}, queue.Task{ID: "task_2", Kind: "a", LastError: "\x00"}
	settled := together(8, func(i int) error {
		if i == 2 {
			return s.Settle(t.Context(), []queue.Outcome{{Task: bad, Bury: true}})
		}
		return s.Settle(t.Context(), []queue.Outcome{{Task: good, Done: true}})
	})
	for i, err := range settled {
		if (i == 2) != (err != nil) {
			t.Errorf("settlement %d: %v", i, err)
		}
	}
}

// What is replaced must have been there: a change that would drop an outcome silently is refused.
func TestReplaceWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := openStore(t, postgres.Config{URL: shared.Database(t), Now: time.Now, Log: quiet()})
	p := newPayment("order")
	op := paymux.Operation{ID: "op_none", Payment: p.ID, Kind: paymux.Pay, State: paymux.OpSucceeded, Currency: "CNY"}
	err := s.Commit(t.Context(), &payment.Change{Payment: p, Operations: []paymux.Operation{op}})
	if err == nil || errors.Is(err, paymux.ErrStale) {
		t.Errorf("an operation that is not there was replaced: %v", err)
	}
	if _, err := s.Record(t.Context(), p.ID); !errors.Is(err, paymux.NotFound) {
		t.Errorf("the payment of the refused change: %v, want %v", err, paymux.NotFound)
	}
}

// Updates stay on the page: no index grows with the versions of a payment.
func TestUpdatesAreHot(t *testing.T) {
	t.Parallel()
	url := shared.Database(t)
	s := openStore(t, postgres.Config{URL: url, Now: time.Now, Log: quiet()})
	const payments = 40
	for _, err := range together(payments, func(i int) error {
		p := newPayment(fmt.Sprint("order ", i))
		op := paymux.Operation{ID: paymux.OperationID(ids.New(paymux.PrefixOperation)), Payment: p.ID, Kind: paymux.Pay, State: paymux.OpSent, Currency: "CNY"}
		err := s.Commit(t.Context(), &payment.Change{Payment: p, New: []paymux.Operation{op}})
		p.Version, p.Status, op.State = 2, paymux.Succeeded, paymux.OpSucceeded
		return errors.Join(err, s.Commit(t.Context(), &payment.Change{Payment: p, Operations: []paymux.Operation{op}}))
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil { // the sessions report their statistics when they end
		t.Fatal(err)
	}
	for _, table := range []string{"payments", "operations"} {
		const counters = "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = $1 UNION ALL SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = $1"
		var counts []int64
		eventually(t, "statistics of "+table, func() bool {
			counts = rows[int64](t, url, counters, table)
			return counts[0] >= payments
		})
		if counts[1] < counts[0]*9/10 {
			t.Errorf("%s: %d of %d updates were HOT, want nearly all", table, counts[1], counts[0])
		}
	}
}

// together calls do from n goroutines and returns the errors.
func together(n int, do func(i int) error) []error {
	outcomes := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { outcomes[i] = do(i) })
	}
	all.Wait()
	return outcomes
}
