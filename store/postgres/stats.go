package postgres

import "github.com/paymux/paymux/internal/groupcommit"

// CommitStats tells how many changes of payments were committed, in how many groups, and how long a group took.
func (s *Store) CommitStats() groupcommit.Stats { return s.changes.Stats() }
