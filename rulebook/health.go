package rulebook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/routing/learn"
)

// Keys of how accounts do: what nodes have seen in the flags, what operators have said in the settings.
const (
	PinsKey      = "routing.pins"
	healthPrefix = "routing.health"
)

// HealthConfig wires a Health. All members are required.
type HealthConfig struct {
	Settings *registry.Settings
	Flags    *registry.Settings
	Book     *learn.Book // whose states are shared; nobody else reads its Changed
	Accounts func() []string
	ID       string // of this process in the registry
	Log      *slog.Logger
	Now      func() time.Time
}

// Health lets all nodes know what one has seen of an account, and all go by what operators have pinned. Safe for concurrent use.
//
// An account's flag has what is known of it and its merchants, whoever saw it. A node adopts what is there and, when it has seen
// something itself, writes both back, joined by the order of states (learn.State.After): all who have read the same believe the
// same, so none undoes what another says. While the registry is away each goes on with its own, and tells it afterwards.
type Health struct {
	HealthConfig
	seen, pins *registry.View
	pinned     atomic.Pointer[pins]

	told map[string][]byte // by account: what was adopted, or written; belongs to run
	open bool              // there is something that is not told

	shares *routine
}

// pins are the operators' words as they are in the registry.
type pins struct {
	revision uint64
	list     []learn.Pin
}

// account is the schema of an account's flag.
type account struct {
	States []learn.State `json:"states"`
}

// OpenHealth returns how accounts do as far as the registry says until ctx ends. Start follows changes.
func OpenHealth(ctx context.Context, c HealthConfig) *Health {
	h := &Health{HealthConfig: c, told: map[string][]byte{}, shares: newRoutine()}
	h.pinned.Store(&pins{})
	h.seen, h.pins = c.Flags.Watch(healthPrefix), c.Settings.Watch(PinsKey)
	for _, ready := range []<-chan struct{}{h.seen.Ready(), h.pins.Ready()} {
		select {
		case <-ready:
		case <-ctx.Done():
		}
	}
	h.adopt()
	h.pin()
	return h
}

// Start follows and tells, until Stop.
func (h *Health) Start() { h.shares.start(h.run) }

// Stop ends it. It may be called twice.
func (h *Health) Stop() {
	h.shares.stop()
	h.seen.Stop()
	h.pins.Stop()
}

// tickEvery is how often the book is told the time, so that pauses end where nothing happens.
const tickEvery = time.Second

func (h *Health) run(ctx context.Context) {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	again := time.NewTimer(againAfter)
	defer again.Stop()
	stale := true
	for {
		seen, pins := h.seen.Changed(), h.pins.Changed()
		h.adopt()
		h.pin()
		if _, is := h.seen.Stale(); is != stale { // a registry that was away may have lost what it had
			stale = is
			h.open = h.open || !is
		}
		if h.open {
			h.open = !h.tell(ctx)
			again.Reset(againAfter)
		}
		select {
		case <-h.Book.Changed():
			h.open = true
		case <-seen:
		case <-pins:
		case <-again.C:
		case <-tick.C:
			h.Book.Tick(h.Now())
		case <-ctx.Done():
			return
		}
	}
}

// adopt believes what is in the flags and was not read before.
func (h *Health) adopt() {
	for _, d := range h.seen.Documents() {
		if name := d.Key[min(len(healthPrefix)+1, len(d.Key)):]; name != "" && !bytes.Equal(h.told[name], d.Value) {
			h.believe(name, d.Value)
		}
	}
}

func (h *Health) believe(name string, value []byte) {
	var a account
	h.told[name] = value
	if err := json.Unmarshal(value, &a); err != nil {
		h.Log.Error("how an account does cannot be read", "account", name, "error", err)
		return
	}
	h.Book.Tick(h.Now())
	for _, s := range a.States {
		if s.Account == name && h.Book.Adopt(s) && s.Node != h.ID && s.Merchant == "" {
			h.Log.Info("an account does otherwise, as another node says", "account", name, "abnormal", s.Abnormal, "why", s.Why, "node", s.Node)
		}
	}
}

// tell writes down what there is to tell of every account. ok: all is told.
func (h *Health) tell(ctx context.Context) (ok bool) {
	ok = true
	for _, name := range h.Book.Accounts() {
		ctx, cancel := context.WithTimeout(ctx, writeLimit)
		err := h.tellOf(ctx, name)
		cancel()
		if err != nil {
			h.Log.Debug("how an account does cannot be told; it is tried again", "account", name, "error", err)
			ok = false
		}
	}
	return ok
}

// tellOf joins what the flag has with what the book knows, again from the start where another was quicker.
func (h *Health) tellOf(ctx context.Context, name string) error {
	key := healthPrefix + "." + name
	d, ok := h.seen.Get(key)
	for range rewrites {
		if !ok {
			d = registry.Document{Key: key}
		}
		value, err := json.Marshal(account{States: h.Book.States(name)})
		if err != nil {
			return err
		}
		if bytes.Equal(value, d.Value) || !ok && len(h.Book.States(name)) == 0 {
			return nil
		}
		d.Value, d.Who, d.Why, d.When = value, h.ID, "", time.Time{}
		_, err = h.Flags.Put(ctx, d)
		if err == nil {
			h.told[name] = value
			return nil
		}
		if !errors.Is(err, registry.ErrConflict) {
			return err
		}
		d, err = h.Flags.Get(ctx, key)
		if ok = !errors.Is(err, registry.ErrNotFound); ok && err != nil {
			return err
		}
		if ok {
			h.believe(name, d.Value)
		}
	}
	return registry.ErrConflict
}

// pin goes by what operators have said.
func (h *Health) pin() {
	d, ok := h.pins.Get(PinsKey)
	if !ok || h.pinned.Load().revision == d.Version {
		return
	}
	list, err := readPins(d)
	if err != nil {
		h.Log.Error("the pins of accounts cannot be read; those that hold stay", "error", err)
		list = h.pinned.Load().list
	}
	h.Book.SetPins(list)
	h.pinned.Store(&pins{d.Version, list})
}

func readPins(d registry.Document) ([]learn.Pin, error) {
	var all struct {
		Pins []learn.Pin `json:"pins"`
	}
	err := json.Unmarshal(d.Value, &all)
	return all.Pins, err
}

// PinRoute keeps an operator's word, or takes it back where it has no state, and returns how the account does by it. Errors: InvalidRequest; Unavailable.
func (h *Health) PinRoute(ctx context.Context, p paymux.RoutePin) (paymux.RouteHealth, error) {
	if p.State == paymux.RouteProbing {
		return paymux.RouteHealth{}, paymux.Errorf(paymux.InvalidRequest, "An account is pinned as normal or as abnormal.").At("state")
	}
	ctx, cancel := context.WithTimeout(ctx, changeLimit)
	defer cancel()
	for range rewrites {
		written, err := h.rewritePins(ctx, p)
		if errors.Is(err, registry.ErrConflict) {
			continue
		}
		if err != nil {
			return paymux.RouteHealth{}, registryFault(err, "The pin may have been written or not")
		}
		h.awaitPins(ctx, written)
		return h.of(p.Account), nil
	}
	return paymux.RouteHealth{}, paymux.Errorf(paymux.Unavailable, "Several pins are being written at once. Try again.")
}

func (h *Health) rewritePins(ctx context.Context, p paymux.RoutePin) (uint64, error) {
	d, err := h.Settings.Get(ctx, PinsKey)
	var list []learn.Pin
	switch {
	case errors.Is(err, registry.ErrNotFound):
		d = registry.Document{Key: PinsKey}
	case err != nil:
		return 0, err
	default:
		if list, err = readPins(d); err != nil {
			h.Log.Error("the pins of accounts cannot be read; they are written anew", "error", err)
			list = nil
		}
	}
	kept := []learn.Pin{}
	for _, had := range list {
		if had.Account != p.Account || had.Merchant != p.Merchant {
			kept = append(kept, had)
		}
	}
	if p.State != "" {
		kept = append(kept, learn.Pin{Account: p.Account, Merchant: p.Merchant, Abnormal: p.State == paymux.RouteAbnormal, Reason: p.Why, Who: p.Who, At: p.At})
	}
	d.Value, err = json.Marshal(map[string][]learn.Pin{"pins": kept})
	if err != nil {
		return 0, err
	}
	d.Who, d.Why, d.When = p.Who, p.Why, time.Time{}
	d, err = h.Settings.Put(ctx, d)
	return d.Version, err
}

// awaitPins returns when this node goes by a revision of the pins, or ctx ends.
func (h *Health) awaitPins(ctx context.Context, revision uint64) {
	for {
		changed := h.pins.Changed()
		if d, ok := h.pins.Get(PinsKey); ok && d.Version >= revision {
			if list, err := readPins(d); err == nil {
				h.Book.SetPins(list)
			}
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}
