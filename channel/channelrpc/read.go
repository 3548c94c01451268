package channelrpc

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/paymux/paymux"
)

// What every payment sends is read by hand where it has the form that AppendJSON gives it: members in their order,
// no blanks. All else, such as what other languages write and members of later contracts, is left to
// encoding/json, so that both give the same for anything that comes.

// ReadJSON reads the request into q, which is zero.
func (q *DoRequest) ReadJSON(b []byte) error {
	if readRequest(b, &q.Operation) {
		return nil
	}
	*q = DoRequest{}
	return json.Unmarshal(b, q)
}

// ReadJSON reads the request into q, which is zero.
func (q *QueryRequest) ReadJSON(b []byte) error {
	if readRequest(b, &q.Operation) {
		return nil
	}
	*q = QueryRequest{}
	return json.Unmarshal(b, q)
}

// ReadJSON reads the result into w, which is zero.
func (w *Result) ReadJSON(b []byte) error {
	if readResult(b, w) {
		return nil
	}
	*w = Result{}
	return json.Unmarshal(b, w)
}

// readRequest reports whether it has read a request; if not, op holds anything.
func readRequest(b []byte, op *Operation) bool {
	r := &reader{b: b}
	r.take('{')
	if r.member("operation") {
		r.operation(op)
	}
	return r.end()
}

func readResult(b []byte, w *Result) bool {
	r := &reader{b: b}
	r.take('{')
	text(r, "state", &w.State)
	integer(r, "amount", &w.Amount)
	text(r, "currency", &w.Currency)
	text(r, "channel_id", &w.ChannelID)
	if r.member("next_action") {
		w.NextAction = &paymux.NextAction{}
		r.action(w.NextAction)
	}
	r.summary(&w.Card)
	text(r, "code", &w.Code)
	text(r, "message", &w.Message)
	text(r, "decline_code", &w.DeclineCode)
	text(r, "advice", &w.Advice)
	r.flag("retryable", &w.Retryable)
	return r.end()
}

func (r *reader) operation(w *Operation) {
	r.take('{')
	text(r, "id", &w.ID)
	text(r, "kind", &w.Kind)
	integer(r, "amount", &w.Amount)
	text(r, "currency", &w.Currency)
	text(r, "payment", &w.Payment)
	r.flag("livemode", &w.Livemode)
	if r.member("method") {
		w.Method = &paymux.Method{}
		r.method(w.Method)
	}
	if r.member("card") {
		w.Card = &Card{}
		r.card(w.Card)
	}
	r.flag("manual", &w.Manual)
	text(r, "merchant_order_id", &w.MerchantOrderID)
	text(r, "description", &w.Description)
	text(r, "return_url", &w.ReturnURL)
	text(r, "callback_url", &w.CallbackURL)
	text(r, "page_url", &w.PageURL)
	r.time("expires_at", &w.ExpiresAt)
	if r.member("client") {
		w.Client = &paymux.Client{}
		r.take('{')
		text(r, "ip", &w.Client.IP)
		text(r, "country", &w.Client.Country)
		r.take('}')
	}
	text(r, "pay_id", &w.PayID)
	text(r, "channel_id", &w.ChannelID)
	integer(r, "pay_amount", &w.PayAmount)
	text(r, "pay_currency", &w.PayCurrency)
	r.flag("final", &w.Final)
	text(r, "reason", &w.Reason)
	r.time("sent_at", &w.SentAt)
	r.take('}')
}

func (r *reader) method(m *paymux.Method) {
	r.take('{')
	text(r, "type", &m.Type)
	r.summary(&m.Card)
	text(r, "flow", &m.Flow)
	text(r, "payer_id", &m.PayerID)
	r.take('}')
}

// summary reads the member "card" where it is what may be shown of one.
func (r *reader) summary(into **paymux.CardSummary) {
	if !r.member("card") {
		return
	}
	c := &paymux.CardSummary{}
	*into = c
	r.take('{')
	text(r, "brand", &c.Brand)
	text(r, "last4", &c.Last4)
	integer(r, "exp_month", &c.ExpMonth)
	integer(r, "exp_year", &c.ExpYear)
	r.take('}')
}

func (r *reader) card(c *Card) {
	r.take('{')
	text(r, "token", &c.Token)
	text(r, "number", &c.Number)
	text(r, "cvc", &c.CVC)
	integer(r, "exp_month", &c.ExpMonth)
	integer(r, "exp_year", &c.ExpYear)
	r.take('}')
}

// action knows the two commonest.
func (r *reader) action(a *paymux.NextAction) {
	r.take('{')
	text(r, "type", &a.Type)
	if r.member("redirect") {
		a.Redirect = &paymux.Redirect{}
		r.take('{')
		text(r, "url", &a.Redirect.URL)
		text(r, "method", &a.Redirect.Method)
		r.take('}')
	}
	if r.member("display_qr") {
		a.DisplayQR = &paymux.DisplayQR{}
		r.take('{')
		text(r, "brand", &a.DisplayQR.Brand)
		text(r, "data", &a.DisplayQR.Data)
		text(r, "image_url", &a.DisplayQR.ImageURL)
		r.time("expires_at", &a.DisplayQR.ExpiresAt)
		r.take('}')
	}
	r.take('}')
}

// reader goes through an object's members in the order in which they are asked for. What it does not understand it gives up.
type reader struct {
	b     []byte
	i     int
	given bool // up
	first bool // no member was read of the object
}

// take reads a brace.
func (r *reader) take(c byte) {
	if r.i >= len(r.b) || r.b[r.i] != c {
		r.given = true
		return
	}
	r.i++
	r.first = c == '{'
}

// end reads the last brace and reports whether all was understood.
func (r *reader) end() bool {
	r.take('}')
	return !r.given && r.i == len(r.b)
}

// member reads a member's name and colon, where it is the next.
func (r *reader) member(name string) bool {
	i := r.i
	if !r.first {
		if i >= len(r.b) || r.b[i] != ',' {
			return false
		}
		i++
	}
	end := i + len(name) + 2
	if r.given || end >= len(r.b) || r.b[i] != '"' || string(r.b[i+1:end-1]) != name || r.b[end-1] != '"' || r.b[end] != ':' {
		return false
	}
	r.i, r.first = end+1, false
	return true
}

func text[T ~string](r *reader, name string, into *T) {
	if r.member(name) {
		*into = T(r.text())
	}
}

// text reads a string. One with escapes other than those of web addresses is left to encoding/json.
func (r *reader) text() string {
	quoted, plain := r.quoted()
	if r.given {
		return ""
	}
	if plain {
		return string(quoted[1 : len(quoted)-1])
	}
	if s, ok := address(quoted[1 : len(quoted)-1]); ok {
		return s
	}
	var s string
	r.given = json.Unmarshal(quoted, &s) != nil
	return s
}

// address reads an ASCII text whose only escapes are of ampersands, as queries have them.
func address(s []byte) (string, bool) {
	const escape = `\u0026`
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' {
			if end := i + len(escape); end > len(s) || string(s[i:end]) != escape {
				return "", false
			}
			i += len(escape) - 1
			c = '&'
		} else if c < ' ' || c >= utf8.RuneSelf {
			return "", false
		}
		out = append(out, c)
	}
	return string(out), true
}

// quoted is a string as it stands there. It is plain where its bytes are its text.
func (r *reader) quoted() (s []byte, plain bool) {
	from := r.i
	if from >= len(r.b) || r.b[from] != '"' {
		r.given = true
		return nil, false
	}
	plain, ascii := true, true
	for i := from + 1; i < len(r.b); i++ {
		switch c := r.b[i]; {
		case c == '"':
			r.i = i + 1
			s = r.b[from:r.i]
			return s, plain && (ascii || utf8.Valid(s))
		case c == '\\':
			plain = false
			i++
		case c < ' ':
			plain = false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	r.given = true
	return nil, false
}

func integer[T int | int64](r *reader, name string, into *T) {
	if !r.member(name) {
		return
	}
	v := r.int()
	*into = T(v)
	r.given = r.given || int64(*into) != v
}

// int reads a whole number of at most 18 digits.
func (r *reader) int() int64 {
	from := r.i
	if r.i < len(r.b) && r.b[r.i] == '-' {
		r.i++
	}
	digits := r.i
	for r.i < len(r.b) && '0' <= r.b[r.i] && r.b[r.i] <= '9' {
		r.i++
	}
	if n := r.i - digits; n == 0 || n > 18 || n > 1 && r.b[digits] == '0' {
		r.given = true
		return 0
	}
	v, err := strconv.ParseInt(string(r.b[from:r.i]), 10, 64)
	r.given = r.given || err != nil
	return v // what follows is no part of a number, or the next member is not found
}

func (r *reader) flag(name string, into *bool) {
	if !r.member(name) {
		return
	}
	for _, word := range []string{"true", "false"} {
		if end := r.i + len(word); end <= len(r.b) && string(r.b[r.i:end]) == word {
			r.i, *into = end, word == "true"
			return
		}
	}
	r.given = true
}

func (r *reader) time(name string, into *time.Time) {
	if !r.member(name) {
		return
	}
	if quoted, plain := r.quoted(); !plain || into.UnmarshalJSON(quoted) != nil {
		r.given = true
	}
}
