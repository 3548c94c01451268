package postgres

import (
	"encoding/json"
	"fmt"

	"github.com/paymux/paymux"
)

// operationJSON is an operation's detail column: all of it, and what merchants do not see.
type operationJSON struct {
	*paymux.Operation
	IdempotencyKey string       `json:"idempotency_key,omitempty"`
	Hops           []paymux.Hop `json:"hops,omitempty"`
}

func operationDetail(o *paymux.Operation) (string, error) {
	return marshal(&operationJSON{o, o.IdempotencyKey, o.Hops})
}

func decodeOperation(columns paymux.Operation, detail []byte) (paymux.Operation, error) {
	var o paymux.Operation
	whole := operationJSON{Operation: &o}
	if err := json.Unmarshal(detail, &whole); err != nil {
		return o, fmt.Errorf("detail of operation %s: %w", columns.ID, err)
	}
	o.IdempotencyKey, o.Hops = whole.IdempotencyKey, whole.Hops
	o.ID, o.State, o.Amount, o.Merchant = columns.ID, columns.State, columns.Amount, columns.Merchant
	return o, nil
}

type operationRow = row[paymux.Operation]

func operationID(r operationRow) string { return string(r.noun.ID) }

func (g *group) insertOperations() {
	rows := gather(g, func(e *entry) []operationRow { return e.new })
	if len(rows) == 0 {
		return
	}
	g.add(statement{
		sql: `INSERT INTO operations (id, payment, merchant, kind, state, amount, currency, detail)
		SELECT id, payment, merchant, kind, state, amount, currency, detail
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[])
			AS u (id, payment, merchant, kind, state, amount, currency, detail)`,
		args: []any{
			column(rows, operationID),
			column(rows, func(r operationRow) string { return string(r.noun.Payment) }),
			column(rows, func(r operationRow) string { return string(r.noun.Merchant) }),
			column(rows, func(r operationRow) string { return string(r.noun.Kind) }),
			column(rows, func(r operationRow) string { return string(r.noun.State) }),
			column(rows, func(r operationRow) int64 { return r.noun.Amount }),
			column(rows, func(r operationRow) string { return string(r.noun.Currency) }),
			column(rows, func(r operationRow) string { return r.detail }),
		},
	})
}

// replaceOperations needs no lock order of its own: the version of an operation's payment guards it.
func (g *group) replaceOperations() {
	rows := gather(g, func(e *entry) []operationRow { return e.operations })
	if len(rows) == 0 {
		return
	}
	g.add(statement{
		sql: `UPDATE operations o SET state = u.state, amount = u.amount, detail = u.detail
		FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) WITH ORDINALITY AS u (id, state, amount, detail, number)
		WHERE o.id = u.id RETURNING u.number`,
		args: []any{
			column(rows, operationID),
			column(rows, func(r operationRow) string { return string(r.noun.State) }),
			column(rows, func(r operationRow) int64 { return r.noun.Amount }),
			column(rows, func(r operationRow) string { return r.detail }),
		},
		returned: byOrdinal, owners: owners(rows), refusal: errMissing,
	})
}
