package paypal_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/test/paypalfake"
)

// After a cancel has succeeded no money comes, whatever the payer does with the link he still has.
func TestCanceledOrderTakesNoMoney(t *testing.T) {
	t.Parallel()
	for _, manual := range []bool{false, true} {
		institution, config := fake(t)
		ch := open(t, config)
		for _, approvedFirst := range []bool{false, true} {
			op := ordered(t, ch, manual)
			if approvedFirst {
				institution.Approve(string(op.ID))
			}
			cancel := follow(paymux.Cancel, op, op.Money.Amount)
			do(t, ch, cancel, paymux.OpSucceeded)
			do(t, ch, cancel, paymux.OpSucceeded)
			institution.Approve(string(op.ID))
			news := approved(t, institution, config, ch, op)
			if news.Operation != op.ID || news.Result.State != paymux.OpCanceled {
				t.Errorf("manual %t: news of an approval after the cancel: %+v", manual, news)
			}
			ask(t, ch, op, paymux.OpCanceled)
			ask(t, ch, cancel, paymux.OpSucceeded)
			if n := effects(institution, op.ID); n != 0 {
				t.Errorf("manual %t: money moved %d times after a cancel", manual, n)
			}
			if n := effects(institution, cancel.ID); n != 1 {
				t.Errorf("the cancel took effect %d times", n)
			}
		}
	}
}

// approved delivers the news of an approval.
func approved(t *testing.T, institution *paypalfake.Institution, config channel.Config, ch channel.Channel, op channel.Operation) channel.Callback {
	t.Helper()
	body := paypalfake.Event("CHECKOUT.ORDER.APPROVED", institution.Resource(string(op.ID), "order"))
	news, err := ch.Callback(t.Context(), delivered(institution.Sign(config.Options["base_url"], body, paypalfake.Signing{At: later()}), body))
	if err != nil {
		t.Fatalf("news of an approval: %v", err)
	}
	return news
}

// A call that takes the money and was under way when the order was closed is refused by PayPal: the
// intent that it names is gone.
func TestCancelOvertakesCapture(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	l, slow := over(config)
	quick, ch := open(t, config), open(t, slow)
	op := ordered(t, quick, false)
	institution.Approve(string(op.ID))
	cancel := follow(paymux.Cancel, op, op.Money.Amount)
	l.before = func(r *http.Request) (*http.Response, error) {
		if completes(r) {
			l.before = nil
			do(t, quick, cancel, paymux.OpSucceeded)
		}
		return nil, nil
	}
	ask(t, ch, op, paymux.OpCanceled)
	if l.before != nil {
		t.Fatal("the query made no call to take the money, so nothing was overtaken")
	}
	if n := effects(institution, op.ID); n != 0 {
		t.Errorf("money moved %d times after a cancel", n)
	}
}

// The other way round: money taken while the cancel was on its way is not called canceled.
func TestCaptureOvertakesCancel(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	l, slow := over(config)
	quick, ch := open(t, config), open(t, slow)
	op := ordered(t, quick, false)
	institution.Approve(string(op.ID))
	l.before = func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPatch {
			l.before = nil
			ask(t, quick, op, paymux.OpSucceeded)
		}
		return nil, nil
	}
	cancel := follow(paymux.Cancel, op, op.Money.Amount)
	if r := do(t, ch, cancel, paymux.OpDeclined); l.before != nil || r.DeclineCode == "" {
		t.Errorf("%+v; the cancel was overtaken: %t", r, l.before == nil)
	}
	do(t, ch, cancel, paymux.OpDeclined)
	if n := effects(institution, op.ID); n != 1 {
		t.Errorf("money moved %d times", n)
	}
}

// Where PayPal does not let an order be closed before it is approved, the cancel claims nothing, and closes it then.
func TestCancelWaitsForWhatCannotBeClosed(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	institution.Unpatchable = true
	ch := open(t, config)
	op := ordered(t, ch, false)
	cancel := follow(paymux.Cancel, op, op.Money.Amount)
	if r := do(t, ch, cancel, paymux.OpPending); r.Code != "NOT_PATCHABLE" {
		t.Errorf("code %q", r.Code)
	}
	if _, err := ch.Query(t.Context(), cancel); !errors.Is(err, channel.ErrAbsent) {
		t.Errorf("query of a cancel that did nothing: %v, want ErrAbsent, so that it is sent again", err)
	}
	institution.Approve(string(op.ID))
	do(t, ch, cancel, paymux.OpSucceeded)
	ask(t, ch, op, paymux.OpCanceled)
	if n := effects(institution, op.ID); n != 0 {
		t.Errorf("money moved %d times after a cancel", n)
	}
}

// An order that PayPal has forgotten cannot be paid any more; one that it cannot have forgotten yet, or should have
// long since, proves nothing.
func TestLapsedOrder(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	old := paymux.NewIDs([]byte("0123456789abcdef"), 1, func() time.Time { return later().Add(-8 * 24 * time.Hour) })
	young := paymux.NewIDs([]byte("0123456789abcdef"), 1, later)
	for name, c := range map[string]struct {
		id   string
		ends bool
	}{
		"eleven minutes old": {mint.New(paymux.PrefixOperation), true},
		"just made":          {young.New(paymux.PrefixOperation), false},
		"a week old":         {old.New(paymux.PrefixOperation), false},
	} {
		op := payment()
		op.ID = paymux.OperationID(c.id)
		op.ChannelID = do(t, ch, op, paymux.OpPending).ChannelID
		institution.Lapse(c.id)
		cancel := follow(paymux.Cancel, op, op.Money.Amount)
		if c.ends {
			ask(t, ch, op, paymux.OpCanceled)
			do(t, ch, cancel, paymux.OpSucceeded)
			ask(t, ch, cancel, paymux.OpSucceeded)
			continue
		}
		if r, err := ch.Query(t.Context(), op); err == nil || errors.Is(err, channel.ErrAbsent) {
			t.Errorf("%s: query %+v, %v; want an error that proves nothing", name, r, err)
		}
		if r, err := ch.Do(t.Context(), cancel); err == nil || errors.Is(err, channel.ErrNotSent) {
			t.Errorf("%s: cancel %+v, %v; want an error that proves nothing", name, r, err)
		}
	}
}

// A decline is final: the payer still has the link, and approving again brings no money.
func TestDeclinedOrderIsClosed(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	for name, spoil := range map[string]func(id string){
		"refused":         func(id string) { institution.Refuse("complete", id, "INSTRUMENT_DECLINED") },
		"an attempt left": institution.AttemptFailed,
	} {
		op := ordered(t, ch, false)
		institution.Approve(string(op.ID))
		spoil(string(op.ID))
		ask(t, ch, op, paymux.OpDeclined)
		institution.Approve(string(op.ID))
		if news := approved(t, institution, config, ch, op); news.Result.State == paymux.OpSucceeded || news.Result.State == paymux.OpPending {
			t.Errorf("%s: approved again: %+v", name, news)
		}
		if n := effects(institution, op.ID); n != 0 {
			t.Errorf("%s: money moved %d times after a decline", name, n)
		}
	}
}

// An attempt that failed says nothing about one that PayPal still looks into.
func TestPendingAttemptIsNotClosed(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	op := paid(t, institution, ch, false)
	institution.SetStatus(string(op.ID), "capture", "PENDING", "PENDING_REVIEW")
	institution.AttemptFailed(string(op.ID))
	institution.SetStatus(string(op.ID), "order", "APPROVED", "")
	if r := ask(t, ch, op, paymux.OpPending); r.Code != "PENDING_REVIEW" {
		t.Errorf("%+v", r)
	}
	if r := do(t, ch, follow(paymux.Cancel, op, 1250), paymux.OpDeclined); r.Code != "PREVIOUSLY_CAPTURED" {
		t.Errorf("cancel: %+v", r)
	}
}

// Where the order cannot be closed, the payer may still pay, and that is what is said.
func TestDeclinedOrderThatStaysOpen(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	op := ordered(t, ch, false)
	institution.Approve(string(op.ID))
	institution.Refuse("complete", string(op.ID), "INSTRUMENT_DECLINED")
	institution.Refuse("patch", string(op.ID), "NOT_PATCHABLE")
	if r := ask(t, ch, op, paymux.OpPending); r.Code != "INSTRUMENT_DECLINED" {
		t.Errorf("%+v", r)
	}
	institution.ApproveLater(string(op.ID), time.Second)
	ask(t, ch, op, paymux.OpSucceeded)
}

// PayPal may want the payer back, and repeats that under the same key; a new approval is a new key.
func TestPayerHasToActAgain(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	op := ordered(t, ch, false)
	institution.Approve(string(op.ID))
	institution.Refuse("complete", string(op.ID), "PAYER_ACTION_REQUIRED")
	ask(t, ch, op, paymux.OpPending)
	ask(t, ch, op, paymux.OpPending)
	institution.SetStatus(string(op.ID), "order", "PAYER_ACTION_REQUIRED", "")
	if r := ask(t, ch, op, paymux.OpPending); r.NextAction == nil || r.NextAction.Redirect == nil {
		t.Errorf("nothing to do for the payer: %+v", r)
	}
	institution.ApproveLater(string(op.ID), time.Second)
	ask(t, ch, op, paymux.OpSucceeded)
}
