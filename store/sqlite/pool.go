package sqlite

import (
	"context"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"

	"github.com/paymux/paymux"
)

// pool is the connections that read. The driver's own pool starts a goroutine
// for each borrower, to interrupt long queries; there are none here.
type pool struct {
	free   chan *sqlite.Conn
	closed chan struct{}
	size   int
}

var errClosed = errors.New("sqlite: the store is closed")

func openPool(path string, size int) (*pool, error) {
	p := &pool{free: make(chan *sqlite.Conn, size), closed: make(chan struct{})}
	for range size {
		conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.free <- conn
		p.size++
	}
	return p, nil
}

// close waits for readers to end.
func (p *pool) close() error {
	close(p.closed)
	var errs []error
	for range p.size {
		errs = append(errs, (<-p.free).Close())
	}
	return errors.Join(errs...)
}

// with lends a connection.
func (p *pool) with(ctx context.Context, do func(*sqlite.Conn) error) error {
	select {
	case <-p.closed:
		return errClosed
	default:
	}
	select {
	case conn := <-p.free:
		defer func() { p.free <- conn }()
		return do(conn)
	case <-p.closed:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// snapshot lends a connection on which all queries see the same commits.
func (p *pool) snapshot(ctx context.Context, do func(*sqlite.Conn) error) error {
	return p.with(ctx, func(conn *sqlite.Conn) error {
		begin, end := prepare(conn, "BEGIN"), prepare(conn, "COMMIT")
		if _, err := begin.exec(); err != nil {
			return err
		}
		err := do(conn)
		if _, eerr := end.exec(); err == nil {
			err = eerr
		}
		return err
	})
}

// query reads a list.
func query[T any](ctx context.Context, p *pool, sql string, bind func(*statement), scan func(*row) (T, error)) (list []T, err error) {
	err = p.with(ctx, func(conn *sqlite.Conn) error {
		list, err = read(conn, sql, bind, scan)
		return err
	})
	return list, err
}

// one reads a single row. what names it in the error where there is none, which is paymux.NotFound.
func one[T any](ctx context.Context, p *pool, what, sql string, bind func(*statement), scan func(*row) (T, error)) (v T, err error) {
	list, err := query(ctx, p, sql, bind, scan)
	if err != nil {
		return v, fmt.Errorf("load %s: %w", what, err)
	}
	if len(list) == 0 {
		return v, notFound(what)
	}
	return list[0], nil
}

func read[T any](conn *sqlite.Conn, sql string, bind func(*statement), scan func(*row) (T, error)) (list []T, err error) {
	s := prepare(conn, sql)
	bind(&s)
	err = s.rows(func(r *row) (bool, error) {
		v, err := scan(r)
		list = append(list, v)
		return true, err
	})
	return list, err
}

func notFound(what string) error {
	return paymux.Errorf(paymux.NotFound, "There is no %s.", what)
}
