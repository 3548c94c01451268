package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/paymux/paymux/queue"
)

// heldLeases notes which partitions a replica holds, so that a takeover can be told from what the replicas say themselves.
type heldLeases struct {
	queue.Leases
	mu   sync.Mutex
	held map[int]bool
}

func (h *heldLeases) Attend(ctx context.Context, replica string, ttl time.Duration) ([]queue.Lease, []string, error) {
	leases, alive, err := h.Leases.Attend(ctx, replica, ttl)
	if err == nil {
		h.note(func() {
			clear(h.held)
			for _, l := range leases {
				h.held[l.Part] = true
			}
		})
	}
	return leases, alive, err
}

func (h *heldLeases) Acquire(ctx context.Context, replica string, parts []int, ttl time.Duration) ([]queue.Lease, error) {
	leases, err := h.Leases.Acquire(ctx, replica, parts, ttl)
	h.note(func() {
		for _, l := range leases {
			h.held[l.Part] = true
		}
	})
	return leases, err
}

func (h *heldLeases) Release(ctx context.Context, replica string, parts []int) error {
	h.note(func() {
		for _, p := range parts {
			delete(h.held, p)
		}
	})
	return h.Leases.Release(ctx, replica, parts)
}

func (h *heldLeases) note(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

func (h *heldLeases) list() []int {
	h.mu.Lock()
	defer h.mu.Unlock()
	parts := make([]int, 0, len(h.held))
	for p := range h.held {
		parts = append(parts, p)
	}
	slices.Sort(parts)
	return parts
}

// signaler is a store by which replicas tell each other of tasks; one that only one process can open is none.
type signaler interface {
	Signal(ctx context.Context, parts uint64) error
	Signals(ctx context.Context, heard func(parts uint64)) error
}

const (
	signalLimit = time.Second
	aloneLease  = time.Minute // nobody else wants the partitions, and each renewal is a commit
)

// share makes a runner's configuration that of one replica among others, where the store is
// shared, as cmd/paymux does.
func (n *notifyNode) share(conf *queue.Config) {
	shared, ok := n.store.(signaler)
	if !ok {
		conf.LeaseTime = aloneLease
		return
	}
	conf.Signal = func(parts uint64) {
		ctx, cancel := context.WithTimeout(context.Background(), signalLimit)
		defer cancel()
		_ = shared.Signal(ctx, parts) // the poll finds what nobody is told of
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	n.listen = func() {
		go func() {
			defer close(done)
			_ = shared.Signals(ctx, n.runner.Wake) // it ends with ctx
		}()
	}
	n.unlisten = func() {
		cancel()
		<-done
	}
}
