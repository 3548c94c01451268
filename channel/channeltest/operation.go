package channeltest

import (
	"slices"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// payment makes the pay operation of a request.
func (b *bench) payment(t T, r Request, manual bool) channel.Operation {
	t.Helper()
	now := b.s.Config.Now()
	op := channel.Operation{
		ID:              paymux.OperationID(b.ids.New(paymux.PrefixOperation)),
		Kind:            paymux.Pay,
		Money:           b.money(r),
		Payment:         paymux.PaymentID(b.ids.New(paymux.PrefixPayment)),
		Method:          r.Method,
		Card:            r.Card,
		Manual:          manual,
		MerchantOrderID: "A-1001",
		Description:     "Two cups of tea",
		ReturnURL:       b.s.ReturnURL,
		CallbackURL:     b.callbackURL(),
		PageURL:         b.s.PageURL,
		ExpiresAt:       now.Add(time.Hour),
		Client:          paymux.Client{IP: "203.0.113.7", Country: "CN"},
		SentAt:          now,
	}
	if r.Arrange != nil {
		r.Arrange(t, &op)
	}
	return op
}

// callbackURL is where notifications of what the suite does are to go to.
func (b *bench) callbackURL() string {
	if b.s.Quiet {
		return ""
	}
	return b.s.CallbackURL
}

// anyAmount is what is paid where it does not matter how much.
const anyAmount = 1250

func (b *bench) money(r Request) paymux.Money {
	if r.Money != (paymux.Money{}) {
		return r.Money
	}
	if len(b.s.Driver.Currencies) > 0 {
		return paymux.Money{Amount: anyAmount, Currency: b.s.Driver.Currencies[0]}
	}
	return paymux.Money{Amount: anyAmount, Currency: "CNY"}
}

// follow makes an operation that refers to a pay operation.
func (b *bench) follow(kind paymux.OperationKind, pay channel.Operation, channelID string, amount int64) channel.Operation {
	return channel.Operation{
		ID:          paymux.OperationID(b.ids.New(paymux.PrefixOperation)),
		Kind:        kind,
		Money:       paymux.Money{Amount: amount, Currency: pay.Money.Currency},
		Payment:     pay.Payment,
		Method:      pay.Method,
		CallbackURL: pay.CallbackURL,
		PageURL:     pay.PageURL,
		PayID:       pay.ID,
		ChannelID:   channelID,
		PayMoney:    pay.Money,
		SentAt:      b.s.Config.Now(),
	}
}

// do carries out op and checks what every answer must satisfy.
func (b *bench) do(t T, op channel.Operation) channel.Result {
	t.Helper()
	r, err := b.channel.Do(b.context(t), op)
	if err != nil {
		t.Fatalf("do %s %s: %v", op.Kind, op.ID, err)
	}
	b.checkResult(t, op, r)
	return r
}

// query asks what became of op, without the card, which is never stored.
func (b *bench) query(t T, op channel.Operation, channelID string) channel.Result {
	t.Helper()
	op.Card = nil
	if op.Kind == paymux.Pay {
		op.ChannelID = channelID
	}
	r, err := b.channel.Query(b.context(t), op)
	if err != nil {
		t.Fatalf("query %s %s: %v", op.Kind, op.ID, err)
	}
	b.checkResult(t, op, r)
	return r
}

var answers = map[paymux.OperationKind][]paymux.OperationState{
	paymux.Pay:     {paymux.OpPending, paymux.OpUnknown, paymux.OpAuthorized, paymux.OpSucceeded, paymux.OpDeclined, paymux.OpCanceled},
	paymux.Capture: {paymux.OpPending, paymux.OpUnknown, paymux.OpSucceeded, paymux.OpDeclined},
	paymux.Cancel:  {paymux.OpPending, paymux.OpUnknown, paymux.OpSucceeded, paymux.OpDeclined},
	paymux.Refunds: {paymux.OpPending, paymux.OpUnknown, paymux.OpSucceeded, paymux.OpDeclined, paymux.OpCanceled},
}

func (b *bench) checkResult(t T, op channel.Operation, r channel.Result) {
	t.Helper()
	if !slices.Contains(answers[op.Kind], r.State) {
		t.Errorf("%s answered state %q; a %s may be answered %v", op.ID, r.State, op.Kind, answers[op.Kind])
	}
	if r.State == paymux.OpDeclined && r.DeclineCode == "" {
		t.Errorf("declined without a decline code (institution's code %q)", r.Code)
	}
	if r.State != paymux.OpDeclined && (r.DeclineCode != "" || r.Retryable) {
		t.Errorf("state %s carries decline code %q, retryable %t", r.State, r.DeclineCode, r.Retryable)
	}
	if r.NextAction != nil {
		if r.State != paymux.OpPending {
			t.Errorf("state %s asks the payer to act (%s)", r.State, r.NextAction.Type)
		}
		checkAction(t, r.NextAction)
	}
	if r.Money != (paymux.Money{}) && !b.s.Stateless && op.Kind == paymux.Pay && r.Money != op.Money {
		t.Errorf("the institution states %s, asked was %s", r.Money, op.Money)
	}
}

// checkAction sees that Type names the one member that is set, and that it is complete.
func checkAction(t T, a *paymux.NextAction) {
	t.Helper()
	set := map[paymux.NextActionType]bool{
		paymux.ActionRedirect:     a.Redirect != nil,
		paymux.ActionDisplayQR:    a.DisplayQR != nil,
		paymux.ActionInvokeSDK:    a.InvokeSDK != nil,
		paymux.ActionInstructions: a.Instructions != nil,
		paymux.ActionWait:         a.Wait != nil,
	}
	for kind, present := range set {
		if present != (kind == a.Type) {
			t.Errorf("next action of type %q: member %s set is %t", a.Type, kind, present)
		}
	}
	switch {
	case a.Redirect != nil && (a.Redirect.URL == "" || a.Redirect.Method != "GET" && a.Redirect.Method != "POST"):
		t.Errorf("redirect %+v needs a URL and the method GET or POST", *a.Redirect)
	case a.DisplayQR != nil && (a.DisplayQR.Data == "" || a.DisplayQR.ImageURL == ""):
		t.Errorf("QR code %+v needs data and an image", *a.DisplayQR)
	case a.Instructions != nil && len(a.Instructions.Lines) == 0:
		t.Error("instructions without lines")
	}
}

// want checks a state, unless the institution has canned answers.
func (b *bench) want(t T, what string, got channel.Result, states ...paymux.OperationState) {
	t.Helper()
	if b.s.Stateless || slices.Contains(states, got.State) {
		return
	}
	t.Fatalf("%s: state %q (code %q %s), want one of %v", what, got.State, got.Code, got.Message, states)
}

// settled asks about op until it has ended, at most a minute: institutions take their time.
func (b *bench) settled(t T, op channel.Operation, r channel.Result) channel.Result {
	t.Helper()
	if b.s.Stateless || r.State.Ended() || !b.s.Driver.Features.Query {
		return r
	}
	deadline := time.Now().Add(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(deadline) {
		if q := b.query(t, op, r.ChannelID); q.State.Ended() {
			return q
		}
		<-tick.C
	}
	t.Fatalf("%s %s is still %s after a minute", op.Kind, op.ID, r.State)
	return r
}
