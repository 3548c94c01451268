package channelrpc

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/paymux/paymux"
)

// What every payment sends is written by hand, byte for byte what encoding/json makes of it, at a fraction of the
// cost. append_test.go holds the two together. read.go is the other end.

// AppendJSON appends the request as JSON.
func (q DoRequest) AppendJSON(b []byte) ([]byte, error) { return appendRequest(b, &q.Operation, q) }

// AppendJSON appends the request as JSON.
func (q QueryRequest) AppendJSON(b []byte) ([]byte, error) { return appendRequest(b, &q.Operation, q) }

func appendRequest(b []byte, op *Operation, all any) ([]byte, error) {
	o := object{b: append(b, `{"operation":{`...)}
	o.operation(op)
	return o.end(b, all, "}}")
}

// AppendJSON appends the result as JSON.
func (w Result) AppendJSON(b []byte) ([]byte, error) {
	o := object{b: append(b, '{')}
	o.text("state", string(w.State))
	o.someInt("amount", w.Amount)
	o.some("currency", string(w.Currency))
	o.some("channel_id", w.ChannelID)
	if w.NextAction != nil {
		o.action(w.NextAction)
	}
	if w.Card != nil {
		o.any("card", w.Card)
	}
	o.some("code", w.Code)
	o.some("message", w.Message)
	o.some("decline_code", string(w.DeclineCode))
	o.some("advice", string(w.Advice))
	o.flag("retryable", w.Retryable)
	return o.end(b, w, "}")
}

func (o *object) operation(w *Operation) {
	o.text("id", string(w.ID))
	o.text("kind", string(w.Kind))
	o.int("amount", w.Amount)
	o.text("currency", string(w.Currency))
	o.text("payment", string(w.Payment))
	o.member("livemode")
	o.b = strconv.AppendBool(o.b, w.Livemode)
	if w.Method != nil {
		o.method(w.Method)
	}
	if w.Card != nil {
		o.any("card", w.Card)
	}
	o.flag("manual", w.Manual)
	o.some("merchant_order_id", w.MerchantOrderID)
	o.some("description", w.Description)
	o.some("return_url", w.ReturnURL)
	o.some("callback_url", w.CallbackURL)
	o.some("page_url", w.PageURL)
	o.someTime("expires_at", w.ExpiresAt)
	if c := w.Client; c != nil {
		in := o.inner("client")
		in.some("ip", c.IP)
		in.some("country", c.Country)
		o.close(in)
	}
	o.some("pay_id", string(w.PayID))
	o.some("channel_id", w.ChannelID)
	o.someInt("pay_amount", w.PayAmount)
	o.some("pay_currency", string(w.PayCurrency))
	o.flag("final", w.Final)
	o.some("reason", w.Reason)
	o.someTime("sent_at", w.SentAt)
}

func (o *object) method(m *paymux.Method) {
	in := o.inner("method")
	in.some("type", string(m.Type))
	if m.Card != nil {
		in.any("card", m.Card)
	}
	in.some("flow", string(m.Flow))
	in.some("payer_id", m.PayerID)
	o.close(in)
}

// action has the two commonest by hand.
func (o *object) action(a *paymux.NextAction) {
	r, q := a.Redirect, a.DisplayQR
	if a.InvokeSDK != nil || a.Instructions != nil || a.Wait != nil || r != nil && len(r.FormFields) > 0 {
		o.any("next_action", a)
		return
	}
	in := o.inner("next_action")
	in.text("type", string(a.Type))
	if r != nil {
		to := in.inner("redirect")
		to.text("url", r.URL)
		to.text("method", r.Method)
		in.close(to)
	}
	if q != nil {
		code := in.inner("display_qr")
		code.text("brand", string(q.Brand))
		code.text("data", q.Data)
		code.text("image_url", q.ImageURL)
		code.time("expires_at", q.ExpiresAt)
		in.close(code)
	}
	o.close(in)
}

// object appends the members of a JSON object.
type object struct {
	b      []byte
	filled bool // a member is there already
	failed bool // a value has no JSON
}

// inner begins a member that is an object itself; close ends it.
func (o *object) inner(name string) object {
	o.member(name)
	return object{b: append(o.b, '{')}
}

func (o *object) close(in object) {
	o.b, o.failed = append(in.b, '}'), o.failed || in.failed
}

// end is what was appended to b, or encoding/json's own verdict on it.
func (o *object) end(b []byte, all any, end string) ([]byte, error) {
	if !o.failed {
		return append(o.b, end...), nil
	}
	text, err := json.Marshal(all)
	return append(b, text...), err
}

func (o *object) member(name string) {
	if o.filled {
		o.b = append(o.b, ',')
	}
	o.filled = true
	o.b = append(append(append(o.b, '"'), name...), '"', ':')
}

func (o *object) text(name, v string) {
	o.member(name)
	o.b = append(appendText(append(o.b, '"'), v), '"')
}

// appendText appends what stands between a string's quotation marks, with encoding/json's escapes, those for HTML included.
func appendText(b []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if i++; c < ' ' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
				b = appendEscape(append(b, s[from:i-1]...), c)
				from = i
			}
			continue
		}
		char, size := utf8.DecodeRuneInString(s[i:])
		switch i += size; {
		case char == utf8.RuneError && size == 1:
			b = append(append(b, s[from:i-1]...), `\ufffd`...)
			from = i
		case char == '\u2028' || char == '\u2029':
			b = append(append(b, s[from:i-size]...), `\u202`...)
			b = append(b, '0'+byte(char&15))
			from = i
		}
	}
	return append(b, s[from:]...)
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, '\\', 'b')
	case '\f':
		return append(b, '\\', 'f')
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// some leaves an empty text out.
func (o *object) some(name, v string) {
	if v != "" {
		o.text(name, v)
	}
}

func (o *object) int(name string, v int64) {
	o.member(name)
	o.b = strconv.AppendInt(o.b, v, 10)
}

func (o *object) someInt(name string, v int64) {
	if v != 0 {
		o.int(name, v)
	}
}

// flag leaves out what is not so.
func (o *object) flag(name string, v bool) {
	if v {
		o.member(name)
		o.b = append(o.b, "true"...)
	}
}

func (o *object) time(name string, v time.Time) {
	o.member(name)
	text, err := v.AppendText(append(o.b, '"'))
	if err != nil { // such as a year of five digits
		o.failed = true
		return
	}
	o.b = append(text, '"')
}

func (o *object) someTime(name string, v time.Time) {
	if !v.IsZero() {
		o.time(name, v)
	}
}

// any is for what is seldom there.
func (o *object) any(name string, v any) {
	o.member(name)
	text, err := json.Marshal(v)
	o.b, o.failed = append(o.b, text...), o.failed || err != nil
}
