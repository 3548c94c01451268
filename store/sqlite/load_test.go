package sqlite_test

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/store/sqlite"
)

func newIDs() *paymux.IDs { return paymux.NewIDs([]byte("only for tests, no secret"), 1, time.Now) }

// counter counts orders.
var counter = paymux.QuotaKey{Account: "a", Quota: "orders", Day: 20_000}

// order is a new payment with all that is committed with one.
func order(ids *paymux.IDs) *payment.Change {
	now := time.Now().UTC().Truncate(time.Microsecond)
	p := paymux.Payment{
		ID: paymux.PaymentID(ids.New(paymux.PrefixPayment)), Object: "payment", Status: paymux.Processing, Amount: 100, Currency: "CNY",
		Merchant: "mer_1", Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	p.MerchantOrderID = paymux.OrderNumber(string(p.ID))
	op := paymux.Operation{
		ID: paymux.OperationID(ids.New(paymux.PrefixOperation)), Object: "operation", Payment: p.ID, Merchant: p.Merchant,
		Kind: paymux.Pay, State: paymux.OpSent, Amount: 100, Currency: "CNY", CreatedAt: now,
	}
	task := queue.Task{ID: paymux.TaskID(ids.New(paymux.PrefixTask)), Kind: "resolve", Ref: string(p.ID), Due: now, CreatedAt: now}
	return &payment.Change{
		Payment: p, New: []paymux.Operation{op}, Tasks: []queue.Task{task},
		Begin:   &paymux.Idempotency{Merchant: p.Merchant, Key: string(p.ID), Object: string(p.ID), CreatedAt: now},
		Reserve: []paymux.Reservation{{QuotaKey: counter, Units: 1, Limit: 1e9}},
	}
}

// load commits orders from many callers until ctx ends or the store is closed.
func load(ctx context.Context, s *sqlite.Store, callers int, done func(*payment.Change)) *sync.WaitGroup {
	ids := newIDs()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for ctx.Err() == nil {
				c := order(ids)
				if err := s.Commit(context.Background(), c); err != nil {
					return
				}
				done(c)
			}
		})
	}
	return &all
}

// Under load without a pause the log is never wholly written back, so it would
// grow for ever; it is begun anew each time it passes its limit. Its
// header counts that.
func TestLogIsBegunAnewUnderLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "paymux.db")
	s := openStore(t, sqlite.Config{Path: path, WALLimit: 256 << 10})
	defer closeStore(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	beginnings := map[uint32]bool{}
	var mu sync.Mutex
	load(ctx, s, 32, func(*payment.Change) {
		mu.Lock()
		defer mu.Unlock()
		if beginnings[beginning(t, path+"-wal")] = true; len(beginnings) == 4 {
			cancel()
		}
	}).Wait()
	if len(beginnings) < 4 {
		t.Fatalf("the log was begun %d times in 30 s of load, want 4", len(beginnings))
	}
	info, err := os.Stat(path + "-wal")
	if err != nil || info.Size() > 64<<20 {
		t.Fatalf("the log has %d bytes: %v", info.Size(), err)
	}
}

// beginning reads the checkpoint sequence number of a log, at byte 12 of its
// header (https://www.sqlite.org/fileformat2.html#walformat).
func beginning(t *testing.T, path string) uint32 {
	file, err := os.Open(path)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer file.Close()
	var header [16]byte
	if _, err := file.ReadAt(header[:], 0); err != nil {
		t.Error(err)
	}
	return binary.BigEndian.Uint32(header[12:])
}
