package test_test

import (
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/client"
)

// steer runs paymux channel as an operator does, and returns what it printed.
func (s *split) steer(args ...string) []byte {
	s.t.Helper()
	out, err := s.tried(args...)
	if err != nil {
		s.t.Fatalf("paymux channel %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (s *split) tried(args ...string) ([]byte, error) {
	cmd := exec.Command(binary, append([]string{"channel", "--base-url", s.url, "-o", "json"}, args...)...)
	cmd.Env = append(cmd.Environ(), "PAYMUX_OPS_TOKEN="+opsToken, "PAYMUX_CONFIG_DIR="+s.dir)
	return cmd.CombinedOutput()
}

// channels is what paymux channel list shows.
func (s *split) channels() (list []paymux.ChannelStatus) {
	s.t.Helper()
	out := s.steer("list")
	if err := json.Unmarshal(out, &list); err != nil {
		s.t.Fatalf("paymux channel list: %v: %s", err, out)
	}
	return list
}

func (s *split) channel(name string) paymux.ChannelStatus {
	s.t.Helper()
	for _, c := range s.channels() {
		if c.Channel == name {
			return c
		}
	}
	return paymux.ChannelStatus{}
}

func (s *split) version(channel, version string) paymux.VersionStatus {
	s.t.Helper()
	for _, v := range s.channel(channel).Versions {
		if v.Version == version {
			return v
		}
	}
	return paymux.VersionStatus{}
}

// calls waits until a version has been given more than n payments since it was counted.
func (s *split) calls(version string, n int64) {
	s.t.Helper()
	if !within(20*time.Second, func() bool { return s.version("sandbox", version).Tally.Payments > n }) {
		s.t.Fatalf("version %s got no %d payments: %+v", version, n, s.channels())
	}
}

// A package is upgraded and rolled back under load, as docs/operations.md tells it, and no request fails.
func TestAPackageIsUpgradedAndRolledBackUnderLoad(t *testing.T) {
	t.Parallel()
	s := newCrowd(t, "sandbox", "stripe")
	s.openStripe()
	b := s.openBank("a-bank")
	b.faults("a-bank", sandbox.Faults{LatencyMS: 80}) // so that calls are under way whenever a version stops
	one, two := s.toBank("1.0.0", "", b.account("a-bank", b.url, "card")), s.toBank("1.1.0", "", b.account("a-bank", b.url, "card"))
	one.start()
	s.known("sandbox", "1.0.0", true)
	s.known("stripe", "1.0.0", true)
	m := s.merchant()
	tr := newTrade(t, &stall{name: "upgraded", m: m, request: cardAt("a-bank"), every: time.Second / 40}, &stall{
		name: "beside", m: m, request: func(order string) client.PaymentRequest { return cardPayment(order, "cards") },
	})

	tr.answered("by the old version", 40, (*deal).succeeded)
	calm := time.Now()
	s.steer("promote", "sandbox", "1.0.0") // it alone, whatever is started beside it
	two.start()
	s.known("sandbox", "1.1.0", true)
	tr.answered("with the new version started", 10, (*deal).succeeded)
	if v := s.version("sandbox", "1.1.0"); v.Tally.Payments != 0 {
		t.Errorf("a version that was only started got payments: %+v", v)
	}
	s.steer("try", "sandbox", "1.1.0", "--percent", "25")
	s.calls("1.1.0", 5)
	if c := s.channel("sandbox"); c.Rollout.Canary != "1.1.0" || c.Rollout.Percent != 25 || c.Rollout.Stable != "1.0.0" {
		t.Errorf("on trial: %+v", c.Rollout)
	}
	s.steer("promote", "sandbox", "1.1.0")
	one.stop()
	s.known("sandbox", "1.0.0", false)
	s.calls("1.1.0", s.version("sandbox", "1.1.0").Tally.Payments+10)

	one.start() // and back
	s.known("sandbox", "1.0.0", true)
	s.steer("promote", "sandbox", "1.0.0")
	s.steer("withdraw", "sandbox", "1.1.0", "--reason", "it is slower")
	two.stop()
	s.known("sandbox", "1.1.0", false)
	tr.answered("by the old version again", 20, (*deal).succeeded)
	c := s.channel("sandbox")
	if w := c.Rollout.Withdrawn; len(w) != 1 || w[0].Version != "1.1.0" || w[0].Reason != "it is slower" || w[0].Who == "" || c.Rollout.Stable != "1.0.0" {
		t.Errorf("rolled back: %+v", c.Rollout)
	}
	tr.ends()
	tr.flawless("upgraded and rolled back", tr.of(time.Time{}, time.Now(), named("upgraded")))
	before, during := tr.of(time.Time{}, calm, named("beside")), tr.of(calm, time.Now(), named("beside"))
	tr.flawless("beside it, before", before)
	tr.flawless("beside it, meanwhile", during)
	tr.unhurt(before, during)
	tr.once(named())
	b.compare(tr.deals)
}

// The kill switch stops new payments over one channel at once; what is paid or under way there goes on.
func TestTheKillSwitchUnderLoad(t *testing.T) {
	t.Parallel()
	s := newCrowd(t, "sandbox", "stripe")
	s.openStripe()
	b := s.openBank("a-bank")
	s.toBank("1.0.0", "", b.account("a-bank", b.url, "card", "alipay")).start()
	s.known("sandbox", "1.0.0", true)
	s.known("stripe", "1.0.0", true)
	m := s.merchant()
	paid, err := m.CreatePayment(t.Context(), cardAt("a-bank")("paid-before"))
	if err != nil || paid.Status != paymux.Succeeded {
		t.Fatalf("%+v, %v", paid, err)
	}
	waiting, err := m.CreatePayment(t.Context(), byMethod("waits-for-its-payer"))
	if err != nil || waiting.Status != paymux.RequiresAction {
		t.Fatalf("%+v, %v", waiting, err)
	}
	tr := newTrade(t, &stall{name: "switched", m: m, request: cardAt("a-bank")}, &stall{
		name: "beside", m: m, request: func(order string) client.PaymentRequest { return cardPayment(order, "cards") },
	})
	tr.answered("before", 10, (*deal).succeeded)
	if out, err := s.tried("kill", "sandbox"); err == nil {
		t.Errorf("a channel is killed without a reason: %s", out)
	}
	s.steer("kill", "sandbox", "--reason", "it charges twice")
	killed := time.Now()
	tr.answered("refused", 10, func(d *deal) bool { return d.stall.name == "switched" && errors.Is(d.err, paymux.NoChannel) })
	refund, err := m.CreateRefund(t.Context(), client.RefundRequest{Payment: paid.ID, Amount: 250})
	if err != nil || refund.Status != paymux.RefundSucceeded {
		t.Errorf("a refund of what was paid before: %+v, %v", refund, err)
	}
	if err := b.approve(waiting.ID); err != nil {
		t.Fatal(err)
	}
	if p, err := m.SyncPayment(t.Context(), waiting.ID); err != nil || p.Status != paymux.Succeeded {
		t.Errorf("what waited for its payer: %+v, %v", p, err)
	}
	if c := s.channel("sandbox"); c.Rollout.Killed != "it charges twice" || !strings.Contains(c.Down, "it charges twice") {
		t.Errorf("the list does not show it: %+v", c)
	}
	revived := time.Now()
	s.steer("revive", "sandbox")
	tr.answered("revived", 10, func(d *deal) bool { return d.stall.name == "switched" && d.succeeded() })
	tr.ends()
	for _, d := range tr.of(killed, revived, named("switched")) {
		if d.payment != nil || !errors.Is(d.err, paymux.NoChannel) {
			t.Errorf("bought over a channel that was switched off: %s", d.String())
		}
	}
	tr.flawless("beside it", tr.of(time.Time{}, time.Now(), named("beside")))
	for _, c := range b.charges("") {
		if c.Effects > 1 {
			t.Errorf("%+v", c)
		}
	}
	tr.once(named())
}
