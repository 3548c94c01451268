package sqlite

import (
	"context"
	"errors"
	"fmt"
)

// scrubbed are the tables that have secrets, with their columns.
var scrubbed = map[string]string{
	"api_keys":  "id, merchant, digest, shared, revoked_at, body, revision, copy_of, unseen",
	"endpoints": "id, merchant, failing_since, secrets, body, revision, copy_of, unseen",
}

// Scrub implements sealed.Rows. Pages that were put aside before, it does not reach: VACUUM does, and takes much longer.
func (s *Store) Scrub(ctx context.Context) error {
	if err := s.submit(ctx, (*writer).scrub); err != nil {
		return fmt.Errorf("scrub the tables of secrets: %w", err)
	}
	return s.truncateLog()
}

// scrub copies the tables to memory and back. It overwrites with zeros the pages that they leave, which all other writes
// do without, for it costs each of them. The pragma acts when it is compiled: it must not be kept prepared.
func (w *writer) scrub() (err error) {
	w.changed = true
	if err := execute(w.conn, "PRAGMA secure_delete = ON"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, execute(w.conn, "PRAGMA secure_delete = OFF")) }()
	for table, columns := range scrubbed {
		for _, sql := range []string{
			"CREATE TEMP TABLE scrubbed AS SELECT " + columns + " FROM " + table,
			"DELETE FROM " + table,
			"INSERT INTO " + table + " (" + columns + ") SELECT " + columns + " FROM temp.scrubbed ORDER BY rowid",
			"DROP TABLE temp.scrubbed",
		} {
			if err := execute(w.conn, sql); err != nil {
				return err
			}
		}
	}
	return nil
}

// truncateLog writes all of the log back and cuts it off: it has the pages as they were.
func (s *Store) truncateLog() (err error) {
	conn, err := connect(s.cfg.Path, s.synchronous())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	conn.SetBusyTimeout(restartWait)
	s.writing.Lock()
	defer s.writing.Unlock()
	_, err = (&checkpointer{conn: conn}).checkpoint("TRUNCATE")
	return err
}
