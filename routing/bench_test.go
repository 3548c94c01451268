package routing_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// shop is a rule set of n rules over twenty accounts, of the kinds that are written: by merchant, amount, country,
// card, hour, metadata. The last one matches the payment.
func shop(n int, order routing.Order) *routing.RuleSet {
	manual := true
	s := &routing.RuleSet{
		Name: "shop", Version: 12, TimeZone: "Asia/Shanghai", Fallback: routing.Fallback{All: true},
		Areas:  map[string][]string{"europe": {"AT", "BE", "DE", "ES", "FI", "FR", "IE", "IT", "NL", "PT"}},
		Groups: map[string][]paymux.MerchantID{"vip": {"mer_7", "mer_8", "mer_9"}},
		Dynamic: []routing.DynamicRule{{
			Name: "best", Score: &routing.Weights{Success: 1, Cost: 0.5, Latency: 0.01}, Explore: 0.02,
		}},
	}
	for i := range n {
		w := routing.Condition{Methods: []paymux.MethodType{paymux.Card, paymux.WeChatPay}, Currencies: []paymux.Currency{"CNY", "USD"}}
		switch i % 8 {
		case 0:
			w.Merchants = []paymux.MerchantID{paymux.MerchantID(fmt.Sprint("mer_", i+1000))}
		case 1:
			w.Amounts = map[paymux.Currency]routing.Range{"CNY": {Min: int64(i+1) * 100_000, Max: int64(i+2) * 100_000}}
		case 2:
			w.Client = []string{"europe", "GB", "CH"}
		case 3:
			w.Networks, w.BINs = []string{"visa"}, []routing.BINRange{routing.BINRange(fmt.Sprint(500_000 + i))}
		case 4:
			w.Hours = []routing.Window{{From: "23:00", To: "06:00", Days: []string{"sat", "sun"}}}
		case 5:
			w.Metadata = map[string][]string{"store": {fmt.Sprint("store-", i)}}
		case 6:
			w.Groups, w.Manual = []string{"vip"}, &manual
		case 7:
			w.Not = &routing.Condition{Client: []string{"CN", "HK"}}
		}
		if i == n-1 {
			w = routing.Condition{Methods: []paymux.MethodType{paymux.Card}, Client: []string{"CN"}, Amounts: map[paymux.Currency]routing.Range{"CNY": {Min: 1}}}
		}
		s.Static = append(s.Static, routing.StaticRule{Name: fmt.Sprint("rule ", i), When: w, Use: []string{"account3", "account19", "account7"}, Channels: []string{"bank"}, Order: order})
	}
	for i := range 20 {
		s.Accounts = append(s.Accounts, routing.AccountRule{
			Name: fmt.Sprint("account", i), Priority: i + 1, Client: []string{"CN", "europe"}, Amounts: map[paymux.Currency]routing.Range{"CNY": {Min: 1, Max: 10_000_000}},
			Hours: []routing.Window{{From: "00:10", To: "23:50"}}, Quotas: []routing.Quota{{Name: "daily", Count: 1_000_000}},
			Fees: []routing.Fee{{Methods: []paymux.MethodType{paymux.PayPal}, Percent: 3}, {Percent: 0.6 + float64(i)/10, Fixed: 10}},
		})
	}
	return s
}

// banks are twenty accounts.
func banks() (accounts []routing.Account) {
	for i := range 20 {
		a := able(fmt.Sprint("account", i))
		a.Channel = "bank"
		accounts = append(accounts, a)
	}
	return accounts
}

// busy is knowledge as cheap as it can be.
type busy struct{}

func (busy) Figures(account string, _ routing.Kind) routing.Figures {
	return routing.Figures{Success: 0.9 + float64(account[len(account)-1]-'0')/200, Trials: 500, Latency: 800 * time.Millisecond}
}
func (busy) Health(_ paymux.MerchantID, account string) routing.Health {
	if account == "account3" {
		return routing.Abnormal
	}
	return routing.Normal
}
func (busy) Full(string, paymux.Money, int32) string { return "" }

// bought is a payment that only the last rule of a shop matches.
func bought() routing.Request {
	return routing.Request{
		ID: "pay_01M82HK2EF008009E8GSMTEEJF", At: time.Date(2026, 11, 26, 4, 30, 0, 0, time.UTC), Merchant: "mer_7", Method: paymux.Card, CardToken: true,
		Money: paymux.Money{Amount: 12_50, Currency: "CNY"}, Client: "CN", Network: "visa", BIN: "42424242", Payer: "8b1f0c7be2a91d44",
		Metadata: map[string]string{"sku": "tea", "store": "store-none"}, Draw: 1 << 63,
	}
}

func compiled(t testing.TB, s *routing.RuleSet) *routing.View {
	p, err := routing.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	return p.Bind(banks(), busy{})
}

// spent reports processor time beside the clock's: the two differ where a machine has other work, too.
func spent(b *testing.B) func() {
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	return func() { b.ReportMetric(float64(used()-before)/float64(b.N), "cpu-ns/op") }
}

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		for _, order := range []routing.Order{routing.OrderListed, routing.OrderDynamic} {
			v, r := compiled(b, shop(n, order)), bought()
			b.Run(fmt.Sprintf("rules=%d/%s", n, order), func(b *testing.B) {
				b.ReportAllocs()
				defer spent(b)()
				for b.Loop() {
					if d := v.Decide(&r); len(d.Order) != 20 {
						b.Fatal(d)
					}
				}
			})
			b.Run(fmt.Sprintf("rules=%d/%s/explained", n, order), func(b *testing.B) {
				b.ReportAllocs()
				defer spent(b)()
				for b.Loop() {
					if d, why := v.Explain(&r); len(why.Candidates) != 20 {
						b.Fatal(d)
					}
				}
			})
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		s := shop(n, routing.OrderListed)
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			defer spent(b)()
			for b.Loop() {
				if _, err := routing.Compile(s); err != nil {
					b.Fatal(err)
				}
			}
		})
		p, err := routing.Compile(s)
		if err != nil {
			b.Fatal(err)
		}
		accounts := banks()
		b.Run(fmt.Sprintf("rules=%d/bind", n), func(b *testing.B) {
			defer spent(b)()
			for b.Loop() {
				p.Bind(accounts, busy{})
			}
		})
	}
}
