package sqlite

import (
	"fmt"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
)

// operationDetail is what of an operation no CHECK is about. Times are microseconds.
type operationDetail struct {
	Refund         paymux.RefundID       `json:"refund,omitempty"`
	Channel        string                `json:"channel,omitempty"`
	Account        string                `json:"account,omitempty"`
	ChannelID      string                `json:"channel_id,omitempty"`
	CreatedAt      int64                 `json:"created_at,omitempty"`
	SentAt         int64                 `json:"sent_at,omitempty"`
	EndedAt        int64                 `json:"ended_at,omitempty"`
	Final          bool                  `json:"final,omitempty"`
	Reason         string                `json:"reason,omitempty"`
	PayID          paymux.OperationID    `json:"pay_operation,omitempty"`
	Answer         paymux.OperationState `json:"answer,omitempty"`
	ChannelCode    string                `json:"channel_code,omitempty"`
	ChannelMessage string                `json:"channel_message,omitempty"`
	DeclineCode    paymux.DeclineCode    `json:"decline_code,omitempty"`
	Advice         paymux.Advice         `json:"advice,omitempty"`
	Late           bool                  `json:"late,omitempty"`
	Queries        int                   `json:"queries,omitempty"`
	AnswerMS       int64                 `json:"answer_ms,omitempty"`
	IdempotencyKey string                `json:"idempotency_key,omitempty"`
	Hops           []paymux.Hop          `json:"hops,omitempty"`
	Trace          string                `json:"trace,omitempty"`
	Quotas         []paymux.QuotaUse     `json:"quotas,omitempty"`
	QuotasBack     bool                  `json:"quotas_back,omitempty"`
}

func operationDoc(o *paymux.Operation) (string, error) {
	return text(&operationDetail{
		o.Refund, o.Channel, o.Account, o.ChannelID, micros(o.CreatedAt), micros(o.SentAt), micros(o.EndedAt),
		o.Final, o.Reason, o.PayID, o.Answer, o.ChannelCode, o.ChannelMessage, o.DeclineCode, o.Advice, o.Late, o.Queries, o.AnswerMS, o.IdempotencyKey, o.Hops, o.Trace,
		o.Quotas, o.QuotasBack,
	})
}

const operationColumns = `SELECT id, kind, state, amount, currency, detail FROM operations `

// scanOperation reads an operation of a payment.
func scanOperation(r *row, p *paymux.Payment) (paymux.Operation, error) {
	o := paymux.Operation{
		Object: "operation", Payment: p.ID, Merchant: p.Merchant,
		ID: paymux.OperationID(r.text()), Kind: paymux.OperationKind(r.text()), State: paymux.OperationState(r.text()),
		Amount: r.int(), Currency: paymux.Currency(r.text()),
	}
	var d operationDetail
	if err := r.json(&d); err != nil {
		return o, fmt.Errorf("operation %s: %w", o.ID, err)
	}
	o.Refund, o.Channel, o.Account, o.ChannelID = d.Refund, d.Channel, d.Account, d.ChannelID
	o.CreatedAt, o.SentAt, o.EndedAt = instant(d.CreatedAt), instant(d.SentAt), instant(d.EndedAt)
	o.Final, o.Reason, o.PayID, o.Answer = d.Final, d.Reason, d.PayID, d.Answer
	o.ChannelCode, o.ChannelMessage, o.DeclineCode, o.Advice = d.ChannelCode, d.ChannelMessage, d.DeclineCode, d.Advice
	o.Late, o.Queries, o.AnswerMS, o.IdempotencyKey, o.Hops, o.Trace = d.Late, d.Queries, d.AnswerMS, d.IdempotencyKey, d.Hops, d.Trace
	o.Quotas, o.QuotasBack = d.Quotas, d.QuotasBack
	return o, nil
}

func (w *writer) changeOperations(c *payment.Change, d documents) error {
	for i := range c.New {
		if err := w.insertOperation(&c.New[i], d.new[i]); err != nil {
			return fmt.Errorf("insert operation %s: %w", c.New[i].ID, err)
		}
	}
	for i := range c.Operations {
		if err := w.updateOperation(&c.Operations[i], d.operations[i]); err != nil {
			return fmt.Errorf("update operation %s: %w", c.Operations[i].ID, err)
		}
	}
	return nil
}

func (w *writer) insertOperation(o *paymux.Operation, doc string) error {
	s := w.prepare(`INSERT INTO operations (n, id, payment, kind, state, amount, currency, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
	s.identity(string(o.ID))
	s.number(string(o.Payment))
	s.text(string(o.Kind))
	s.operation(o, doc)
	_, err := w.exec(&s)
	return err
}

func (w *writer) updateOperation(o *paymux.Operation, doc string) error {
	s := w.prepare(`UPDATE operations SET state = ?, amount = ?, currency = ?, detail = ? WHERE n = ? AND id = ?`)
	s.operation(o, doc)
	s.identity(string(o.ID))
	return w.mustChange(&s)
}

// operation binds what of an operation may change.
func (s *statement) operation(o *paymux.Operation, doc string) {
	s.text(string(o.State))
	s.int(o.Amount)
	s.text(string(o.Currency))
	s.text(doc)
}
