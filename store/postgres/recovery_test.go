package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/pgcluster"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/store/postgres"
)

var ids = paymux.NewIDs([]byte("only for tests, no secret"), 7, time.Now)

func newPayment(order string) paymux.Payment {
	now := time.Now().UTC().Truncate(time.Microsecond)
	return paymux.Payment{
		ID: paymux.PaymentID(ids.New(paymux.PrefixPayment)), Object: "payment", Merchant: "mer_1", Status: paymux.Created,
		Amount: 1250, Currency: "CNY", MerchantOrderID: order, CreatedAt: now, UpdatedAt: now, ExpiresAt: now, Version: 1,
	}
}

func begin(p paymux.Payment, key string) *paymux.Idempotency {
	return &paymux.Idempotency{Merchant: p.Merchant, Key: key, Fingerprint: []byte("f"), Object: string(p.ID), CreatedAt: p.CreatedAt}
}

// ownServer is a cluster for a test that crashes it.
func ownServer(t *testing.T) *pgcluster.Cluster {
	t.Helper()
	shared.Need(t)
	c, err := pgcluster.New(t.Context(), pgcluster.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Remove(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// load commits payments from several goroutines until stop is called, and keeps
// the books of what was acknowledged.
type load struct {
	mu    sync.Mutex
	acked []paymux.PaymentID
	wrong error // an error that claims to know what cannot be known
	count atomic.Int64
	all   sync.WaitGroup
	ended chan struct{}
}

func startLoad(ctx context.Context, s *postgres.Store, callers int) *load {
	l := &load{ended: make(chan struct{})}
	for range callers {
		l.all.Go(func() {
			for {
				select {
				case <-l.ended:
					return
				default:
					l.one(ctx, s)
				}
			}
		})
	}
	return l
}

func (l *load) one(ctx context.Context, s *postgres.Store) {
	p := newPayment(ids.New("o_"))
	task := queue.Task{ID: paymux.TaskID(ids.New(paymux.PrefixTask)), Kind: "resolve", Ref: string(p.ID), Due: p.CreatedAt, CreatedAt: p.CreatedAt}
	err := s.Commit(ctx, &payment.Change{Payment: p, Begin: begin(p, string(p.ID)), Tasks: []queue.Task{task}})
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.acked = append(l.acked, p.ID)
		l.count.Add(1)
	case errors.Is(err, paymux.ErrStale) || errors.Is(err, paymux.ErrKeyTaken) || errors.Is(err, paymux.ErrOrderTaken):
		l.wrong = err
	}
}

func (l *load) stop() {
	close(l.ended)
	l.all.Wait()
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
		<-time.After(time.Millisecond)
	}
}

// The server dies under load, several times. Whatever was acknowledged is
// there afterwards, whole, and the store goes on by itself.
func TestServerCrash(t *testing.T) {
	t.Parallel()
	c := ownServer(t)
	s := openStore(t, postgres.Config{URL: c.URL("postgres"), Now: time.Now, Log: quiet()})
	l := startLoad(t.Context(), s, 16)
	for range 3 {
		want := l.count.Load() + 200
		eventually(t, "200 payments more", func() bool { return l.count.Load() >= want })
		if err := c.Crash(); err != nil {
			t.Fatal(err)
		}
		if err := c.Launch(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want := l.count.Load() + 100
	eventually(t, "100 payments after the last crash", func() bool { return l.count.Load() >= want })
	l.stop()
	if l.wrong != nil {
		t.Errorf("a commit that was cut off was answered %v", l.wrong)
	}
	for _, id := range l.acked {
		record, err := s.Record(t.Context(), id)
		if err != nil {
			t.Fatalf("acknowledged and lost: %v", err)
		}
		if _, err := s.Idempotency(t.Context(), record.Payment.Merchant, string(id)); err != nil {
			t.Fatalf("acknowledged, and its key is lost: %v", err)
		}
	}
	// No half of a change is there either, acknowledged or not.
	const halves = `SELECT count(*) FROM payments p FULL JOIN idempotency i ON i.object = p.id FULL JOIN tasks t ON t.ref = p.id
		WHERE p.id IS NULL OR i.object IS NULL OR t.ref IS NULL`
	if n := rows[int](t, c.URL("postgres"), halves)[0]; n != 0 {
		t.Errorf("%d changes are there in part", n)
	}
}

// Connections that were cut while nobody used them are not a caller's business.
func TestConnectionsCut(t *testing.T) {
	t.Parallel()
	url := shared.Database(t)
	s := openStore(t, postgres.Config{URL: url, Now: time.Now, Log: quiet()})
	for round := range 3 {
		p := newPayment(fmt.Sprint("order ", round))
		if err := s.Commit(t.Context(), &payment.Change{Payment: p}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Record(t.Context(), p.ID); err != nil {
			t.Fatal(err)
		}
		const cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
		if cut := rows[bool](t, url, cut); len(cut) == 0 {
			t.Fatal("there was no connection to cut")
		}
		next := p
		next.Version, next.Status = 2, paymux.Succeeded
		if err := s.Commit(t.Context(), &payment.Change{Payment: next}); err != nil {
			t.Errorf("commit after the connections were cut: %v", err)
		}
		record, err := s.Record(t.Context(), p.ID)
		if err != nil || record.Payment.Version != 2 {
			t.Errorf("read after the connections were cut: version %d, %v", record.Payment.Version, err)
		}
		task := queue.Task{ID: "task_1", Kind: "a"}
		if err := s.Settle(t.Context(), []queue.Outcome{{Task: task, Done: true}}); err != nil {
			t.Errorf("settle after the connections were cut: %v", err)
		}
		if err := s.CreateMerchant(t.Context(), paymux.Merchant{ID: paymux.MerchantID(ids.New(paymux.PrefixMerchant))}); err != nil {
			t.Errorf("another write after the connections were cut: %v", err)
		}
	}
}

// A server that stays away is told as such, and nothing was done.
func TestServerAway(t *testing.T) {
	t.Parallel()
	c := ownServer(t)
	s := openStore(t, postgres.Config{URL: c.URL("postgres"), Now: time.Now, Log: quiet()})
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	p := newPayment("order")
	if err := s.Commit(t.Context(), &payment.Change{Payment: p}); !errors.Is(err, paymux.Unavailable) {
		t.Errorf("commit without a server: %v, want %v", err, paymux.Unavailable)
	}
	if _, err := s.Record(t.Context(), p.ID); !errors.Is(err, paymux.Unavailable) {
		t.Errorf("read without a server: %v, want %v", err, paymux.Unavailable)
	}
	if err := c.Launch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Record(t.Context(), p.ID); !errors.Is(err, paymux.NotFound) {
		t.Errorf("the payment whose commit failed: %v, want %v", err, paymux.NotFound)
	}
	if err := s.Commit(t.Context(), &payment.Change{Payment: p}); err != nil {
		t.Errorf("commit when the server is back: %v", err)
	}
}
