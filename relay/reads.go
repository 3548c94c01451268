package relay

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/paymux/paymux"
)

// Reads finds what answers questions in each region: T is whatever a region offers for it, such as the queries of its
// node. Safe for concurrent use.
type Reads[T any] struct {
	relay *Relay
	dial  func(region string) (T, error)
	made  sync.Map // T by region name
}

// NewReads returns the questions' way to the regions that r knows. dial is asked once a region, by name.
func NewReads[T any](r *Relay, dial func(region string) (T, error)) *Reads[T] {
	return &Reads[T]{relay: r, dial: dial}
}

func (s *Reads[T]) of(p *place) (T, error) {
	if made, ok := s.made.Load(p.Name); ok {
		return made.(T), nil
	}
	t, err := s.dial(p.Name)
	if err != nil {
		return t, fmt.Errorf("relay: reach region %s: %w", p.Name, err)
	}
	kept, _ := s.made.LoadOrStore(p.Name, t)
	return kept.(T), nil
}

// ByID asks the region an ID was issued in. Errors: those of ask; InvalidID and NotFound for what no
// region has issued; Unavailable where the region does not answer.
func ByID[T, R any](ctx context.Context, s *Reads[T], id string, ask func(context.Context, T) (R, error)) (R, error) {
	shown := s.relay.shown.Load()
	p, err := shown.of(id)
	if err != nil {
		var none R
		return none, err
	}
	return query(ctx, s, shown, p, ask)
}

func query[T, R any](ctx context.Context, s *Reads[T], shown *snapshot, p *place, ask func(context.Context, T) (R, error)) (R, error) {
	var none R
	t, err := s.of(p)
	if err != nil {
		return none, err
	}
	return through(s.relay, ctx, shown, p, p.heard, func() (R, error) { return ask(ctx, t) })
}

// everywhere asks all regions at once. One that does not answer fails the whole: a list without its part would look complete.
func everywhere[T, R any](ctx context.Context, s *Reads[T], ask func(context.Context, *place, T) (R, error)) ([]R, []*place, error) {
	shown := s.relay.shown.Load()
	answers, faults := make([]R, len(shown.places)), make([]error, len(shown.places))
	var all sync.WaitGroup
	for i, p := range shown.places {
		all.Go(func() {
			answers[i], faults[i] = query(ctx, s, shown, p, func(ctx context.Context, t T) (R, error) { return ask(ctx, p, t) })
		})
	}
	all.Wait()
	return answers, shown.places, cmp.Or(faults...)
}

// Merge asks all regions for a page of a list and puts the pages together: at most limit rows (0: all) in the order of before, in which
// each region's page is. It suits lists whose cursor means something in every region, such as those in the order of IDs: all
// regions are asked the same. Errors: one of ask's; Unavailable where a region does not answer.
func Merge[T, R any](ctx context.Context, s *Reads[T], limit int, before func(a, b *R) bool, ask func(context.Context, T) ([]R, error)) ([]R, error) {
	pages, _, err := everywhere(ctx, s, func(ctx context.Context, _ *place, t T) ([]R, error) { return ask(ctx, t) })
	if err != nil {
		return nil, err
	}
	rows, _ := weave(pages, limit, before)
	return rows, nil
}

// MergeFrom is Merge for lists in an order of each region's own, such as that of commits, in which another region's
// row is no place to go on from. The cursor is one row's ID for each region that has given any, joined by commas, and
// ask gets the region's own. next is the cursor behind what is returned; it is after where that is empty.
func MergeFrom[T, R any](
	ctx context.Context, s *Reads[T], after string, limit int, id func(*R) string, before func(a, b *R) bool,
	ask func(ctx context.Context, t T, after string) ([]R, error),
) (rows []R, next string, err error) {
	at, err := positions(after)
	if err != nil {
		return nil, "", err
	}
	pages, places, err := everywhere(ctx, s, func(ctx context.Context, p *place, t T) ([]R, error) { return ask(ctx, t, at[p.Number]) })
	if err != nil {
		return nil, "", err
	}
	rows, took := weave(pages, limit, before)
	cursor := make([]string, 0, len(places))
	for i, p := range places {
		last := at[p.Number]
		if took[i] > 0 {
			last = id(&pages[i][took[i]-1])
		}
		delete(at, p.Number)
		if last != "" {
			cursor = append(cursor, last)
		}
	}
	for _, last := range at { // of regions that are not known any more: they may come back
		cursor = append(cursor, last)
	}
	return rows, strings.Join(cursor, ","), nil
}

// positions reads a cursor of MergeFrom. The error has Code InvalidRequest.
func positions(cursor string) (map[paymux.Region]string, error) {
	at := map[paymux.Region]string{}
	if cursor == "" {
		return at, nil
	}
	for id := range strings.SplitSeq(cursor, ",") {
		number, ok := paymux.RegionOf(id)
		if !ok || at[number] != "" {
			return nil, paymux.Errorf(paymux.InvalidRequest, "The cursor is not one that was given out: send next_cursor as it came.").At("cursor")
		}
		at[number] = id
	}
	return at, nil
}

// weave puts sorted pages together. took is how many rows of each are in the result.
func weave[R any](pages [][]R, limit int, before func(a, b *R) bool) (rows []R, took []int) {
	took = make([]int, len(pages))
	for limit == 0 || len(rows) < limit {
		best := -1
		for i, page := range pages {
			if took[i] < len(page) && (best < 0 || before(&page[took[i]], &pages[best][took[best]])) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		rows = append(rows, pages[best][took[best]])
		took[best]++
	}
	return rows, took
}
