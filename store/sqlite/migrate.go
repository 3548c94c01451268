package sqlite

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/paymux/paymux/queue"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrate brings the schema of a database that no process has open to a
// version: up or, losing what later versions added, down. 0 leaves nothing;
// [Open] goes to the newest.
func Migrate(path string, version int) (err error) {
	unlock, err := lock(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := migrate(conn, version); err != nil {
		return fmt.Errorf("migrate %s to version %d: %w", path, version, err)
	}
	return nil
}

// migrate changes the schema in one transaction.
func migrate(conn *sqlite.Conn, version int) (err error) {
	end, err := sqlitex.ImmediateTransaction(conn)
	if err != nil {
		return err
	}
	defer end(&err)
	if err := conn.CreateFunction("partition_of", &partitionOf); err != nil {
		return err
	}
	if err := execute(conn, "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY)"); err != nil {
		return err
	}
	at, err := read(conn, "SELECT coalesce(max(version), 0) FROM schema_migrations", func(*statement) {}, func(r *row) (int, error) { return int(r.int()), nil })
	if err != nil {
		return err
	}
	if at[0] > Newest() {
		return fmt.Errorf("its schema is version %d, newer than this program's %d: use a newer paymux", at[0], Newest())
	}
	for v := at[0] + 1; v <= version; v++ {
		if err := step(conn, v, ".up.sql", "INSERT INTO schema_migrations VALUES ("+strconv.Itoa(v)+")"); err != nil {
			return err
		}
	}
	for v := at[0]; v > version; v-- {
		if err := step(conn, v, ".down.sql", "DELETE FROM schema_migrations WHERE version = "+strconv.Itoa(v)); err != nil {
			return err
		}
	}
	return nil
}

// partitionOf gives migrations what SQL cannot compute.
var partitionOf = sqlite.FunctionImpl{
	NArgs:         1,
	Deterministic: true,
	Scalar: func(_ sqlite.Context, args []sqlite.Value) (sqlite.Value, error) {
		return sqlite.IntegerValue(int64(queue.PartitionOf(args[0].Text()))), nil
	},
}

func step(conn *sqlite.Conn, version int, suffix, record string) error {
	files, err := fs.Glob(migrations, fmt.Sprintf("migration/%03d_*%s", version, suffix))
	if err != nil {
		return err
	}
	if len(files) != 1 {
		return fmt.Errorf("there is no migration to or from version %d", version)
	}
	script, err := migrations.ReadFile(files[0])
	if err != nil {
		return err
	}
	if err := sqlitex.ExecuteScript(conn, string(script), nil); err != nil {
		return fmt.Errorf("migration %s: %w", files[0], err)
	}
	return execute(conn, record)
}

// Newest is the version of the newest schema.
func Newest() int {
	files, _ := fs.Glob(migrations, "migration/*.up.sql") // the pattern is well formed
	last := slices.Max(files)
	version, _ := strconv.Atoi(strings.TrimPrefix(last, "migration/")[:3])
	return version
}
