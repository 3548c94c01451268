package test_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// attack is a callback that must not be believed.
type attack struct {
	name    string
	make    func(*forger, *paymux.Payment) letter
	account string // whose URL it is posted to; empty: the payment's own
	says    string // on the timeline
}

// Why a callback is refused, as the timeline says it.
const (
	notSigned  = "its signature is missing or wrong"
	tooOld     = "it is too old"
	notForUs   = "it was made for another merchant, application or account"
	misstates  = "where %s was asked for"
	misshapen  = "it is malformed"
	strayed    = "it is about an operation of another account"
	unknowable = "" // what is refused names nothing that can be read: the log has it, and no timeline can
)

func attacks() []attack {
	claim := func(l lie) func(*forger, *paymux.Payment) letter {
		return func(f *forger, p *paymux.Payment) letter { return f.claim(p, l) }
	}
	return []attack{
		{"unsigned", func(f *forger, p *paymux.Payment) letter { return f.unsign(f.claim(p, lie{})) }, "", notSigned},
		{"signed with another key", claim(lie{stranger: true}), "", notSigned},
		{"changed after it was signed", func(f *forger, p *paymux.Payment) letter { return f.alter(f.claim(p, lie{})) }, "", notSigned},
		{"stale", func(f *forger, p *paymux.Payment) letter { return f.claim(p, lie{age: f.stale}) }, "", tooOld},
		{"of another merchant", claim(lie{foreign: true}), "", notForUs},
		{"of another amount", claim(lie{amount: 1}), "", misstates},
		{"of another currency", claim(lie{currency: "HKD"}), "", misstates},
		{"malformed", claim(lie{malformed: true}), "", misshapen},
		{"at another account's URL", func(f *forger, p *paymux.Payment) letter { return f.elsewhere(p) }, "twin", strayed},
	}
}

// Every channel against every attack, through the front door of a system whose roles are processes: what is forged,
// stale, replayed, of another merchant, amount or currency, or malformed changes nothing, is refused, and leaves a trace. The
// genuine notification afterwards is believed, once.
func TestCallbacksUnderAttack(t *testing.T) {
	t.Parallel()
	s := newSplit(t, "stripe", "paypal", "wechatpay", "alipay", "adyen", "sandbox")
	forgers := []*forger{stripeForger(t), paypalForger(t), wechatpayForger(t), alipayForger(t), adyenForger(t), sandboxForger(t, s)}
	c := &court{split: s}
	for _, f := range forgers {
		c.open(f)
	}
	for _, f := range forgers {
		c.known(f.channel, "1.0.0", true)
	}
	c.m = s.merchant()
	c.sink = newSink(t, c.m)
	t.Run("each", func(t *testing.T) {
		for _, f := range forgers {
			t.Run(f.channel, func(t *testing.T) { t.Parallel(); c.try(t, f) })
		}
	})
	t.Run("keys away", func(t *testing.T) { c.keyless(t, forgers) })
}

func (c *court) try(t *testing.T, f *forger) {
	for _, a := range slices.Concat(attacks(), f.more) {
		t.Run(a.name, func(t *testing.T) { (&docket{c, t, f}).attacked(a) })
	}
	for name, play := range map[string]func(*docket){
		"replayed": (*docket).replayed, "nobody's URL": (*docket).nobodys, "many": (*docket).flooded,
		"the wrong word first": (*docket).misinformed, "gateway away": (*docket).unheard,
	} {
		t.Run(name, func(t *testing.T) { play(&docket{c, t, f}) })
	}
}

// court is the system under test with one merchant.
type court struct {
	*split
	m    *client.Client
	sink *sink
}

// docket is a channel's part of the court.
type docket struct {
	*court
	t *testing.T
	f *forger
}

// waiting makes a payment whose payer has not paid.
func (d *docket) waiting() *paymux.Payment {
	d.t.Helper()
	p, err := d.m.CreatePayment(d.t.Context(), d.f.request("A-"+rand.Text()))
	if err != nil || p.Status != paymux.RequiresAction && p.Status != paymux.Processing {
		d.t.Fatalf("%+v, %v", p, err)
	}
	if d.f.come != nil {
		if err := d.f.come(p); err != nil {
			d.t.Fatal(err)
		}
	}
	return d.payment(p.ID)
}

// post delivers a letter to an account's URL, as the institution would.
func (d *docket) post(channel, account string, l letter) (status int, body string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.url+"/callbacks/"+channel+"/"+account+l.query, bytes.NewReader(l.body))
	if err != nil {
		d.t.Error(err)
		return 0, ""
	}
	maps.Copy(r.Header, l.header)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Error(err)
		return 0, ""
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		d.t.Error(err)
	}
	return answer.StatusCode, string(text)
}

// deliver posts a letter to the payment's own account.
func (d *docket) deliver(l letter) (status int, body string) {
	d.t.Helper()
	return d.post(d.f.channel, d.f.channel+"-main", l)
}

// refused posts what must be refused.
func (d *docket) refused(account string, l letter) {
	d.t.Helper()
	status, body := d.post(d.f.channel, account, l)
	var problem struct{ Code paymux.Code }
	if err := json.Unmarshal([]byte(body), &problem); err != nil || status != http.StatusBadRequest || problem.Code != paymux.CallbackRefused {
		d.t.Errorf("answered %d %s, want a refusal", status, body)
	}
}

// accepted posts what must be taken, and is answered so that the institution stops.
func (d *docket) accepted(l letter) {
	d.t.Helper()
	if status, body := d.deliver(l); status != d.f.ackStatus || body != d.f.ackBody {
		d.t.Errorf("answered %d %q, want %d %q", status, body, d.f.ackStatus, d.f.ackBody)
	}
}

// unchanged holds a payment to what it was, and to what its merchant was told: nothing.
func (d *docket) unchanged(p *paymux.Payment) {
	d.t.Helper()
	now := d.payment(p.ID)
	was := *p
	was.UpdatedAt, was.Version = now.UpdatedAt, now.Version // a line on the timeline is a version
	if diff := cmp.Diff(&was, now); diff != "" {
		d.t.Errorf("changed:\n%s", diff)
	}
	if events := d.events(p); len(events) != 0 {
		d.t.Errorf("the merchant was told %v", events)
	}
	if n := d.f.effects(p.LatestOperation); n != 0 {
		d.t.Errorf("%d effects at the institution", n)
	}
}

func (d *docket) payment(id paymux.PaymentID) *paymux.Payment {
	d.t.Helper()
	p, err := d.m.Payment(d.t.Context(), id)
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

func (d *docket) events(p *paymux.Payment) map[paymux.EventType]int {
	d.t.Helper()
	kinds := map[paymux.EventType]int{}
	for e, err := range d.m.Events(d.t.Context(), client.EventQuery{ObjectID: string(p.ID)}) {
		if err != nil {
			d.t.Fatal(err)
		}
		kinds[e.Type]++
	}
	return kinds
}

// lines are those of a payment's timeline that a text is in, with their kinds.
func (d *docket) lines(p *paymux.Payment, text string) (lines []string) {
	d.t.Helper()
	hops, err := d.m.Timeline(d.t.Context(), p.ID)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, h := range hops {
		if line := string(h.Kind) + " " + h.Text; strings.Contains(line, text) {
			lines = append(lines, line)
		}
	}
	return lines
}

// logged counts the refusals in the node's log that name an account and no operation.
func (d *docket) logged(account string) (n int) {
	for line := range strings.Lines(d.node.logged()) {
		var l struct{ Msg, Account, Operation, Reason string }
		if json.Unmarshal([]byte(line), &l) == nil && l.Msg == "callback refused" && l.Account == account && l.Operation == "" && l.Reason != "" {
			n++
		}
	}
	return n
}

// once has the institution's genuine news of a payment that was paid come twice, and holds that it counted once.
func (d *docket) once(p *paymux.Payment) {
	d.t.Helper()
	genuine := d.f.genuine(p)
	d.accepted(genuine)
	d.succeeded(p)
	version := d.payment(p.ID).Version
	d.accepted(genuine)
	if now := d.payment(p.ID); now.Version != version {
		d.t.Errorf("the second time changed it: %+v", now)
	}
	d.succeeded(p)
}

// succeeded holds a payment to have succeeded once: here, at the institution, and for the merchant.
func (d *docket) succeeded(p *paymux.Payment) {
	d.t.Helper()
	now := d.payment(p.ID)
	if now.Status != paymux.Succeeded || now.AmountReceived != p.Amount || now.AmountRefunded != 0 || now.Late {
		d.t.Fatalf("%+v\n%s", now, strings.Join(d.lines(p, ""), "\n"))
	}
	if n := d.f.effects(p.LatestOperation); n != 1 {
		d.t.Errorf("%d effects at the institution", n)
	}
	once := map[paymux.EventType]int{paymux.PaymentSucceeded: 1}
	if events := d.events(p); !maps.Equal(events, once) {
		d.t.Errorf("events %v", events)
	}
	if !within(10*time.Second, func() bool { return d.sink.times(string(p.ID), paymux.PaymentSucceeded) == 1 }) || !maps.Equal(d.sink.heard(string(p.ID)), once) {
		d.t.Errorf("the merchant heard %v", d.sink.heard(string(p.ID)))
	}
}

func (d *docket) act(p *paymux.Payment) {
	d.t.Helper()
	if err := d.f.act(p); err != nil {
		d.t.Fatal(err)
	}
}
