package learn

import (
	"sync"
	"sync/atomic"
)

// suspect is the merchant that has more of an account's faults than all others together, if one has: by Boyer and
// Moore's vote, in which each fault of another counts against it. It is suspected once it leads by a few, and no more
// when it has lost its lead.
type suspect struct {
	who  atomic.Pointer[standing] // nil: nobody
	mu   sync.Mutex               // guards what follows, and changes of who
	next *standing
	lead int
}

// is counts an outcome of a merchant and reports whether it is the suspect.
func (s *suspect) is(m *standing, fault bool, least int) bool {
	if fault {
		s.count(m, max(1, least/4))
	}
	return s.who.Load() == m
}

func (s *suspect) count(m *standing, enough int) {
	if !s.mu.TryLock() {
		return // one more or less of many
	}
	defer s.mu.Unlock()
	switch {
	case s.next == m:
		if s.lead = min(s.lead+1, enough); s.lead == enough {
			s.who.Store(m)
		}
	case s.lead > 0:
		s.lead--
	default:
		s.next, s.lead = m, 1
		s.who.Store(nil)
	}
}
