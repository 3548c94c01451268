// Package storetest is the suite that every store must pass, whatever its
// engine: what the rooms may rely on is written here once and run on each.
//
// A test of a store calls [Run], and [Cycle] as a benchmark. What only one
// engine has (migrations, locks, files) is tested beside it. Start reading at
// Run, then payment.go.
package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/directory"
	"github.com/paymux/paymux/monitor"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/replay"
	"github.com/paymux/paymux/rulebook"
	"github.com/paymux/paymux/store/sealed"
)

// Store is all that the rooms ask of a store.
type Store interface {
	payment.Store
	queue.Store
	queue.Leases
	notify.Store
	notify.Log
	notify.Replays
	access.Directory
	access.Merchants
	access.Endpoints
	access.Links
	access.Answers
	access.Events
	monitor.Store
	directory.Store
	rulebook.Store
	replay.Store
	// PruneIdempotency deletes at most limit records made before a time, oldest
	// first, and returns how many.
	PruneIdempotency(ctx context.Context, before time.Time, limit int) (int, error)
	// PruneEvents deletes events made before a time together with their attempts,
	// oldest first, at most limit of them, and deliveries that were buried before that time, limit of
	// them, too. Buried tasks of other kinds stay: they are payments that somebody has to look at. It returns how
	// many there were of what there was more of. A store that keeps events by the day may drop
	// whole days instead and deletes all the rest at once, limit rows a commit, and return how many days.
	PruneEvents(ctx context.Context, before time.Time, limit int) (int, error)
	// PruneQuotas deletes what was taken of quotas on days that ended before a time, wherever on earth, at most limit rows, and returns how many.
	PruneQuotas(ctx context.Context, before time.Time, limit int) (int, error)
	// Close writes what was submitted and stops. It may be called twice.
	Close() error
}

// Config is how the suite wants a store opened.
type Config struct {
	// Dir is a directory of the test's own. Stores opened one after the other with the
	// same Dir hold the same data, stores with different ones share nothing.
	Dir string
	Now func() time.Time
	// BeforeCommit is called just before each durable commit, perhaps by several
	// writers at once. An error from it fails that commit, and nothing of it is kept.
	BeforeCommit func() error
}

// Open returns an open store for a test. The suite closes it.
type Open func(t testing.TB, cfg Config) Store

// Engine is what an engine has besides, for the wrapper that seals secrets (package sealed).
type Engine interface {
	Store
	sealed.Keyring
	sealed.Rows
}

type test struct {
	name string
	run  func(*testing.T, *fixture)
}

// Run runs the suite, each test on a store of its own.
func Run(t *testing.T, open Open) {
	t.Helper()
	groups := [][]test{
		paymentTests(), orderTests(), operationTests(), refundTests(), disputeTests(), idempotencyTests(), eventTests(), pullTests(),
		taskTests(), parkTests(), leaseTests(), fenceTests(), attemptTests(), notificationTests(), siblingTests(), replayTests(),
		hopTests(), merchantTests(), keyTests(), endpointTests(), linkTests(), checkTests(), commitTests(), modelTests(), statisticsTests(), copiesTests(), quotaTests(), ruleSetTests(), historyTests(),
	}
	runGroups(t, open, groups)
}

// RunEngine runs the tests of what an Engine has besides.
func RunEngine(t *testing.T, open Open) {
	t.Helper()
	runGroups(t, open, [][]test{dataKeyTests(), resealTests()})
}

func runGroups(t *testing.T, open Open, groups [][]test) {
	t.Helper()
	for _, group := range groups {
		for _, tt := range group {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				tt.run(t, newFixture(t, open))
			})
		}
	}
}
