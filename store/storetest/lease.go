package storetest

import (
	"cmp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux/queue"
)

func leaseTests() []test {
	return []test{
		{"lease/acquire, attend, release, leave", leaseRound},
		{"lease/ended and taken", leaseTaken},
		{"lease/ended and renewed", leaseRenewed},
		{"lease/raced for", leaseRace},
	}
}

const (
	long  = time.Hour             // no lease of it ends during a test
	short = 50 * time.Millisecond // what is to end
)

func (f *fixture) acquire(t testing.TB, replica string, ttl time.Duration, parts ...int) []queue.Lease {
	t.Helper()
	leases := must[[]queue.Lease](t)(f.Acquire(t.Context(), replica, parts, ttl))
	slices.SortFunc(leases, byPart)
	for _, l := range leases {
		if l.Replica != replica || l.Epoch < 1 {
			t.Fatalf("%s acquired %+v", replica, l)
		}
	}
	return leases
}

func byPart(a, b queue.Lease) int { return cmp.Compare(a.Part, b.Part) }

func (f *fixture) attend(t testing.TB, replica string, ttl time.Duration) (held []queue.Lease, alive []string) {
	t.Helper()
	held, alive, err := f.Attend(t.Context(), replica, ttl)
	if err != nil {
		t.Fatal(err)
	}
	return held, alive
}

// until repeats a question until its answer is yes, which it has to be before long.
func until(t testing.TB, what string, yes func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !yes(); {
		if time.Now().After(deadline) {
			t.Fatalf("it never came that %s", what)
		}
	}
}

func partsOf(leases []queue.Lease) (parts []int) {
	for _, l := range leases {
		parts = append(parts, l.Part)
	}
	return parts
}

func leaseRound(t *testing.T, f *fixture) {
	held, alive := f.attend(t, "a", long)
	same(t, "what a new replica holds", held, nil)
	same(t, "the replicas", alive, []string{"a"})
	first := f.acquire(t, "a", long, 3, 0, 1, 2)
	same(t, "what a acquires", partsOf(first), []int{0, 1, 2, 3})
	same(t, "what a acquires again", f.acquire(t, "a", long, 0, 1), nil)
	same(t, "what is left for b", partsOf(f.acquire(t, "b", long, 2, 3, 63)), []int{63})
	held, alive = f.attend(t, "b", long)
	same(t, "what b holds", partsOf(held), []int{63})
	same(t, "the replicas", alive, []string{"a", "b"})
	held, _ = f.attend(t, "a", long)
	same(t, "what a holds", held, first)

	if err := f.Release(t.Context(), "a", []int{1, 2, 63, 17}); err != nil {
		t.Fatal(err)
	}
	taken := f.acquire(t, "b", long, 0, 1, 63)
	same(t, "what b takes", partsOf(taken), []int{1})
	back := f.acquire(t, "a", long, 2)
	same(t, "what a takes back", partsOf(back), []int{2})
	if taken[0].Epoch <= first[1].Epoch || back[0].Epoch <= first[2].Epoch {
		t.Errorf("epochs did not rise: %+v, then %+v %+v", first, taken, back)
	}
	held, _ = f.attend(t, "a", long)
	same(t, "what a holds in the end", held, []queue.Lease{first[0], back[0], first[3]})

	for range 2 {
		if err := f.Leave(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
	}
	_, alive = f.attend(t, "b", long)
	same(t, "the replicas after a has left", alive, []string{"b"})
	rest := f.acquire(t, "b", long, 0, 1, 2, 3)
	same(t, "what a has left", partsOf(rest), []int{0, 2, 3})
	if rest[1].Epoch <= back[0].Epoch {
		t.Errorf("the epoch did not rise: %+v, then %+v", back, rest)
	}
}

func leaseTaken(t *testing.T, f *fixture) {
	first := f.acquire(t, "a", short, 5)
	f.attend(t, "a", short)
	var taken []queue.Lease
	until(t, "a's lease ended", func() bool {
		taken = f.acquire(t, "b", long, 5)
		return len(taken) == 1
	})
	if taken[0].Epoch <= first[0].Epoch {
		t.Errorf("the epoch did not rise: %+v, then %+v", first, taken)
	}
	until(t, "a was dead", func() bool {
		_, alive := f.attend(t, "b", long)
		return slices.Equal(alive, []string{"b"})
	})
	held, alive := f.attend(t, "a", long)
	same(t, "what a holds when it is back", held, nil)
	same(t, "the replicas when a is back", alive, []string{"a", "b"})
	if err := f.Release(t.Context(), "a", []int{5}); err != nil {
		t.Fatal(err)
	}
	held, _ = f.attend(t, "b", long)
	same(t, "what b holds", held, taken)
}

// A replica that was away too long, and missed by nobody, goes on under its leases.
func leaseRenewed(t *testing.T, f *fixture) {
	first := f.acquire(t, "a", short, 5, 6)
	f.endLeasesOf(t, "a")
	held, _ := f.attend(t, "a", long)
	same(t, "what a holds", held, first)
	same(t, "what is left for b", f.acquire(t, "b", long, 5, 6), nil)
}

// endLeasesOf waits until a replica's leases have ended, untaken.
func (f *fixture) endLeasesOf(t testing.TB, replica string) {
	t.Helper()
	f.attend(t, replica, short)
	until(t, replica+" was dead", func() bool {
		_, alive := f.attend(t, "watcher", long)
		return slices.Equal(alive, []string{"watcher"})
	})
}

// Each partition goes to one of those who want it at once.
func leaseRace(t *testing.T, f *fixture) {
	replicas := []string{"a", "b", "c", "d"}
	got := make([][]queue.Lease, len(replicas))
	var all sync.WaitGroup
	for i, replica := range replicas {
		all.Go(func() {
			for part := range queue.Partitions {
				leases, err := f.Acquire(t.Context(), replica, []int{part, (part + 1) % queue.Partitions, (part + 16*i) % queue.Partitions}, long)
				if err != nil {
					t.Error(err)
				}
				got[i] = append(got[i], leases...)
			}
		})
	}
	all.Wait()
	same(t, "what was acquired", slices.Sorted(slices.Values(partsOf(slices.Concat(got...)))), allParts())
	for i, replica := range replicas {
		held, _ := f.attend(t, replica, long)
		slices.SortFunc(got[i], byPart)
		same(t, "what "+replica+" holds", held, got[i])
	}
}
