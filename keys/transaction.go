package keys

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// transaction is one durable change of the file: rows of the audit and, with an
// operator's act, of keys and versions.
type transaction struct {
	conn    *sqlite.Conn
	auth    authenticator
	book    *book // as the file has it now
	head    chain
	now     time.Time
	appends int
	changes int // rows of keys and versions
	buf     []byte
}

// inTx runs do on the newest state of the file, and commits. Where do fails nothing is kept. Whoever changed keys
// meanwhile, here or in another process, has changed the service's book when it returns.
func (s *Service) inTx(do func(*transaction) error) error {
	s.store.writing.Lock()
	defer s.store.writing.Unlock()
	if s.store.conn == nil {
		return ErrClosed
	}
	if err := execute(s.store.conn, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	t, err := s.begin()
	if err == nil {
		err = do(t)
	}
	if err == nil {
		err = t.end()
	}
	if err != nil {
		return s.rollback(err)
	}
	s.last = t.head
	s.book.Store(t.book)
	return nil
}

func (s *Service) begin() (*transaction, error) {
	t := &transaction{conn: s.store.conn, auth: s.auth, book: s.book.Load(), now: s.now().UTC()}
	revision, err := number(t.conn, "SELECT revision FROM book")
	if err != nil {
		return nil, err
	}
	if t.book == nil || revision != t.book.revision {
		if t.book, err = readBook(t.conn, t.auth, t.book); err != nil {
			return nil, err
		}
		s.book.Store(t.book) // it is committed: another process did it
	}
	if t.head, err = readChain(t.conn, t.auth); err != nil {
		return nil, err
	}
	if t.head.Seq < s.last.Seq {
		return nil, fmt.Errorf("%w: the audit ends at row %d and had %d", ErrTampered, t.head.Seq, s.last.Seq)
	}
	return t, nil
}

func (t *transaction) end() error {
	if t.appends > 0 {
		if err := t.writeChain(); err != nil {
			return fmt.Errorf("write the audit's head: %w", err)
		}
	}
	if err := execute(t.conn, "COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func (s *Service) rollback(cause error) error {
	if s.store.conn.AutocommitEnabled() {
		return cause // a full disk, and the like, have ended the transaction
	}
	return errors.Join(cause, execute(s.store.conn, "ROLLBACK"))
}

func (t *transaction) writeKey(k *Key) error {
	row := *k
	row.Versions = nil
	body, err := json.Marshal(row)
	if err != nil {
		return err
	}
	t.changes++
	return execute(t.conn, `INSERT INTO keys (name, kind, body) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body`,
		string(k.Name), string(k.Kind), string(body))
}

// writeVersion keeps a version; sealed is nil where only its state changes.
func (t *transaction) writeVersion(key Name, v *Version, sealed []byte) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	t.changes++
	if sealed != nil {
		return execute(t.conn, "INSERT INTO versions (key, number, state, key_id, body, sealed) VALUES (?, ?, ?, ?, ?, ?)",
			string(key), v.Number, string(v.State), v.KeyID, string(body), sealed)
	}
	wipe := ""
	if v.State == Destroyed {
		wipe = ", sealed = NULL"
	}
	return execute(t.conn, "UPDATE versions SET state = ?, body = ?"+wipe+" WHERE key = ? AND number = ?", string(v.State), string(body), string(key), v.Number)
}

// revise makes the next revision of what was written, and reads it.
func (t *transaction) revise() error {
	if t.changes == 0 {
		return nil
	}
	next := &book{revision: t.book.revision + 1, keys: map[Name]*entry{}}
	code, err := next.readRows(t.conn, t.auth)
	if err != nil {
		return err
	}
	next.takeOver(t.book)
	t.book = next
	return execute(t.conn, "UPDATE book SET revision = ?, code = ?", next.revision, code)
}

// create fills the tables of a new file.
func create(ctx context.Context, conn *sqlite.Conn, m Master) error {
	auth, genesis := authenticator(random()), random()
	sealed, err := seal(ctx, m, []byte(bookPlace), auth)
	if err != nil {
		return err
	}
	empty := &book{keys: map[Name]*entry{}}
	code, err := empty.readRows(conn, auth)
	if err != nil {
		return err
	}
	if err := execute(conn, "INSERT INTO book (one, revision, master, seal, code) VALUES (1, 0, ?, ?, ?)", m.Name(), sealed, code); err != nil {
		return err
	}
	c := chain{Before: 0, BeforeHash: genesis, Seq: 0, Hash: genesis}
	return execute(conn, "INSERT INTO head (one, before, before_hash, seq, hash, code) VALUES (1, ?, ?, ?, ?, ?)",
		c.Before, c.BeforeHash, c.Seq, c.Hash, c.code(auth))
}

// readAuthenticator opens what only the right master opens.
func readAuthenticator(ctx context.Context, conn *sqlite.Conn, m Master) (authenticator, error) {
	var sealed []byte
	var name string
	err := sqlitex.Execute(conn, "SELECT seal, master FROM book", &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		sealed, name = blob(stmt, 0), stmt.ColumnText(1)
		return nil
	}})
	if err != nil || sealed == nil {
		return nil, err
	}
	auth, err := unseal(ctx, m, []byte(bookPlace), sealed)
	if err != nil {
		return nil, fmt.Errorf("%w: it needs %s, and this is %s: %w", ErrMaster, name, m.Name(), err)
	}
	return bytes.Clone(auth), nil
}
