package test_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
)

// attacked is one attack on a payment that waits for its payer, and the payer's genuine news after it.
func (d *docket) attacked(a attack) {
	d.t.Helper()
	if why := d.f.lacks[a.name]; why != "" {
		d.t.Skip("there is no such notification: " + why)
	}
	account := d.f.channel + "-main"
	if a.account != "" {
		account = d.f.channel + "-" + a.account
	}
	p := d.waiting()
	unnamed := d.logged(account)
	d.refused(account, a.make(d.f, p))
	d.unchanged(p)
	says, own := d.f.says[a.name]
	if !own {
		says = a.says
	}
	d.traced(p, account, says, unnamed)
	d.act(p)
	d.once(p)
}

// traced looks for the trace of a refusal: a line on the timeline that says why, or where nothing says whose it
// was, one in the log.
func (d *docket) traced(p *paymux.Payment, account, says string, unnamed int) {
	d.t.Helper()
	lines := d.lines(p, "callback refused")
	if says == unknowable {
		if len(lines) != 0 {
			d.t.Errorf("the timeline knows what nobody could read: %q", lines)
		}
		if !within(5*time.Second, func() bool { return d.logged(account) == unnamed+1 }) {
			d.t.Errorf("the log of the node has no line of it:\n%s", d.node.logged())
		}
		return
	}
	if strings.Contains(says, "%s") {
		says = fmt.Sprintf(says, paymux.Money{Amount: p.Amount, Currency: p.Currency})
	}
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "callback "+account+": callback refused, ") || !strings.Contains(lines[0], says) {
		d.t.Errorf("the timeline says %q, want one line of %s that says %q", lines, account, says)
	}
}

// replayed: genuine news of a payment that has come already is presented for another account, and again while
// another payment waits.
func (d *docket) replayed() {
	d.t.Helper()
	paid, waits := d.waiting(), d.waiting()
	d.act(paid)
	genuine := d.f.genuine(paid)
	d.accepted(genuine)
	d.succeeded(paid)
	d.accepted(genuine)
	d.refused(d.f.channel+"-twin", genuine)
	d.succeeded(paid)
	d.unchanged(waits)
	if n := len(d.lines(waits, "callback")); n != 0 {
		d.t.Errorf("%d lines of another payment's callbacks", n)
	}
	d.act(waits)
	genuine = d.f.genuine(waits)
	var at sync.WaitGroup
	for range 4 {
		at.Go(func() { d.accepted(genuine) })
	}
	at.Wait()
	d.once(waits)
}

// nobodys: the URL names the account of another channel, or none.
func (d *docket) nobodys() {
	d.t.Helper()
	p := d.waiting()
	other := "stripe"
	if d.f.channel == other {
		other = "adyen"
	}
	for channel, account := range map[string]string{d.f.channel: "nobody", other: d.f.channel + "-main", "bank": "bank-main"} {
		if status, body := d.post(channel, account, d.f.claim(p, lie{})); status != http.StatusNotFound {
			d.t.Errorf("at %s of %s answered %d %s", account, channel, status, body)
		}
	}
	d.unchanged(p)
}

// flooded: anybody can post what names a payment, as often as they like. Few lines tell of it.
func (d *docket) flooded() {
	d.t.Helper()
	p := d.waiting()
	for range 40 {
		d.refused(d.f.channel+"-main", d.f.unsign(d.f.claim(p, lie{})))
	}
	d.unchanged(p)
	lines := d.lines(p, "callback refused")
	if says, own := d.f.says["unsigned"]; own && says == unknowable {
		if len(lines) != 0 {
			d.t.Errorf("the timeline knows what nobody could read: %q", lines)
		}
	} else if n := len(lines); n != 10 || !strings.HasSuffix(lines[n-1], "; 32 refused so far") {
		d.t.Errorf("%d lines of 40 forgeries: %q", n, lines)
	}
	d.act(p)
	d.once(p)
}

// misinformed: the payer has paid, and the first word of it states another amount. It is not believed; the institution
// is asked, where it can be, and its answer counts.
func (d *docket) misinformed() {
	d.t.Helper()
	p := d.waiting()
	d.act(p)
	switch d.f.asked {
	case onTheSpot: // before anything is answered
		d.accepted(d.f.misstated(p))
	case byQuery:
		d.refused(d.f.channel+"-main", d.f.claim(p, lie{amount: 1}))
		const soon = 10 * time.Second // sooner than anything is asked of its own accord
		if !within(soon, func() bool { return d.payment(p.ID).Status == paymux.Succeeded }) {
			d.t.Fatalf("not asked: %q", d.lines(p, ""))
		}
		if told := d.lines(p, ""); !inOrder(strings.Join(told, "\n"), []string{"callback refused, it states", "query " + p.Account + ": pay succeeded"}) {
			d.t.Errorf("the timeline says %q", told)
		}
	case never:
		d.refused(d.f.channel+"-main", d.f.claim(p, lie{amount: 1}))
		if now := d.payment(p.ID); now.Status != p.Status || now.AmountReceived != 0 {
			d.t.Errorf("believed: %+v", now)
		}
	}
	d.once(p)
}

// unheard: nobody is there to judge. The institution is told to come again, and is heard then.
func (d *docket) unheard() {
	d.t.Helper()
	p := d.waiting()
	d.act(p)
	genuine := d.f.genuine(p)
	d.gateways[d.f.channel].kill()
	if status, body := d.deliver(genuine); status != http.StatusServiceUnavailable {
		d.t.Errorf("with the gateway away answered %d %s", status, body)
	}
	if now := d.payment(p.ID); now.Status != p.Status || now.AmountReceived != 0 || len(d.events(p)) != 0 || len(d.lines(p, "callback")) != 0 {
		d.t.Errorf("changed by what nobody has judged: %+v", now)
	}
	d.gateways[d.f.channel].start()
	if !within(20*time.Second, func() bool { status, _ := d.deliver(genuine); return status == d.f.ackStatus }) {
		d.t.Fatalf("never accepted: %s", d.gateways[d.f.channel].logged())
	}
	d.once(p)
}

// keyless: without the key service what is genuine cannot be told from what is forged. It is not refused as forged, but
// asked for again, and heard when the keys are back. Channels that need no key for it take it at once.
func (c *court) keyless(t *testing.T, forgers []*forger) {
	type news struct {
		*docket
		p       *paymux.Payment
		genuine letter
	}
	var all []news
	for _, f := range forgers {
		d := &docket{c, t, f}
		p := d.waiting()
		d.act(p)
		all = append(all, news{d, p, f.genuine(p)})
	}
	c.keys.kill()
	for _, n := range all {
		want := n.f.ackStatus
		if n.f.keyed {
			want = http.StatusServiceUnavailable
		}
		if status, body := n.deliver(n.genuine); status != want || len(n.lines(n.p, "callback refused")) != 0 {
			t.Errorf("%s: without keys answered %d %s, want %d; %q", n.f.channel, status, body, want, n.lines(n.p, ""))
		}
	}
	c.keys.start()
	for _, n := range all {
		if !within(20*time.Second, func() bool { status, _ := n.deliver(n.genuine); return status == n.f.ackStatus }) {
			t.Errorf("%s: never accepted", n.f.channel)
		}
		n.once(n.p)
	}
}
