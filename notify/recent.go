package notify

import (
	"sync"

	"github.com/paymux/paymux"
)

// recent keeps the newest events of this process, so that an ordinary delivery
// reads nothing. It holds at most recentBytes of bodies.
type recent struct {
	mu     sync.Mutex
	events map[paymux.EventID]paymux.Event
	order  []paymux.EventID // oldest first
	bytes  int
}

const recentBytes = 4 << 20

func (r *recent) keep(e paymux.Event) {
	if len(e.Body) == 0 {
		return
	}
	e.Data = paymux.EventData{Sequence: e.Data.Sequence} // the body has the rest
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, there := r.events[e.ID]; there {
		return
	}
	r.events[e.ID] = e
	r.order = append(r.order, e.ID)
	r.bytes += len(e.Body)
	for r.bytes > recentBytes {
		oldest := r.order[0]
		r.order = r.order[1:]
		r.bytes -= len(r.events[oldest].Body)
		delete(r.events, oldest)
	}
}

func (r *recent) find(id paymux.EventID) (paymux.Event, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.events[id]
	return e, ok
}
