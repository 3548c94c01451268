// Package groupcommit collects what concurrent callers want to write and hands
// it to one writer in batches, so that one durable commit serves them all. It
// knows no database: flush does the writing and gives each item its own outcome.
package groupcommit

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux/internal/histogram"
)

// ErrClosed is the outcome of items submitted after Close.
var ErrClosed = errors.New("groupcommit: closed")

// Committer batches items of type T. Safe for concurrent use.
type Committer[T any] struct {
	items chan item[T]
	flush func([]T) []error
	max   int
	mu    sync.RWMutex // closed is set under the write lock, so no send follows it
	done  bool
	wg    sync.WaitGroup

	written atomic.Int64 // items
	took    histogram.Histogram
}

// Stats is what a committer has done.
type Stats struct {
	Items  int64            // that were written, or refused one by one
	Groups histogram.Counts // and how long each took
}

// Stats tells what was done so far.
func (c *Committer[T]) Stats() Stats { return Stats{Items: c.written.Load(), Groups: c.took.Counts()} }

type item[T any] struct {
	value   T
	outcome chan error
}

// New starts a committer with a number of writers, each of which takes what is
// waiting, at most max, and calls flush with it. flush returns one error an item, nil for
// what is durable, and is called by one writer at a time unless there are several.
func New[T any](writers, max int, flush func([]T) []error) *Committer[T] {
	c := &Committer[T]{items: make(chan item[T], max), flush: flush, max: max}
	for range writers {
		c.wg.Go(c.write)
	}
	return c
}

// Do submits an item and waits for its outcome. Once it was submitted it is
// written whether or not ctx ends: a caller that stops waiting does not know the outcome.
func (c *Committer[T]) Do(ctx context.Context, value T) error {
	it := item[T]{value: value, outcome: make(chan error, 1)}
	c.mu.RLock()
	if c.done {
		c.mu.RUnlock()
		return ErrClosed
	}
	select {
	case c.items <- it:
		c.mu.RUnlock()
	case <-ctx.Done():
		c.mu.RUnlock()
		return ctx.Err()
	}
	select {
	case err := <-it.outcome:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close writes what is waiting and stops. It may be called twice.
func (c *Committer[T]) Close() {
	c.mu.Lock()
	if !c.done {
		c.done = true
		close(c.items)
	}
	c.mu.Unlock()
	c.wg.Wait()
}

func (c *Committer[T]) write() {
	batch := make([]item[T], 0, c.max)
	values := make([]T, 0, c.max)
	for first := range c.items {
		batch, values = append(batch[:0], first), append(values[:0], first.value)
		for len(batch) < c.max {
			it, ok := c.poll()
			if !ok {
				break
			}
			batch, values = append(batch, it), append(values, it.value)
		}
		began := time.Now()
		outcomes := c.flush(values)
		c.took.Observe(time.Since(began))
		c.written.Add(int64(len(values)))
		for i, err := range outcomes {
			batch[i].outcome <- err
		}
		clear(batch)
		clear(values)
	}
}

func (c *Committer[T]) poll() (it item[T], ok bool) {
	select {
	case it, ok = <-c.items:
		return it, ok
	default:
		return it, false
	}
}
