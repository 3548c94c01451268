package channeltest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/channelrpc"
)

// Headers and words of the contract. They are written out here and not taken from what the house's own
// ends use, which are to be found wrong, too, if they change.
const (
	deadlineHeader = "Paymux-Deadline"
	errorHeader    = "Paymux-Error"

	notTaken    = "not_taken"
	badRequest  = "bad_request"
	notSent     = "not_sent"
	unsupported = "unsupported"
	absent      = "absent"
)

// wire looks at what passes over it, which the suite itself never sees.
type wire struct {
	Remote
	caps  channelrpc.Capabilities
	limit time.Duration // of a call
	kit   bool          // payments may be made
	bench *bench
}

// replies are the messages that answer a verb.
var replies = map[string]string{
	channelrpc.VerbDo: "Result", channelrpc.VerbQuery: "Result", channelrpc.VerbCallback: "Callback", channelrpc.VerbStatement: "Statement",
}

func (w *wire) check(t T) {
	t.Run("garbage", w.garbage)
	t.Run("late_request", w.late)
	t.Run("absent", w.absent)
	t.Run("one_answer", w.oneAnswer)
	t.Run("forgery", w.forgery)
	t.Run("statement_pages", w.pages)
	if !w.kit {
		notChecked(t, "unknown members, kinds nobody knows, the same operation twice at once: they need payments")
		return
	}
	t.Run("unknown_members", w.unknownMembers)
	t.Run("unknown_kind", w.unknownKind)
	t.Run("at_once", w.atOnce)
}

func (w *wire) message(verb string, body []byte, deadline time.Time) *nats.Msg {
	m := nats.NewMsg(channelrpc.Subject(w.caps.Name, w.caps.Version, w.Account, verb))
	m.Data = body
	m.Header.Set(deadlineHeader, strconv.FormatInt(deadline.UnixMilli(), 10))
	return m
}

// grace is how long after a call's time limit its reply may arrive.
const grace = time.Second

// ask sends a body as it is and returns the reply as it came.
func (w *wire) ask(t T, verb string, body []byte, deadline time.Time) *nats.Msg {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), w.limit+grace)
	defer cancel()
	reply, err := w.Conn.RequestMsgWithContext(ctx, w.message(verb, body, deadline))
	if err != nil {
		t.Fatalf("%s %s: no reply: %v", verb, short(body), err)
	}
	return reply
}

// asked is the reply to a good request in good time.
func (w *wire) asked(t T, verb string, request any) *nats.Msg {
	t.Helper()
	return w.ask(t, verb, marshal(t, request), time.Now().Add(w.limit))
}

func marshal(t T, v any) []byte {
	t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// good reads a reply that must not be an error.
func (w *wire) good(t T, verb string, reply *nats.Msg, into any) {
	t.Helper()
	if reply.Header.Get(errorHeader) != "" {
		t.Fatalf("%s is answered by an error: %s", verb, short(reply.Data))
	}
	conforms(t, replies[verb], reply.Data)
	if err := json.Unmarshal(reply.Data, into); err != nil {
		t.Fatalf("the reply to %s: %v", verb, err)
	}
}

// bad reads a reply that must be an error, and wants one of the names in it.
func bad(t T, what string, reply *nats.Msg, want ...string) {
	t.Helper()
	if reply.Header.Get(errorHeader) != "1" {
		t.Fatalf("%s is answered without the header %s: %s", what, errorHeader, short(reply.Data))
	}
	conforms(t, "Fault", reply.Data)
	var f channelrpc.Fault
	if err := json.Unmarshal(reply.Data, &f); err != nil {
		t.Fatalf("%s: the error cannot be read: %v", what, err)
	}
	for _, name := range f.Names {
		if !slices.Contains([]string{notTaken, badRequest, notSent, unsupported, absent}, name) {
			t.Errorf("%s: %q is no name of an error in the contract", what, name)
		}
	}
	if f.Text == "" {
		t.Errorf("%s: the error has no text for people", what)
	}
	if !slices.ContainsFunc(want, func(w string) bool { return slices.Contains(f.Names, w) }) {
		t.Errorf("%s: error %q, want %q", what, f.Names, want)
	}
}

// garbage wants bodies that cannot be read refused, each verb's.
func (w *wire) garbage(t T) {
	for verb, bodies := range map[string][]string{
		channelrpc.VerbDo:        {"", "{", "[1,2]", `{"operation":7}`, "\xff\xfe"},
		channelrpc.VerbQuery:     {"", "{", `"query"`, `{"operation":[]}`},
		channelrpc.VerbCallback:  {"", "{", `{"account":"a","method":"POST","url":"","header":7,"body":""}`},
		channelrpc.VerbStatement: {"", "{", `{"day":"yesterday","from":0,"limit":10}`, `{"day":"2026-11-22","from":"0","limit":10}`},
	} {
		for _, body := range bodies {
			reply := w.ask(t, verb, []byte(body), time.Now().Add(w.limit))
			bad(t, verb+" "+strconv.Quote(body), reply, badRequest)
			bad(t, verb+" "+strconv.Quote(body), reply, notTaken) // the sender must know that nothing was begun
		}
	}
	nameless := w.ask(t, channelrpc.VerbDo, []byte(`{"operation":{"kind":"pay","amount":1250,"currency":"CNY","payment":"pay_1","livemode":false}}`), time.Now().Add(w.limit))
	bad(t, "do of an operation without an id", nameless, notTaken, notSent)
}

// stranger is an operation that was never sent.
func (w *wire) stranger(t T) channel.Operation {
	a, _ := account(w.caps, w.Account)
	r := Request{Method: paymux.Method{Type: a.Methods[0]}}
	if w.kit && len(w.bench.s.Payers) > 0 {
		r = w.bench.s.Payers[0].Request
	}
	return w.bench.payment(t, r, false)
}

// late wants requests that arrive after their deadline not to be begun: their senders may have drawn conclusions.
func (w *wire) late(t T) {
	op := w.stranger(t)
	past := time.Now().Add(-5 * time.Second)
	query := marshal(t, channelrpc.QueryRequest{Operation: channelrpc.NewOperation(&op)})
	bad(t, "a query 5 s after its deadline", w.ask(t, channelrpc.VerbQuery, query, past), notTaken)
	if !w.kit {
		return
	}
	do := marshal(t, channelrpc.DoRequest{Operation: channelrpc.NewOperation(&op)})
	bad(t, "a payment 5 s after its deadline", w.ask(t, channelrpc.VerbDo, do, past), notTaken)
	if w.bench.s.Effects != nil && w.bench.s.Effects(op.ID) != 0 {
		t.Errorf("the payment was said not to be taken, and it took effect %d times", w.bench.s.Effects(op.ID))
	}
	if !w.caps.Features.Query {
		return
	}
	if _, err := w.bench.channel.Query(w.bench.context(t), op); !errors.Is(err, channel.ErrAbsent) {
		t.Errorf("the payment was said not to be taken, and the institution knows it (query: %v)", err)
	}
}

// absent asks for what was never sent. It has no effect, so it is asked of any account.
func (w *wire) absent(t T) {
	op := w.stranger(t)
	op.Card = nil
	want := absent
	if !w.caps.Features.Query {
		want = unsupported
	}
	reply := w.asked(t, channelrpc.VerbQuery, channelrpc.QueryRequest{Operation: channelrpc.NewOperation(&op)})
	bad(t, "a query of an operation never sent", reply, want)
}

// oneAnswer wants instances to share requests and not to answer each for itself.
func (w *wire) oneAnswer(t T) {
	op := w.stranger(t)
	op.Card = nil
	m := w.message(channelrpc.VerbQuery, marshal(t, channelrpc.QueryRequest{Operation: channelrpc.NewOperation(&op)}), time.Now().Add(w.limit))
	m.Reply = w.Conn.NewInbox()
	answers, err := w.Conn.SubscribeSync(m.Reply)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answers.Unsubscribe() }() // fails where the connection has ended
	if err := w.Conn.PublishMsg(m); err != nil {
		t.Fatal(err)
	}
	if _, err := answers.NextMsg(w.limit + grace); err != nil {
		t.Fatalf("no reply: %v", err)
	}
	if second, err := answers.NextMsg(grace / 4); err == nil {
		t.Errorf("a request was answered twice, the second time %s: subscribe in the queue group packages", short(second.Data))
	}
}

// forgery wants what is not to be believed named as such, and the reply to be none of the errors.
func (w *wire) forgery(t T) {
	q := channelrpc.CallbackRequest{Account: w.Account, Method: "POST", URL: w.bench.s.CallbackURL, Header: map[string][]string{}, Body: []byte("{}")}
	reply := w.asked(t, channelrpc.VerbCallback, q)
	if !w.caps.Features.Callbacks {
		bad(t, "a callback, which features say there are none of", reply, unsupported)
		return
	}
	var c channelrpc.Callback
	w.good(t, channelrpc.VerbCallback, reply, &c)
	if !slices.Contains([]string{"forged", "malformed", "stale"}, c.Refused) || c.Reason == "" {
		t.Errorf("an unsigned callback: refused %q because of %q; want forged, with a reason for the log", c.Refused, c.Reason)
	}
}
