package sqlite_test

import (
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/store/sqlite"
	"github.com/paymux/paymux/store/storetest"
)

// BenchmarkGroup measures the processor time of the writer alone, which bounds
// what the store can take: it commits groups of 32 changes, half of them new
// payments and half the answers to those of the group before.
func BenchmarkGroup(b *testing.B) {
	runtime.LockOSThread() // its time is what is measured
	defer runtime.UnlockOSThread()
	s := openStore(b, sqlite.Config{Path: filepath.Join(b.TempDir(), "paymux.db")})
	defer closeStore(b, s)
	groups := qrGroups(b, s, b.N)
	runtime.GC()
	before := threadMicros(b)
	b.ResetTimer()
	for _, commit := range groups {
		for _, err := range commit() {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.StopTimer()
	b.ReportMetric((threadMicros(b)-before)/float64(b.N), "cpu-µs/order")
}

func qrGroups(b *testing.B, s *sqlite.Store, orders int) (groups []func() []error) {
	ids := newIDs()
	var answers []*payment.Change
	for orders > 0 {
		changes := answers
		answers = nil
		for ; orders > 0 && len(answers) < 16; orders-- {
			create, answer := storetest.QRPayment(ids, "mer_1")
			changes, answers = append(changes, create), append(answers, answer)
		}
		commit, err := s.Group(changes)
		if err != nil {
			b.Fatal(err)
		}
		groups = append(groups, commit)
	}
	return groups
}

// threadMicros is what this thread has spent of user and system time.
func threadMicros(b *testing.B) float64 {
	const thread = 1 // RUSAGE_THREAD
	var u syscall.Rusage
	if err := syscall.Getrusage(thread, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e3
}
