package test_test

import (
	"errors"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/client"
)

// market is a split system with two packages, and merchants who insist.
type market struct {
	*split
	*trade
	b     *bank
	keyed *institution // its keys are in the key service, and it knows at once what it has never seen
	m     *client.Client
}

// newMarket opens WeChat Pay, with its keys in the key service, and a bank whose keys are in files.
func newMarket(t *testing.T) *market {
	t.Helper()
	k := &market{split: newCrowd(t, "sandbox", "wechatpay"), keyed: atWeChatPay(t)}
	k.open(k.keyed, "1.0.0")
	k.b = k.openBank("a-bank")
	k.b.faults("a-bank", sandbox.Faults{LatencyMS: 150}) // so that calls are under way whenever somebody dies
	k.toBank("1.0.0", "", k.b.account("a-bank", k.b.url, "card")).start()
	k.known("sandbox", "1.0.0", true)
	k.known("wechatpay", "1.0.0", true)
	k.m = k.merchant()
	keyed := k.keyed.stall(k.m)
	keyed.insists = true
	k.trade = newTrade(t, keyed, &stall{name: "keyless", m: k.m, request: cardAt("a-bank"), insists: true})
	k.answered("before", 10, (*deal).succeeded)
	return k
}

// settled: every purchase ended, none was lost or made twice, and both institutions agree.
func (k *market) settled(t *testing.T) {
	t.Helper()
	k.ends()
	k.once(others())
	k.b.compare(k.deals)
	k.keyed.compare(t, k.deals)
	ended := map[string]int{}
	for _, d := range k.deals {
		switch {
		case d.payment != nil:
			ended[d.stall.name+" "+string(d.payment.Status)]++
		default:
			ended[d.stall.name+" refused: "+d.err.Error()]++
		}
	}
	t.Logf("%d purchases: %v", len(k.deals), ended)
}

// refused are deals that were told to ask again, or that nothing was done.
func refused(d *deal) bool { return d.refusals > 0 || errors.Is(d.err, paymux.NotSent) }

// NATS, by which everybody speaks to everybody, is killed and started again: nothing is begun meanwhile,
// every role finds it again by itself, and what was under way is found out.
func TestNATSDiesUnderLoad(t *testing.T) {
	t.Parallel()
	k := newMarket(t)
	k.nats.kill()
	open := len(k.underWay(time.Now(), others()))
	if !k.refusedMeanwhile() {
		t.Error("nobody was refused while NATS was dead")
	}
	k.nats.start()
	k.answered("when NATS is back", 10, (*deal).succeeded)
	k.settled(t)
	t.Logf("%d were under way when NATS was killed", open)
	for _, c := range []string{"sandbox", "wechatpay"} {
		k.known(c, "1.0.0", true)
	}
	if p, err := k.m.CreatePayment(t.Context(), cardAt("a-bank")("afterwards")); err != nil || p.Status != paymux.Succeeded {
		t.Errorf("afterwards: %+v, %v", p, err)
	}
}

// refusedMeanwhile waits until purchases begun from now on were refused.
func (k *market) refusedMeanwhile() bool {
	from := time.Now()
	return within(15*time.Second, func() bool {
		n := 0
		for _, d := range k.of(from, time.Now(), others()) {
			if refused(&d) {
				n++
			}
		}
		return n >= 10
	})
}

// Without the key service, channels whose keys are there are not sent to; nothing else is touched.
func TestTheKeyServiceDiesUnderLoad(t *testing.T) {
	t.Parallel()
	k := newMarket(t)
	calm := time.Now()
	k.keys.kill()
	dead := time.Now()
	k.answered("refused for want of keys", 10, func(d *deal) bool { return d.stall.name == "wechatpay" && errors.Is(d.err, paymux.NotSent) })
	alive := time.Now()
	k.keys.start()
	k.answered("with keys again", 10, func(d *deal) bool { return d.stall.name == "wechatpay" && d.succeeded() })
	end := time.Now()
	k.settled(t)
	for _, d := range k.of(dead, alive, named("wechatpay")) {
		if d.took > 0 && d.took < 3*time.Second && !errors.Is(d.err, paymux.NotSent) && !d.succeeded() {
			t.Errorf("without keys: %s", d.String())
		}
	}
	k.flawless("the account without keys in the service", k.of(calm, end, named("keyless")))
}

// The node is killed in the middle of payments and started again on its store: what it had begun it ends.
func TestTheNodeDiesUnderLoad(t *testing.T) {
	t.Parallel()
	k := newMarket(t)
	k.node.kill()
	open := len(k.underWay(time.Now(), others()))
	if !k.refusedMeanwhile() {
		t.Error("nobody was refused while the node was dead")
	}
	k.node.start()
	k.answered("by the node that is back", 10, (*deal).succeeded)
	k.settled(t)
	t.Logf("%d were under way when the node was killed", open)
}

// Every institution's channel says of a payment that it could not sign that it was not sent, and goes on when the keys are back.
func TestNobodyIsAskedWithoutKeys(t *testing.T) {
	t.Parallel()
	banks := institutions(t)
	var names []string
	for _, i := range banks {
		names = append(names, i.channel)
	}
	s := newCrowd(t, names...)
	for _, i := range banks {
		s.open(i, "1.0.0")
		s.known(i.channel, "1.0.0", true)
	}
	m := s.merchant()
	s.keys.kill()
	for _, i := range banks {
		p, err := i.pay(t.Context(), m, "without-keys-"+i.channel)
		var refused *client.Error
		if !errors.Is(err, paymux.NotSent) || !errors.As(err, &refused) || refused.Payment == nil || refused.Payment.Status != paymux.Failed {
			t.Errorf("%s without keys: %+v, %v", i.channel, p, err)
			continue
		}
		if n := i.effects(refused.Payment.LatestOperation); n != 0 {
			t.Errorf("%s without keys did it %d times", i.channel, n)
		}
	}
	s.keys.start()
	for _, i := range banks {
		if p, err := i.pay(t.Context(), m, "with-keys-"+i.channel); err != nil || p.Status != paymux.Succeeded || i.effects(p.LatestOperation) != 1 {
			t.Errorf("%s with keys again: %+v, %v", i.channel, p, err)
		}
	}
}
