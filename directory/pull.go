package directory

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// home is one region that is followed.
type home struct {
	of   *Follower
	peer Peer
	woke chan struct{}
	turn chan struct{} // has room for one: the pull under way

	mu      sync.Mutex // guards what follows
	next    *pull      // which has not begun; nil: none
	shown   Status
	trouble error
}

// pull is one way through all that a home has. Whoever comes before it has begun shares it.
type pull struct {
	done chan struct{} // closed when it has ended, with err
	err  error
}

func newHome(f *Follower, p Peer) *home {
	return &home{of: f, peer: p, woke: make(chan struct{}, 1), turn: make(chan struct{}, 1), shown: Status{Region: p}}
}

func (h *home) wake() {
	select {
	case h.woke <- struct{}{}:
	default: // it is awake already
	}
}

func (h *home) status() Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.shown
}

// follow pulls now and then until Stop.
func (h *home) follow() {
	tick := time.NewTicker(h.of.Every)
	defer tick.Stop()
	for {
		_ = h.pull(h.of.ctx) // Status and the log have it
		select {
		case <-h.woke:
		case <-tick.C:
		case <-h.of.ctx.Done():
			return
		}
	}
}

// pull takes what the home has committed until now. One that is under way already may have asked too early: it is waited for.
func (h *home) pull(ctx context.Context) error {
	h.mu.Lock()
	p := h.next
	if p == nil {
		p = &pull{done: make(chan struct{})}
		h.next = p
		h.of.spawn(func() { h.run(p) })
	}
	h.mu.Unlock()
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	case <-h.of.ctx.Done():
		return h.of.ctx.Err()
	}
}

func (h *home) run(p *pull) {
	h.turn <- struct{}{}
	defer func() { <-h.turn }()
	h.mu.Lock()
	h.next = nil // who comes from now on needs another
	h.mu.Unlock()
	began := h.of.Now()
	upTo, err := h.takeAll(h.of.ctx)
	h.note(began, upTo, err)
	p.err = err
	close(p.done)
}

// takeAll takes page after page until there is nothing behind.
func (h *home) takeAll(ctx context.Context) (upTo int64, err error) {
	last := Position{UpTo: -1}
	for {
		at, err := h.of.Store.Copied(ctx, h.peer.Number)
		if err == nil && at == last {
			err = fmt.Errorf("changes of region %s: %w: revision %d is asked for again", h.peer.Name, errStuck, at.UpTo)
		}
		if err != nil {
			return 0, err
		}
		again, err := h.take(ctx, at)
		if err != nil || !again {
			return at.UpTo, err
		}
		last = at
	}
}

// take takes one page behind a position. It returns whether to look again: there was something, or another replica was first.
func (h *home) take(ctx context.Context, at Position) (again bool, err error) {
	asked, cancel := context.WithTimeout(ctx, h.of.Limit)
	defer cancel()
	c, err := h.of.Peers.Changes(asked, h.peer.Name, at.UpTo, h.of.Page)
	if err != nil {
		return false, err
	}
	if err := c.check(h.peer.Number, at.UpTo); err != nil {
		return false, fmt.Errorf("changes of region %s: %w", h.peer.Name, err)
	}
	if !c.ahead(at.UpTo) && (at.Whole || at.UpTo == 0) {
		return false, nil // and there is no commit
	}
	if c.Anew && at.UpTo > 0 {
		h.of.Log.Warn("the region's database has another history than was copied; everything is copied anew", "region", h.peer.Name, "revision", at.UpTo)
	}
	taken, err := h.of.Store.TakeCopies(ctx, h.peer.Number, at.UpTo, c)
	if err != nil {
		return false, err
	}
	if taken {
		h.of.Heard()
	}
	return true, nil
}

// note keeps what came of a pull, and tells of it where that has changed.
func (h *home) note(began time.Time, upTo int64, err error) {
	if h.of.ctx.Err() != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err == nil && h.trouble != nil:
		h.of.Log.Info("the region's merchants are followed again", "region", h.peer.Name, "since", h.shown.AsOf)
	case err != nil && h.trouble == nil:
		h.of.Log.Warn("the region's merchants cannot be followed; the copies there are stay in use", "region", h.peer.Name, "as_of", h.shown.AsOf, "error", err)
	}
	h.trouble = err
	if err != nil {
		h.shown.Trouble = err.Error()
		return
	}
	h.shown = Status{Region: h.peer, Revision: upTo, AsOf: began}
}
