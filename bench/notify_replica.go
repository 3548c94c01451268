package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
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

// signals carry between replicas that something was committed for partitions of another. They
// may be lost, so a datagram of eight bytes is enough here.
type signals struct {
	conn    *net.UDPConn
	peers   atomic.Pointer[[]*net.UDPAddr]
	waiting atomic.Uint64 // partitions to be told of
}

const gatherSignals = 2 * time.Millisecond

func openSignals() (*signals, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("open a socket for signals: %w", err)
	}
	s := &signals{conn: conn}
	s.peers.Store(new([]*net.UDPAddr))
	return s, nil
}

func (s *signals) address() string { return s.conn.LocalAddr().String() }

// meet tells who the other replicas are, instead of those it knew.
func (s *signals) meet(addresses []string) error {
	peers := make([]*net.UDPAddr, 0, len(addresses))
	for _, text := range addresses {
		a, err := net.ResolveUDPAddr("udp4", text)
		if err != nil {
			return fmt.Errorf("peer %s: %w", text, err)
		}
		peers = append(peers, a)
	}
	s.peers.Store(&peers)
	return nil
}

// listen hands what peers signal to wake.
func (s *signals) listen(wake func(parts uint64)) {
	go func() {
		var b [8]byte
		for {
			n, _, err := s.conn.ReadFromUDPAddrPort(b[:])
			if err != nil {
				return // closed
			}
			if n == len(b) {
				wake(binary.LittleEndian.Uint64(b[:]))
			}
		}
	}()
}

// send gathers what is signaled within two milliseconds.
func (s *signals) send(parts uint64) {
	if parts != 0 && s.waiting.Or(parts) == 0 {
		time.AfterFunc(gatherSignals, s.flush)
	}
}

func (s *signals) flush() {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], s.waiting.Swap(0))
	for _, p := range *s.peers.Load() {
		_, _ = s.conn.WriteToUDP(b[:], p) // the poll finds what is lost
	}
}

func (s *signals) close() { s.conn.Close() }
