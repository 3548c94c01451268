package test_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// trade is merchants' traffic: each stall buys at its own pace, whatever becomes of the purchases before, so that one
// that hangs keeps no other from being made. A machine that cannot keep up is not given ever more to do.
type trade struct {
	t      *testing.T
	stalls []*stall
	unseen func(*deal) bool // the institution never saw it, which it takes its time to be sure of; nil: it says so at once
	quit   chan struct{}
	buying sync.WaitGroup

	mu    sync.Mutex // guards what follows
	count int
	deals []*deal
}

// stall is one way to pay.
type stall struct {
	name    string
	m       *client.Client // of its merchant
	request func(order string) client.PaymentRequest
	finish  func(*paymux.Payment) (*paymux.Payment, error) // plays the payer; nil: there is nothing to do
	every   time.Duration
	// insists: whoever hears nothing for a second, or hears that it may be asked again, asks again with
	// the same Idempotency-Key until there is an answer.
	insists  bool
	persists time.Duration // how long it goes on asking; 0: persistence
	waits    time.Duration // for one answer; 0: patience
}

// deal is one purchase, from its first request to its answer.
type deal struct {
	stall      *stall
	key        string
	began      time.Time
	took       time.Duration // until the answer; zero: none yet
	payment    *paymux.Payment
	err        error
	refusals   int // answers that said to ask again
	asked      int
	differs    bool // answered with two payments
	unanswered bool
}

// newTrade opens stalls. Each begins at once and buys until close.
func newTrade(t *testing.T, stalls ...*stall) *trade {
	tr := &trade{t: t, stalls: stalls, quit: make(chan struct{})}
	for _, s := range stalls {
		if s.every == 0 {
			s.every = time.Second / 12
		}
		tr.buying.Go(func() { tr.run(s) })
	}
	t.Cleanup(tr.close)
	return tr
}

// close ends buying and waits for every answer.
func (tr *trade) close() {
	tr.mu.Lock()
	select {
	case <-tr.quit:
	default:
		close(tr.quit)
	}
	tr.mu.Unlock()
	tr.buying.Wait()
}

func (tr *trade) run(s *stall) {
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		select {
		case <-tr.quit:
			return
		case <-tick.C:
		}
		if d := tr.next(s); d != nil {
			tr.buying.Go(func() { tr.deal(d) })
		}
	}
}

// Of one stall's purchases that have no answer yet there are this many at most, all in all and among those of the last second.
const (
	mostOpen  = 20
	mostYoung = 4
)

// next begins a deal, or nil where enough are open.
func (tr *trade) next(s *stall) *deal {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	open, young := 0, 0
	for _, d := range tr.deals {
		if d.stall == s && d.took == 0 && !d.unanswered {
			open++
			if time.Since(d.began) < time.Second {
				young++
			}
		}
	}
	if open >= mostOpen || young >= mostYoung {
		return nil
	}
	tr.count++
	d := &deal{stall: s, key: fmt.Sprintf("%s-%d", s.name, tr.count), began: time.Now()}
	tr.deals = append(tr.deals, d)
	return d
}

// patience is how long an insisting merchant waits for one answer; persistence is how long it goes on asking.
const (
	patience    = time.Second
	persistence = time.Minute
)

func (tr *trade) deal(d *deal) {
	if !d.stall.insists {
		p, err := tr.ask(context.Background(), d)
		tr.settle(d, p, err)
		return
	}
	pause := time.NewTicker(300 * time.Millisecond)
	defer pause.Stop()
	for time.Since(d.began) < cmp.Or(d.stall.persists, persistence) {
		ctx, cancel := context.WithTimeout(context.Background(), cmp.Or(d.stall.waits, patience))
		p, err := tr.ask(ctx, d)
		cancel()
		if !again(err) {
			tr.settle(d, p, err)
			return
		}
		tr.mu.Lock()
		d.refusals++
		d.err = err
		tr.mu.Unlock()
		<-pause.C
	}
	tr.mu.Lock()
	d.unanswered = true
	tr.mu.Unlock()
}

// again reports whether an answer is none, or one that says to ask again.
func again(err error) bool {
	var refused *client.Error
	if errors.As(err, &refused) {
		return refused.Payment == nil && (refused.Status == http.StatusServiceUnavailable ||
			errors.Is(err, paymux.KeyInFlight) || errors.Is(err, paymux.OutcomeUnknown))
	}
	return err != nil
}

// ask sends the request, with its own key, and plays the payer.
func (tr *trade) ask(ctx context.Context, d *deal) (*paymux.Payment, error) {
	tr.mu.Lock()
	d.asked++
	tr.mu.Unlock()
	p, err := d.stall.m.CreatePayment(ctx, d.stall.request(d.key), client.IdempotencyKey(d.key))
	var refused *client.Error
	if errors.As(err, &refused) && refused.Payment != nil {
		p = refused.Payment
	}
	return p, err
}

// settle files the answer, and then plays the payer where there is one to play.
func (tr *trade) settle(d *deal, p *paymux.Payment, err error) {
	took := time.Since(d.began)
	if err == nil && d.stall.finish != nil && p.Status == paymux.RequiresAction {
		if paid, fault := d.stall.finish(p); fault == nil {
			p = paid
		}
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	d.took, d.payment, d.err = took, p, err
}

// of are copies of the deals of stalls that began in a span of time.
func (tr *trade) of(from, to time.Time, is func(*stall) bool) (list []deal) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, d := range tr.deals {
		if is(d.stall) && !d.began.Before(from) && d.began.Before(to) {
			list = append(list, *d)
		}
	}
	return list
}

// underWay are the deals that had been asked for and not been answered at a moment.
func (tr *trade) underWay(at time.Time, is func(*stall) bool) (list []deal) {
	for _, d := range tr.of(time.Time{}, at, is) {
		if d.took == 0 || d.began.Add(d.took).After(at) {
			list = append(list, d)
		}
	}
	return list
}

// answered waits until stalls have n more answers that are what is asked for, from deals that begin now or later.
func (tr *trade) answered(what string, n int, is func(*deal) bool) {
	tr.t.Helper()
	from := time.Now()
	if within(30*time.Second, func() bool {
		found := 0
		for _, d := range tr.of(from, time.Now(), func(*stall) bool { return true }) {
			if d.took > 0 && is(&d) {
				found++
			}
		}
		return found >= n
	}) {
		return
	}
	var last []string
	for _, d := range tr.of(time.Time{}, time.Now(), func(*stall) bool { return true }) {
		if !d.began.Before(from) || d.took == 0 && !d.unanswered {
			last = append(last, d.String())
		}
	}
	tr.t.Fatalf("no %d answers: %s; there were %v", n, what, last)
}

func (d *deal) String() string {
	status, account, fault := paymux.PaymentStatus("none"), "", ""
	if d.payment != nil {
		status, account = d.payment.Status, d.payment.Account
		if d.payment.LastError != nil {
			fault = fmt.Sprintf(" (%+v)", *d.payment.LastError)
		}
	}
	return fmt.Sprintf("%s, begun at %s: %s%s at %q, %v, asked %d times\n", d.key, d.began.Format("15:04:05.000"), status, fault, account, d.err, d.asked)
}

// succeeded reports whether a deal brought the money.
func (d *deal) succeeded() bool {
	return d.err == nil && d.payment != nil && d.payment.Status == paymux.Succeeded
}

// figures are the number of deals, the share that succeeded, in percent, and how long 50 and 99 of 100 took at most.
type figures struct {
	n        int
	ratio    float64
	p50, p99 time.Duration
}

func figuresOf(deals []deal) (f figures) {
	var took []time.Duration
	good := 0
	for i := range deals {
		if deals[i].succeeded() {
			good++
		}
		took = append(took, deals[i].took)
	}
	slices.Sort(took)
	if f.n = len(took); f.n > 0 {
		f.ratio, f.p50, f.p99 = float64(good)*100/float64(f.n), took[f.n/2], took[f.n*99/100]
	}
	return f
}

func (f figures) String() string {
	return fmt.Sprintf("%d payments, %.1f %% succeeded, p50 %s, p99 %s", f.n, f.ratio, f.p50.Round(time.Millisecond), f.p99.Round(time.Millisecond))
}

// flawless: every one of the deals succeeded.
func (tr *trade) flawless(what string, deals []deal) {
	tr.t.Helper()
	f := figuresOf(deals)
	tr.t.Logf("%s: %s", what, f)
	if f.n == 0 {
		tr.t.Errorf("%s: nothing was bought", what)
	}
	for i := range deals {
		if !deals[i].succeeded() {
			tr.t.Errorf("%s: %s", what, deals[i].String())
		}
	}
}

// deadWait is how long only those take whose package died under them: the sandbox's time limit is ten seconds.
const deadWait = 8 * time.Second

// unhurt: 99 of 100 deals of one time took no longer, in order of magnitude, than those of another. What is looked for is
// waiting behind a dead one; the bound leaves room for a machine that has much else to do.
func (tr *trade) unhurt(before, during []deal) {
	tr.t.Helper()
	was, is := figuresOf(before), figuresOf(during)
	if limit := 5*was.p99 + deadWait/2; is.p99 > limit {
		tr.t.Errorf("p99 was %s, and is %s", was.p99, is.p99)
	}
}

// ends waits until every deal's payment has ended, asking Paymux to ask the institution, and asks for each once more with
// its key: that gives the same payment, and no other.
func (tr *trade) ends() {
	tr.t.Helper()
	tr.close()
	open := map[string]*deal{}
	for _, d := range tr.deals {
		// What a crash cut off before the institution was reached stays open until its lists prove that.
		if d.unanswered && !errors.Is(d.err, paymux.KeyInFlight) {
			tr.t.Errorf("never answered: %s", d)
		}
		if d.payment != nil {
			open[d.key] = d
		}
	}
	if !within(30*time.Second, func() bool {
		for key, d := range open {
			if tr.over(d) {
				delete(open, key)
			}
		}
		return len(open) == 0
	}) {
		for _, d := range open {
			if tr.unseen == nil || !tr.unseen(d) {
				tr.t.Errorf("not over: %s", d)
			}
		}
	}
}

// over brings a deal further and reports whether it has ended.
func (tr *trade) over(d *deal) bool {
	p := d.payment
	if p.Status.Ended() {
		return true
	}
	now, err := d.stall.m.SyncPayment(context.Background(), p.ID)
	if err != nil {
		return false
	}
	if now.Status == paymux.RequiresAction && d.stall.finish != nil {
		if paid, err := d.stall.finish(now); err == nil {
			now = paid
		}
	}
	if now.Status == paymux.Processing && now.LastError == nil && d.stall.finish != nil {
		// The institution waits for a payer who was never shown how to pay, as that answer was lost: the merchant calls it off.
		if canceled, err := d.stall.m.CancelPayment(context.Background(), p.ID, "the payer cannot pay it"); err == nil {
			now = canceled
		}
	}
	d.payment = now
	return now.Status.Ended()
}

// once holds the deals against the merchant's list of payments: each request made one payment at most, and asking
// again with the same key changes nothing.
func (tr *trade) once(repeat func(*stall) bool) {
	tr.t.Helper()
	listed := tr.listed()
	for _, d := range tr.deals {
		if d.payment == nil {
			if id := listed[d.key]; id != "" {
				tr.t.Errorf("%s was refused, and there is %s: %v", d.key, id, d.err)
			}
			continue
		}
		if listed[d.key] != d.payment.ID {
			tr.t.Errorf("%s was answered with %s; listed is %q", d.key, d.payment.ID, listed[d.key])
		}
		if !repeat(d.stall) {
			continue
		}
		if p, err := tr.ask(tr.t.Context(), d); p == nil || p.ID != d.payment.ID {
			tr.t.Errorf("%s, asked again: %+v, %v; it was %s", d.key, p, err, d.payment.ID)
		}
	}
}

// listed are all merchants' payments by order.
func (tr *trade) listed() map[string]paymux.PaymentID {
	tr.t.Helper()
	listed, merchants := map[string]paymux.PaymentID{}, map[*client.Client]bool{}
	for _, s := range tr.stalls {
		merchants[s.m] = true
	}
	for m := range merchants {
		for p, err := range m.Payments(tr.t.Context(), client.PaymentQuery{PageSize: 100}) {
			if err != nil {
				tr.t.Fatal(err)
			}
			if listed[p.MerchantOrderID] != "" {
				tr.t.Errorf("order %s has two payments, %s and %s", p.MerchantOrderID, listed[p.MerchantOrderID], p.ID)
			}
			listed[p.MerchantOrderID] = p.ID
		}
	}
	return listed
}

// named are the stalls of some names.
func named(names ...string) func(*stall) bool {
	return func(s *stall) bool { return slices.Contains(names, s.name) }
}

func others(names ...string) func(*stall) bool {
	return func(s *stall) bool { return !slices.Contains(names, s.name) }
}

// stall buys through the institution's own account and plays its payer.
func (i *institution) stall(m *client.Client) *stall {
	s := &stall{name: i.channel, m: m, request: i.request}
	if i.act != nil {
		s.finish = func(p *paymux.Payment) (*paymux.Payment, error) {
			if err := i.act(p); err != nil {
				return p, err
			}
			return m.SyncPayment(context.Background(), p.ID)
		}
	}
	return s
}

// effects: every deal that brought money moved it at the institution once, and one that brought none did not.
func (i *institution) compare(t *testing.T, deals []*deal) {
	t.Helper()
	for _, d := range deals {
		if d.payment == nil || d.payment.Channel != i.channel {
			continue
		}
		want := 0
		if d.payment.AmountReceived > 0 {
			want = 1
		}
		if n := i.effects(d.payment.LatestOperation); n != want {
			t.Errorf("%s is %s, and %s did it %d times", d.payment.ID, d.payment.Status, i.channel, n)
		}
	}
}
