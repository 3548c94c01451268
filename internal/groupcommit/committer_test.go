package groupcommit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux/internal/groupcommit"
)

// book is what a flush wrote, group by group. While held is set, a flush waits for it to be closed.
type book struct {
	mu     sync.Mutex
	groups [][]int
	held   chan struct{}
}

func (b *book) flush(items []int) []error {
	b.mu.Lock()
	b.groups = append(b.groups, slices.Clone(items))
	b.mu.Unlock()
	if b.held != nil {
		<-b.held
	}
	return make([]error, len(items))
}

func (b *book) sizes() (sizes []int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, g := range b.groups {
		sizes = append(sizes, len(g))
	}
	return sizes
}

func (b *book) written() (all []int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, g := range b.groups {
		all = append(all, g...)
	}
	slices.Sort(all)
	return all
}

// submit has each item submitted by a caller of its own and waits until all of them
// wait. The channel gets their outcomes. Only within a synctest bubble.
func submit(ctx context.Context, c *groupcommit.Committer[int], items ...int) <-chan error {
	outcomes := make(chan error, len(items))
	for _, item := range items {
		go func() { outcomes <- c.Do(ctx, item) }()
	}
	synctest.Wait()
	return outcomes
}

func expectOutcomes(t *testing.T, outcomes <-chan error, n int, want error) {
	t.Helper()
	for range n {
		if err := <-outcomes; !errors.Is(err, want) {
			t.Errorf("outcome %v, want %v", err, want)
		}
	}
}

func TestEachCallerGetsItsOwnOutcome(t *testing.T) {
	t.Parallel()
	refused := make([]error, 500)
	for i := range refused {
		if i%3 == 0 {
			refused[i] = fmt.Errorf("item %d is refused", i)
		}
	}
	c := groupcommit.New(1, 64, func(items []int) []error {
		outcomes := make([]error, len(items))
		for i, item := range items {
			outcomes[i] = refused[item]
		}
		return outcomes
	})
	defer c.Close()
	var wg sync.WaitGroup
	for item, want := range refused {
		wg.Go(func() {
			if err := c.Do(t.Context(), item); err != want {
				t.Errorf("item %d: %v, want %v", item, err, want)
			}
		})
	}
	wg.Wait()
}

func TestWhatWaitsDuringAFlushIsTheNextGroup(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		max, waiting int
		want         []int
	}{
		"all of it":         {max: 64, waiting: 20, want: []int{1, 20}},
		"just as much":      {max: 20, waiting: 20, want: []int{1, 20}},
		"no more than most": {max: 8, waiting: 20, want: []int{1, 8, 8, 4}},
		"one by one":        {max: 1, waiting: 3, want: []int{1, 1, 1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := &book{held: make(chan struct{})}
				committer := groupcommit.New(1, c.max, b.flush)
				first := submit(t.Context(), committer, 0)
				items := make([]int, c.waiting)
				for i := range items {
					items[i] = i + 1
				}
				rest := submit(t.Context(), committer, items...)
				close(b.held)
				expectOutcomes(t, first, 1, nil)
				expectOutcomes(t, rest, c.waiting, nil)
				committer.Close()
				if got := b.sizes(); !slices.Equal(got, c.want) {
					t.Errorf("groups of %v, want %v", got, c.want)
				}
				if got := b.written(); !slices.Equal(got, append([]int{0}, items...)) {
					t.Errorf("written %v", got)
				}
			})
		})
	}
}

func TestACallerThatStopsWaitingDoesNotStopTheWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{held: make(chan struct{})}
		c := groupcommit.New(1, 1, b.flush)
		stopped, stop := context.WithCancel(t.Context())
		flushing := submit(stopped, c, 1) // is being written
		waiting := submit(stopped, c, 2)  // is submitted: one fits
		outside := submit(stopped, c, 3)  // has not been taken yet
		stop()
		expectOutcomes(t, flushing, 1, context.Canceled)
		expectOutcomes(t, waiting, 1, context.Canceled)
		expectOutcomes(t, outside, 1, context.Canceled)
		close(b.held)
		c.Close()
		if got := b.written(); !slices.Equal(got, []int{1, 2}) {
			t.Errorf("written %v, want what was submitted, 1 and 2", got)
		}
	})
}

func TestCloseWritesWhatWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{held: make(chan struct{})}
		c := groupcommit.New(1, 4, b.flush)
		outcomes := submit(t.Context(), c, 1, 2, 3, 4, 5)
		closed := make(chan struct{}, 2)
		for range 2 { // at once
			go func() { c.Close(); closed <- struct{}{} }()
		}
		synctest.Wait()
		if len(closed) != 0 {
			t.Error("Close returned before everything was written")
		}
		if err := c.Do(t.Context(), 6); !errors.Is(err, groupcommit.ErrClosed) {
			t.Errorf("Do while closing: %v, want ErrClosed", err)
		}
		close(b.held)
		expectOutcomes(t, outcomes, 5, nil)
		<-closed
		<-closed
		c.Close() // and once more
		if err := c.Do(t.Context(), 7); !errors.Is(err, groupcommit.ErrClosed) {
			t.Errorf("Do after Close: %v, want ErrClosed", err)
		}
		if got := b.written(); !slices.Equal(got, []int{1, 2, 3, 4, 5}) {
			t.Errorf("written %v", got)
		}
	})
}

func TestSeveralWritersFlushAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{held: make(chan struct{})}
		c := groupcommit.New(3, 8, b.flush)
		outcomes := make([]<-chan error, 5)
		for i := range outcomes {
			outcomes[i] = submit(t.Context(), c, i)
		}
		if got := b.sizes(); !slices.Equal(got, []int{1, 1, 1}) {
			t.Errorf("flushes under way: %v, want one a writer and the rest waiting", got)
		}
		close(b.held)
		for _, o := range outcomes {
			expectOutcomes(t, o, 1, nil)
		}
		c.Close()
	})
}

// Callers come, lose patience and are shut out while groups are written: what was said to be
// written is, once, and what was refused is not.
func TestNothingIsLostOrDoneTwiceAmongManyCallers(t *testing.T) {
	t.Parallel()
	const callers, each = 32, 40
	for _, writers := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d writers", writers), func(t *testing.T) {
			t.Parallel()
			var flushing, done atomic.Int32
			b := &book{}
			c := groupcommit.New(writers, 8, func(items []int) []error {
				if n := flushing.Add(1); n > int32(writers) {
					t.Errorf("%d flushes at once", n)
				}
				defer flushing.Add(-1)
				if len(items) == 0 || len(items) > 8 {
					t.Errorf("a group of %d", len(items))
				}
				return b.flush(items)
			})
			outcomes := make([]error, callers*each)
			var wg sync.WaitGroup
			for caller := range callers {
				wg.Go(func() {
					for i := range each {
						ctx, cancel := context.WithCancel(t.Context())
						if i%5 == 4 {
							cancel()
						}
						item := caller*each + i
						outcomes[item] = c.Do(ctx, item)
						cancel()
						if done.Add(1) == callers*each*3/4 {
							c.Close()
						}
					}
				})
			}
			wg.Wait()
			c.Close()
			written := b.written()
			if len(slices.Compact(slices.Clone(written))) != len(written) {
				t.Error("an item was written twice")
			}
			refused := 0
			for item, err := range outcomes {
				_, there := slices.BinarySearch(written, item)
				switch {
				case err == nil && !there:
					t.Errorf("item %d was said to be written", item)
				case errors.Is(err, groupcommit.ErrClosed) && there:
					t.Errorf("item %d was refused and written", item)
				case err != nil && !errors.Is(err, groupcommit.ErrClosed) && !errors.Is(err, context.Canceled):
					t.Errorf("item %d: %v", item, err)
				}
				if errors.Is(err, groupcommit.ErrClosed) {
					refused++
				}
			}
			if refused == 0 || len(written) == 0 {
				t.Errorf("%d written, %d refused: the test saw one side only", len(written), refused)
			}
		})
	}
}

func TestStatsCountGroupsAndItems(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{held: make(chan struct{})}
		c := groupcommit.New(1, 64, b.flush)
		first := submit(t.Context(), c, 0)
		rest := submit(t.Context(), c, 1, 2, 3)
		if s := c.Stats(); s.Items != 0 || s.Groups.Number != 0 {
			t.Errorf("%+v before anything is written", s)
		}
		time.Sleep(20 * time.Millisecond)
		close(b.held)
		expectOutcomes(t, first, 1, nil)
		expectOutcomes(t, rest, 3, nil)
		c.Close()
		if s := c.Stats(); s.Items != 4 || s.Groups.Number != 2 || s.Groups.Sum != 20*time.Millisecond {
			t.Errorf("%+v, want 4 items in 2 groups that took 20 ms", s)
		}
	})
}
