package sqlite

import "github.com/paymux/paymux/internal/groupcommit"

// CommitStats tells how many writes were committed, in how many groups, and how long a group took.
func (s *Store) CommitStats() groupcommit.Stats { return s.commits.Stats() }
