package replay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/replay"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/routing/routingtest"
)

// drawHistory is what a set decides about payments while what is known changes, as it is kept: through JSON.
func drawHistory(rt *rapid.T, w *routingtest.World, program *routing.Program) *history {
	h := &history{}
	view := program.Bind(w.Accounts, w)
	for i := range rapid.IntRange(10, 40).Draw(rt, "payments") {
		if i%5 == 4 {
			w.Learn(rt)
		}
		r := routingtest.DrawRequest(rt, w)
		r.ID = paymux.PaymentID(fmt.Sprintf("pay_%04d", i))
		d, why := view.Explain(&r)
		if len(d.Order) == 0 {
			continue // was refused, and is no payment
		}
		h.payments = append(h.payments, kept(rt, &r, d.Order, &why))
	}
	return h
}

// kept is a payment of a request, as a store gives it back.
func kept(rt *rapid.T, r *routing.Request, order []string, why *paymux.Routing) paymux.Payment {
	p := paymux.Payment{
		ID: r.ID, Merchant: r.Merchant, Amount: r.Money.Amount, Currency: r.Money.Currency, Method: paymux.Method{Type: r.Method},
		CaptureMethod: paymux.CaptureAutomatic, Metadata: r.Metadata, Client: paymux.Client{Country: r.Client}, Account: order[0], Routing: why,
		Status: rapid.SampledFrom(paymux.PaymentStatuses()).Draw(rt, "status"), CreatedAt: r.At.Add(-time.Minute),
	}
	if r.Manual {
		p.CaptureMethod = paymux.CaptureManual
	}
	if r.Method == paymux.Card { // institutions may say otherwise than the number
		p.Method.Card = &paymux.CardSummary{Brand: rapid.SampledFrom([]string{"Visa", "Mastercard"}).Draw(rt, "brand")}
	}
	if len(order) > 1 && rapid.Bool().Draw(rt, "failed over") {
		why.Failovers = []paymux.Failover{{From: order[0], To: order[1], Why: "declined (51)", At: r.At}}
		p.Account = order[1]
	}
	var back paymux.Payment
	if err := back.ReadKept(p.AppendKept(nil)); err != nil {
		rt.Fatal(err)
	}
	return back
}

// TestTheSameSetMovesNothing: whatever the set, the accounts, what was known and the payments, the set that was in
// force decides as it did, though accounts are down or up now and merchants may use others.
func TestTheSameSetMovesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := routingtest.DrawWorld(rt)
		set := routingtest.DrawSet(rt, w)
		program, err := routing.Compile(set)
		if err != nil {
			rt.Fatal(err)
		}
		h := drawHistory(rt, w, program)
		for i := range w.Accounts {
			w.Accounts[i].Down = rapid.SampledFrom([]string{"", "down now"}).Draw(rt, "down now")
		}
		s := replay.New(replay.Config{
			Store: h, Accounts: func() []routing.Account { return w.Accounts },
			Sets: func(context.Context, int64) (*routing.RuleSet, error) { return set, nil },
		})
		draft := *set
		draft.Version = 0
		report, err := s.Run(t.Context(), &draft, replay.Options{})
		if err != nil {
			rt.Fatal(err)
		}
		if report.Moved != 0 || report.Payments != int64(len(h.payments)) {
			was := ""
			for i := range h.payments {
				if len(report.Moves) > 0 && h.payments[i].ID == report.Moves[0].Payment {
					was = routing.Text(h.payments[i].Routing, "en")
				}
			}
			rt.Fatalf("%d of %d moved of %d: %+v\n%s", report.Moved, report.Payments, len(h.payments), report.Moves, was)
		}
		if d := cmp.Diff(report.Now, report.Then); d != "" {
			rt.Fatalf("nothing moved, and the sides differ: %s", d)
		}
	})
}

// TestTheSameHistoryHasTheSameReport: byte for byte, whatever the draft.
func TestTheSameHistoryHasTheSameReport(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := routingtest.DrawWorld(rt)
		program, err := routing.Compile(routingtest.DrawSet(rt, w))
		if err != nil {
			rt.Fatal(err)
		}
		h, draft := drawHistory(rt, w, program), routingtest.DrawSet(rt, w)
		s := replay.New(replay.Config{Store: h, Accounts: func() []routing.Account { return w.Accounts }})
		var first string
		for range 2 {
			report, err := s.Run(t.Context(), draft, replay.Options{})
			if err != nil {
				rt.Fatal(err)
			}
			text, err := json.Marshal(report)
			if err != nil {
				rt.Fatal(err)
			}
			if first != "" && string(text) != first {
				rt.Fatalf("%s\n%s", first, text)
			}
			first = string(text)
			consistent(rt, report)
		}
	})
}

// consistent holds a report against itself.
func consistent(rt *rapid.T, r *paymux.RoutingReplay) {
	var now, then, flows int64
	for _, a := range r.Accounts {
		now, then = now+a.Now.Payments, then+a.Then.Payments
		for _, side := range []paymux.ReplaySide{a.Now, a.Then} {
			if e := side.Success; e != nil && !(0 <= e.Low && e.Low <= e.Value && e.Value <= e.High && e.High <= 1) {
				rt.Fatalf("%+v is no interval", *e)
			}
		}
	}
	for _, f := range r.Flows {
		flows += f.Payments
	}
	if now != r.Payments || then != r.Payments || flows != r.Moved || r.Refused+r.Unknown > r.Moved {
		rt.Fatalf("%d payments; now %d, then %d; %d moved, flows %d: %+v", r.Payments, now, then, r.Moved, flows, r)
	}
}
