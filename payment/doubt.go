package payment

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/paymux/paymux"
)

// doubts counts the callbacks of each operation that were not believed. Anybody can post them, so
// a timeline tells of the first few, then of every doubling, and never grows with their number; in
// between neither is the store read nor is anything written. Counts are rebuilt from the
// timeline after a restart, and each replica counts for itself: a line's number is at least so many.
type doubts struct {
	mu     sync.Mutex
	counts map[paymux.OperationID]int
}

const (
	doubtsTold  = 8       // callbacks of an operation with a line each
	doubtsKept  = 1 << 14 // operations counted at a time
	doubtNumber = "refused_callbacks"
)

func newDoubts() *doubts { return &doubts{counts: map[paymux.OperationID]int{}} }

// worthTelling reports whether the nth callback that was not believed gets a line.
func worthTelling(n int) bool { return n <= doubtsTold || n&(n-1) == 0 }

// quiet counts one more where no line is due. Where one is, or nothing is known of the operation, it counts nothing.
func (s *doubts) quiet(id paymux.OperationID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, known := s.counts[id]
	if !known || worthTelling(n+1) {
		return false
	}
	s.counts[id] = n + 1
	return true
}

// count is how many there were, as far as is known here.
func (s *doubts) count(id paymux.OperationID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[id]
}

// reach raises a count.
func (s *doubts) reach(id paymux.OperationID, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.counts[id]; !known && len(s.counts) >= doubtsKept {
		clear(s.counts) // the timelines remember
	}
	s.counts[id] = max(n, s.counts[id])
}

// doubt leaves a line about a callback that names an operation and is not believed, where a line is due. tell says
// what it has; it may change more. An operation that does not exist has no timeline, and that is no error.
func (s *Service) doubt(ctx context.Context, id paymux.OperationID, tell func(*draft) paymux.Hop) error {
	if s.doubts.quiet(id) {
		return nil
	}
	n := 0
	_, err := s.change(ctx, s.recordOf(id), func(d *draft) error {
		lines, err := s.Store.Hops(ctx, d.Payment.ID)
		if err != nil {
			return fmt.Errorf("load the timeline of %s: %w", d.Payment.ID, err)
		}
		if n = max(toldOf(lines, id), s.doubts.count(id)) + 1; !worthTelling(n) {
			return errUnchanged
		}
		d.Hops = append(d.Hops, numbered(tell(d), n))
		return nil
	})
	switch {
	case err == nil:
		s.doubts.reach(id, n)
	case !errors.Is(err, paymux.NotFound):
		return paymux.Errorf(paymux.Unavailable, "The callback could not be recorded. Send it again.").Because(err)
	}
	return nil
}

// numbered is a line with its number, which is told where lines have been left out.
func numbered(h paymux.Hop, n int) paymux.Hop {
	data := map[string]string{doubtNumber: strconv.Itoa(n)}
	for name, text := range h.Data {
		data[name] = text
	}
	h.Data = data
	if n > doubtsTold {
		h.Text += "; " + strconv.Itoa(n) + " refused so far"
	}
	return h
}

// toldOf is the highest number in such lines about an operation.
func toldOf(lines []paymux.Hop, id paymux.OperationID) (most int) {
	for _, h := range lines {
		if n, err := strconv.Atoi(h.Data[doubtNumber]); err == nil && h.Ref == string(id) {
			most = max(most, n)
		}
	}
	return most
}
