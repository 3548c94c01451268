package replay_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/replay"
	"github.com/paymux/paymux/routing"
)

// documents is a store that reads its payments as stores do.
type documents [][]byte

func (d documents) History(_ context.Context, f replay.Filter) ([]paymux.Payment, error) {
	var from int
	_, _ = fmt.Sscanf(string(f.After), "pay_%d", &from) // none: from the beginning
	part := d[from:min(from+f.Limit, len(d))]
	page := make([]paymux.Payment, len(part))
	for i := range part {
		if err := page[i].ReadKept(part[i]); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// BenchmarkReplay replays 100,000 payments of eight accounts by score, their JSON read.
func BenchmarkReplay(b *testing.B) {
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	set := &routing.RuleSet{Name: "draft", Dynamic: []routing.DynamicRule{{Name: "best", Score: &routing.Weights{Success: 1, Cost: 1}, Explore: 0.02}}, Fallback: routing.Fallback{All: true}}
	for _, name := range names {
		set.Accounts = append(set.Accounts, routing.AccountRule{Name: name, Fees: []routing.Fee{{Percent: 1}}, Quotas: []routing.Quota{{Name: "day", Count: 5000}}})
	}
	program, err := routing.Compile(set)
	if err != nil {
		b.Fatal(err)
	}
	view, random := program.Bind(accounts(names...), nil), rand.New(rand.NewPCG(1, 2))
	all := make(documents, replay.DefaultPayments)
	for i := range all {
		p := paymux.Payment{
			ID: paymux.PaymentID(fmt.Sprintf("pay_%06d", i+1)), Object: "payment", Amount: 1000 + random.Int64N(50_000), Currency: "CNY", MerchantOrderID: "order",
			Status: paymux.Succeeded, Method: paymux.Method{Type: paymux.Card}, Merchant: paymux.MerchantID(fmt.Sprintf("mer_%d", i%50)), CreatedAt: began.Add(time.Duration(i) * time.Second),
			Client: paymux.Client{Country: []string{"CN", "DE", "US"}[i%3], IP: "192.0.2.1"}, Metadata: map[string]string{"tier": "gold"}, Description: "Tea and biscuits",
			Hops: []paymux.Hop{{Kind: paymux.HopAPI, Text: "create"}, {Kind: paymux.HopRoute, Text: "default: best"}},
		}
		d, why := view.Explain(&routing.Request{ID: p.ID, At: p.CreatedAt, Merchant: p.Merchant, Money: p.Money(), Method: p.Method.Type, Client: p.Client.Country, Draw: routing.DrawOf(p.ID, 0)})
		p.Account, p.Routing = d.Order[0], &why
		if i%7 == 0 {
			p.Status = paymux.Failed
		}
		all[i] = p.AppendKept(nil)
	}
	s := replay.New(replay.Config{Store: all, Accounts: func() []routing.Account { return accounts(names...) }})
	for b.Loop() {
		report, err := s.Run(b.Context(), set, replay.Options{})
		if err != nil || report.Payments != replay.DefaultPayments {
			b.Fatal(report, err)
		}
	}
}
