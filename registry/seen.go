package registry

import "time"

// Seen is what a process's directories know together.
type Seen struct {
	Stale     time.Duration            // for how long the most outdated has not been kept up to date; 0: all are
	Instances map[string]map[State]int // by role, those that are followed
}

// Seen looks at every directory made from r.
func (r *Registry) Seen() Seen {
	out := Seen{Instances: map[string]map[State]int{}}
	counted := map[string]bool{}
	for _, f := range r.followers() {
		s := f.shown.Load()
		if s.stale {
			out.Stale = max(out.Stale, r.staleFor(s.since))
		}
		for _, i := range s.list {
			if counted[i.Key()] {
				continue
			}
			counted[i.Key()] = true
			if out.Instances[i.Role] == nil {
				out.Instances[i.Role] = map[State]int{}
			}
			out.Instances[i.Role][i.State]++
		}
	}
	return out
}

func (r *Registry) followers() (list []*follower[Instance]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for what := range r.owned {
		if f, ok := what.(*follower[Instance]); ok {
			list = append(list, f)
		}
	}
	return list
}

// staleFor is how long ago since was. What was never asked has been stale since the registry was made.
func (r *Registry) staleFor(since time.Time) time.Duration {
	if since.IsZero() {
		since = r.made
	}
	return max(r.Now().Sub(since), time.Nanosecond)
}
