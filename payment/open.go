package payment

import (
	"sync"
	"time"

	"github.com/paymux/paymux"
)

const (
	unknownsKept = 1 << 16
	// lookGrace is how late a look may be before it is thought that another replica makes it.
	lookGrace = time.Minute
)

// unknowns are the payments whose outcome this process asks for and nobody knows: what the resolve task last saw, by when it
// looks again. After a start they come back as the task gets to each, within an hour.
type unknowns struct {
	mu   sync.Mutex
	next map[paymux.PaymentID]time.Time
}

func newUnknowns() *unknowns { return &unknowns{next: map[paymux.PaymentID]time.Time{}} }

// saw notes what a look found.
func (u *unknowns) saw(rec *Record, next time.Time) {
	open := false
	for i := range rec.Operations {
		open = open || rec.Operations[i].State == paymux.OpUnknown
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if !open {
		delete(u.next, rec.Payment.ID)
		return
	}
	if len(u.next) < unknownsKept {
		u.next[rec.Payment.ID] = next
	}
}

// Unknown is how many payments have an operation whose outcome is not known, as far as this process asks for it: about all
// that are in the queue's partitions it holds.
func (s *Service) Unknown() int {
	now := s.Now()
	s.unknowns.mu.Lock()
	defer s.unknowns.mu.Unlock()
	for id, next := range s.unknowns.next {
		if now.Sub(next) > lookGrace {
			delete(s.unknowns.next, id)
		}
	}
	return len(s.unknowns.next)
}
