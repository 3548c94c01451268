package learn

import (
	"sync"
	"sync/atomic"
)

// suspect is the merchant that has most of an account's faults, if one has more than all others: by Boyer and Moore's
// vote, in which faults of others count against it. Its lead is bounded, so that it is soon another when it is another's turn.
type suspect struct {
	who  atomic.Pointer[standing]
	mu   sync.Mutex // guards lead and changes of who
	lead int
}

// is counts an outcome and reports whether it was the suspect's.
func (s *suspect) is(m *standing, fault bool, least int) bool {
	if !fault {
		return s.who.Load() == m
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.who.Load() == m:
		s.lead = min(s.lead+1, max(1, least/4))
	case s.lead > 0:
		s.lead--
	default:
		s.who.Store(m)
		s.lead = 1
	}
	return s.who.Load() == m
}
