package directory_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/directory"
)

// However many need a region's newest at the same time, it is asked by one; but never is an answer shared that may have been
// given before the question.
func TestPullsAreShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, east)
		upTo, gate := int64(1), make(chan struct{})
		s.says(east, func(_ context.Context, after int64) (directory.Changes, error) {
			told := directory.Changes{Anew: after == 0, UpTo: max(after, upTo)} // as it was when it was asked
			<-gate
			return told, nil
		})
		var all sync.WaitGroup
		pull := func() {
			all.Go(func() {
				if err := s.Pull(t.Context(), east.Number); err != nil {
					t.Error(err)
				}
			})
		}
		pull()
		synctest.Wait() // it has asked
		upTo = 2        // and only now the merchant is made
		for range 50 {
			pull()
		}
		synctest.Wait()
		if s.count(east) != 1 {
			t.Fatalf("asked %d times while the first is under way", s.count(east))
		}
		close(gate)
		all.Wait()
		if at := s.position(east); at.UpTo != 2 || s.count(east) > 4 {
			t.Errorf("copied %+v after %d questions", at, s.count(east))
		}
	})
}

func TestPullTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, here, east)
		for _, region := range []paymux.Region{here.Number, 99} {
			if err := s.Pull(t.Context(), region); !errors.Is(err, paymux.NotFound) {
				t.Errorf("region %d: %v", region, err)
			}
		}
		if err := s.Pull(t.Context(), east.Number); !errors.Is(err, paymux.Unavailable) {
			t.Errorf("one that does not answer: %v", err)
		}
		s.has(east, 3)
		full := errors.New("no space left on device")
		s.refuse = func(paymux.Region) error { return full }
		if err := s.Pull(t.Context(), east.Number); !errors.Is(err, full) {
			t.Errorf("a store that fails: %v", err)
		}
		s.refuse = nil
		if err := s.Pull(t.Context(), east.Number); err != nil || s.position(east).UpTo != 3 {
			t.Errorf("%v, %+v", err, s.position(east))
		}
		s.says(east, func(ctx context.Context, _ int64) (directory.Changes, error) {
			<-ctx.Done()
			return directory.Changes{}, ctx.Err()
		})
		short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		began := time.Now()
		if err := s.Pull(short, east.Number); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 200*time.Millisecond {
			t.Errorf("one that hangs: %v after %v", err, time.Since(began))
		}
	})
}

// Pages follow each other without a pause; what another replica has taken meanwhile is not taken again.
func TestPagesAndReplicas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, east)
		s.says(east, func(_ context.Context, after int64) (directory.Changes, error) {
			c := directory.Changes{Anew: after == 0, UpTo: min(after+10, 50)}
			c.More = c.UpTo < 50
			return c, nil
		})
		s.first = sync.OnceFunc(func() { // another replica is ahead
			s.locked(func() { s.at[east.Number] = directory.Position{UpTo: 20} })
		})
		began := time.Now()
		if err := s.Pull(t.Context(), east.Number); err != nil {
			t.Fatal(err)
		}
		if want := []int64{30, 40, 50}; !slices.Equal(s.taken, want) || time.Since(began) != 0 {
			t.Errorf("taken up to %v in %v, want %v", s.taken, time.Since(began), want)
		}
		if at := s.position(east); !at.Whole {
			t.Errorf("in the end %+v", at)
		}
	})
}

// A database that has another history than the one that was copied is copied anew, and that is told.
func TestAnotherHistory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, east)
		s.at[east.Number] = directory.Position{UpTo: 90, Whole: true}
		s.says(east, func(_ context.Context, after int64) (directory.Changes, error) {
			if after == 90 {
				return directory.Changes{Anew: true, UpTo: 10, More: true}, nil
			}
			return directory.Changes{UpTo: 60}, nil
		})
		if err := s.Pull(t.Context(), east.Number); err != nil {
			t.Fatal(err)
		}
		if want := []int64{10, 60}; !slices.Equal(s.taken, want) || s.logged("another history") != 1 {
			t.Errorf("taken up to %v, want %v; told %d times", s.taken, want, s.logged("another history"))
		}
	})
}
