package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/paymux/paymux/internal/groupcommit"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Sixteen columns, as an order has, and the one index that honesty needs.
const orders = `CREATE TABLE orders (id TEXT PRIMARY KEY, merchant TEXT NOT NULL, idem TEXT NOT NULL, status TEXT NOT NULL, amount BIGINT NOT NULL,
 currency TEXT NOT NULL, merchant_order_id TEXT NOT NULL, description TEXT, method TEXT, channel TEXT, account TEXT, return_url TEXT,
 version BIGINT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, expires_at BIGINT, UNIQUE (merchant, idem))`

func openLedger(ctx context.Context, store, database string) (ledger, error) {
	if store == "postgres" {
		return openPostgresLedger(ctx, database)
	}
	return openSQLiteLedger(database)
}

type write struct {
	o   *order
	new bool
}

// sqliteLedger has one writer, as the product has.
type sqliteLedger struct {
	conn   *sqlite.Conn
	writer *groupcommit.Committer[write]
}

func openSQLiteLedger(path string) (ledger, error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		return nil, err
	}
	for _, sql := range []string{"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA wal_autocheckpoint=4000", orders} {
		if err := sqlitex.ExecuteTransient(conn, sql, nil); err != nil {
			return nil, fmt.Errorf("%s: %w", sql, err)
		}
	}
	l := &sqliteLedger{conn: conn}
	l.writer = groupcommit.New(1, 512, l.flush)
	return l, nil
}

func (l *sqliteLedger) flush(group []write) []error {
	errs := make([]error, len(group))
	err := sqlitex.ExecuteTransient(l.conn, "BEGIN IMMEDIATE", nil)
	for i := 0; err == nil && i < len(group); i++ {
		errs[i] = l.write(group[i])
	}
	if err == nil {
		err = sqlitex.ExecuteTransient(l.conn, "COMMIT", nil)
	}
	for i := range errs {
		if err != nil {
			errs[i] = err
		}
	}
	return errs
}

func (l *sqliteLedger) write(w write) error {
	o := w.o
	if !w.new {
		stmt := l.conn.Prep("UPDATE orders SET status = ?, version = version + 1, updated_at = ? WHERE id = ? AND version = 1")
		stmt.BindText(1, o.Status)
		stmt.BindInt64(2, 2)
		stmt.BindText(3, o.ID)
		_, err := stmt.Step()
		stmt.Reset()
		return err
	}
	stmt := l.conn.Prep("INSERT INTO orders VALUES (?,?,?,?,?,?,?,?,?,?,?,?,1,1,1,9)")
	for i, text := range []string{o.ID, "mer_1", o.Key, o.Status} {
		stmt.BindText(i+1, text)
	}
	stmt.BindInt64(5, o.Amount)
	for i, text := range []string{o.Currency, o.MerchantOrderID, o.Description, o.Method.Type, "channel", "account", "https://shop.example/return"} {
		stmt.BindText(i+6, text)
	}
	_, err := stmt.Step()
	stmt.Reset()
	return err
}

func (l *sqliteLedger) insert(ctx context.Context, o *order) error {
	return l.writer.Do(ctx, write{o, true})
}

func (l *sqliteLedger) update(ctx context.Context, o *order) error {
	return l.writer.Do(ctx, write{o, false})
}

func (l *sqliteLedger) Close() error {
	l.writer.Close()
	return l.conn.Close()
}

// postgresLedger has two writers with a connection each, as the product has.
type postgresLedger struct {
	conns  chan *pgx.Conn
	writer *groupcommit.Committer[write]
}

func openPostgresLedger(ctx context.Context, url string) (ledger, error) {
	l := &postgresLedger{conns: make(chan *pgx.Conn, 2)}
	for range 2 {
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			return nil, err
		}
		l.conns <- conn
	}
	conn := <-l.conns
	_, err := conn.Exec(ctx, orders)
	l.conns <- conn
	l.writer = groupcommit.New(2, 512, l.flush)
	return l, err
}

func (l *postgresLedger) flush(group []write) []error {
	conn := <-l.conns
	defer func() { l.conns <- conn }()
	batch := &pgx.Batch{}
	batch.Queue("BEGIN")
	for _, w := range group {
		o := w.o
		if w.new {
			batch.Queue("INSERT INTO orders VALUES ($1,'mer_1',$2,$3,$4,$5,$6,$7,$8,'channel','account','https://shop.example/return',1,1,1,9)",
				o.ID, o.Key, o.Status, o.Amount, o.Currency, o.MerchantOrderID, o.Description, o.Method.Type)
			continue
		}
		batch.Queue("UPDATE orders SET status = $1, version = version + 1, updated_at = 2 WHERE id = $2 AND version = 1", o.Status, o.ID)
	}
	batch.Queue("COMMIT")
	err := conn.SendBatch(context.Background(), batch).Close()
	errs := make([]error, len(group))
	for i := range errs {
		errs[i] = err
	}
	return errs
}

func (l *postgresLedger) insert(ctx context.Context, o *order) error {
	return l.writer.Do(ctx, write{o, true})
}

func (l *postgresLedger) update(ctx context.Context, o *order) error {
	return l.writer.Do(ctx, write{o, false})
}

func (l *postgresLedger) Close() error {
	l.writer.Close()
	for range 2 {
		(<-l.conns).Close(context.Background())
	}
	return nil
}
