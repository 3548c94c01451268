package notify_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/queue"
)

// told are the events about an endpoint, of one type.
func (h *house) told(about paymux.Endpoint, t paymux.EventType) (all []paymux.Event) {
	h.store.mu.Lock()
	defer h.store.mu.Unlock()
	for _, e := range h.store.events {
		if e.Type == t && e.ObjectID == string(about.ID) {
			all = append(all, e)
		}
	}
	return all
}

// lanesOf are where an event goes.
func (h *house) lanesOf(e paymux.Event) (lanes []string) {
	h.store.mu.Lock()
	defer h.store.mu.Unlock()
	for _, t := range h.store.tasks {
		if t.Ref == string(e.ID) {
			lanes = append(lanes, t.Lane)
		}
	}
	return lanes
}

func TestGone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	other := h.endpoint("https://other.example", func(e *paymux.Endpoint) { e.Events = []paymux.EventType{paymux.EndpointWasDisabled} })
	h.endpoint("https://third.example", func(e *paymux.Endpoint) { e.Events = []paymux.EventType{paymux.RefundDone} })
	to := h.endpoint(listen(t, status(410)).URL + "/hooks?token=hush")
	_, v := h.deliver(to, 0)
	if !v.Bury || v.Attempt.Result != paymux.AttemptDead || v.Attempt.Status != 410 {
		t.Fatalf("verdict %+v, attempt %+v", v, v.Attempt)
	}
	wants(t, "reason", v.Reason, "answered 410 Gone; the endpoint was disabled")
	now := h.now(to)
	if now.Status != paymux.EndpointDisabled || !strings.Contains(now.Reason, "410") || len(now.Secrets) != 1 {
		t.Errorf("endpoint %+v", now)
	}
	if _, tasks := h.event(); len(tasks) != 0 {
		t.Errorf("a disabled endpoint is still told: %v", tasks)
	}
	told := h.told(to, paymux.EndpointWasDisabled)
	if len(told) != 1 {
		t.Fatalf("told %d times", len(told))
	}
	if lanes := h.lanesOf(told[0]); len(lanes) != 1 || lanes[0] != string(other.ID) {
		t.Errorf("told to %v, want the merchant's other endpoint", lanes)
	}
	var object paymux.Endpoint
	if err := json.Unmarshal(told[0].Data.Object, &object); err != nil || object.Status != paymux.EndpointDisabled || strings.Contains(string(told[0].Body), "hush") {
		t.Errorf("told %s, %v", told[0].Body, err)
	}
}

// Whatever part of ending an endpoint fails, the notification stays, and the next attempt makes good what is missing, once.
func TestGoneWhileTheStoreFails(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"Siblings", "Emit", "EndEndpoint"} {
		h := newHouse(t)
		to := h.endpoint(listen(t, status(410)).URL)
		_, tasks := h.event()
		h.store.fail(method)
		v := h.handle(tasks[0])
		if v.Done || v.Bury || !v.Uncounted || v.Attempt == nil || h.now(to).Status != paymux.EndpointEnabled {
			t.Errorf("%s: verdict %+v", method, v)
		}
		wants(t, "reason", v.Reason, "could not be disabled")
		h.Invalidate()
		v = h.handle(tasks[0])
		if told := h.told(to, paymux.EndpointWasDisabled); !v.Bury || len(told) != 1 || h.now(to).Status != paymux.EndpointDisabled {
			t.Errorf("%s: then %+v, told %d times", method, v, len(told))
		}
	}
}

// What the merchant changes while the endpoint is being ended stays, and is judged anew.
func TestGoneWhileTheMerchantChangesIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	to := h.endpoint(listen(t, status(410)).URL)
	h.store.ending = func() {
		h.store.change(to.ID, func(e *paymux.Endpoint) { e.Description, e.UpdatedAt = "mended", e.UpdatedAt.Add(time.Second) })
	}
	_, v := h.deliver(to, 0)
	if now := h.now(to); v.Bury || v.Due.IsZero() || now.Status != paymux.EndpointEnabled || now.Description != "mended" {
		t.Errorf("verdict %+v, the endpoint is %s, %q", v, now.Status, now.Description)
	}
}

func TestGoneFromAnEndpointTheMerchantChanged(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*paymux.Endpoint){
		"moved":           func(e *paymux.Endpoint) { e.URL = "https://new.example/" },
		"enabled anew":    func(e *paymux.Endpoint) { e.UpdatedAt = time.Now() },
		"disabled":        func(e *paymux.Endpoint) { e.Status = paymux.EndpointDisabled },
		"without a trace": func(e *paymux.Endpoint) { e.ID = "we_other" },
	} {
		h := newHouse(t)
		var to paymux.Endpoint
		to = h.endpoint(listen(t, func(w http.ResponseWriter, r *http.Request) {
			h.store.mu.Lock()
			h.store.change(to.ID, change)
			h.store.mu.Unlock()
			w.WriteHeader(410)
		}).URL)
		_, v := h.deliver(to, 0)
		stays := name == "moved" || name == "enabled anew"
		if v.Bury == stays || v.Uncounted != stays || stays && v.Due.IsZero() {
			t.Errorf("%s: verdict %+v", name, v)
		}
		if stays && h.now(to).Status != paymux.EndpointEnabled {
			t.Errorf("%s: the endpoint was disabled", name)
		}
	}
}

// What becomes of a notification whose last attempt has failed, and of its endpoint.
func TestExhausted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		action paymux.ExhaustedAction
		probe  int
		bury   bool
		status paymux.EndpointStatus
		wait   time.Duration // ± 20 %
		reason string
	}{
		"standard":             {"", 0, true, paymux.EndpointEnabled, 0, "answered 500 Internal Server Error"},
		"dead letter":          {paymux.DeadLetter, 0, true, paymux.EndpointEnabled, 0, "answered 500 Internal Server Error"},
		"slow probe":           {paymux.SlowProbe, 0, false, paymux.EndpointEnabled, time.Hour, ""},
		"slow probe by choice": {paymux.SlowProbe, 600, false, paymux.EndpointEnabled, 10 * time.Minute, ""},
		"pull instead":         {paymux.PullInstead, 0, true, paymux.EndpointPull, 0, "the endpoint is pulled from now on"},
		"disable":              {paymux.DisableEndpoint, 0, true, paymux.EndpointDisabled, 0, "the endpoint was disabled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			to := h.endpoint(listen(t, status(500)).URL, strategy(paymux.FailureStrategy{Exhausted: test.action, ProbeSeconds: test.probe}, 60))
			if _, v := h.deliver(to, 0); v.Bury || h.now(to).Status != paymux.EndpointEnabled {
				t.Fatalf("before the last attempt: %+v", v)
			}
			for _, failed := range []int{1, 100} { // both are past the schedule
				_, v := h.deliver(to, failed)
				now := h.now(to)
				if v.Bury != test.bury || v.Done || now.Status != test.status {
					t.Fatalf("verdict %+v, endpoint %+v", v, now)
				}
				wants(t, "reason", v.Reason, test.reason)
				if wait := time.Until(v.Due); test.wait > 0 && (wait < test.wait*8/10-time.Second || wait > test.wait*12/10) {
					t.Errorf("next in %v", wait)
				}
				if ended := test.status != paymux.EndpointEnabled; ended != (now.Reason != "") || ended != (len(h.told(to, paymux.EndpointWasDisabled)) == 1) {
					t.Errorf("reason %q, told %v", now.Reason, h.told(to, paymux.EndpointWasDisabled))
				}
				if test.status != paymux.EndpointEnabled {
					break
				}
			}
		})
	}
}

func TestFailingSince(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHouse(t, at(c))
	answers := &changing{code: 500}
	to := h.endpoint(listen(t, answers.ServeHTTP).URL)
	began := c.now()
	h.deliver(to, 0)
	c.pass(time.Second)
	h.deliver(to, 0)
	if since := h.now(to).FailingSince; !since.Equal(began) || len(h.store.failing) != 1 {
		t.Errorf("failing since %v, want the first failure at %v; written %d times", since, began, len(h.store.failing))
	}
	answers.set(200)
	h.deliver(to, 0)
	h.deliver(to, 0)
	if since := h.now(to).FailingSince; !since.IsZero() || len(h.store.failing) != 2 {
		t.Errorf("still failing since %v, written %d times", since, len(h.store.failing))
	}
	for range 50 { // one that fails every other time costs no write a delivery
		answers.set(500)
		h.deliver(to, 0)
		answers.set(200)
		h.deliver(to, 0)
	}
	if len(h.store.failing) != 2 || !h.now(to).FailingSince.IsZero() {
		t.Errorf("written %d times", len(h.store.failing))
	}
	c.pass(time.Minute)
	answers.set(500)
	began = c.now()
	h.deliver(to, 0)
	if since := h.now(to).FailingSince; !since.Equal(began) {
		t.Errorf("failing since %v, want %v", since, began)
	}
}

func TestFailingSinceOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHouse(t, at(c))
	answers := &changing{code: 500}
	to := h.endpoint(listen(t, answers.ServeHTTP).URL)
	h.deliver(to, 0)
	began := c.now()
	c.pass(time.Minute)
	h.Invalidate()
	h.deliver(to, 0)
	if since := h.now(to).FailingSince; !since.Equal(began) {
		t.Errorf("after the endpoint was read again: failing since %v, want %v", since, began)
	}
	answers.set(200)
	h.Invalidate()
	h.deliver(to, 0)
	if since := h.now(to).FailingSince; !since.IsZero() {
		t.Errorf("failing since %v", since)
	}
	// Another replica writes that it fails, unknown to this one.
	c.pass(time.Minute)
	theirs := c.now()
	h.store.SetFailing(t.Context(), to.ID, theirs)
	c.pass(time.Minute)
	answers.set(500)
	h.deliver(to, 0)
	if since := h.now(to).FailingSince; !since.Equal(theirs) {
		t.Errorf("failing since %v, want what the other replica wrote, %v", since, theirs)
	}
}

// An endpoint that keeps failing is told of once, and disabled after a time, by the merchant's numbers.
func TestContinuousFailure(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		strategy       paymux.FailureStrategy
		alert, disable time.Duration // 0: never
	}{
		"standard":  {paymux.FailureStrategy{}, time.Hour, 5 * 24 * time.Hour},
		"by choice": {paymux.FailureStrategy{AlertAfterSeconds: 60, DisableAfterSeconds: 7200}, time.Minute, 2 * time.Hour},
		"never":     {paymux.FailureStrategy{DisableAfterSeconds: -1}, time.Hour, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			h := newHouse(t, at(c))
			other := h.endpoint("https://other.example")
			to := h.endpoint(listen(t, status(500)).URL, func(e *paymux.Endpoint) { e.Delivery.OnFailure = test.strategy })
			fail := func(after time.Duration) queue.Verdict {
				c.pass(after)
				_, v := h.deliver(to, 0)
				return v
			}
			fail(0)
			fail(test.alert - time.Second)
			if n := len(h.told(to, paymux.EndpointIsFailing)); n != 0 {
				t.Fatalf("told %d times too early", n)
			}
			fail(time.Second)
			fail(time.Second)
			h.Invalidate() // as a restart would
			fail(time.Second)
			told := h.told(to, paymux.EndpointIsFailing)
			if len(told) != 1 || len(h.lanesOf(told[0])) != 1 || h.lanesOf(told[0])[0] != string(other.ID) {
				t.Fatalf("told %d times: %+v", len(told), told)
			}
			if test.disable == 0 {
				if v := fail(1000 * 24 * time.Hour); v.Bury || h.now(to).Status != paymux.EndpointEnabled {
					t.Errorf("disabled though that is switched off")
				}
				return
			}
			if v := fail(test.disable - test.alert - 3*time.Second); v.Bury {
				t.Fatalf("ended too early: %+v", v)
			}
			v := fail(time.Second)
			now := h.now(to)
			if !v.Bury || now.Status != paymux.EndpointDisabled || !strings.HasPrefix(now.Reason, "Every attempt since 20") {
				t.Fatalf("verdict %+v, endpoint %+v", v, now)
			}
			ended := h.told(to, paymux.EndpointWasDisabled)
			if len(ended) != 1 || ended[0].Data.Sequence <= told[0].Data.Sequence {
				t.Errorf("told %d times, sequences %d and then %d", len(ended), told[0].Data.Sequence, ended[0].Data.Sequence)
			}
			// Enabled again, it starts anew.
			h.store.change(to.ID, func(e *paymux.Endpoint) { e.Status, e.UpdatedAt = paymux.EndpointEnabled, c.now() })
			h.Invalidate()
			if v := fail(test.alert - time.Second); v.Bury || len(h.told(to, paymux.EndpointIsFailing)) != 1 {
				t.Errorf("the old failures count after it was enabled again: %+v", v)
			}
		})
	}
}

// The log decides: what another replica has delivered ends a run of failures that this one only thinks is going on.
func TestADeliveryByAnotherReplicaEndsARunOfFailures(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHouse(t, at(c))
	to := h.endpoint(listen(t, status(500)).URL)
	e, _ := h.deliver(to, 0)
	c.pass(6 * 24 * time.Hour)
	theirs := c.now()
	h.store.attempts = append(h.store.attempts, paymux.Attempt{Event: e.ID, Endpoint: to.ID, Result: paymux.AttemptDelivered, At: theirs})
	c.pass(time.Minute)
	_, v := h.deliver(to, 0)
	if now := h.now(to); v.Bury || now.Status != paymux.EndpointEnabled || !now.FailingSince.Equal(theirs) || len(h.told(to, paymux.EndpointIsFailing)) != 0 {
		t.Errorf("verdict %+v, endpoint %+v", v, now)
	}
}

// Two endpoints that fail are told of each other's failing, once each, however long that goes on.
func TestAlertsMakeNoStorm(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHouse(t, at(c))
	one, two := h.endpoint(listen(t, status(500)).URL), h.endpoint(listen(t, status(500)).URL)
	h.event()
	for range 200 {
		c.pass(10 * time.Minute)
		h.store.mu.Lock()
		tasks := append([]queue.Task(nil), h.store.tasks...)
		h.store.mu.Unlock()
		for _, task := range tasks {
			h.handle(task)
		}
	}
	for _, e := range []paymux.Endpoint{one, two} {
		if n := len(h.told(e, paymux.EndpointIsFailing)); n != 1 {
			t.Errorf("told %d times", n)
		}
	}
}
