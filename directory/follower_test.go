package directory_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/directory"
)

// A region that hangs, or is not there, delays no other, and its copies keep their place.
func TestEachRegionByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, here, east, south)
		s.has(east, 5)
		s.says(south, func(ctx context.Context, _ int64) (directory.Changes, error) {
			<-ctx.Done()
			return directory.Changes{}, ctx.Err()
		})
		began := time.Now()
		s.Start()
		s.Start()
		synctest.Wait()
		if st := s.status(east); st.Revision != 5 || !st.AsOf.Equal(began) || st.Trouble != "" {
			t.Errorf("at once: %+v", st)
		}
		s.has(east, 9)
		time.Sleep(1100 * time.Millisecond)
		if st := s.status(east); st.Revision != 9 || !st.AsOf.Equal(began.Add(time.Second)) {
			t.Errorf("after a second: %+v", st)
		}
		if st := s.status(south); st.Trouble != "" || !st.AsOf.IsZero() {
			t.Errorf("while it hangs: %+v", st)
		}
		time.Sleep(5 * time.Second)
		if st := s.status(south); st.Trouble == "" || st.Revision != 0 {
			t.Errorf("when it has hung: %+v", st)
		}
		if n := s.count(east); n < 6 || n > 9 {
			t.Errorf("the other was asked %d times in 6 s", n)
		}
		if s.count(here) > 0 {
			t.Error("this region asks itself")
		}
		if s.heard != 2 || !slices.Equal(s.taken, []int64{5, 9}) {
			t.Errorf("taken up to %v, heard of %d times: a question without news costs no commit", s.taken, s.heard)
		}
	})
}

// Who is told, or hears that a region came or is back, does not wait for the next second.
func TestWake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, east)
		s.has(east, 1)
		s.Start()
		synctest.Wait()
		s.has(east, 2)
		s.Wake()
		synctest.Wait()
		if at := s.position(east); at.UpTo != 2 {
			t.Errorf("copied %+v after Wake", at)
		}
		s.has(east, 3)
		s.has(south, 7)
		s.locked(func() {
			was := s.changed
			s.regions, s.changed = append(s.regions, south), make(chan struct{})
			close(was)
		})
		synctest.Wait()
		if one, other := s.position(east), s.position(south); one.UpTo != 3 || other.UpTo != 7 {
			t.Errorf("copied %+v and %+v after a region came", one, other)
		}
		s.locked(func() { s.regions = []directory.Peer{east, south, {Name: "us-1", Number: 4}} }) // nobody tells
		s.has(directory.Peer{Name: "us-1"}, 9)
		time.Sleep(1100 * time.Millisecond)
		if at := s.position(directory.Peer{Number: 4}); at.UpTo != 9 {
			t.Errorf("one that came unheard: %+v", at)
		}
	})
}

// Where something always changes, which is so among many nodes, regions are asked hardly more often for it.
func TestManyChangesAreFewQuestions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, east)
		s.has(east, 1)
		s.Start()
		const seconds = 30
		for range seconds * 20 {
			time.Sleep(50 * time.Millisecond)
			s.locked(func() {
				close(s.changed)
				s.changed = make(chan struct{})
			})
		}
		if n := s.count(east); n < seconds || n > seconds+seconds/5 {
			t.Errorf("%d questions in %d s", n, seconds)
		}
	})
}

// What goes wrong is told when it begins and when it ends, and not each second.
func TestTroubleIsToldOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, east)
		s.Start()
		for range 2 {
			time.Sleep(10 * time.Second)
			if st := s.status(east); st.Trouble == "" {
				t.Errorf("nobody answers: %+v", st)
			}
			s.has(east, 4)
			time.Sleep(10 * time.Second)
			if st := s.status(east); st.Trouble != "" || st.Revision != 4 {
				t.Errorf("it is back: %+v", st)
			}
			s.says(east, nil)
		}
		if began, ended := s.logged("cannot be followed"), s.logged("followed again"); began != 2 || ended != 2 {
			t.Errorf("told of %d troubles and %d ends, want 2 of each: %s", began, ended, s.log.String())
		}
	})
}

func TestStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, east, south)
		s.says(east, func(ctx context.Context, _ int64) (directory.Changes, error) {
			<-ctx.Done()
			return directory.Changes{}, ctx.Err()
		})
		s.has(south, 1)
		s.Start()
		synctest.Wait()
		s.Stop()
		s.Stop()
		if err := s.Pull(t.Context(), south.Number); err == nil {
			t.Error("a stopped follower pulls")
		}
		s.Start()
		asked := s.count(south)
		time.Sleep(5 * time.Second)
		if s.count(south) != asked || s.logged("cannot be followed") > 0 {
			t.Errorf("it goes on: %s", s.log.String())
		}
	})
}

// Whose merchants are whose cannot be told from a number that two regions have.
func TestOneNumberTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, east, directory.Peer{Name: "twin", Number: east.Number}, directory.Peer{Name: "mine", Number: here.Number}, here)
		for _, p := range s.regions {
			s.has(p, 1)
		}
		s.Start()
		time.Sleep(3 * time.Second)
		if all := s.Status(); len(all) != 1 || all[0].Region != east || all[0].Revision != 1 {
			t.Errorf("followed: %+v", all)
		}
		if n := s.logged("same number"); n != 2 {
			t.Errorf("told %d times, want once of each", n)
		}
	})
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	foreign := paymux.NewIDs([]byte("only for tests, no secret"), south.Number, time.Now)
	merchant := paymux.MerchantID(foreign.New(paymux.PrefixMerchant))
	for name, c := range map[string]directory.Changes{
		"another's merchant":   {UpTo: 11, Merchants: []paymux.Merchant{{ID: merchant}}},
		"another's key":        {UpTo: 11, Keys: []paymux.Key{{Merchant: merchant}}},
		"another's endpoint":   {UpTo: 11, Endpoints: []directory.Endpoint{{Endpoint: paymux.Endpoint{Merchant: merchant}}}},
		"no merchant of any":   {UpTo: 11, Merchants: []paymux.Merchant{{ID: "mer_1"}}},
		"an empty database":    {Anew: true},
		"a step back":          {UpTo: 9},
		"below all":            {Anew: true, UpTo: -1},
		"more, but no further": {UpTo: 10, More: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t, east)
			s.at[east.Number] = directory.Position{UpTo: 10, Whole: true}
			s.says(east, func(context.Context, int64) (directory.Changes, error) { return c, nil })
			if err := s.Pull(t.Context(), east.Number); !errors.Is(err, paymux.Unavailable) {
				t.Errorf("%s: %v", name, err)
			}
			if len(s.taken) > 0 || s.count(east) != 1 {
				t.Errorf("%s: taken %v after %d questions", name, s.taken, s.count(east))
			}
		})
	}
}
