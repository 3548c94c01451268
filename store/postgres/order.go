package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
)

// A merchant's events stand in the order in which they were committed: by transaction, then by ID.
const (
	newestFirst = " ORDER BY xact DESC, id DESC"
	oldestFirst = " ORDER BY xact, id"
	// settled events are those that nothing can be committed before any more: every transaction
	// whose number is below that of the oldest one under way has ended.
	settled = "xact < pg_snapshot_xmin(pg_current_snapshot())"
)

// place is where an event stands in that order.
type place struct {
	xact string
	id   paymux.EventID
}

func (s *Store) placeOf(ctx context.Context, merchant paymux.MerchantID, id paymux.EventID) (place, error) {
	const sql = "SELECT xact::text FROM events WHERE id = $1 AND merchant = $2"
	xact, err := one(ctx, s, "event", string(id), sql, []any{string(id), string(merchant)}, pgx.RowTo[string])
	return place{xact, id}, err
}

// bound leaves what stands on one side of the place: beyond is < or >.
func (p place) bound(q *filter, beyond string) {
	q.where("(xact, id) "+beyond+" ("+q.arg(p.xact)+"::text::xid8, ?)", string(p.id))
}

// adopt puts events in order that were dumped on another server and restored on this one, whose
// transactions have lower numbers: they would be withheld until it had caught up, and new ones would come before
// them. No transaction of theirs is under way here, so they come first, in the order of their IDs. A server that took over with its
// numbers (a promoted copy, an upgraded one) has nothing to adopt.
func adopt(ctx context.Context, conn *pgx.Conn) error {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		const system = "UPDATE origin o SET system = s.system_identifier FROM pg_control_system() s WHERE o.system <> s.system_identifier"
		tag, err := tx.Exec(ctx, system)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		_, err = tx.Exec(ctx, "UPDATE events SET xact = '1' WHERE EXISTS (SELECT FROM events WHERE xact >= pg_snapshot_xmax(pg_current_snapshot()))")
		return err
	})
	if err != nil {
		return fmt.Errorf("adopt restored events: %w", err)
	}
	return nil
}
