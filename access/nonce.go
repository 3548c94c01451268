package access

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
)

const (
	nonceShards = 64
	nonceSlice  = 60 // seconds of signatures' creation times that are forgotten together
	// fairShare is the part of all room that one key always has, however full others have made the rest.
	fairShare = 256
)

// nonces remembers every nonce of every key until its signature is stale. Room is bounded: where it
// is used up a key has to wait, because to forget a nonce early would let a replay in. Each key has its own book and lock.
//
// Lock order: shard, then book.
type nonces struct {
	seed   maphash.Seed
	skew   int64 // seconds
	room   int64
	used   atomic.Int64
	shards [nonceShards]nonceShard
}

type nonceShard struct {
	mu    sync.Mutex
	books map[paymux.KeyID]*nonceBook
	swept int64
}

type nonceBook struct {
	mu     sync.Mutex
	slices map[int64]map[uint64]struct{} // by creation time; hashes, since 2^64 makes a chance meeting rarer than a disk error
	count  int64
	closed bool // taken out of the shard
}

func newNonces(room int, skew time.Duration) *nonces {
	n := &nonces{seed: maphash.MakeSeed(), skew: int64((skew + time.Second - 1) / time.Second), room: int64(room)}
	for i := range n.shards {
		n.shards[i].books = make(map[paymux.KeyID]*nonceBook)
	}
	return n
}

type nonceOutcome int

const (
	nonceNew nonceOutcome = iota
	nonceSeen
	nonceFull
)

// remember keeps a nonce of a signature that was made at created and is not stale.
func (n *nonces) remember(key paymux.KeyID, nonce string, created, now int64) nonceOutcome {
	hash := maphash.String(n.seed, nonce)
	for {
		book := n.book(key, now)
		book.mu.Lock()
		if book.closed {
			book.mu.Unlock()
			continue
		}
		outcome := n.write(book, hash, created, now)
		book.mu.Unlock()
		return outcome
	}
}

func (n *nonces) book(key paymux.KeyID, now int64) *nonceBook {
	s := &n.shards[maphash.String(n.seed, string(key))%nonceShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if now-s.swept >= nonceSlice || now < s.swept {
		n.sweep(s, now)
	}
	b := s.books[key]
	if b == nil {
		b = &nonceBook{slices: make(map[int64]map[uint64]struct{})}
		s.books[key] = b
	}
	return b
}

func (n *nonces) sweep(s *nonceShard, now int64) {
	s.swept = now
	for key, b := range s.books {
		b.mu.Lock()
		n.forget(b, now)
		if b.count == 0 {
			b.closed = true
			delete(s.books, key)
		}
		b.mu.Unlock()
	}
}

// forget drops the slices all of whose signatures are stale.
func (n *nonces) forget(b *nonceBook, now int64) {
	for number, slice := range b.slices {
		if (number+1)*nonceSlice+n.skew < now {
			b.count -= int64(len(slice))
			n.used.Add(-int64(len(slice)))
			delete(b.slices, number)
		}
	}
}

func (n *nonces) write(b *nonceBook, hash uint64, created, now int64) nonceOutcome {
	for _, slice := range b.slices {
		if _, seen := slice[hash]; seen {
			return nonceSeen
		}
	}
	number := created / nonceSlice
	slice := b.slices[number]
	if slice == nil {
		n.forget(b, now)
		slice = make(map[uint64]struct{})
		b.slices[number] = slice
	}
	if n.used.Load() >= n.room && b.count >= n.room/fairShare {
		return nonceFull
	}
	slice[hash] = struct{}{}
	b.count++
	n.used.Add(1)
	return nonceNew
}
