package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/bench/tally"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/store/postgres"
	"github.com/paymux/paymux/store/sqlite"
)

// notifyNode is a node reduced to its notifications: the real store, notifier and runner, put together
// as cmd/paymux does, and an emitter in place of the payment room.
type notifyNode struct {
	store    nodeStore
	ids      *paymux.IDs
	notifier *notify.Notifier
	runner   *queue.Runner
	leases   *heldLeases
	journal  *tally.Journal // of commits
	draft    draft

	listen, unlisten func() // to other replicas' signals, and no longer

	mu    sync.Mutex
	cast  cast
	lanes map[string]uint32 // number of the endpoint
	stops map[uint32]context.CancelFunc
}

// nodeStore is what the rooms here ask of either engine.
type nodeStore interface {
	queue.Store
	queue.Leases
	notify.Store
	access.Merchants
	access.Endpoints
	Close() error
}

// cast is who takes part, by number.
type cast struct {
	Merchants []paymux.MerchantID `json:"merchants"`
	Endpoints []paymux.EndpointID `json:"endpoints"`
}

// nodeConfig is what a node is started with.
type nodeConfig struct {
	store, database string
	replica         string
	most            int // deliveries the journal holds
}

var benchIDsKey = []byte("the benchmark's key of check codes, of no value")

// serveNode runs a node until it is told to end or its parent does.
func serveNode(ctx context.Context, c child, conf nodeConfig) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	n := &notifyNode{
		journal: tally.NewJournal(conf.most), draft: newDraft(), stops: map[uint32]context.CancelFunc{},
		listen: func() {}, unlisten: func() {},
	}
	if err := n.open(ctx, conf); err != nil {
		return err
	}
	err := c.serveControl(ctx, map[string]http.HandlerFunc{
		"/setup":   told(n.setup),
		"/learn":   told(n.learn),
		"/start":   told(n.start),
		"/emit":    told(n.emit),
		"/stop":    told(n.stopEmitting),
		"/held":    told(func(context.Context, struct{}) ([]int, error) { return n.leases.list(), nil }),
		"/journal": journalOf(n.journal),
	})
	return errors.Join(err, n.close())
}

func (n *notifyNode) open(ctx context.Context, conf nodeConfig) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	var err error
	if n.store, err = openNodeStore(ctx, conf, log); err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	n.ids = paymux.NewIDs(benchIDsKey, 1, time.Now)
	n.notifier = notify.New(notify.Config{
		Store: n.store, Offer: func(tasks []queue.Task) { n.runner.Offer(tasks) }, IDs: n.ids, Now: time.Now, Log: log,
		AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	n.leases = &heldLeases{Leases: n.store, held: map[int]bool{}}
	runner := queue.Config{
		Store: n.store, Leases: n.leases, Replica: conf.replica, Now: time.Now, Log: log,
		Handlers: map[string]queue.Handler{notify.KindNotify: n.notifier.Handler()},
	}
	n.share(&runner)
	n.runner = queue.NewRunner(runner)
	n.listen()
	return nil
}

func openNodeStore(ctx context.Context, conf nodeConfig, log *slog.Logger) (nodeStore, error) {
	if conf.store == "postgres" {
		return postgres.Open(ctx, postgres.Config{URL: conf.database, Now: time.Now, Log: log})
	}
	return sqlite.Open(sqlite.Config{Path: conf.database, Now: time.Now, Log: log})
}

func (n *notifyNode) close() error {
	n.mu.Lock()
	for _, stop := range n.stops {
		stop()
	}
	n.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := n.runner.Stop(ctx)
	n.unlisten()
	n.notifier.Close()
	return errors.Join(err, n.store.Close())
}

// start begins deliveries.
func (n *notifyNode) start(context.Context, struct{}) (struct{}, error) {
	n.runner.Start()
	return struct{}{}, nil
}
