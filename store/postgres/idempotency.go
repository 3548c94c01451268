package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
)

type idempotencyRow = row[paymux.Idempotency]

// requestKey identifies a request. A merchant's ID has no space, so two keys are never taken for one.
func requestKey(r idempotencyRow) string { return string(r.noun.Merchant) + " " + r.noun.Key }

func appendIdempotency(r *record, i *paymux.Idempotency) {
	r.open(idempotencyTable)
	r.text(string(i.Merchant))
	r.text(i.Key)
	r.bytes(i.Fingerprint)
	r.text(i.Object)
	r.time(i.CreatedAt)
	r.bytes(i.Answer)
}

func (g *group) begin() {
	rows := gather(g, func(e *entry) []idempotencyRow { return e.begin })
	if len(rows) == 0 {
		return
	}
	sortRows(rows, requestKey)
	g.add(g.ifFree(statement{
		sql: idempotencyTable.insert(), rows: array(g.types, idempotencyTable, rows),
		returned: byKey(rows, requestKey), owners: owners(rows), refusal: paymux.ErrKeyTaken,
	}, "merchant || ' ' || key"))
}

// finish sets answers. A record that has been pruned meanwhile is passed over.
func (g *group) finish() {
	rows := gather(g, func(e *entry) []idempotencyRow { return e.finish })
	if len(rows) == 0 {
		return
	}
	sortRows(rows, requestKey)
	g.add(statement{
		sql:  "UPDATE idempotency i SET answer = u.answer" + idempotencyTable.from() + " u WHERE i.merchant = u.merchant AND i.key = u.key",
		rows: array(g.types, idempotencyTable, rows),
	})
}

// notNull makes of nil, which the driver writes as NULL, no bytes.
func notNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// keep inserts a complete record in another write's transaction; a nil one is passed over.
func keep(ctx context.Context, tx pgx.Tx, i *paymux.Idempotency) error {
	if i == nil {
		return nil
	}
	tag, err := tx.Exec(ctx, `INSERT INTO idempotency (merchant, key, fingerprint, object, created_at, answer)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		string(i.Merchant), i.Key, notNull(i.Fingerprint), i.Object, i.CreatedAt, notNull(i.Answer))
	if err == nil && tag.RowsAffected() == 0 {
		return paymux.ErrKeyTaken
	}
	return err
}

// Idempotency implements payment.Store and access.Answers.
func (s *Store) Idempotency(ctx context.Context, merchant paymux.MerchantID, key string) (paymux.Idempotency, error) {
	const sql = "SELECT merchant, key, fingerprint, object, created_at, answer FROM idempotency WHERE merchant = $1 AND key = $2"
	return one(ctx, s, "idempotency key", key, sql, []any{string(merchant), key}, func(row pgx.CollectableRow) (i paymux.Idempotency, err error) {
		err = row.Scan(&i.Merchant, &i.Key, &i.Fingerprint, &i.Object, &i.CreatedAt, &i.Answer)
		i.CreatedAt = i.CreatedAt.UTC()
		return i, err
	})
}

// PruneIdempotency deletes at most limit records made before a time, oldest first, and returns how many.
func (s *Store) PruneIdempotency(ctx context.Context, before time.Time, limit int) (int, error) {
	const sql = `DELETE FROM idempotency WHERE (merchant, key) IN
		(SELECT merchant, key FROM idempotency WHERE created_at < $1 ORDER BY created_at LIMIT $2)`
	pruned := 0
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sql, before, limit)
		pruned = int(tag.RowsAffected())
		return err
	})
	if err != nil {
		return 0, fault(err, "prune idempotency records")
	}
	return pruned, nil
}
