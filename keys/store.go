package keys

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

//go:embed schema.sql
var schema string

const (
	schemaVersion = 1
	busyTime      = 10 * time.Second // another process on the file commits in milliseconds
)

// store is the file. Several processes may have it open; each writes in transactions that
// read first what the others have written.
type store struct {
	path string

	writing sync.Mutex // guards conn; a transaction holds it from begin to end
	conn    *sqlite.Conn

	reading sync.Mutex // guards reader; may be taken while writing is held, never the other way
	reader  *sqlite.Conn
}

// openStore opens a file and gives a new one its tables. A new file is private.
func openStore(path string, create bool) (*store, error) {
	if err := place(path, create); err != nil {
		return nil, err
	}
	s := &store{path: path}
	var err error
	if s.conn, err = connect(path); err != nil {
		return nil, err
	}
	if err = s.migrate(); err == nil {
		s.reader, err = connect(path)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func place(path string, create bool) error {
	flags := os.O_RDWR
	if create {
		flags |= os.O_CREATE
	}
	file, err := os.OpenFile(path, flags, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there are no keys yet: %w", err)
	}
	if err != nil {
		return err
	}
	return file.Close()
}

func connect(path string) (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	conn.SetBusyTimeout(busyTime)
	for _, pragma := range []string{
		"journal_mode = WAL",
		"synchronous = FULL",
		"secure_delete = ON", // what is destroyed is overwritten
		"foreign_keys = ON",
		"temp_store = MEMORY",
	} {
		if err := sqlitex.ExecuteTransient(conn, "PRAGMA "+pragma, nil); err != nil {
			return nil, errors.Join(fmt.Errorf("set %s: %w", pragma, err), conn.Close())
		}
	}
	return conn, nil
}

func (s *store) migrate() (err error) {
	end, err := sqlitex.ImmediateTransaction(s.conn)
	if err != nil {
		return err
	}
	defer end(&err)
	version, err := number(s.conn, "PRAGMA user_version")
	switch {
	case err != nil:
		return err
	case version > schemaVersion:
		return fmt.Errorf("its schema is version %d, newer than this program's %d: use a newer paymux", version, schemaVersion)
	case version == 0:
		return sqlitex.ExecuteScript(s.conn, schema, nil)
	}
	return nil
}

func (s *store) close() error {
	var errs []error
	for _, conn := range []*sqlite.Conn{s.reader, s.conn} {
		if conn != nil {
			errs = append(errs, conn.Close())
		}
	}
	return errors.Join(errs...)
}

// revision tells cheaply whether somebody changed a key.
func (s *store) revision() (int64, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	if s.reader == nil {
		return 0, ErrClosed
	}
	return number(s.reader, "SELECT revision FROM book")
}

// forget writes the log back and empties it, so that overwritten material is not in it either.
func (s *store) forget() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.conn == nil {
		return ErrClosed
	}
	return sqlitex.ExecuteTransient(s.conn, "PRAGMA wal_checkpoint(TRUNCATE)", nil)
}

// snapshot lends a connection of its own on which all queries see the same commits; for what takes long.
func (s *store) snapshot(do func(*sqlite.Conn) error) (err error) {
	conn, err := connect(s.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	defer sqlitex.Transaction(conn)(&err)
	return do(conn)
}

// number reads a single number; 0 where there is no row.
func number(conn *sqlite.Conn, query string, args ...any) (n int64, err error) {
	err = sqlitex.Execute(conn, query, &sqlitex.ExecOptions{Args: args, ResultFunc: func(stmt *sqlite.Stmt) error {
		n = stmt.ColumnInt64(0)
		return nil
	}})
	return n, err
}

func execute(conn *sqlite.Conn, query string, args ...any) error {
	return sqlitex.Execute(conn, query, &sqlitex.ExecOptions{Args: args})
}

func blob(stmt *sqlite.Stmt, column int) []byte {
	if stmt.ColumnLen(column) == 0 {
		return nil
	}
	b := make([]byte, stmt.ColumnLen(column))
	stmt.ColumnBytes(column, b)
	return b
}
