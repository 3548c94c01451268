package paymux

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"
)

// AppendJSON appends the payment as JSON, byte for byte what encoding/json
// makes of it, at a quarter of the cost: a payment is written down with each of its
// commits. append_test.go holds the two together.
func (p *Payment) AppendJSON(b []byte) []byte {
	o := object{b: append(b, '{')}
	o.text("id", string(p.ID))
	o.text("object", p.Object)
	o.bool("livemode", p.Livemode)
	o.text("status", string(p.Status))
	o.int("amount", p.Amount)
	o.text("currency", string(p.Currency))
	o.int("amount_capturable", p.AmountCapturable)
	o.int("amount_received", p.AmountReceived)
	o.int("amount_refunded", p.AmountRefunded)
	o.int("amount_refunding", p.AmountRefunding)
	o.int("amount_disputed", p.AmountDisputed)
	o.text("capture_method", string(p.CaptureMethod))
	o.text("merchant_order_id", p.MerchantOrderID)
	o.some("description", p.Description)
	o.member("payment_method")
	o.b = p.Method.appendJSON(o.b)
	if len(p.AllowedMethods) > 0 {
		o.any("allowed_methods", p.AllowedMethods)
	}
	o.some("return_url", p.ReturnURL)
	o.some("notify_url", p.NotifyURL)
	o.some("payment_link", string(p.Link))
	o.texts("metadata", p.Metadata)
	o.time("expires_at", p.ExpiresAt)
	o.some("channel", p.Channel)
	o.some("account", p.Account)
	o.some("channel_transaction_id", p.ChannelTransactionID)
	o.some("latest_operation", string(p.LatestOperation))
	if p.NextAction != nil {
		o.member("next_action")
		o.b = p.NextAction.appendJSON(o.b)
	}
	if p.LastError != nil {
		o.any("last_error", p.LastError)
	}
	o.bool("late", p.Late)
	if p.Routing != nil {
		o.member("routing")
		o.b = p.Routing.appendJSON(o.b)
	}
	o.time("created_at", p.CreatedAt)
	o.time("updated_at", p.UpdatedAt)
	o.int("version", p.Version)
	o.text("merchant", string(p.Merchant))
	return append(o.b, '}')
}

// AppendShown appends the payment as merchants see it, with what is theirs of its routing.
func (p *Payment) AppendShown(b []byte) []byte {
	s := *p
	s.Routing = p.Routing.Shown()
	return s.AppendJSON(b)
}

// AppendKept appends all of a payment as JSON, as stores keep it, with what merchants
// do not see. ReadKept reads it.
func (p *Payment) AppendKept(b []byte) []byte {
	b = p.AppendJSON(b)
	o := object{b: b[:len(b)-1], filled: true}
	if p.Client != (Client{}) {
		o.member("client")
		in := object{b: append(o.b, '{')}
		in.some("ip", p.Client.IP)
		in.some("country", p.Client.Country)
		o.b = append(in.b, '}')
	}
	if len(p.Hops) > 0 {
		o.member("hops")
		o.b = AppendHops(o.b, p.Hops)
	}
	return append(o.b, '}')
}

// ReadKept reads what AppendKept wrote.
func (p *Payment) ReadKept(b []byte) error {
	kept := struct {
		*Payment
		Client Client `json:"client"`
		Hops   []Hop  `json:"hops"`
	}{Payment: p}
	if err := json.Unmarshal(b, &kept); err != nil {
		return err
	}
	p.Client, p.Hops = kept.Client, kept.Hops
	return nil
}

// AppendJSON appends the event as JSON, byte for byte what encoding/json makes of
// it. Data.Object has to be compact already.
func (e *Event) AppendJSON(b []byte) []byte {
	o := object{b: append(b, '{')}
	o.text("id", string(e.ID))
	o.text("type", string(e.Type))
	o.time("timestamp", e.Timestamp)
	o.text("api_version", e.APIVersion)
	o.bool("livemode", e.Livemode)
	o.member("data")
	in := object{b: append(o.b, '{')}
	in.member("object")
	in.b = append(in.b, e.Data.Object...)
	in.int("sequence", e.Data.Sequence)
	in.texts("previous", e.Data.Previous)
	return append(in.b, '}', '}')
}

func (m *Method) appendJSON(b []byte) []byte {
	o := object{b: append(b, '{')}
	o.some("type", string(m.Type))
	if m.Card != nil {
		o.any("card", m.Card)
	}
	o.some("flow", string(m.Flow))
	o.some("payer_id", m.PayerID)
	return append(o.b, '}')
}

// appendJSON has the two commonest actions by hand.
func (a *NextAction) appendJSON(b []byte) []byte {
	plain := a.InvokeSDK == nil && a.Instructions == nil && a.Wait == nil
	if !plain || a.Redirect != nil && len(a.Redirect.FormFields) > 0 {
		return appendAny(b, a)
	}
	o := object{b: append(b, '{')}
	o.text("type", string(a.Type))
	if r := a.Redirect; r != nil {
		o.member("redirect")
		in := object{b: append(o.b, '{')}
		in.text("url", r.URL)
		in.text("method", r.Method)
		o.b = append(in.b, '}')
	}
	if q := a.DisplayQR; q != nil {
		o.member("display_qr")
		in := object{b: append(o.b, '{')}
		in.text("brand", string(q.Brand))
		in.text("data", q.Data)
		in.text("image_url", q.ImageURL)
		in.time("expires_at", q.ExpiresAt)
		o.b = append(in.b, '}')
	}
	return append(o.b, '}')
}

func (r *Routing) appendJSON(b []byte) []byte {
	o := object{b: append(b, '{')}
	o.text("ruleset", r.RuleSet)
	o.int("version", r.Version)
	o.text("rule", r.Rule)
	o.text("reason", r.Reason)
	o.some("kind", r.Kind)
	o.some("by", r.By)
	o.some("ranker", r.Ranker)
	o.some("turn", r.Turn)
	if !r.At.IsZero() {
		o.time("at", r.At)
	}
	o.some("bin", r.BIN)
	o.some("network", r.Network)
	o.some("object", r.Object)
	o.some("payer", r.Payer)
	o.some("card", r.Card)
	o.some("draw", r.Draw)
	o.number("explore", r.Explore)
	o.number("probe", r.Probe)
	if len(r.Candidates) > 0 {
		o.member("candidates")
		o.b = append(o.b, '[')
		for i := range r.Candidates {
			if i > 0 {
				o.b = append(o.b, ',')
			}
			o.b = r.Candidates[i].appendJSON(o.b)
		}
		o.b = append(o.b, ']')
	}
	if len(r.Failovers) > 0 {
		o.any("failovers", r.Failovers)
	}
	return append(o.b, '}')
}

func (c *Candidate) appendJSON(b []byte) []byte {
	o := object{b: append(b, '{')}
	o.text("channel", c.Channel)
	o.text("account", c.Account)
	o.some("dropped", c.Dropped)
	o.some("code", c.Code)
	o.some("detail", c.Detail)
	if c.Fallback {
		o.bool("fallback", true)
	}
	o.count("place", int64(c.Place))
	o.some("health", c.Health)
	o.count("priority", int64(c.Priority))
	o.number("share", c.Share)
	o.number("success", c.Success)
	o.number("trials", c.Trials)
	o.count("cost", c.Cost)
	o.count("latency_ms", c.LatencyMS)
	o.number("score", c.Score)
	return append(o.b, '}')
}

// AppendHops appends hops as a JSON array, as encoding/json would.
func AppendHops(b []byte, hops []Hop) []byte {
	b = append(b, '[')
	for i := range hops {
		if i > 0 {
			b = append(b, ',')
		}
		h := &hops[i]
		o := object{b: append(b, '{')}
		o.time("at", h.At)
		o.text("kind", string(h.Kind))
		o.text("text", h.Text)
		if h.Duration != 0 {
			o.int("duration_us", h.Duration)
		}
		o.some("ref", h.Ref)
		o.texts("data", h.Data)
		b = append(o.b, '}')
	}
	return append(b, ']')
}

// object appends the members of a JSON object.
type object struct {
	b      []byte
	filled bool // a member is there already
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
	o.b = appendText(o.b, v)
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

// count leaves a zero out.
func (o *object) count(name string, v int64) {
	if v != 0 {
		o.int(name, v)
	}
}

// number leaves a zero out, too. What is neither very small nor very large is written without an exponent.
func (o *object) number(name string, v float64) {
	switch size := math.Abs(v); {
	case v == 0:
	case size < 1e-6 || size >= 1e21 || size != size:
		o.any(name, v)
	default:
		o.member(name)
		o.b = strconv.AppendFloat(o.b, v, 'f', -1, 64)
	}
}

func (o *object) bool(name string, v bool) {
	o.member(name)
	o.b = strconv.AppendBool(o.b, v)
}

func (o *object) time(name string, v time.Time) {
	o.member(name)
	o.b = append(v.AppendFormat(append(o.b, '"'), time.RFC3339Nano), '"')
}

// texts appends a map in the order of its keys, and leaves an empty one out.
func (o *object) texts(name string, m map[string]string) {
	if len(m) == 0 {
		return
	}
	var room [8]string
	keys := room[:0]
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	o.member(name)
	in := object{b: append(o.b, '{')}
	for _, k := range keys {
		if in.filled {
			in.b = append(in.b, ',')
		}
		in.filled = true
		in.b = appendText(append(appendText(in.b, k), ':'), m[k])
	}
	o.b = append(in.b, '}')
}

func (o *object) any(name string, v any) {
	o.member(name)
	o.b = appendAny(o.b, v)
}

// appendText appends a JSON string. What needs an escape is left to encoding/json.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return appendAny(b, s)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// appendAny is for what is seldom there. Nouns always marshal.
func appendAny(b []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, text...)
}
