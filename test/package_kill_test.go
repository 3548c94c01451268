package test_test

import (
	"errors"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/client"
)

// cardAt buys with a card at a named account of the sandbox.
func cardAt(account string) func(string) client.PaymentRequest {
	return func(order string) client.PaymentRequest {
		return client.PaymentRequest{
			Amount: 1250, Currency: "CNY", MerchantOrderID: order, Account: account,
			PaymentMethod: &client.PaymentMethod{Type: paymux.Card, Card: &client.Card{Number: goodCard, ExpMonth: 12, ExpYear: 2040, CVC: "123"}},
		}
	}
}

// byMethod buys with a wallet and leaves the account to the routing.
func byMethod(order string) client.PaymentRequest {
	return client.PaymentRequest{
		Amount: 1250, Currency: "CNY", MerchantOrderID: order, ReturnURL: "https://shop.example/thanks",
		PaymentMethod: &client.PaymentMethod{Type: paymux.Alipay, Flow: paymux.FlowWeb},
	}
}

// payWhere plays the payer of a wallet at whichever institution the payment went to.
func payWhere(m *client.Client, b *bank, second *institution) func(*paymux.Payment) (*paymux.Payment, error) {
	return func(p *paymux.Payment) (*paymux.Payment, error) {
		if p.Channel == second.channel {
			return second.stall(m).finish(p)
		}
		err := b.approve(p.ID)
		if err != nil {
			return p, err
		}
		return m.SyncPayment(b.t.Context(), p.ID)
	}
}

// wentTo reports deals whose payment went to a channel.
func wentTo(channel string) func(*deal) bool {
	return func(d *deal) bool {
		return d.payment != nil && d.payment.Channel == channel && d.payment.Status != paymux.Failed
	}
}

// One channel's package is killed three times while payments run over all six: nobody else's notice it, those
// that only ask for its method go elsewhere at once, and each of its own ends, exactly once.
func TestOnePackageDiesUnderLoad(t *testing.T) {
	t.Parallel()
	banks := institutions(t)
	names := []string{"sandbox"}
	for _, i := range banks {
		names = append(names, i.channel)
	}
	s := newCrowd(t, names...)
	var alipay *institution
	for _, i := range banks {
		s.open(i, "1.0.0")
		if i.channel == "alipay" {
			alipay = i
		}
	}
	b := s.openBank("a-bank")
	b.faults("a-bank", sandbox.Faults{LatencyMS: 150}) // so that calls are under way whenever it dies
	doomed := s.toBank("1.0.0", "", b.account("a-bank", b.url, "card", "alipay"))
	doomed.start()
	for _, name := range names {
		s.known(name, "1.0.0", true)
	}
	// That an account which failed is given only so much when it is back is looked at elsewhere.
	if _, err := s.ops().PinRoute(t.Context(), "a-bank", client.PinRequest{State: paymux.RouteNormal, Reason: "its package dies now and then"}); err != nil {
		t.Fatal(err)
	}
	m, wallets := s.merchant(), s.merchantAt("a-bank", "alipay-main")
	stalls := []*stall{
		{name: "doomed", m: m, request: cardAt("a-bank"), insists: true},
		{name: "wallet", m: wallets, request: byMethod, finish: payWhere(wallets, b, alipay), insists: true},
	}
	for _, i := range banks {
		stalls = append(stalls, i.stall(m))
	}
	tr := newTrade(t, stalls...)
	theirs := others("doomed", "wallet")
	calm := time.Now()
	tr.answered("with all packages alive", 150, (*deal).succeeded)
	first := time.Now()
	open := 0
	for range 3 {
		doomed.kill()
		open += len(tr.underWay(time.Now(), named("doomed", "wallet")))
		tr.answered("rerouted while it is dead", 5, func(d *deal) bool { return d.stall.name == "wallet" && wentTo("alipay")(d) })
		doomed.start()
		tr.answered("at the package that is back", 5, func(d *deal) bool { return d.stall.name == "wallet" && wentTo("sandbox")(d) })
		tr.answered("at the package that is back, by its own account", 5, func(d *deal) bool { return d.stall.name == "doomed" && d.succeeded() })
	}
	last := time.Now()
	tr.ends()
	before, during := tr.of(calm, first, theirs), tr.of(first, last, theirs)
	tr.flawless("the other channels before", before)
	tr.flawless("the other channels during", during)
	tr.unhurt(before, during)
	tr.rerouted(first, last, open)
	tr.once(named("doomed", "wallet"))
	b.compare(tr.deals)
	for _, i := range banks {
		i.compare(t, tr.deals)
	}
}

// rerouted: while a package died, only what it had taken up was left open; all else it did not
// get was refused as not sent, or went elsewhere.
func (tr *trade) rerouted(from, to time.Time, underWay int) {
	tr.t.Helper()
	counts, lost := map[string]int{}, 0
	for _, d := range tr.of(from, to, named("doomed", "wallet")) {
		switch {
		case d.payment == nil && errors.Is(d.err, paymux.NoChannel):
			counts[d.stall.name+" refused, no channel"]++
		case d.payment == nil:
			tr.t.Errorf("neither made nor refused plainly: %s", d.String())
		default:
			counts[d.stall.name+" "+string(d.payment.Status)+" at "+d.payment.Channel]++
		}
		if d.took > deadWait { // it waited for the time limit of the call that died
			lost++
		}
		if d.stall.name == "wallet" && d.took < deadWait && !d.succeeded() {
			tr.t.Errorf("not rerouted: %s", d.String())
		}
	}
	tr.t.Logf("%v; %d were under way at the kills, %d had to be found out", counts, underWay, lost)
	if lost > underWay {
		tr.t.Errorf("%d payments were left open, and %d were under way when it was killed", lost, underWay)
	}
}

// Two instances share a version's work, and one is killed, then the other. What they were doing is not known and found out, and
// nothing else is touched.
func TestOneOfTwoInstancesDies(t *testing.T) {
	t.Parallel()
	s := newCrowd(t, "sandbox")
	b := s.openBank("a-bank")
	b.faults("a-bank", sandbox.Faults{LatencyMS: 200})
	instances := []*part{s.toBank("1.0.0", "a", b.account("a-bank", b.url, "card")), s.toBank("1.0.0", "b", b.account("a-bank", b.url, "card"))}
	for _, i := range instances {
		i.start()
	}
	if !within(20*time.Second, func() bool { return len(s.version("sandbox", "1.0.0").Instances) == 2 }) {
		t.Fatalf("%+v", s.channels())
	}
	m := s.merchant()
	tr := newTrade(t, &stall{name: "left", m: m, request: cardAt("a-bank"), every: time.Second / 20}, &stall{name: "right", m: m, request: cardAt("a-bank"), every: time.Second / 20})
	tr.answered("from both instances", 15, (*deal).succeeded)
	taken := map[string]bool{} // by one that may have been killed with it
	for _, i := range instances {
		i.kill()
		for _, d := range tr.underWay(time.Now(), others()) {
			taken[d.key] = true
		}
		tr.answered("from the one that is left", 30, (*deal).succeeded)
		i.start()
	}
	tr.ends()
	lost := 0
	for _, d := range tr.of(time.Time{}, time.Now(), others()) {
		if d.took < deadWait && d.err == nil {
			continue
		}
		if lost++; !taken[d.key] || d.err != nil {
			t.Errorf("not under way at a kill, or refused: %s", d.String())
		}
	}
	t.Logf("%d payments, %d under way at the kills, %d of them found out", len(tr.deals), len(taken), lost)
	if lost == 0 {
		t.Error("nothing was lost: the kill has shown nothing")
	}
	tr.once(named())
	b.compare(tr.deals)
}
