package payment

import (
	"context"
	"errors"
	"fmt"
	"maps"
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
	counts map[doubted]int
}

// doubted is what is counted. Forgeries are counted apart, so that no stranger can drown what
// an institution has really said.
type doubted struct {
	operation paymux.OperationID
	kind      string // member of a line's data that has the number
}

const (
	forgeries = "forged_callbacks"
	untruths  = "refused_callbacks" // authentic, and not believed all the same

	doubtsTold = 8       // callbacks that have a line each
	doubtsKept = 1 << 14 // counts kept at a time
)

func newDoubts() *doubts { return &doubts{counts: map[doubted]int{}} }

// worthTelling reports whether the nth callback that was not believed gets a line.
func worthTelling(n int) bool { return n <= doubtsTold || n&(n-1) == 0 }

// quiet counts one more where no line is due. Where one is, or nothing is known yet, it counts nothing.
func (s *doubts) quiet(what doubted) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, known := s.counts[what]
	if !known || worthTelling(n+1) {
		return false
	}
	s.counts[what] = n + 1
	return true
}

// count is how many there were, as far as is known here.
func (s *doubts) count(what doubted) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[what]
}

// reach raises a count.
func (s *doubts) reach(what doubted, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.counts[what]; !known && len(s.counts) >= doubtsKept {
		clear(s.counts) // the timelines remember
	}
	s.counts[what] = max(n, s.counts[what])
}

// doubt leaves a line about a callback that names an operation and is not believed, where a line is due. tell says
// what it has; it may change more. An operation that does not exist has no timeline, and that is no error.
func (s *Service) doubt(ctx context.Context, what doubted, tell func(*draft) paymux.Hop) error {
	if s.doubts.quiet(what) {
		return nil
	}
	n := 0
	_, err := s.change(ctx, s.recordOf(what.operation), func(d *draft) error {
		lines, err := s.Store.Hops(ctx, d.Payment.ID)
		if err != nil {
			return fmt.Errorf("load the timeline of %s: %w", d.Payment.ID, err)
		}
		if n = max(what.told(lines), s.doubts.count(what)) + 1; !worthTelling(n) {
			return errUnchanged
		}
		d.Hops = append(d.Hops, what.numbered(tell(d), n))
		return nil
	})
	switch {
	case err == nil:
		s.doubts.reach(what, n)
	case !errors.Is(err, paymux.NotFound):
		return paymux.Errorf(paymux.Unavailable, "The callback could not be recorded. Send it again.").Because(err)
	}
	return nil
}

// numbered is a line with its number, which is told where lines have been left out.
func (what doubted) numbered(h paymux.Hop, n int) paymux.Hop {
	data := map[string]string{what.kind: strconv.Itoa(n)}
	maps.Copy(data, h.Data)
	h.Data, h.Ref = data, string(what.operation)
	if n > doubtsTold {
		h.Text += "; " + strconv.Itoa(n) + " refused so far"
	}
	return h
}

// told is the highest number on a timeline.
func (what doubted) told(lines []paymux.Hop) (most int) {
	for _, h := range lines {
		if n, err := strconv.Atoi(h.Data[what.kind]); err == nil && h.Ref == string(what.operation) {
			most = max(most, n)
		}
	}
	return most
}
