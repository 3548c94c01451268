package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/paymux/paymux"
)

// list runs a query and scans its rows.
func list[T any](ctx context.Context, s *Store, what, sql string, args []any, scan func(pgx.CollectableRow) (T, error)) ([]T, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, fault(err, "list %s", what)
	}
	all, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fault(err, "list %s", what)
	}
	return all, nil
}

// one runs a query of at most one row and scans it; none is paymux.NotFound.
func one[T any](ctx context.Context, s *Store, kind, id, sql string, args []any, scan func(pgx.CollectableRow) (T, error)) (T, error) {
	var none T
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return none, fault(err, "load %s %s", kind, id)
	}
	noun, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return none, notFound(kind, id)
	}
	if err != nil {
		return none, fault(err, "load %s %s", kind, id)
	}
	return noun, nil
}

func notFound(kind, id string) error {
	return paymux.Errorf(paymux.NotFound, "There is no %s %s.", kind, id)
}

// fault wraps a driver's error. A server that cannot be reached or is starting is paymux.Unavailable.
func fault(err error, doing string, args ...any) error {
	err = fmt.Errorf(doing+": %w", append(args, err)...)
	var connect *pgconn.ConnectError
	var server *pgconn.PgError
	if errors.As(err, &connect) || errors.As(err, &server) && server.Code[:2] == "57" {
		return paymux.Errorf(paymux.Unavailable, "The store cannot be reached. Try again.").Because(err)
	}
	return err
}
