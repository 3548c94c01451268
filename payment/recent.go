package payment

import (
	"context"
	"hash/maphash"
	"sync"

	"github.com/paymux/paymux"
)

// recent keeps the last committed record of payments that wait for their
// institution, so that the callback, which mostly comes within moments, needs no read
// of the store. It is never believed further than the version: a change decided on
// an old record fails to commit, and what an old record would refuse or find
// unchanged is decided again on the store's.
type recent struct {
	seed   maphash.Seed
	shards [64]shard
}

// shard is a part with a lock of its own, so that no lock is shared by all merchants.
type shard struct {
	mu      sync.Mutex
	records map[paymux.OperationID]Record
	order   [recentPerShard]paymux.OperationID // oldest at next: overwritten when full
	next    int
}

// recentPerShard bounds memory: 64 shards of it, about 3 KiB a record.
const recentPerShard = 64

func newRecent() *recent {
	r := &recent{seed: maphash.MakeSeed()}
	for i := range r.shards {
		r.shards[i].records = make(map[paymux.OperationID]Record)
	}
	return r
}

func (r *recent) shard(id paymux.OperationID) *shard {
	return &r.shards[maphash.String(r.seed, string(id))%uint64(len(r.shards))]
}

// put keeps the record of a payment whose newest pay operation waits for news, and
// forgets that of one that waits no longer.
func (r *recent) put(d *draft) {
	op := d.newestPay()
	if op == nil {
		return
	}
	if op.State != paymux.OpPending {
		r.drop(op.ID)
		return
	}
	s := r.shard(op.ID)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.records[op.ID]; !known {
		delete(s.records, s.order[s.next])
		s.order[s.next] = op.ID
		s.next = (s.next + 1) % recentPerShard
	}
	s.records[op.ID] = Record{Payment: d.Payment, Operations: d.ops}
}

// get returns the record of a pay operation. Callers change copies, as draftOf makes them.
func (r *recent) get(id paymux.OperationID) (Record, bool) {
	s := r.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, ok := s.records[id]
	return rec, ok
}

// drop forgets a record.
func (r *recent) drop(id paymux.OperationID) {
	s := r.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.records, id)
}

// changeReported is change for what an institution reports of an operation: the
// first decision is made on the recent record, where there is one.
func (s *Service) changeReported(ctx context.Context, id paymux.OperationID, decide func(*draft) error) error {
	if rec, ok := s.recent.get(id); ok {
		s.recent.drop(id) // commit puts it back, newer, where it still waits
		d := s.draftOf(rec)
		if decide(d) == nil && s.commit(ctx, d) == nil {
			return nil
		}
	}
	_, err := s.change(ctx, s.recordOf(id), decide)
	return err
}
