package paypal_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// However many see the approval at once, the money is taken once.
func TestManyFinish(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	op := ordered(t, ch, false)
	institution.Approve(string(op.ID))
	together(8, func(i int) {
		if i%2 == 0 {
			if news := approved(t, institution, config, ch, op); news.Result.State != paymux.OpSucceeded {
				t.Errorf("callback: %+v", news)
			}
			return
		}
		if r, err := ch.Query(t.Context(), op); err != nil || r.State != paymux.OpSucceeded {
			t.Errorf("query: %+v, %v", r, err)
		}
	})
	if n := effects(institution, op.ID); n != 1 {
		t.Errorf("money moved %d times", n)
	}
}

// Do, repeated after the payer's approval, finishes the order that it made, and makes no other.
func TestDoAgain(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	l, watched := over(config)
	ch := open(t, watched)
	op := ordered(t, ch, false)
	institution.Approve(string(op.ID))
	l.before = func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/capture") {
			return nil, errUnplugged
		}
		return nil, nil
	}
	op.ChannelID = ""
	if _, err := ch.Do(t.Context(), op); err == nil || errors.Is(err, channel.ErrNotSent) {
		t.Errorf("the order is there and could not be finished: %v, want an error that is not ErrNotSent", err)
	}
	l.before = canned429
	if _, err := ch.Do(t.Context(), op); err == nil || errors.Is(err, channel.ErrNotSent) {
		t.Errorf("the order is there and could not be finished: %v, want an error that is not ErrNotSent", err)
	}
	l.before = nil
	do(t, ch, op, paymux.OpSucceeded)
	if n := institution.Orders(string(op.ID)); n != 1 || effects(institution, op.ID) != 1 {
		t.Errorf("%d orders, money moved %d times", n, effects(institution, op.ID))
	}
}

// canned429 refuses to finish orders, for there were too many requests.
func canned429(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/capture") {
		return nil, nil
	}
	return canned(http.StatusTooManyRequests, `{"name":"RATE_LIMIT_REACHED"}`)(r)
}

// The answer to the call that took the money is lost: the next question finds it.
func TestAnswerOfCompletionLost(t *testing.T) {
	t.Parallel()
	for _, manual := range []bool{false, true} {
		institution, config := fake(t)
		l, broken := over(config)
		ch := open(t, broken)
		op := ordered(t, ch, manual)
		institution.Approve(string(op.ID))
		l.after = func(r *http.Request, resp *http.Response) (*http.Response, error) {
			if completes(r) {
				return lose(resp)
			}
			return resp, nil
		}
		if r, err := ch.Query(t.Context(), op); err == nil {
			t.Fatalf("manual %t: %+v, want an error", manual, r)
		}
		l.after = nil
		want := paymux.OpSucceeded
		if manual {
			want = paymux.OpAuthorized
		}
		if r := ask(t, ch, op, want); r.Money != op.Money {
			t.Errorf("states %s", r.Money)
		}
		if n := effects(institution, op.ID); n != 1 {
			t.Errorf("manual %t: money moved %d times", manual, n)
		}
	}
}

// The order of a lost answer cannot be paid, for nobody has its link; sending it again finds the same one.
func TestAnswerOfCreationLost(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	l, broken := over(config)
	ch := open(t, broken)
	l.after = func(r *http.Request, resp *http.Response) (*http.Response, error) {
		if r.URL.Path == "/v2/checkout/orders" {
			return lose(resp)
		}
		return resp, nil
	}
	op := payment()
	if _, err := ch.Do(t.Context(), op); err == nil || errors.Is(err, channel.ErrNotSent) {
		t.Fatalf("%v, want an error that is not ErrNotSent", err)
	}
	l.after = nil
	if _, err := ch.Query(t.Context(), op); !errors.Is(err, channel.ErrAbsent) {
		t.Errorf("%v, want ErrAbsent", err)
	}
	do(t, ch, op, paymux.OpPending)
	if n := institution.Orders(string(op.ID)); n != 1 {
		t.Errorf("%d orders of one operation", n)
	}
}

// An order that asks for another amount than the operation, or is another operation's, is not finished.
func TestForeignOrderIsNotFinished(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	op := ordered(t, ch, false)
	institution.Approve(string(op.ID))
	more := op
	more.Money.Amount++
	if r := ask(t, ch, more, paymux.OpUnknown); r.Money != op.Money {
		t.Errorf("states %s, want what the order asks for", r.Money)
	}
	other := payment()
	other.ChannelID = op.ChannelID
	if r, err := ch.Query(t.Context(), other); err == nil {
		t.Errorf("another operation's order: %+v", r)
	}
	for _, kind := range []paymux.OperationKind{paymux.Capture, paymux.Cancel, paymux.Refunds} {
		if r, err := ch.Do(t.Context(), follow(kind, other, 1)); !errors.Is(err, channel.ErrNotSent) {
			t.Errorf("%s of another operation's order: %+v, %v", kind, r, err)
		}
	}
	if n := effects(institution, op.ID); n != 0 {
		t.Errorf("money moved %d times", n)
	}
}

// What the order says of its payments, in PayPal's words.
func TestOrderOutcomes(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	for _, c := range []struct {
		manual       bool
		kind, status string
		want         paymux.OperationState
	}{
		{false, "capture", "PENDING", paymux.OpPending},
		{false, "capture", "DECLINED", paymux.OpDeclined},
		{false, "capture", "FAILED", paymux.OpDeclined},
		{false, "capture", "REFUNDED", paymux.OpSucceeded},
		{false, "capture", "PARTIALLY_REFUNDED", paymux.OpSucceeded},
		{false, "capture", "HALF_DONE", paymux.OpUnknown},
		{true, "authorization", "PENDING", paymux.OpPending},
		{true, "authorization", "DENIED", paymux.OpDeclined},
		{true, "authorization", "VOIDED", paymux.OpCanceled},
		{true, "authorization", "EXPIRED", paymux.OpCanceled},
		{true, "authorization", "HALF_DONE", paymux.OpUnknown},
	} {
		op := paid(t, institution, ch, c.manual)
		institution.SetStatus(string(op.ID), c.kind, c.status, "")
		r := ask(t, ch, op, c.want)
		if c.want == paymux.OpDeclined && r.DeclineCode == "" || c.want != paymux.OpSucceeded && r.Money != (paymux.Money{}) {
			t.Errorf("%s %s: %+v", c.kind, c.status, r)
		}
	}
	for status, want := range map[string]paymux.OperationState{
		"VOIDED": paymux.OpCanceled, "CREATED": paymux.OpPending, "SAVED": paymux.OpPending, "COMPLETED": paymux.OpUnknown, "HALF_DONE": paymux.OpUnknown,
	} {
		op := ordered(t, ch, false)
		institution.SetStatus(string(op.ID), "order", status, "")
		ask(t, ch, op, want)
	}
}

// Captures and refunds are found by their own IDs and by our numbers, and are absent where they are not.
func TestMoved(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	op := paid(t, institution, ch, true)
	part, rest := follow(paymux.Capture, op, 400), follow(paymux.Capture, op, 850)
	rest.Final = true
	done := do(t, ch, part, paymux.OpSucceeded)
	do(t, ch, rest, paymux.OpSucceeded)
	back := follow(paymux.Refunds, op, 800)
	given := do(t, ch, back, paymux.OpSucceeded)
	for _, c := range []struct {
		op  channel.Operation
		was channel.Result
	}{{part, done}, {back, given}} {
		byNumber := ask(t, ch, c.op, paymux.OpSucceeded)
		c.op.ChannelID = c.was.ChannelID
		byID := ask(t, ch, c.op, paymux.OpSucceeded)
		if diff := cmp.Diff(byNumber, byID); diff != "" || byID.ChannelID != c.was.ChannelID || byID.Money != c.op.Money {
			t.Errorf("%s: %s", c.op.Kind, diff)
		}
	}
	for _, kind := range []paymux.OperationKind{paymux.Capture, paymux.Refunds, paymux.Cancel} {
		if r, err := ch.Query(t.Context(), follow(kind, op, 1)); !errors.Is(err, channel.ErrAbsent) {
			t.Errorf("%s that never was: %+v, %v", kind, r, err)
		}
	}
	if r := do(t, ch, follow(paymux.Refunds, op, 450), paymux.OpDeclined); r.Code != "no_capture" {
		t.Errorf("the captures have 400 and 50 left, a refund of 450: %+v", r)
	}
	do(t, ch, follow(paymux.Refunds, op, 400), paymux.OpSucceeded)
	do(t, ch, follow(paymux.Refunds, op, 50), paymux.OpSucceeded)
}

// A capture or a refund whose answer is lost is sent again under its key and number, and happens once.
func TestAnswerOfMoveLost(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	l, broken := over(config)
	ch := open(t, broken)
	op := paid(t, institution, ch, true)
	for _, moved := range []channel.Operation{follow(paymux.Capture, op, 1250), follow(paymux.Refunds, op, 300), follow(paymux.Refunds, op, 950)} {
		l.after = func(r *http.Request, resp *http.Response) (*http.Response, error) {
			if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/v2/payments/") {
				return lose(resp)
			}
			return resp, nil
		}
		if _, err := ch.Do(t.Context(), moved); err == nil || errors.Is(err, channel.ErrNotSent) {
			t.Fatalf("%s: %v, want an error that is not ErrNotSent", moved.Kind, err)
		}
		l.after = nil
		do(t, ch, moved, paymux.OpSucceeded)
		ask(t, ch, moved, paymux.OpSucceeded)
		if n := effects(institution, moved.ID); n != 1 {
			t.Errorf("%s happened %d times", moved.Kind, n)
		}
	}
}

// What is left of a reservation of which a part was captured is released; the payment keeps that part.
func TestReleaseOfTheRest(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	op := paid(t, institution, ch, true)
	do(t, ch, follow(paymux.Capture, op, 400), paymux.OpSucceeded)
	cancel := follow(paymux.Cancel, op, 850)
	do(t, ch, cancel, paymux.OpSucceeded)
	ask(t, ch, cancel, paymux.OpSucceeded)
	if r := ask(t, ch, op, paymux.OpAuthorized); r.Money != op.Money {
		t.Errorf("states %s", r.Money)
	}
	do(t, ch, follow(paymux.Capture, op, 100), paymux.OpDeclined)
}

// PayPal's word that it was released before is as good as a release; that it was captured is a refusal.
func TestVoidedBefore(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	op := paid(t, institution, ch, true)
	for issue, want := range map[string]paymux.OperationState{
		"PREVIOUSLY_VOIDED": paymux.OpSucceeded, "PREVIOUSLY_CAPTURED": paymux.OpDeclined, "MOON_IN_THE_WRONG_HOUSE": paymux.OpUnknown,
	} {
		cancel := follow(paymux.Cancel, op, 1250)
		institution.Refuse("void", string(cancel.ID), issue)
		do(t, ch, cancel, want)
	}
}

// A cancel whose answer is lost is found done, and a refusal in reading before it is proven not sent.
func TestCancelAnswers(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	l, broken := over(config)
	ch := open(t, broken)
	for _, manual := range []bool{false, true} {
		op := ordered(t, ch, manual)
		if manual {
			institution.Approve(string(op.ID))
			ask(t, ch, op, paymux.OpAuthorized)
		}
		cancel := follow(paymux.Cancel, op, op.Money.Amount)
		l.before = func(r *http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }
		if _, err := ch.Do(t.Context(), cancel); !errors.Is(err, channel.ErrNotSent) {
			t.Errorf("the order could not be read: %v, want ErrNotSent", err)
		}
		l.before = nil
		l.after = func(r *http.Request, resp *http.Response) (*http.Response, error) {
			if r.Method != http.MethodGet {
				return lose(resp)
			}
			return resp, nil
		}
		if _, err := ch.Do(t.Context(), cancel); err == nil || errors.Is(err, channel.ErrNotSent) {
			t.Errorf("the answer was lost: %v, want an error that is not ErrNotSent", err)
		}
		l.after = nil
		ask(t, ch, cancel, paymux.OpSucceeded)
		ask(t, ch, op, paymux.OpCanceled)
	}
}
