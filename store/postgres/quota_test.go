package postgres_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/store/postgres"
	"github.com/paymux/paymux/store/storetest"
)

func quotaOf(account, quota string, currency paymux.Currency, units, limit int64) paymux.Reservation {
	return paymux.Reservation{QuotaKey: paymux.QuotaKey{Account: account, Quota: quota, Currency: currency, Day: 20_000}, Units: units, Limit: limit}
}

// Four replicas take and give back at once, several quotas a change in any order, refused changes and bad rows
// among them: never more than there is, nothing stranded, and no deadlock for PostgreSQL to break.
func TestQuotasOfFourReplicas(t *testing.T) {
	t.Parallel()
	const replicas, callers, each, limit = 4, 24, 40, 300
	url := shared.Database(t)
	var stores []*postgres.Store
	for range replicas {
		stores = append(stores, openStore(t, postgres.Config{URL: url + "&pool_max_conns=2", Now: time.Now, Log: quiet()}))
	}
	taken := newPayment("taken")
	if err := stores[0].Commit(t.Context(), &payment.Change{Payment: taken}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	sum, full := map[paymux.QuotaKey]int64{}, 0
	add := func(sign int64, list []paymux.Reservation) {
		mu.Lock()
		defer mu.Unlock()
		for _, r := range list {
			sum[r.QuotaKey] += sign * r.Units
		}
	}
	outcomes := together(replicas*callers, func(i int) error {
		s := stores[i%replicas]
		var held [][]paymux.Reservation
		for n := range each {
			c := &payment.Change{Payment: newPayment(fmt.Sprint("order ", i, " ", n))}
			for q := range 3 {
				c.Reserve = append(c.Reserve, quotaOf(fmt.Sprint("account ", (i+q*(n+1))%5), fmt.Sprint("quota ", q), "", int64(1+n%2), limit))
			}
			switch n % 10 {
			case 3:
				c.Payment.MerchantOrderID = taken.MerchantOrderID
			case 6:
				c.Payment.Status = "paid"
			case 9:
				c.Reserve = nil
				if len(held) > 0 {
					c.Release, held = held[0], held[1:]
				}
			}
			err := s.Commit(t.Context(), c)
			switch {
			case errors.Is(err, paymux.ErrQuotaFull):
				mu.Lock()
				full++
				mu.Unlock()
			case err == nil && (n%10 == 3 || n%10 == 6):
				return errors.New("one that is not in order was kept")
			case err == nil:
				add(1, c.Reserve)
				add(-1, c.Release)
				if len(c.Reserve) > 0 {
					held = append(held, c.Reserve)
				}
			case n%10 != 3 && n%10 != 6:
				return err
			}
		}
		return nil
	})
	if err := errors.Join(outcomes...); err != nil {
		t.Error(err)
	}
	if full == 0 {
		t.Error("no quota was ever full")
	}
	wantSum(t, stores[0], sum, limit)
	for k := range sum { // nothing is stranded: it can be filled to the last
		room := limit - sum[k]
		last := together(int(room)+8, func(i int) error {
			r := paymux.Reservation{QuotaKey: k, Units: 1, Limit: limit}
			return stores[i%replicas].Commit(t.Context(), &payment.Change{Payment: newPayment(fmt.Sprint(k, i)), Reserve: []paymux.Reservation{r}})
		})
		for _, err := range last {
			if err == nil {
				sum[k]++
			} else if !errors.Is(err, paymux.ErrQuotaFull) {
				t.Error(err)
			}
		}
		if sum[k] != limit {
			t.Errorf("%v was filled to %d, want %d", k, sum[k], limit)
		}
	}
	wantSum(t, stores[0], sum, limit)
	for _, s := range stores {
		if err := s.Close(); err != nil { // the sessions report their statistics when they end
			t.Fatal(err)
		}
	}
	if n := rows[int64](t, url, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"); n[0] != 0 {
		t.Errorf("PostgreSQL had to break %d deadlocks", n[0])
	}
}

func wantSum(t *testing.T, s *postgres.Store, sum map[paymux.QuotaKey]int64, limit int64) {
	t.Helper()
	used, err := s.Quotas(t.Context(), 20_000, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(used) != len(sum) {
		t.Errorf("%d counters, want %d", len(used), len(sum))
	}
	for _, u := range used {
		if u.Used != sum[u.QuotaKey] || u.Used > limit {
			t.Errorf("%v: %d is taken, the changes that were kept took %d of %d", u.QuotaKey, u.Used, sum[u.QuotaKey], limit)
		}
	}
}

// Updates of a counter stay on its page.
func TestQuotaUpdatesAreHot(t *testing.T) {
	t.Parallel()
	url := shared.Database(t)
	s := openStore(t, postgres.Config{URL: url, Now: time.Now, Log: quiet()})
	for i := range 300 {
		c := &payment.Change{Payment: newPayment(fmt.Sprint("order ", i)), Reserve: []paymux.Reservation{quotaOf("a", "daily", "", 1, 1000)}}
		if err := s.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	const counters = "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'quotas' UNION ALL SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'quotas'"
	var counts []int64
	eventually(t, "statistics of quotas", func() bool { counts = rows[int64](t, url, counters); return counts[0] >= 299 })
	if counts[1] < counts[0]*9/10 {
		t.Errorf("%d of %d updates were HOT, want nearly all", counts[1], counts[0])
	}
}

func BenchmarkCycleQuota(b *testing.B) { storetest.CycleQuota(b, openSuite) }

// BenchmarkCycleReplicas is four stores on one database, without quotas, and with all payments in the same two.
func BenchmarkCycleReplicas(b *testing.B) {
	for _, quotas := range []bool{false, true} {
		b.Run(fmt.Sprint("quotas=", quotas), func(b *testing.B) {
			url := shared.Database(b)
			var stores []payment.Store
			for range 4 {
				stores = append(stores, openStore(b, postgres.Config{URL: url + "&pool_max_conns=2", Now: time.Now, Log: quiet()}))
			}
			storetest.CycleOn(b, quotas, stores...)
		})
	}
}
