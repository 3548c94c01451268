package relay

import (
	"context"

	"github.com/paymux/paymux"
)

// Merge asks all regions for a page of a list in the order of IDs, newest first, and puts the pages together. The cursor is an ID, of
// whichever region; each region is asked for what its list has below it. Errors: one of ask's; Unavailable where a region does not answer.
func Merge[T, R any](ctx context.Context, s *Reads[T], p paymux.Page, id func(*R) string, ask func(context.Context, T, paymux.Page) ([]R, error)) ([]R, error) {
	shown := s.relay.shown.Load()
	pages, err := Whole(each(ctx, s, shown, func(ctx context.Context, g *place, t T) ([]R, error) {
		q := p
		if len(shown.places) > 1 {
			q.After = paymux.Below(p.After, g.Number)
		}
		return ask(ctx, t, q)
	}))
	if err != nil {
		return nil, err
	}
	return Weave(pages, p.Limit, func(a, b *R) bool { return id(a) > id(b) }), nil
}

// MergeFrom is Merge for lists in an order of each region's own, such as that of commits, in which another region's row is no
// place to go on from. The cursor is a position (paymux.ReadPosition), and ask gets the region's own part of it; paymux.MoveOn over what
// is returned is the next one.
func MergeFrom[T, R any](ctx context.Context, s *Reads[T], p paymux.Page, before func(a, b *R) bool, ask func(context.Context, T, paymux.Page) ([]R, error)) ([]R, error) {
	parts, err := EachFrom(ctx, s, p, ask)
	if err != nil {
		return nil, err
	}
	pages, err := Whole(parts)
	if err != nil {
		return nil, err
	}
	return Weave(pages, p.Limit, before), nil
}

// MergeFollowing is MergeFrom for who follows a list: a region that does not answer is passed over as long as another one does. The reader's
// position in it stays, so that what it has comes when it is back.
func MergeFollowing[T, R any](ctx context.Context, s *Reads[T], p paymux.Page, before func(a, b *R) bool, ask func(context.Context, T, paymux.Page) ([]R, error)) ([]R, error) {
	parts, err := EachFrom(ctx, s, p, ask)
	if err != nil {
		return nil, err
	}
	pages, err := Some(parts)
	if err != nil {
		return nil, err
	}
	return Weave(pages, p.Limit, before), nil
}

// EachFrom is Each with the region's own part of a position as cursor. The error has Code InvalidRequest: it is no position.
func EachFrom[T, R any](ctx context.Context, s *Reads[T], p paymux.Page, ask func(context.Context, T, paymux.Page) (R, error)) ([]Part[R], error) {
	shown := s.relay.shown.Load()
	if len(shown.places) == 1 && s.relay.fixed {
		return each(ctx, s, shown, func(ctx context.Context, _ *place, t T) (R, error) { return ask(ctx, t, p) }), nil
	}
	at, ok := paymux.ReadPosition(p.After)
	if !ok {
		return nil, paymux.Errorf(paymux.InvalidRequest, "The cursor is not one that was given out: send next_cursor as it came.").At("cursor")
	}
	return each(ctx, s, shown, func(ctx context.Context, g *place, t T) (R, error) {
		return ask(ctx, t, paymux.Page{After: at[g.Number], Limit: p.Limit})
	}), nil
}

// Weave puts sorted pages together: at most limit rows, 0 meaning all. What the pages are cut to does not change the order.
func Weave[R any](pages [][]R, limit int, before func(a, b *R) bool) (rows []R) {
	if len(pages) == 1 {
		return pages[0]
	}
	took := make([]int, len(pages))
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
	return rows
}
