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
	Trace          string       `json:"trace,omitempty"`

	Quotas     []paymux.QuotaUse `json:"quotas,omitempty"`
	QuotasBack bool              `json:"quotas_back,omitempty"`
}

func appendOperation(r *record, o *paymux.Operation) {
	r.open(operationTable)
	r.text(string(o.ID))
	r.text(string(o.Payment))
	r.text(string(o.Merchant))
	r.text(string(o.Kind))
	r.text(string(o.State))
	r.number(o.Amount)
	r.text(string(o.Currency))
	r.json(&operationJSON{o, o.IdempotencyKey, o.Hops, o.Trace, o.Quotas, o.QuotasBack})
}

func decodeOperation(columns paymux.Operation, detail []byte) (paymux.Operation, error) {
	var o paymux.Operation
	whole := operationJSON{Operation: &o}
	if err := json.Unmarshal(detail, &whole); err != nil {
		return o, fmt.Errorf("detail of operation %s: %w", columns.ID, err)
	}
	o.IdempotencyKey, o.Hops, o.Trace = whole.IdempotencyKey, whole.Hops, whole.Trace
	o.Quotas, o.QuotasBack = whole.Quotas, whole.QuotasBack
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
	g.add(statement{sql: operationTable.insert(), rows: array(g.types, operationTable, rows)})
}

// replaceOperations needs no lock order of its own: the version of an operation's payment guards it.
func (g *group) replaceOperations() {
	rows := gather(g, func(e *entry) []operationRow { return e.operations })
	if len(rows) == 0 {
		return
	}
	g.add(statement{
		sql:  `UPDATE operations o SET state = u.state, amount = u.amount, detail = u.detail` + operationTable.from() + ` u WHERE o.id = u.id RETURNING o.id`,
		rows: array(g.types, operationTable, rows), returned: byKey(rows, operationID), owners: owners(rows), refusal: errMissing,
	})
}
