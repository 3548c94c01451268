package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
)

// inTx runs one of the rarer writes in a transaction on a connection of the pool.
func (s *Store) inTx(ctx context.Context, write func(pgx.Tx) error) error {
	tx, err := s.pool.Begin(ctx)
	if lost(ctx, err) { // see query
		s.pool.Reset()
		tx, err = s.pool.Begin(ctx)
	}
	if err != nil {
		return err
	}
	if err = write(tx); err == nil {
		err = s.cfg.CommitDelay()
	}
	if err != nil {
		return errors.Join(err, tx.Rollback(context.WithoutCancel(ctx)))
	}
	return tx.Commit(ctx)
}

// inRevision is inTx for what others cache: revision rises with it, to the one that write is given. Such writes
// take turns by revision's only row, which is therefore written first.
func (s *Store) inRevision(ctx context.Context, write func(tx pgx.Tx, revision int64) error) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		revision, err := raise(ctx, tx)
		if err != nil {
			return err
		}
		return write(tx, revision)
	})
}

// revisionStep is how far apart two revisions are at most: those of two histories are not the same by chance.
const revisionStep = math.MaxInt32

func raise(ctx context.Context, tx pgx.Tx) (revision int64, err error) {
	const sql = `WITH risen AS (UPDATE revision SET number = number + 1 + $1 RETURNING number)
		INSERT INTO history SELECT number FROM risen RETURNING revision`
	err = tx.QueryRow(ctx, sql, rand.Int64N(revisionStep)).Scan(&revision)
	return revision, err
}

// Revision implements access.Directory and notify.Store.
func (s *Store) Revision(ctx context.Context) (int64, error) {
	return one(ctx, s, "revision", "", "SELECT number FROM revision", nil, pgx.RowTo[int64])
}

// must runs a statement that has to touch a row; none is paymux.NotFound.
func must(ctx context.Context, tx pgx.Tx, kind, id, sql string, args ...any) error {
	tag, err := tx.Exec(ctx, sql, args...)
	if err == nil && tag.RowsAffected() == 0 {
		return notFound(kind, id)
	}
	return err
}

// written is the error of a write: as it is where a room acts upon it, wrapped otherwise.
func written(err error, doing, id string) error {
	if err == nil || errors.Is(err, paymux.ErrKeyTaken) || errors.Is(err, paymux.ErrStale) || errors.Is(err, paymux.NotFound) {
		return err
	}
	return fault(err, "%s", fmt.Sprintf("%s %s", doing, id))
}
