package accessregions

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/relay"
)

// Idempotency implements access.Answers, for keys that may be kept anywhere, as those of new payments are. The merchant's home is asked first, then
// all others. Unavailable where nobody has it and somebody who might does not answer, because of access.ErrSomeAway if others did.
func (r *Regions) Idempotency(ctx context.Context, merchant paymux.MerchantID, key string) (paymux.Idempotency, error) {
	ask := kept(merchant, key)
	got, err := relay.ByID(ctx, r.reads, string(merchant), ask)
	if !open(err) {
		return got, err
	}
	looked := !missing(err) // somebody has looked
	for _, part := range relay.Each(ctx, r.reads, ask, r.reads.Home(string(merchant))) {
		if part.Err == nil {
			return part.Value, nil
		}
		if !errors.Is(part.Err, paymux.NotFound) {
			err = part.Err
		} else {
			looked = true
		}
	}
	if looked && errors.Is(err, paymux.Unavailable) {
		err = fmt.Errorf("%w: %w", access.ErrSomeAway, err)
	}
	return got, err
}

// AnswersOf are the answers that are kept with changes of an object, which are in the region of its ID: for a merchant, its keys and endpoints, home.
func (r *Regions) AnswersOf(id string) access.Answers { return answersOf{r, id} }

type answersOf struct {
	*Regions
	id string
}

func (a answersOf) Idempotency(ctx context.Context, merchant paymux.MerchantID, key string) (paymux.Idempotency, error) {
	got, err := relay.ByID(ctx, a.reads, a.id, kept(merchant, key))
	return got, homeAway(err)
}

func kept(merchant paymux.MerchantID, key string) func(context.Context, *accessrpc.Node) (paymux.Idempotency, error) {
	return func(ctx context.Context, n *accessrpc.Node) (paymux.Idempotency, error) {
		return n.Answers.Idempotency(ctx, merchant, key)
	}
}

// BuriedTasks implements access.Tasks: all regions', those buried last first. Stores have them in different orders, so the cursor is a position.
func (r *Regions) BuriedTasks(ctx context.Context, p paymux.Page) ([]access.BuriedTask, error) {
	later := func(a, b *access.BuriedTask) bool {
		return cmp.Or(a.BuriedAt.Compare(b.BuriedAt), cmp.Compare(a.ID, b.ID)) > 0
	}
	return relay.MergeFrom(ctx, r.reads, p, later, func(ctx context.Context, n *accessrpc.Node, page paymux.Page) ([]access.BuriedTask, error) {
		return n.Tasks.BuriedTasks(ctx, page)
	})
}
