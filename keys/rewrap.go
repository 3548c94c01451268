package keys

import (
	"context"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Rewrap seals everything in the file under another master key, in one step. Services of other processes that
// have the file open go on with what they hold, and cannot use versions that are made later: start them again with the
// new master. The old one is needed as long as backups are.
func (o *Operator) Rewrap(ctx context.Context, next Master) error {
	s := o.service
	for {
		b, err := s.freshen()
		if err != nil {
			return err
		}
		rows, err := s.rewrapped(ctx, next) // masters may be far away: they are asked while others use keys
		if err == nil {
			err = o.act("rewrap", "", next.Name(), func(t *transaction) (int, error) {
				if t.book.revision != b.revision {
					return 0, errStale
				}
				return 0, t.replaceSealed(rows, next)
			})
		}
		if errors.Is(err, errStale) {
			continue
		}
		if err != nil {
			return fmt.Errorf("rewrap: %w", err)
		}
		break
	}
	s.master.Store(&next)
	if err := s.store.forget(); err != nil {
		return fmt.Errorf("rewrap: done, but the log still has rows under the old master until it is written back: %w", err)
	}
	return nil
}

// sealedRow is a version's material as it rests; the one without a key is the book's.
type sealedRow struct {
	key    Name
	number int
	place  []byte
	sealed []byte
}

// rewrapped reads everything that is sealed and seals it under another master.
func (s *Service) rewrapped(ctx context.Context, next Master) ([]sealedRow, error) {
	rows := []sealedRow{{place: []byte(bookPlace)}}
	const query = "SELECT v.key, k.kind, v.number, v.sealed FROM versions v JOIN keys k ON k.name = v.key WHERE v.sealed IS NOT NULL"
	err := s.store.snapshot(func(conn *sqlite.Conn) error {
		return sqlitex.Execute(conn, query, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
			key, n := Name(stmt.ColumnText(0)), stmt.ColumnInt(2)
			rows = append(rows, sealedRow{key, n, placeOf(key, Kind(stmt.ColumnText(1)), n), blob(stmt, 3)})
			return nil
		}})
	})
	for i := range rows {
		if err == nil {
			err = s.rewrap(ctx, &rows[i], next)
		}
	}
	return rows, err
}

func (s *Service) rewrap(ctx context.Context, r *sealedRow, next Master) error {
	text := []byte(s.auth)
	if r.key != "" {
		var err error
		if text, err = unseal(ctx, s.key(), r.place, r.sealed); err != nil {
			return fmt.Errorf("%s version %d: %w: %w", r.key, r.number, ErrMaster, err)
		}
		defer clear(text)
	}
	var err error
	r.sealed, err = seal(ctx, next, r.place, text)
	return err
}

func (t *transaction) replaceSealed(rows []sealedRow, next Master) error {
	for _, r := range rows {
		t.changes++
		query, args := "UPDATE versions SET sealed = ? WHERE key = ? AND number = ?", []any{r.sealed, string(r.key), r.number}
		if r.key == "" {
			query, args = "UPDATE book SET seal = ?, master = ?", []any{r.sealed, next.Name()}
		}
		if err := execute(t.conn, query, args...); err != nil {
			return err
		}
	}
	return nil
}
