package postgres_test

import (
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/store/postgres"
)

// A settlement that has found its lease current keeps it until it is committed: who takes the partition over waits for
// that, and finds what was decided.
func TestFenceHoldsUntilTheCommit(t *testing.T) {
	t.Parallel()
	url := shared.Database(t)
	held, release := make(chan struct{}), make(chan struct{})
	hold := false
	a := openStore(t, postgres.Config{URL: url, Now: time.Now, Log: quiet(), CommitDelay: func() error {
		if hold {
			close(held)
			<-release
		}
		return nil
	}})
	b := openStore(t, postgres.Config{URL: url, Now: time.Now, Log: quiet()})
	part := queue.PartitionOf("we_1")
	leases, err := a.Acquire(t.Context(), "a", []int{part}, time.Microsecond)
	if err != nil || len(leases) != 1 {
		t.Fatalf("a acquired %v, %v", leases, err)
	}
	task := queue.Task{ID: "task_1", Kind: "notify", Ref: "evt_1", Lane: "we_1", Due: noon, CreatedAt: noon}
	if err := a.Commit(t.Context(), &payment.Change{Payment: newPayment("order"), Tasks: []queue.Task{task}}); err != nil {
		t.Fatal(err)
	}

	hold = true
	settled, taken := make(chan error, 1), make(chan []queue.Lease, 1)
	go func() { settled <- a.Settle(t.Context(), []queue.Outcome{{Task: task, Bury: true, Lease: leases[0]}}) }()
	<-held
	go func() {
		leases, err := b.Acquire(t.Context(), "b", []int{part}, time.Hour)
		if err != nil {
			t.Error(err)
		}
		taken <- leases
	}()
	const waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
	eventually(t, "b waits for a's settlement", func() bool { return rows[int](t, url, waiting)[0] == 1 })
	close(release)
	if err := <-settled; err != nil {
		t.Fatal(err)
	}
	if got := <-taken; len(got) != 1 || got[0].Epoch != leases[0].Epoch+1 {
		t.Errorf("b took %v, want the lease after %v", got, leases[0])
	}
	buried, err := b.Buried(t.Context(), paymux.Page{Limit: 10})
	if err != nil || len(buried) != 1 {
		t.Errorf("%d tasks are buried, want 1: %v", len(buried), err)
	}
}
