package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/paymux/paymux"
)

// query runs a query and scans its rows. One that a lost connection cut short is run again:
// the pool may hold connections to a server that has been restarted since.
func query[T any](ctx context.Context, pool *pgxpool.Pool, sql string, args []any, scan func(pgx.CollectableRow) (T, error)) ([]T, error) {
	all, err := queryOnce(ctx, pool, sql, args, scan)
	if lost(ctx, err) {
		pool.Reset()
		all, err = queryOnce(ctx, pool, sql, args, scan)
	}
	return all, err
}

func queryOnce[T any](ctx context.Context, pool *pgxpool.Pool, sql string, args []any, scan func(pgx.CollectableRow) (T, error)) ([]T, error) {
	rows, err := pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// lost reports whether err may come from a connection that was lost, in doubt yes.
func lost(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil {
		return false
	}
	var server *pgconn.PgError
	return !errors.As(err, &server) || strings.HasPrefix(server.Code, "57P")
}

// list is query for lists.
func list[T any](ctx context.Context, s *Store, what, sql string, args []any, scan func(pgx.CollectableRow) (T, error)) ([]T, error) {
	return listFrom(ctx, s.pool, what, sql, args, scan)
}

func listFrom[T any](ctx context.Context, pool *pgxpool.Pool, what, sql string, args []any, scan func(pgx.CollectableRow) (T, error)) ([]T, error) {
	all, err := query(ctx, pool, sql, args, scan)
	if err != nil {
		return nil, fault(err, "list %s", what)
	}
	return all, nil
}

// one is query for what has at most one row; none is paymux.NotFound.
func one[T any](ctx context.Context, s *Store, kind, id, sql string, args []any, scan func(pgx.CollectableRow) (T, error)) (T, error) {
	var none T
	all, err := query(ctx, s.pool, sql, args, scan)
	if err != nil {
		return none, fault(err, "load %s %s", kind, id)
	}
	if len(all) == 0 {
		return none, notFound(kind, id)
	}
	return all[0], nil
}

func notFound(kind, id string) error {
	return paymux.Errorf(paymux.NotFound, "There is no %s %s.", kind, id)
}

// fault wraps a driver's error. A server that cannot be reached, is starting or went away is paymux.Unavailable.
func fault(err error, doing string, args ...any) error {
	err = fmt.Errorf(doing+": %w", append(args, err)...)
	if away(err) {
		return paymux.Errorf(paymux.Unavailable, "The store cannot be reached. Repeat the request with the same Idempotency-Key.").Because(err)
	}
	return err
}

// away reports whether err says that the server is not there, or went away in the middle.
func away(err error) bool {
	var connect *pgconn.ConnectError
	var server *pgconn.PgError
	var network *net.OpError
	switch {
	case errors.As(err, &connect), errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return true
	case errors.As(err, &server):
		return strings.HasPrefix(server.Code, "57P")
	}
	return false
}
