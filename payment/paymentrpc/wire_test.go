package paymentrpc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/internal/wiretest"
	"github.com/paymux/paymux/payment/paymentrpc"
)

func all() map[string]verb {
	both := maps.Clone(changes)
	maps.Copy(both, repeatable)
	return both
}

// Every field of every request and reply arrives, whatever it holds.
func TestNothingIsLostOnTheWay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0)
	for name, ask := range all() {
		rapid.Check(t, func(rt *rapid.T) {
			seed := rapid.Uint64().Draw(rt, "seed")
			wiretest.Fill(&h.node.reply, seed+1)
			wiretest.Fill(&h.node.ack, seed+2)
			h.node.asked = nil
			asked, reply, err := ask(t.Context(), h.Client, seed)
			if err != nil {
				rt.Fatalf("%s: %v", name, err)
			}
			if diff := cmp.Diff([]any{asked}, h.node.asked); diff != "" {
				rt.Fatalf("%s heard something else:\n%s", name, diff)
			}
			if diff := cmp.Diff(h.node.reply, reply); name != "callback" && diff != "" {
				rt.Fatalf("%s was answered something else:\n%s", name, diff)
			}
		})
	}
	ack, err := h.Callback(t.Context(), paymux.CallbackRequest{})
	if diff := cmp.Diff(h.node.ack, ack); diff != "" || err != nil {
		t.Errorf("the acknowledgement: %v\n%s", err, diff)
	}
}

func TestErrorsAreTheNodes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0)
	cause := errors.New("dial postgres://paymux:hush@db")
	var whole paymux.Error
	wiretest.Fill(&whole, 7)
	whole.Message = "A message." // it is a sentence in UTF-8
	for i := range whole.Fields {
		whole.Fields[i].Location, whole.Fields[i].Message = "body.amount", "is missing"
	}
	whole.Code, whole.Param, whole.DeclineCode, whole.Advice = paymux.StateConflict, "amount", "fraudulent", "retry_later"
	for name, err := range map[string]error{
		"a whole one": &whole, "with a cause": whole.Because(cause), "without words": &paymux.Error{Code: paymux.NoChannel},
		"in flight": paymux.Errorf(paymux.KeyInFlight, "Later."), "wrapped": fmt.Errorf("load payment: %w", paymux.Errorf(paymux.NotFound, "None.")),
	} {
		h.node.err = err
		_, _, got := changes["create"](t.Context(), h.Client, 1)
		var want, is *paymux.Error
		if !errors.As(err, &want) || !errors.As(got, &is) {
			t.Fatalf("%s came as %v", name, got)
		}
		plain := *want
		plain.Err = nil
		if diff := cmp.Diff(&plain, is); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if strings.Contains(got.Error(), "hush") {
			t.Errorf("%s: a cause has left its process: %v", name, got)
		}
	}
	if !strings.Contains(h.log.String(), "dial postgres") || !strings.Contains(h.log.String(), "subject=paymux.node.cn-1.payment.create") || !strings.Contains(h.log.String(), "request_id=") {
		t.Errorf("the node's log does not have the cause: %s", h.log)
	}
	h.node.err = whole.Because(cause)
	raw, err := h.front.Request("paymux.node.cn-1.payment.create", []byte("{}"), 5*time.Second)
	if err != nil || !bytes.Contains(raw.Data, []byte("state_conflict")) || bytes.Contains(raw.Data, []byte("hush")) {
		t.Errorf("on the wire: %v, %v", raw, err)
	}
	h.node.err = fmt.Errorf("load: %w", paymux.NotFound)
	var e *paymux.Error
	if _, _, err := changes["cancel"](t.Context(), h.Client, 1); !errors.Is(err, paymux.NotFound) || errors.As(err, &e) {
		t.Errorf("a code alone came as %v", err)
	}
	h.node.err = errors.New("whatever")
	if _, _, err := changes["cancel"](t.Context(), h.Client, 1); err == nil || !strings.Contains(err.Error(), "whatever") || errors.As(err, &e) {
		t.Errorf("an error of no kind came as %v", err)
	}
}

// What the node says of calls it made itself is not what became of the call to it.
func TestTheNodesOwnCallsAreNotMistaken(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0)
	h.node.err = fmt.Errorf("call the channel: %w", rpc.ErrNotTaken)
	if _, _, err := changes["create"](t.Context(), h.Client, 1); err == nil || errors.Is(err, paymux.Unavailable) || errors.Is(err, rpc.ErrNotTaken) {
		t.Errorf("%v", err)
	}
}

func TestAPanicIsOurFaultAndLogged(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0)
	h.node.do = func(context.Context) (paymux.Reply, error) { panic("boom") }
	if _, _, err := changes["create"](t.Context(), h.Client, 1); !errors.Is(err, paymux.Internal) || strings.Contains(err.Error(), "boom") {
		t.Errorf("%v", err)
	}
	if !strings.Contains(h.log.String(), "boom") {
		t.Error("the log says nothing of it")
	}
}

// A callback as large as the front door takes one, with a body that no encoding makes smaller, fits a message.
func TestTheLargestCallbackFits(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0)
	q := paymux.CallbackRequest{Body: make([]byte, 1<<20), Header: map[string][]string{"X-Large": {strings.Repeat("\x01", 64<<10)}}}
	for i := range q.Body {
		q.Body[i] = byte(rand.Uint32())
	}
	if _, err := h.Callback(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	if got := h.node.heard()[0].(paymux.CallbackRequest); !bytes.Equal(got.Body, q.Body) || !cmp.Equal(got.Header, q.Header) {
		t.Error("it came as another")
	}
}

func TestNamesThatCannotBeSubjectsAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0)
	for _, name := range []string{"", "a.b", "a b", "*", ">", "a\n"} {
		if _, err := paymentrpc.NewClient(h.front, name, 0); err == nil {
			t.Errorf("a client of region %q", name)
		}
		if err := paymentrpc.Serve(h.server, name, h.node); err == nil {
			t.Errorf("a server of region %q", name)
		}
	}
	if err := paymentrpc.Serve(rpc.NewServer(rpc.Config{Conn: h.back}), region, h.node); err == nil {
		t.Error("a server that would lose errors is taken")
	}
}

func TestSecretsAreNotLogged(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0)
	const number = "4000000000000002"
	h.node.err = paymux.Errorf(paymux.Internal, "Sorry.").Because(errors.New("broken"))
	_, err := h.Create(t.Context(), paymux.CreatePayment{Card: &paymux.CardDetails{Number: number, CVC: "909"}})
	bad := []byte(`{"Card":{"Number":` + number + `}}`)
	client := rpc.Client{Conn: h.front, Faults: paymentrpc.Faults()}
	_, malformed := client.Exchange(t.Context(), "paymux.node.cn-1.payment.create", bad)
	if !errors.Is(malformed, rpc.ErrBadRequest) || !errors.Is(malformed, rpc.ErrNotTaken) {
		t.Errorf("a request that cannot be read: %v", malformed)
	}
	if text := fmt.Sprint(err, malformed, h.log); strings.Contains(text, number) || strings.Contains(text, "909") {
		t.Errorf("a card number is told: %s", text)
	}
	if got := h.node.heard()[0].(paymux.CreatePayment); got.Card.Number.Reveal() != number {
		t.Error("the node did not get the number")
	}
}
