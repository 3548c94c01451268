// Package rulebook is the life of a deployment's routing rules (C1, C4, C8, C9): drafts, the versions that operators bring into
// force and take back, and what each node routes by. The registry's settings have the version in force, which every node
// follows in memory; the region's store has every version that ever was in force there.
//
// It decides nothing about a payment: that is package routing's. What does not compile is refused before it is
// written, and again by each node, which keeps the last good one and says so in its flag. While the registry is away nodes
// go on, and catch up by themselves; one that starts meanwhile goes by what the store has. Start reading at Book, then load.go.
package rulebook

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/routing"
)

// ActiveKey is the document of the registry's settings that is the version in force.
const ActiveKey = "routing.active"

// Prefixes of keys: of drafts in the settings, and of what nodes say in the flags.
const (
	draftPrefix = "routing.draft."
	nodePrefix  = "routing.node."
)

// Config wires a Book. What says so may be left out.
type Config struct {
	Settings *registry.Settings
	Flags    *registry.Settings
	// Nodes are those that are there, this one among them or not; nil: there is none but this one.
	Nodes  func() []registry.Instance
	Store  Store
	ID     string // of this process in the registry
	Region string // name
	// File is the document to route by while nothing was ever activated; empty: none.
	File string
	// Accounts are those that are open here, as routing sees them; Known are those of other regions, too, as far as lint asks.
	Accounts, Known func() []routing.Account
	// Allowed are the accounts a merchant may use; empty: all.
	Allowed func(ctx context.Context, merchant paymux.MerchantID) ([]string, error)
	// Learnt is what was learnt of them, and Taken what was taken of their quotas on a day: simulations go by both. Nil: nothing.
	Learnt Learnt
	Taken  func(ctx context.Context, day int32) ([]paymux.QuotaUsed, error)
	// TakenUp is told of what to route by from now on; nil: nobody.
	TakenUp func(*routing.Program)
	// StoreLook is how often the store is asked for a newer version; zero: never. It is for processes that share a
	// store and no registry.
	StoreLook time.Duration
	Log       *slog.Logger
	Now       func() time.Time
}

// Learnt is what outcomes teach.
type Learnt interface {
	Figures(account string, k routing.Kind) routing.Figures
	Health(merchant paymux.MerchantID, account string) routing.Health
}

// Book is a node's part of the rulebook. Safe for concurrent use.
type Book struct {
	Config
	active *registry.View

	inForce atomic.Pointer[rules]
	refused atomic.Int64

	mu      sync.Mutex         // guards what follows
	self    paymux.RuleSetNode // what this node says
	changed chan struct{}      // closed when self changes

	looked  seen                    // these belong to who follows
	unkept  []paymux.RuleSetVersion // in force here, and not in the store yet
	told    paymux.RuleSetNode
	stale   bool
	checked time.Time // the store
	useless int64     // up to this version the store has none that is newer and can be routed by

	follows *routine
}

// Open returns a book that has something to route by: what was in force last as far as the store knows or, until ctx
// ends, the registry says; else the configuration's; else all accounts. Start follows changes. The error is of Config.File.
func Open(ctx context.Context, c Config) (*Book, error) {
	b := &Book{Config: c, changed: make(chan struct{}), follows: newRoutine()}
	first, err := configured(c.File)
	if err != nil {
		return nil, err
	}
	b.takeUp(first)
	b.recall(context.WithoutCancel(ctx)) // however long others have waited for the registry
	b.active = c.Settings.Watch(ActiveKey)
	select {
	case <-b.active.Ready():
	case <-ctx.Done():
	}
	b.look()
	return b, nil
}

// Start follows what is in force, until Stop.
func (b *Book) Start() { b.follows.start(b.follow) }

// Stop ends the following. What is in force stays. It may be called twice.
func (b *Book) Stop() {
	b.follows.stop()
	b.active.Stop()
}

// Program is the rules in force, compiled: what to route by just now, whole, never a half of two versions.
func (b *Book) Program() *routing.Program { return b.inForce.Load().program }

// RuleSet is the rules in force. Nobody changes them.
func (b *Book) RuleSet() *routing.RuleSet { return b.inForce.Load().set }

// Node is what this node says of itself.
func (b *Book) Node() paymux.RuleSetNode {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.self
}

// Refused is how many versions this node has refused.
func (b *Book) Refused() int64 { return b.refused.Load() }
