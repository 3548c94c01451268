package notify_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/queue"
)

var _ access.Notifications = (*notify.Notifier)(nil)

// replay starts a replay of everything there is and returns its task.
func (h *house) replay(to paymux.Endpoint) (paymux.Replay, queue.Task) {
	h.Helper()
	r := paymux.Replay{ID: paymux.ReplayID(h.ids.New(paymux.PrefixReplay)), Endpoint: to.ID, Merchant: merchant, Status: paymux.ReplayRunning}
	if err := h.StartReplay(h.Context(), r, nil); err != nil {
		h.Fatal(err)
	}
	t := h.store.tasks[len(h.store.tasks)-1]
	if t.Kind != notify.KindReplay || t.Ref != string(r.ID) || t.Lane != "replay/"+string(to.ID) {
		h.Fatalf("task %+v", t)
	}
	return r, t
}

// past commits events that nobody was told of.
func (h *house) past(n int, adjust ...func(*paymux.Event)) {
	for range n {
		h.event(append(adjust, func(e *paymux.Event) { e.Type = "test.unwanted" })...)
	}
}

func (h *house) queued(lane string) (n int) {
	for _, t := range h.store.tasks {
		if t.Kind == notify.KindNotify && t.Lane == lane {
			n++
		}
	}
	return n
}

func only(types ...paymux.EventType) func(*paymux.Endpoint) {
	return func(e *paymux.Endpoint) { e.Events = types }
}

func TestReplay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	to := h.endpoint("https://shop.example", only(paymux.PaymentSucceeded))
	h.past(1200)
	r, task := h.replay(to)
	if n, err := h.CountReplay(t.Context(), r); n != 1200 || err != nil {
		t.Errorf("counted %d, %v", n, err)
	}
	for step, want := range []int{500, 1000, 1200} {
		v := h.HandleReplay(t.Context(), task)
		if v.Done || !v.Uncounted || time.Until(v.Due) > 0 {
			t.Fatalf("step %d: verdict %+v", step, v)
		}
		now, _ := h.Replay(t.Context(), merchant, r.ID)
		if h.queued(string(to.ID)) != want || now.Queued != want || now.Status != paymux.ReplayRunning {
			t.Errorf("step %d: %d queued, replay %+v", step, h.queued(string(to.ID)), now)
		}
	}
	if v := h.HandleReplay(t.Context(), task); !v.Done {
		t.Errorf("verdict %+v", v)
	}
	now, err := h.Replay(t.Context(), merchant, r.ID)
	if err != nil || now.Status != paymux.ReplayFinished || now.Reason != "" || now.FinishedAt.IsZero() || now.Queued != 1200 {
		t.Errorf("replay %+v, %v", now, err)
	}
	if v := h.HandleReplay(t.Context(), task); !v.Done || h.queued(string(to.ID)) != 1200 { // as after a crash before the task was settled
		t.Errorf("once more: verdict %+v", v)
	}
}

// unseen are replays that come to be only when one is made.
type unseen struct{ *store }

func (unseen) Replay(context.Context, paymux.MerchantID, paymux.ReplayID) (paymux.Replay, error) {
	return paymux.Replay{}, paymux.NotFound
}

// A replay that is started once more goes on as it is, whatever has become of its endpoint.
func TestAReplayIsStartedOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	to := h.endpoint("https://shop.example", only(paymux.PaymentSucceeded))
	h.past(600)
	r, task := h.replay(to)
	h.HandleReplay(t.Context(), task)
	before := len(h.store.tasks)
	again := func(what string, want paymux.ReplayStatus) {
		t.Helper()
		if err := h.StartReplay(t.Context(), r, nil); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if now, _ := h.Replay(t.Context(), merchant, r.ID); now.Status != want || now.Queued != 500 || len(h.store.tasks) != before {
			t.Errorf("%s: %+v, %d tasks more", what, now, len(h.store.tasks)-before)
		}
	}
	again("under way", paymux.ReplayRunning)
	h.store.change(to.ID, func(e *paymux.Endpoint) { e.Status = paymux.EndpointPull })
	again("its endpoint is pulled", paymux.ReplayRunning)
	if _, err := h.CancelReplay(t.Context(), merchant, r.ID); err != nil {
		t.Fatal(err)
	}
	again("canceled", paymux.ReplayCanceled)

	h.store.change(to.ID, func(e *paymux.Endpoint) { e.Status = paymux.EndpointEnabled })
	racing := newHouse(t, func(c *notify.Config) { c.Store, c.Replays = h.store, unseen{h.store} })
	if err := racing.StartReplay(t.Context(), r, nil); err != nil || len(h.store.tasks) != before {
		t.Errorf("somebody was quicker: %v, %d tasks more", err, len(h.store.tasks)-before)
	}
	if err := racing.StartReplay(t.Context(), r, &paymux.Idempotency{Key: "k"}); !errors.Is(err, paymux.ErrStale) {
		t.Errorf("a new request with an old ID: %v", err)
	}
}

// A step that fails, whichever part of it, leaves no trace and is done again.
func TestReplaySurvivesTheStore(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"ReplayByID", "Parked", "Next", "Step"} {
		h := newHouse(t)
		to := h.endpoint("https://shop.example", only(paymux.PaymentSucceeded))
		h.past(700)
		r, task := h.replay(to)
		h.HandleReplay(t.Context(), task)
		h.store.fail(method)
		if v := h.HandleReplay(t.Context(), task); v.Done || v.Bury || !v.Uncounted || h.queued(string(to.ID)) != 500 {
			t.Errorf("%s: verdict %+v, %d queued", method, v, h.queued(string(to.ID)))
		}
		h.HandleReplay(t.Context(), task)
		v := h.HandleReplay(t.Context(), task)
		if now, _ := h.Replay(t.Context(), merchant, r.ID); !v.Done || now.Queued != 700 || h.queued(string(to.ID)) != 700 {
			t.Errorf("%s: verdict %+v, replay %+v", method, v, now)
		}
	}
}

func TestReplayWaitsForItsLane(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	to := h.endpoint("https://shop.example", only(paymux.PaymentSucceeded))
	h.past(600)
	_, task := h.replay(to)
	h.store.parked[string(to.ID)] = 500
	v := h.HandleReplay(t.Context(), task)
	if wait := time.Until(v.Due); v.Done || !v.Uncounted || wait < 900*time.Millisecond || wait > time.Second || h.queued(string(to.ID)) != 0 {
		t.Errorf("verdict %+v", v)
	}
	h.store.parked[string(to.ID)] = 499
	if h.HandleReplay(t.Context(), task); h.queued(string(to.ID)) != 500 {
		t.Errorf("%d queued", h.queued(string(to.ID)))
	}
}

func TestReplayToPaymentsOwnURLs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.past(3, paid("https://one.example/a"))
	h.past(2, paid("https://two.example/a"))
	h.past(4) // without a URL
	to := h.endpoint("", perPayment)
	r, task := h.replay(to)
	one, two := string(to.ID)+"/one.example:443", string(to.ID)+"/two.example:443"
	h.store.parked[two] = 500
	if v := h.HandleReplay(t.Context(), task); v.Done || !v.Uncounted || h.queued(one) != 0 {
		t.Errorf("one lane is full: verdict %+v", v)
	}
	h.store.parked[two] = 0
	h.HandleReplay(t.Context(), task)
	if now, _ := h.Replay(t.Context(), merchant, r.ID); h.queued(one) != 3 || h.queued(two) != 2 || now.Queued != 5 {
		t.Errorf("%d and %d queued, replay %+v", h.queued(one), h.queued(two), now)
	}
}

func TestReplayEndsWithItsEndpoint(t *testing.T) {
	t.Parallel()
	for reason, change := range map[string]func(*paymux.Endpoint){
		"the endpoint is disabled":            func(e *paymux.Endpoint) { e.Status = paymux.EndpointDisabled },
		"the endpoint is disabled: It broke.": func(e *paymux.Endpoint) { e.Status, e.Reason = paymux.EndpointDisabled, "It broke." },
		"the endpoint is pulled":              func(e *paymux.Endpoint) { e.Status = paymux.EndpointPull },
		"the endpoint was deleted":            func(e *paymux.Endpoint) { e.ID = "we_other" },
	} {
		h := newHouse(t)
		to := h.endpoint("https://shop.example", only(paymux.PaymentSucceeded))
		h.past(600)
		r, task := h.replay(to)
		h.HandleReplay(t.Context(), task)
		h.store.change(to.ID, change)
		h.Invalidate()
		v := h.HandleReplay(t.Context(), task)
		if now, _ := h.Replay(t.Context(), merchant, r.ID); !v.Done || v.Reason != reason || now.Status != paymux.ReplayCanceled || now.Reason != reason || now.FinishedAt.IsZero() || now.Queued != 500 {
			t.Errorf("%s: verdict %+v, replay %+v", reason, v, now)
		}
		if reason == "the endpoint was deleted" {
			continue
		}
		r.ID = paymux.ReplayID(h.ids.New(paymux.PrefixReplay))
		if err := h.StartReplay(t.Context(), r, nil); !errors.Is(err, paymux.StateConflict) {
			t.Errorf("%s: a new replay: %v", reason, err)
		}
	}
}

func TestCancelReplay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	to := h.endpoint("https://shop.example", only(paymux.PaymentSucceeded))
	h.past(600)
	r, task := h.replay(to)
	h.HandleReplay(t.Context(), task)
	for range 2 {
		got, err := h.CancelReplay(t.Context(), merchant, r.ID)
		if err != nil || got.Status != paymux.ReplayCanceled || got.Reason != "canceled on request" || got.Queued != 500 || got.FinishedAt.IsZero() {
			t.Errorf("replay %+v, %v", got, err)
		}
	}
	if v := h.HandleReplay(t.Context(), task); !v.Done || h.queued(string(to.ID)) != 500 {
		t.Errorf("it goes on: %+v", v)
	}
	if _, err := h.CancelReplay(t.Context(), "mer_2", r.ID); !errors.Is(err, paymux.NotFound) {
		t.Errorf("another merchant's: %v", err)
	}
}

func TestResend(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := listen(t, status(200))
	all := h.endpoint(s.URL)
	some := h.endpoint(s.URL, only(paymux.RefundDone))
	off := h.endpoint(s.URL, func(e *paymux.Endpoint) { e.Status = paymux.EndpointDisabled })
	own := h.endpoint("", perPayment)
	e, tasks := h.event()
	h.handle(tasks[0])
	<-s.got
	for _, test := range []struct {
		merchant paymux.MerchantID
		event    paymux.EventID
		endpoint paymux.EndpointID
		to       paymux.EndpointID
		err      error
	}{
		{merchant, e.ID, "", all.ID, nil},
		{merchant, e.ID, all.ID, all.ID, nil},
		{merchant, e.ID, some.ID, some.ID, nil}, // asked for by name, it need not subscribe
		{merchant, e.ID, off.ID, "", paymux.StateConflict},
		{merchant, e.ID, own.ID, "", paymux.StateConflict}, // the payment has no URL
		{merchant, e.ID, "we_none", "", paymux.NotFound},
		{merchant, "evt_none", "", "", paymux.NotFound},
		{"mer_2", e.ID, "", "", paymux.NotFound},
	} {
		to, err := h.Resend(t.Context(), test.merchant, test.event, test.endpoint)
		if !errors.Is(err, test.err) || (err == nil) != (len(to) == 1) {
			t.Errorf("%+v: %v, %v", test, to, err)
			continue
		}
		if err != nil {
			continue
		}
		task := h.store.tasks[len(h.store.tasks)-1]
		if to[0] != test.to || task.Lane != string(test.to) || task.Attempt != 0 {
			t.Errorf("%+v: to %v, task %+v", test, to, task)
		}
		if v := h.handle(task); !v.Done || (<-s.got).header.Get("webhook-id") != string(e.ID) {
			t.Errorf("%+v: verdict %+v", test, v)
		}
	}
	h.store.fail("Enqueue")
	if _, err := h.Resend(t.Context(), merchant, e.ID, ""); !errors.Is(err, errDown) {
		t.Errorf("a store that is down: %v", err)
	}
}

func TestTestEvent(t *testing.T) {
	t.Parallel()
	var offered []queue.Task
	h := newHouse(t, func(c *notify.Config) { c.Offer = func(tasks []queue.Task) { offered = append(offered, tasks...) } })
	s := listen(t, status(200))
	to := h.endpoint(s.URL, only(paymux.RefundDone))
	e, err := h.Test(t.Context(), to)
	if err != nil || e.Type != paymux.EndpointTest || h.ids.Check(paymux.PrefixEvent, string(e.ID)) != nil || len(offered) != 1 {
		t.Fatalf("event %+v, %v; offered %v", e, err, offered)
	}
	h.handle(offered[0])
	if got := <-s.got; got.header.Get("webhook-id") != string(e.ID) || string(got.body) != string(e.Body) {
		t.Errorf("got %v %s", got.header, got.body)
	}
	to.Status = paymux.EndpointPull
	for _, e := range []paymux.Endpoint{to, h.endpoint("", perPayment)} {
		if _, err := h.Test(t.Context(), e); !errors.Is(err, paymux.StateConflict) {
			t.Errorf("%+v: %v", e, err)
		}
	}
}
