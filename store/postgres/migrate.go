package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed migration/*.sql
var migrations embed.FS

// Latest is the newest version of the schema this program knows.
const Latest = math.MaxInt

// migrationLock is the key of the advisory lock that processes starting together take turns by.
const migrationLock = 0x7061796d7578 // "paymux"

type migration struct {
	version  int
	name     string
	up, down string
}

// Migrate brings the schema to a version, up or down; version 0 is an empty
// database. Each step is a transaction of its own. Concurrent calls take turns.
func Migrate(ctx context.Context, url string, version int) error {
	steps, err := loadMigrations()
	if err != nil {
		return err
	}
	cfg, err := pgxpool.ParseConfig(url) // not pgx's own, which does not know the pool's parameters
	if err != nil {
		return fmt.Errorf("read the PostgreSQL URL: %w", err)
	}
	conn, err := pgx.ConnectConfig(ctx, cfg.ConnConfig)
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL to migrate: %w", err)
	}
	// Closing the session gives the lock back.
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return fmt.Errorf("lock the schema: %w", err)
	}
	at, err := schemaVersion(ctx, conn)
	if err != nil {
		return err
	}
	if at > len(steps) {
		return fmt.Errorf("the schema has version %d, newer than the %d this program knows: start a newer paymux", at, len(steps))
	}
	return walk(ctx, conn, steps, at, min(version, len(steps)))
}

func walk(ctx context.Context, conn *pgx.Conn, steps []migration, from, to int) error {
	for ; from < to; from++ {
		step := steps[from]
		if err := apply(ctx, conn, step.up, "INSERT INTO schema_version (version, name) VALUES ($1, $2)", step.version, step.name); err != nil {
			return fmt.Errorf("migrate up to %d %s: %w", step.version, step.name, err)
		}
	}
	for ; from > to; from-- {
		step := steps[from-1]
		if err := apply(ctx, conn, step.down, "DELETE FROM schema_version WHERE version = $1 AND name = $2", step.version, step.name); err != nil {
			return fmt.Errorf("migrate down from %d %s: %w", step.version, step.name, err)
		}
	}
	return nil
}

func apply(ctx context.Context, conn *pgx.Conn, script, note string, args ...any) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, script); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, note, args...)
		return err
	})
}

func schemaVersion(ctx context.Context, conn *pgx.Conn) (version int, err error) {
	const table = `CREATE TABLE IF NOT EXISTS schema_version (
		version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`
	if _, err := conn.Exec(ctx, table); err != nil {
		return 0, fmt.Errorf("make the table of schema versions: %w", err)
	}
	err = conn.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM schema_version").Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("read the schema's version: %w", err)
	}
	return version, nil
}

// loadMigrations reads NNN_name.up.sql and .down.sql, whose numbers count from 1 without a gap.
func loadMigrations() ([]migration, error) {
	files, err := fs.Glob(migrations, "migration/*.up.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	steps := make([]migration, len(files))
	for i, file := range files {
		base := strings.TrimSuffix(file, ".up.sql")
		number, name, _ := strings.Cut(path.Base(base), "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != i+1 {
			return nil, fmt.Errorf("migration %s is not number %d", file, i+1)
		}
		up, err := migrations.ReadFile(file)
		down, downErr := migrations.ReadFile(base + ".down.sql")
		if err := errors.Join(err, downErr); err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		steps[i] = migration{version: version, name: name, up: string(up), down: string(down)}
	}
	return steps, nil
}
