package channelrpc

import (
	"errors"
	"fmt"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// NewOperation is an operation as it goes over the wire: with card data in clear.
func NewOperation(o *channel.Operation) Operation {
	w := Operation{
		ID: o.ID, Kind: o.Kind, Amount: o.Money.Amount, Currency: o.Money.Currency, Payment: o.Payment, Livemode: o.Livemode,
		Manual: o.Manual, MerchantOrderID: o.MerchantOrderID, Description: o.Description,
		ReturnURL: o.ReturnURL, CallbackURL: o.CallbackURL, PageURL: o.PageURL, ExpiresAt: o.ExpiresAt,
		PayID: o.PayID, ChannelID: o.ChannelID, PayAmount: o.PayMoney.Amount, PayCurrency: o.PayMoney.Currency,
		Final: o.Final, Reason: o.Reason, SentAt: o.SentAt,
	}
	if o.Method != (paymux.Method{}) {
		w.Method = &o.Method
	}
	if o.Client != (paymux.Client{}) {
		w.Client = &o.Client
	}
	if c := o.Card; c != nil {
		w.Card = &Card{Token: c.Token.Reveal(), Number: c.Number.Reveal(), CVC: c.CVC.Reveal(), ExpMonth: c.ExpMonth, ExpYear: c.ExpYear}
	}
	return w
}

func (w *Operation) operation() channel.Operation {
	o := channel.Operation{
		ID: w.ID, Kind: w.Kind, Money: paymux.Money{Amount: w.Amount, Currency: w.Currency}, Payment: w.Payment, Livemode: w.Livemode,
		Manual: w.Manual, MerchantOrderID: w.MerchantOrderID, Description: w.Description,
		ReturnURL: w.ReturnURL, CallbackURL: w.CallbackURL, PageURL: w.PageURL, ExpiresAt: w.ExpiresAt,
		PayID: w.PayID, ChannelID: w.ChannelID, PayMoney: paymux.Money{Amount: w.PayAmount, Currency: w.PayCurrency},
		Final: w.Final, Reason: w.Reason, SentAt: w.SentAt,
	}
	if w.Method != nil {
		o.Method = *w.Method
	}
	if w.Client != nil {
		o.Client = *w.Client
	}
	if c := w.Card; c != nil {
		o.Card = &paymux.CardDetails{
			Token: paymux.Secret(c.Token), Number: paymux.Secret(c.Number), CVC: paymux.Secret(c.CVC), ExpMonth: c.ExpMonth, ExpYear: c.ExpYear,
		}
	}
	return o
}

func toResult(r *channel.Result) Result {
	return Result{
		State: r.State, Amount: r.Money.Amount, Currency: r.Money.Currency, ChannelID: r.ChannelID, NextAction: r.NextAction,
		Card: r.Card, Code: r.Code, Message: r.Message, DeclineCode: r.DeclineCode, Advice: r.Advice, Retryable: r.Retryable,
	}
}

func (w *Result) result() channel.Result {
	return channel.Result{
		State: w.State, Money: paymux.Money{Amount: w.Amount, Currency: w.Currency}, ChannelID: w.ChannelID, NextAction: w.NextAction,
		Card: w.Card, Code: w.Code, Message: w.Message, DeclineCode: w.DeclineCode, Advice: w.Advice, Retryable: w.Retryable,
	}
}

func toCallback(c *channel.Callback) Callback {
	w := Callback{ID: c.ID, Operation: c.Operation}
	if c.Operation != "" {
		r := toResult(&c.Result)
		w.Result = &r
	}
	if d := c.Dispute; d != nil {
		w.Dispute = &Dispute{ChannelID: d.ChannelID, Operation: d.Operation, Status: d.Status, Amount: d.Money.Amount, Currency: d.Money.Currency, Reason: d.Reason}
	}
	if a := c.Ack; a.Status != 0 || a.ContentType != "" || len(a.Body) > 0 {
		w.Ack = &Ack{Status: a.Status, ContentType: a.ContentType, Body: a.Body}
	}
	return w
}

// refusals are the verdicts on a callback by their words on the wire, the more special ones first.
var refusals = []struct {
	word    string
	verdict error
}{{"foreign", channel.ErrForeign}, {"forged", channel.ErrForged}, {"stale", channel.ErrStale}, {"malformed", channel.ErrMalformed}}

// refused returns the word for a verdict on a callback; empty where err is none.
func refused(err error) string {
	for _, r := range refusals {
		if errors.Is(err, r.verdict) {
			return r.word
		}
	}
	return ""
}

// verdictOf is what a word means. One of a later contract: not to be believed, whatever it says.
func verdictOf(word string) error {
	for _, r := range refusals {
		if r.word == word {
			return r.verdict
		}
	}
	return channel.ErrMalformed
}

// callback returns the verdict, where it is one, as the error it was.
func (w *Callback) callback() (channel.Callback, error) {
	c := channel.Callback{ID: w.ID, Operation: w.Operation}
	if w.Refused != "" {
		return c, fmt.Errorf("%w: %s", verdictOf(w.Refused), w.Reason)
	}
	if w.Result != nil {
		c.Result = w.Result.result()
	}
	if d := w.Dispute; d != nil {
		c.Dispute = &channel.Dispute{
			ChannelID: d.ChannelID, Operation: d.Operation, Status: d.Status,
			Money: paymux.Money{Amount: d.Amount, Currency: d.Currency}, Reason: d.Reason,
		}
	}
	if a := w.Ack; a != nil {
		c.Ack = channel.Ack{Status: a.Status, ContentType: a.ContentType, Body: a.Body}
	}
	return c, nil
}

func toLine(l *channel.StatementLine) StatementLine {
	return StatementLine{
		Operation: l.Operation, ChannelID: l.ChannelID, Kind: l.Kind, Amount: l.Money.Amount, Currency: l.Money.Currency, Fee: l.Fee, At: l.At,
	}
}

func (w *StatementLine) line() channel.StatementLine {
	return channel.StatementLine{
		Operation: w.Operation, ChannelID: w.ChannelID, Kind: w.Kind,
		Money: paymux.Money{Amount: w.Amount, Currency: w.Currency}, Fee: w.Fee, At: w.At,
	}
}
