package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

// entry is a change as rows, encoded by its caller so that writers only write.
type entry struct {
	about      string // for errors
	payment    []row[paymux.Payment]
	new        []row[paymux.Operation]
	operations []row[paymux.Operation]
	newRefunds []row[paymux.Refund]
	refunds    []row[paymux.Refund]
	disputes   []row[paymux.Dispute]
	begin      []row[paymux.Idempotency]
	finish     []row[paymux.Idempotency]
	events     []row[paymux.Event]
	tasks      []row[queue.Task]
	drop       []row[payment.TaskRef]
	hops       []row[payHop]
	links      []row[linkPayment]
	facts      []byte

	reserve, release []paymux.Reservation // no rows: they are added up over a group
}

// row is a noun with its row in binary form.
type row[T any] struct {
	noun *T
	wire []byte
}

// Commit implements payment.Store.
func (s *Store) Commit(ctx context.Context, c *payment.Change) error {
	e, err := encode(c)
	if err != nil {
		return fmt.Errorf("commit payment %s: %w", c.Payment.ID, err)
	}
	return s.changes.Do(ctx, e)
}

// commit makes a group of entries durable and returns each one's outcome.
//
// All are tried in one pipelined transaction. Those whose guard fails there (a version, a key, an
// order) are put aside and the rest is committed without them; then they have their turn one after the
// other, each under a savepoint, because what they ran into may have been a neighbour that was itself refused.
// A group in which a statement fails goes that way whole: a bad row fails alone. Who finds a quota full is refused at
// once; who finds it full only because of neighbours comes after them.
func (w *writer) commit(entries []*entry) []error {
	outcomes := make([]error, len(entries))
	order := make([]int, len(entries))
	for i := range order {
		order[i] = i
	}
	// One order for all writers: rows are locked the same way round everywhere.
	byName := func(a, b int) int { return cmp.Compare(entries[a].about, entries[b].about) }
	slices.SortFunc(order, byName)

	together, apart, behind, careful := order, []int(nil), []int(nil), false
	for len(together)+len(behind) > 0 {
		if len(together) == 0 {
			together, behind = behind, nil
		}
		var refused []error
		err := w.persistently(func() (err error) {
			refused, err = w.tryTogether(pick(entries, together), careful)
			return err
		})
		switch {
		case err == nil:
			together = nil
		case errors.Is(err, errRefused):
			again, other, later := sortRefused(together, refused, outcomes)
			together, apart, behind = again, append(apart, other...), append(behind, later...)
		case taken(err) && !careful:
			careful = true
		case atFault(err):
			together, apart = nil, append(apart, together...)
		default:
			assign(outcomes, together, unavailable(err))
			together = nil
		}
	}
	if len(apart) > 0 {
		slices.SortFunc(apart, byName)
		w.oneByOne(entries, apart, outcomes)
	}
	return outcomes
}

// sortRefused tells of a refused group who is tried again without the others, who goes apart, and who comes behind for
// want of room in a quota. Who finds one full has his outcome.
func sortRefused(at []int, refused, outcomes []error) (again, apart, behind []int) {
	for i, to := range at {
		switch {
		case refused[i] == nil:
			again = append(again, to)
		case errors.Is(refused[i], paymux.ErrQuotaFull):
			outcomes[to] = refused[i]
		case errors.Is(refused[i], errCrowded):
			behind = append(behind, to)
		default:
			apart = append(apart, to)
		}
	}
	return again, apart, behind
}

// oneByOne commits entries in one transaction, each under a savepoint of its own. Where quotas have no room for all, nothing
// was committed, and it begins again without those who have none.
func (w *writer) oneByOne(entries []*entry, at []int, outcomes []error) {
	var behind []int
	for len(at)+len(behind) > 0 {
		if len(at) == 0 {
			at, behind = behind, nil
		}
		var refusals []error
		err := w.persistently(func() (err error) {
			refusals, err = w.tryOneByOne(pick(entries, at))
			return err
		})
		if errors.Is(err, errRefused) {
			again, _, later := sortRefused(at, refusals, outcomes)
			at, behind = again, append(behind, later...)
			continue
		}
		for i, to := range at {
			outcomes[to] = unavailable(err)
			// A refusal stands even when the commit of the others failed.
			if refusals != nil && refusals[i] != nil {
				outcomes[to] = refusals[i]
			}
		}
		at = nil
	}
}

// unavailable is a group's error for its callers: a server that went away, before the commit or
// with its outcome, is paymux.Unavailable.
func unavailable(err error) error {
	if err == nil || !errors.Is(err, errUnanswered) && !away(err) || errors.Is(err, paymux.Unavailable) {
		return err
	}
	return paymux.Errorf(paymux.Unavailable, "The store did not confirm the change. Repeat the request with the same Idempotency-Key: it cannot take effect twice.").Because(err)
}

var (
	errRefused = errors.New("a guard failed")
	errGuard   = errors.New("the entry's guard failed")
)

// tryTogether writes a group in one transaction of two exchanges. On errRefused it tells which entries were refused, and
// why. On any error nothing was committed, unless it is errUnanswered.
func (w *writer) tryTogether(entries []*entry, careful bool) (refused []error, err error) {
	g := newGroup(entries, w.types, careful)
	g.count()
	if err := w.send(g, "BEGIN"); err != nil {
		return nil, err
	}
	if refused = g.refused(); refused != nil {
		return refused, errRefused
	}
	if refused, err = w.counted(g); err != nil {
		return refused, err
	}
	return nil, w.finish()
}

// tryOneByOne writes entries in one transaction, skipping those that are refused or at fault. On errRefused nothing was
// committed, and it tells who found no room in quotas.
func (w *writer) tryOneByOne(entries []*entry) (refusals []error, err error) {
	if err := w.exec("BEGIN"); err != nil {
		return nil, err
	}
	refusals = make([]error, len(entries))
	for i, e := range entries {
		g := newGroup([]*entry{e}, w.types, true)
		err := w.send(g, "SAVEPOINT one")
		if err == nil {
			if refusals[i] = g.refusal(); refusals[i] == nil {
				continue
			}
		} else if !atFault(err) {
			return nil, err
		} else {
			refusals[i] = fmt.Errorf("commit %s: %w", e.about, err)
		}
		if err := w.exec("ROLLBACK TO one"); err != nil {
			return nil, err
		}
		if errors.Is(refusals[i], errNotInserted) {
			if refusals[i], err = w.whyNotInserted(e); err != nil {
				return nil, err
			}
		}
	}
	if !slices.Contains(refusals, nil) {
		w.rollback()
		return refusals, nil
	}
	if full, err := w.countLast(entries, refusals); err != nil {
		return full, err
	}
	return refusals, w.finish()
}

// whyNotInserted tells a payment that is there already from an order that is taken.
func (w *writer) whyNotInserted(e *entry) (refusal, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), exchangeLimit)
	defer cancel()
	var there bool
	err = w.conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM payments WHERE id = $1)", string(e.payment[0].noun.ID)).Scan(&there)
	if err != nil {
		return nil, err
	}
	if there {
		return paymux.ErrStale, nil
	}
	return paymux.ErrOrderTaken, nil
}

// send runs a group's statements, after a first one, in one exchange.
func (w *writer) send(g *group, first string) error {
	ctx, cancel := context.WithTimeout(context.Background(), exchangeLimit)
	defer cancel()
	var batch pgx.Batch
	batch.Queue(first)
	for i := range g.statements {
		batch.Queue(g.statements[i].sql, g.statements[i].rows)
	}
	results := w.conn.SendBatch(ctx, &batch)
	_, err := results.Exec()
	for i := 0; err == nil && i < len(g.statements); i++ {
		// What follows a failed guard does not matter, and may fail because of it.
		if err = g.statements[i].read(results); err == nil && g.statements[i].failed() {
			break
		}
	}
	closeErr := results.Close()
	if g.anyFailed() && (closeErr == nil || atFault(closeErr)) {
		return nil
	}
	return errors.Join(err, closeErr)
}

func pick(entries []*entry, at []int) []*entry {
	picked := make([]*entry, len(at))
	for i, n := range at {
		picked[i] = entries[n]
	}
	return picked
}

func assign(outcomes []error, at []int, err error) {
	for _, i := range at {
		outcomes[i] = err
	}
}
