package channeltest

import (
	"context"
	"slices"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// driver drives an institution by the kit of an account there.
type driver struct {
	kit   channel.Kit
	has   *channel.KitDescription
	limit time.Duration // of a call
}

// drivenBy asks a kit what it can do. What it describes and cannot be done is the suite's to find.
func drivenBy(t T, kit channel.Kit, limit time.Duration) *driver {
	t.Helper()
	d := &driver{kit: kit, limit: limit}
	d.has = d.ask(t, channel.KitRequest{Verb: channel.KitDescribe}).Kit
	if d.has == nil {
		t.Fatalf("the kit answers %s without a description", channel.KitDescribe)
	}
	return d
}

func (d *driver) ask(t T, q channel.KitRequest) channel.KitReply {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d.limit)
	defer cancel()
	r, err := d.kit.Drive(ctx, q)
	if err != nil {
		t.Fatalf("the kit, asked to %s %s%s%s: %v", q.Verb, q.Operation, q.Notice, q.Line, err)
	}
	return r
}

// equip gives a subject what the kit offers.
func (d *driver) equip(s *Subject) {
	for _, p := range d.has.Payers {
		payer := Payer{Request: request(p.Payment), State: p.State, Action: p.NextAction, Manual: p.Manual}
		if p.Complete {
			payer.Complete = func(t T, op channel.Operation) { d.on(t, channel.KitComplete, op) }
		}
		s.Payers = append(s.Payers, payer)
	}
	for _, r := range d.has.Declines {
		decline := Decline{Request: request(r.Payment), Code: r.DeclineCode, Retryable: r.Retryable}
		if r.Decline {
			decline.Complete = func(t T, op channel.Operation) { d.on(t, channel.KitDecline, op) }
		}
		s.Declines = append(s.Declines, decline)
	}
	if d.has.Unknown != nil {
		unknown := request(*d.has.Unknown)
		s.Unknown = &unknown
	}
	if d.has.Effects {
		s.Effects = d.effects
	}
	s.Callbacks, s.Faults = d.callbacks(s), d.faults(s.Config)
}

func (d *driver) on(t T, verb channel.KitVerb, op channel.Operation) {
	t.Helper()
	d.ask(t, channel.KitRequest{Verb: verb, Operation: op.ID})
}

// effects are -1 where the kit does not answer, which is no number anybody wants.
func (d *driver) effects(op paymux.OperationID) int {
	ctx, cancel := context.WithTimeout(context.Background(), d.limit)
	defer cancel()
	r, err := d.kit.Drive(ctx, channel.KitRequest{Verb: channel.KitEffects, Operation: op})
	if err != nil {
		return -1
	}
	return r.Effects
}

func request(p channel.KitPayment) Request {
	r := Request{Name: p.Name, Method: p.Method, Money: paymux.Money{Amount: p.Amount, Currency: p.Currency}}
	if p.Amount == 0 && p.Currency != "" {
		r.Money.Amount = anyAmount
	}
	if c := p.Card; c != nil {
		r.Card = &paymux.CardDetails{
			Token: paymux.Secret(c.Token), Number: paymux.Secret(c.Number), CVC: paymux.Secret(c.CVC), ExpMonth: c.ExpMonth, ExpYear: c.ExpYear,
		}
	}
	return r
}

// callbacks are those notifications that the kit makes; nil where it makes none.
func (d *driver) callbacks(s *Subject) *Callbacks {
	if len(d.has.Notices) == 0 {
		return nil
	}
	name, account := s.Driver.Name, s.Config.Account
	made := func(kind channel.Notice) func(T, channel.Operation) channel.CallbackRequest {
		if !slices.Contains(d.has.Notices, kind) {
			return nil
		}
		return func(t T, op channel.Operation) channel.CallbackRequest {
			t.Helper()
			n := d.ask(t, channel.KitRequest{Verb: channel.KitNotify, Notice: kind, Operation: op.ID}).Notification
			if n == nil {
				t.Fatalf("the kit answers %s without a notification", channel.KitNotify)
			}
			return channel.CallbackRequest{Channel: name, Account: account, Method: n.Method, URL: n.URL, Header: n.Header, Body: n.Body}
		}
	}
	c := &Callbacks{
		Success: made(channel.NoticeSuccess), Stale: made(channel.NoticeStale), Unknown: made(channel.NoticeUnknown), Unsigned: d.has.Unsigned,
	}
	if malformed := made(channel.NoticeMalformed); malformed != nil {
		c.Malformed = func(t T) channel.CallbackRequest { return malformed(t, channel.Operation{}) }
	}
	return c
}

// faults are those lines that the kit can break; nil where it breaks none.
func (d *driver) faults(good channel.Config) *Faults {
	if len(d.has.Lines) == 0 {
		return nil
	}
	turn := func(t T, l channel.Line) { d.ask(t, channel.KitRequest{Verb: channel.KitLine, Line: l}) }
	broken := func(l channel.Line) func(T) channel.Config {
		if !slices.Contains(d.has.Lines, l) {
			return nil
		}
		return func(t T) channel.Config {
			t.Helper()
			turn(t, l)
			return good
		}
	}
	return &Faults{
		Refused: broken(channel.LineRefused), Broken: broken(channel.LineBroken), Silent: broken(channel.LineSilent),
		Mend: func(t T) { turn(t, channel.LineGood) },
	}
}
