package replay_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/replay"
	"github.com/paymux/paymux/routing"
)

func country(c string) func(*paymux.Payment) {
	return func(p *paymux.Payment) { p.Client.Country = c }
}

func amount(n int64) func(*paymux.Payment) { return func(p *paymux.Payment) { p.Amount = n } }

// failedOver has the payment go from its first account to another.
func failedOver(to, why string) func(*paymux.Payment) {
	return func(p *paymux.Payment) {
		p.Routing.Failovers = append(p.Routing.Failovers, paymux.Failover{From: p.Account, To: to, Why: why})
		p.Account = to
	}
}

// TestReportByHand: 40 payments at a, 30 of them paid, and 60 at b, 57 paid. All of a's would go to b, whose fee is
// 1 % instead of 2 %. Wilson's intervals are of published tables' formula, computed by hand.
func TestReportByHand(t *testing.T) {
	t.Parallel()
	var h history
	h.pasts(30, "a", paymux.Succeeded)
	h.pasts(10, "a", paymux.Failed)
	h.pasts(57, "b", paymux.Succeeded)
	h.pasts(3, "b", paymux.Expired)
	h.past("a", paymux.Processing)                                              // moves, and nobody knows yet what came of it
	h.past("", paymux.Created, func(p *paymux.Payment) { p.Routing = nil })     // was never sent anywhere
	h.past("b", paymux.Canceled, func(p *paymux.Payment) { p.Merchant = "m2" }) // of another merchant
	set := to("b", "a")
	set.Accounts = []routing.AccountRule{{Name: "a", Fees: []routing.Fee{{Percent: 2}}}, {Name: "b", Fees: []routing.Fee{{Percent: 1}}}}

	r := replayed(t, &h, set, replay.Options{Filter: replay.Filter{Merchant: "mer_1"}, Moves: 1}, "a", "b")
	type figures struct{ Payments, Unrouted, Moved, Refused, Unknown, Pooled int64 }
	if got, want := (figures{r.Payments, r.Unrouted, r.Moved, r.Refused, r.Unknown, r.Pooled}), (figures{101, 1, 41, 0, 0, 0}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	a, b := account(t, r, "a"), account(t, r, "b")
	if got, want := a.Now, (paymux.ReplaySide{
		Payments: 41, Share: 0.405941, Judged: 40, Success: &paymux.Estimate{Value: 0.75, Low: 0.59806, High: 0.858129},
		Costs: []paymux.ReplayCost{{Currency: "CNY", Cost: paymux.Estimate{Value: 6000, Low: 4895.87, High: 7104.13}, Amount: 300_000, Rate: 200}},
	}); cmp.Diff(want, got) != "" {
		t.Errorf("a as it was: %s", cmp.Diff(want, got))
	}
	if got := a.Then; got.Payments != 0 || got.Success != nil || got.Judged != 0 {
		t.Errorf("a as it would be: %+v", got)
	}
	if got, want := *b.Now.Success, (paymux.Estimate{Value: 0.95, Low: 0.862995, High: 0.98285}); got != want {
		t.Errorf("b as it was: %+v, want %+v", got, want)
	}
	// 60 as they were and 41 that are expected to do as well: 95 % of 101, and 1 % of what is received.
	if got := b.Then; got.Payments != 101 || got.Judged != 101 || got.Success.Value != 0.95 || got.Costs[0].Amount != 959_500 || got.Costs[0].Cost.Value != 9595 {
		t.Errorf("b as it would be: %+v %+v", got, *got.Success)
	}
	if r.Now.Success.Value != 0.87 || r.Then.Success.Value != 0.95 || r.Then.Success.Low <= r.Now.Success.Value-0.1 {
		t.Errorf("in all: %+v, then %+v", *r.Now.Success, *r.Then.Success)
	}
	if want := []paymux.ReplayFlow{{From: "a", To: "b", Payments: 41}}; cmp.Diff(want, r.Flows) != "" {
		t.Error(cmp.Diff(want, r.Flows))
	}
	if want := []paymux.ReplayMove{{
		Payment: "pay_000000", Merchant: "mer_1", Amount: 10_000, Currency: "CNY", Method: "card", From: "a", To: "b",
		Rule: "cards", Kind: "static", Code: "outranked", Detail: "listed", Why: "another is named before it",
	}}; cmp.Diff(want, r.Moves) != "" {
		t.Error(cmp.Diff(want, r.Moves))
	}
}

// TestWhoMovesIsJudgedByTheirKind: by 40 of their own kind, by all of their method where those of their kind are
// fewer than 30, by what came after failovers where nothing else went there, and not at all where nobody paid so before.
func TestWhoMovesIsJudgedByTheirKind(t *testing.T) {
	t.Parallel()
	var h history
	h.pasts(40, "b", paymux.Failed)
	h.pasts(40, "b", paymux.Succeeded, country("DE"))
	h.pasts(10, "b", paymux.Succeeded, country("FR"))
	h.past("a", paymux.Succeeded)                                                               // by 40 of which none paid
	h.past("a", paymux.Succeeded, country("DE"))                                                // by 40 of which all paid
	h.past("a", paymux.Succeeded, country("FR"))                                                // by 90 of which 50 paid
	h.past("a", paymux.Succeeded, func(p *paymux.Payment) { p.Method.Type = paymux.WeChatPay }) // b had none
	judge := func(use string) *paymux.RoutingReplay {
		return replayed(t, &h, to(use), replay.Options{}, "a", "b", "c")
	}
	r := judge("b")
	if r.Moved != 4 || r.Pooled != 1 || r.Unknown != 1 {
		t.Errorf("%d moved, %d pooled, %d unknown; want 4, 1, 1", r.Moved, r.Pooled, r.Unknown)
	}
	then := account(t, r, "b").Then // 90 of its own with 50 paid, and 0, 1 and 50/90 of three
	if want := (50 + 1 + 50.0/90) / 93; then.Judged != 93 || !near(then.Success.Value, want) {
		t.Errorf("judged %d: %v, want 93: %v", then.Judged, *then.Success, want)
	}
	if r := judge("c"); r.Unknown != r.Moved || r.Then.Success != nil {
		t.Errorf("nobody has been at c: %+v", r)
	}
	h.pasts(3, "a", paymux.Succeeded, failedOver("c", "declined (51)"))
	h.past("a", paymux.Failed, failedOver("c", "not_sent"))
	r = judge("c")
	if then := account(t, r, "c").Then; r.Unknown != 1 || !near(then.Success.Value, 0.75) {
		t.Errorf("what followed failovers: %+v, %d unknown", *then.Success, r.Unknown)
	}
	if now := account(t, r, "a").Now; !near(now.Success.Value, 4.0/8) {
		t.Errorf("failovers are no success of the first: %+v", *now.Success)
	}
}

func near(a, b float64) bool { return a-b < 1e-6 && b-a < 1e-6 }

// TestRefusedIsNotPaid: what a draft refuses counts, and nothing is expected of it.
func TestRefusedIsNotPaid(t *testing.T) {
	t.Parallel()
	var h history
	h.pasts(10, "a", paymux.Succeeded)
	h.pasts(30, "a", paymux.Succeeded, amount(50_000))
	set := to("a")
	set.Accounts = []routing.AccountRule{{Name: "a", Amounts: map[paymux.Currency]routing.Range{"CNY": {Max: 20_000}}}}
	r := replayed(t, &h, set, replay.Options{}, "a")
	if r.Moved != 30 || r.Refused != 30 || r.Now.Success.Value != 1 || r.Then.Success.Value != 0.25 {
		t.Errorf("%d moved, %d refused, success %v, then %v", r.Moved, r.Refused, *r.Now.Success, *r.Then.Success)
	}
	if m := r.Moves[0]; m.To != "" || m.Code != "amount_above_limit" || m.Detail != "50000 > 20000 CNY" || m.Why != "the amount is above its limit (50000 > 20000 CNY)" {
		t.Errorf("%+v", m)
	}
}

// TestReplayOfAPart: by time, by mode, as many as are asked for, and on from there.
func TestReplayOfAPart(t *testing.T) {
	t.Parallel()
	var h history
	h.pasts(1200, "a", paymux.Succeeded, func(p *paymux.Payment) { p.Livemode = p.CreatedAt.Second()%2 == 0 })
	part := func(o replay.Options) *paymux.RoutingReplay { return replayed(t, &h, to("b"), o, "a", "b") }
	if r := part(replay.Options{Filter: replay.Filter{From: began.Add(time.Minute), To: began.Add(2 * time.Minute)}}); r.Payments != 60 || r.Next != "" {
		t.Errorf("a minute has %d, next %q", r.Payments, r.Next)
	}
	if r := part(replay.Options{Mode: "live"}); r.Payments != 600 || r.Moved != 600 || len(r.Moves) != replay.DefaultMoves {
		t.Errorf("live are %d, %d of them listed", r.Payments, len(r.Moves))
	}
	first := part(replay.Options{Filter: replay.Filter{Limit: 700}, Moves: -1})
	rest := part(replay.Options{Filter: replay.Filter{After: first.Next}})
	if first.Payments != 700 || rest.Payments != 500 || rest.Next != "" || len(first.Moves) != 0 {
		t.Errorf("700 and the rest: %d, %d, next %q", first.Payments, rest.Payments, rest.Next)
	}
	if h.most > 500 {
		t.Errorf("%d payments were read at once", h.most)
	}
}

func TestReplayTellsWhatFails(t *testing.T) {
	t.Parallel()
	s := replay.New(replay.Config{Store: &history{fails: errStore}, Accounts: func() []routing.Account { return accounts("a") }})
	if _, err := s.Run(t.Context(), to("a"), replay.Options{}); err == nil {
		t.Error("a store that is away was not noticed")
	}
	if _, err := s.Run(t.Context(), &routing.RuleSet{}, replay.Options{}); err == nil {
		t.Error("a set without a fallback was replayed")
	}
}
