package channeltest

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/channelrpc"
)

// payer is a way to pay for what needs only one; nil where there is none.
func (w *wire) payer(t T) *Payer {
	t.Helper()
	if len(w.bench.s.Payers) == 0 {
		notChecked(t, "the kit has no payers")
		return nil
	}
	return &w.bench.s.Payers[0]
}

// unknownMembers wants members of a later contract ignored.
func (w *wire) unknownMembers(t T) {
	p := w.payer(t)
	if p == nil {
		return
	}
	op := w.bench.payment(t, p.Request, false)
	var request map[string]map[string]any
	if err := json.Unmarshal(marshal(t, channelrpc.DoRequest{Operation: channelrpc.NewOperation(&op)}), &request); err != nil {
		t.Fatal(err)
	}
	request["operation"]["of_tomorrow"] = []any{1, "two", nil}
	request["tomorrow"] = map[string]any{"operation": "x"}
	var r channelrpc.Result
	w.good(t, channelrpc.VerbDo, w.asked(t, channelrpc.VerbDo, request), &r)
	if r.State != p.State {
		t.Errorf("with members nobody knows: state %q, want %q", r.State, p.State)
	}
}

// unknownKind wants a kind of operation nobody knows refused: it is certain that nothing was done.
func (w *wire) unknownKind(t T) {
	p := w.payer(t)
	if p == nil {
		return
	}
	op := w.bench.payment(t, p.Request, false)
	op.Kind = "levitate"
	reply := w.asked(t, channelrpc.VerbDo, channelrpc.DoRequest{Operation: channelrpc.NewOperation(&op)})
	bad(t, "an operation of a kind nobody knows", reply, unsupported, notTaken, notSent)
}

// sides is how many callers send the same operation at once.
const sides = 8

// atOnce sends one operation from many sides: it has one effect, and nobody may be told that there was none.
func (w *wire) atOnce(t T) {
	p := w.payer(t)
	if p == nil {
		return
	}
	op := w.bench.payment(t, p.Request, false)
	answers := w.fromAllSides(t, op)
	var first channelrpc.Result
	for _, reply := range answers {
		if reply.Header.Get(errorHeader) != "" {
			w.open(t, reply)
			continue
		}
		var r channelrpc.Result
		w.good(t, channelrpc.VerbDo, reply, &r)
		if first.State == "" {
			first = r
		}
		if r.State != first.State || r.ChannelID != first.ChannelID {
			t.Errorf("the same operation is answered %s %s and %s %s", first.State, first.ChannelID, r.State, r.ChannelID)
		}
	}
	if first.State != p.State {
		t.Fatalf("state %q, want %q", first.State, p.State)
	}
	if p.Complete != nil {
		p.Complete(t, op)
		w.bench.settled(t, op, channel.Result{State: first.State, ChannelID: first.ChannelID})
	}
	if p.Complete != nil || first.State == paymux.OpSucceeded {
		w.bench.once(t, op)
	}
}

// open wants an error to leave open what happened.
func (w *wire) open(t T, reply *nats.Msg) {
	t.Helper()
	var f channelrpc.Fault
	if err := json.Unmarshal(reply.Data, &f); err != nil {
		t.Fatalf("the error cannot be read: %v", err)
	}
	if slices.Contains(f.Names, notTaken) || slices.Contains(f.Names, notSent) {
		t.Errorf("an operation under way is answered %q, as if it were not: its caller would try another channel", f.Names)
	}
}

func (w *wire) fromAllSides(t T, op channel.Operation) []*nats.Msg {
	t.Helper()
	body := marshal(t, channelrpc.DoRequest{Operation: channelrpc.NewOperation(&op)})
	ctx, cancel := context.WithTimeout(t.Context(), w.limit+grace)
	defer cancel()
	answers, faults := make([]*nats.Msg, sides), make([]error, sides)
	var callers sync.WaitGroup
	for i := range sides {
		callers.Go(func() {
			answers[i], faults[i] = w.Conn.RequestMsgWithContext(ctx, w.message(channelrpc.VerbDo, body, time.Now().Add(w.limit)))
		})
	}
	callers.Wait()
	for _, err := range faults {
		if err != nil {
			t.Fatalf("no reply: %v", err)
		}
	}
	return answers
}

// mostPages is how many lines of a statement are asked for one by one.
const mostPages = 5

// pages wants a statement in parts to be the statement.
func (w *wire) pages(t T) {
	if !w.caps.Features.Statement {
		q := channelrpc.StatementRequest{Day: w.today(), Limit: 10}
		bad(t, "a statement, which features say there are none of", w.asked(t, channelrpc.VerbStatement, q), unsupported)
		return
	}
	whole := w.page(t, 0, 1000)
	for at := range min(len(whole.Lines), mostPages) {
		part := w.page(t, at, 1)
		if len(part.Lines) != 1 || !reflect.DeepEqual(part.Lines[0], whole.Lines[at]) {
			t.Errorf("line %d alone is %+v, in the whole it is %+v", at, part.Lines, whole.Lines[at])
		}
		if more := at+1 < len(whole.Lines); part.More != more {
			t.Errorf("line %d: more is %t, want %t", at, part.More, more)
		}
	}
	if len(whole.Lines) < 2 {
		notChecked(t, "parts of a statement: there are not two lines today")
	}
	if end := w.page(t, len(whole.Lines)+1000, 10); len(end.Lines) != 0 || end.More {
		t.Errorf("behind the end there are %d lines, more is %t", len(end.Lines), end.More)
	}
}

func (w *wire) today() string { return w.bench.s.Config.Now().UTC().Format(time.DateOnly) }

func (w *wire) page(t T, from, limit int) (s channelrpc.Statement) {
	t.Helper()
	w.good(t, channelrpc.VerbStatement, w.asked(t, channelrpc.VerbStatement, channelrpc.StatementRequest{Day: w.today(), From: from, Limit: limit}), &s)
	return s
}
