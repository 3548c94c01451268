package sqlite

import (
	"encoding/json"
	"fmt"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
)

type operationDetail struct {
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
}

func operationDoc(o *paymux.Operation) ([]byte, error) {
	return json.Marshal(&operationDetail{
		o.Final, o.Reason, o.PayID, o.Answer, o.ChannelCode, o.ChannelMessage, o.DeclineCode, o.Advice, o.Late, o.Queries, o.AnswerMS, o.IdempotencyKey, o.Hops,
	})
}

const operationColumns = `SELECT id, payment, merchant, kind, state, amount, currency, refund, channel, account, channel_id,
	created_at, sent_at, ended_at, detail FROM operations `

func scanOperation(r *row) (paymux.Operation, error) {
	o := paymux.Operation{
		Object: "operation",
		ID:     paymux.OperationID(r.text()), Payment: paymux.PaymentID(r.text()), Merchant: paymux.MerchantID(r.text()),
		Kind: paymux.OperationKind(r.text()), State: paymux.OperationState(r.text()),
		Amount: r.int(), Currency: paymux.Currency(r.text()), Refund: paymux.RefundID(r.text()),
		Channel: r.text(), Account: r.text(), ChannelID: r.text(), CreatedAt: r.time(), SentAt: r.time(), EndedAt: r.time(),
	}
	var d operationDetail
	if err := r.json(&d); err != nil {
		return o, fmt.Errorf("operation %s: %w", o.ID, err)
	}
	o.Final, o.Reason, o.PayID, o.Answer = d.Final, d.Reason, d.PayID, d.Answer
	o.ChannelCode, o.ChannelMessage, o.DeclineCode, o.Advice = d.ChannelCode, d.ChannelMessage, d.DeclineCode, d.Advice
	o.Late, o.Queries, o.AnswerMS, o.IdempotencyKey, o.Hops = d.Late, d.Queries, d.AnswerMS, d.IdempotencyKey, d.Hops
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

func (w *writer) insertOperation(o *paymux.Operation, doc []byte) error {
	s := w.prepare(`INSERT INTO operations (payment, id, merchant, kind, created_at,
	state, amount, currency, refund, channel, account, channel_id, sent_at, ended_at, detail)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	s.text(string(o.Payment))
	s.text(string(o.ID))
	s.text(string(o.Merchant))
	s.text(string(o.Kind))
	s.time(o.CreatedAt)
	s.operation(o, doc)
	_, err := w.exec(&s)
	return err
}

func (w *writer) updateOperation(o *paymux.Operation, doc []byte) error {
	s := w.prepare(`UPDATE operations SET state = ?, amount = ?, currency = ?, refund = ?, channel = ?, account = ?, channel_id = ?,
	sent_at = ?, ended_at = ?, detail = ? WHERE payment = ? AND id = ?`)
	s.operation(o, doc)
	s.text(string(o.Payment))
	s.text(string(o.ID))
	return w.mustChange(&s)
}

// operation binds what of an operation may change.
func (s *statement) operation(o *paymux.Operation, doc []byte) {
	s.text(string(o.State))
	s.int(o.Amount)
	s.text(string(o.Currency))
	s.text(string(o.Refund))
	s.text(o.Channel)
	s.text(o.Account)
	s.text(o.ChannelID)
	s.time(o.SentAt)
	s.time(o.EndedAt)
	s.json(doc)
}
