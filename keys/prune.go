package keys

import (
	"context"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// pruneAtOnce is how many rows one commit deletes, so that no use waits long behind it.
const pruneAtOnce = 10_000

// Prune deletes the audit's rows that are older than a time and returns how many. What is left is still a chain: the
// hash of the last deleted row stays, and that it was pruned is a row of its own. Keep a copy
// of the rows first where a law wants them.
func (o *Operator) Prune(ctx context.Context, before time.Time) (deleted int64, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return deleted, err
		}
		n, err := o.prune(before)
		deleted += n
		if err != nil || n < pruneAtOnce {
			return deleted, err
		}
	}
}

func (o *Operator) prune(before time.Time) (n int64, err error) {
	err = o.service.inTx(func(t *transaction) error {
		first, limit := t.head.Before+1, min(t.head.Before+pruneAtOnce, t.head.Seq)
		last, err := number(t.conn, "SELECT coalesce(min(seq), ?1 + 1) - 1 FROM audit WHERE seq <= ?1 AND at >= ?2", limit, before.UnixMicro())
		if err != nil || last < first {
			return err
		}
		hash, err := t.hashOf(last)
		if err != nil {
			return err
		}
		if err := execute(t.conn, "DELETE FROM audit WHERE seq <= ?", last); err != nil {
			return err
		}
		n = last - t.head.Before
		t.head.Before, t.head.BeforeHash = last, hash
		return t.append(&Entry{Caller: clip(o.name, 64), Verb: "prune", Outcome: "ok", Detail: fmt.Sprintf("rows %d to %d", first, last)})
	})
	if err != nil {
		return 0, fmt.Errorf("prune the audit: %w", err)
	}
	return n, nil
}

func (t *transaction) hashOf(seq int64) (hash []byte, err error) {
	err = sqlitex.Execute(t.conn, "SELECT hash FROM audit WHERE seq = ?", &sqlitex.ExecOptions{Args: []any{seq}, ResultFunc: func(stmt *sqlite.Stmt) error {
		hash = blob(stmt, 0)
		return nil
	}})
	if err == nil && len(hash) == 0 {
		err = fmt.Errorf("%w: there is no row %d", ErrTampered, seq)
	}
	return hash, err
}
