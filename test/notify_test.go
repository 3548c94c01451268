package test_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// scripted is an endpoint that answers as a list says, the last entry for ever.
type scripted struct {
	*httptest.Server
	mu      sync.Mutex
	answers []int
	ids     []string // webhook-id of every attempt, in order
	heard   map[string]time.Time
}

func newScripted(t *testing.T, answers ...int) *scripted {
	t.Helper()
	e := &scripted{answers: answers, heard: map[string]time.Time{}}
	e.Server = httptest.NewServer(e)
	t.Cleanup(e.Close)
	return e
}

func (e *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var event struct {
		Data struct{ Object struct{ ID string } }
	}
	err := json.NewDecoder(r.Body).Decode(&event)
	e.mu.Lock()
	defer e.mu.Unlock()
	status := e.answers[0]
	if len(e.answers) > 1 {
		e.answers = e.answers[1:]
	}
	if err == nil && status == http.StatusOK {
		e.heard[event.Data.Object.ID] = time.Now()
	}
	e.ids = append(e.ids, r.Header.Get("webhook-id"))
	w.WriteHeader(status)
}

// attempts are the webhook-ids so far.
func (e *scripted) attempts() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.ids...)
}

func (e *scripted) has(object string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, ok := e.heard[object]
	return ok
}

// buyer is a merchant with one endpoint only.
func buyer(t *testing.T, p *process, url string, retry ...int) (*scene, *client.EndpointWithSecret) {
	t.Helper()
	s := &scene{t: t, p: p, account: "cards"}
	s.Client, s.bearer = p.merchant(nil)
	e, err := s.CreateEndpoint(t.Context(), client.EndpointRequest{URL: url, Delivery: &paymux.Delivery{RetrySeconds: retry, TimeoutMS: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	return s, e
}

func (s *scene) buy(order string) *paymux.Payment {
	s.t.Helper()
	r := s.wish(1000, paymux.Card, goodCard)
	r.MerchantOrderID = order
	return s.pay(r, http.StatusCreated, paymux.Succeeded)
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	p := newProcess(t, "sqlite")
	p.start()
	t.Run("at the third attempt", func(t *testing.T) { t.Parallel(); thirdAttempt(t, p) })
	t.Run("gone", func(t *testing.T) { t.Parallel(); gone(t, p) })
	t.Run("a dead endpoint delays nobody else", func(t *testing.T) { t.Parallel(); deadBesides(t, p) })
}

// thirdAttempt: the schedule is the merchant's, and every attempt is the same notification.
func thirdAttempt(t *testing.T, p *process) {
	e := newScripted(t, 500, 503, 200)
	s, _ := buyer(t, p, e.URL, 1, 1, 1)
	paid := s.buy("third")
	s.tells(paid.ID, "500", "attempt 1, next in 1s", "503", "attempt 2, next in 1s", "payment.succeeded", " 200 in ")
	ids := e.attempts()
	if len(ids) != 3 || ids[0] != ids[1] || ids[1] != ids[2] || !strings.HasPrefix(ids[0], paymux.PrefixEvent) {
		t.Errorf("attempts %q", ids)
	}
	hops, err := s.Timeline(t.Context(), paid.ID)
	if err != nil {
		t.Fatal(err)
	}
	var counted []string
	for _, h := range hops {
		if h.Kind == paymux.HopNotify {
			counted = append(counted, h.Data["attempt"]+" "+h.Data["status"]+" "+h.Ref)
		}
	}
	want := fmt.Sprintf("[1 500 %s 2 503 %[1]s 3 200 %[1]s]", ids[0])
	if fmt.Sprint(counted) != want {
		t.Errorf("the timeline counts %v, not %s", counted, want)
	}
}

func gone(t *testing.T, p *process) {
	e := newScripted(t, http.StatusGone)
	s, made := buyer(t, p, e.URL, 1, 1, 1)
	paid := s.buy("gone")
	s.tells(paid.ID, " 410 in ", "the endpoint was disabled")
	now, err := s.Endpoint(t.Context(), made.ID)
	if err != nil || now.Status != paymux.EndpointDisabled || !strings.Contains(now.Reason, "410") {
		t.Fatalf("%+v, %v", now, err)
	}
	next := s.buy("gone-2")
	if s.payment(next.ID).Status != paymux.Succeeded || len(e.attempts()) != 1 {
		t.Errorf("a disabled endpoint is asked: %q", e.attempts())
	}
}

// deadBesides gives one merchant an endpoint that takes connections and never
// answers, and a pile of notifications for it; another's must not wait behind them.
func deadBesides(t *testing.T, p *process) {
	dead := tarPit(t)
	victim, _ := buyer(t, p, dead, 1, 1, 1, 1, 1)
	for i := range 60 {
		victim.buy(fmt.Sprintf("dead-%d", i))
	}
	e := newScripted(t, http.StatusOK)
	other, _ := buyer(t, p, e.URL)
	for i := range 20 {
		paid := other.buy(fmt.Sprintf("other-%d", i))
		other.await("told beside a dead endpoint", time.Second, func() bool { return e.has(string(paid.ID)) })
	}
}

// tarPit is the URL of a server that accepts and says nothing.
func tarPit(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { // ends with the listener
		defer close(done)
		for {
			line, err := l.Accept()
			if err != nil {
				return
			}
			defer line.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return "http://" + l.Addr().String() + "/hook"
}

// What was not delivered when the power went is delivered afterwards, as the same notification.
func TestNotificationsOutliveAPowerCut(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			p := newProcess(t, engine)
			p.start()
			e := newScripted(t, 500, 500, 500, 200)
			s, _ := buyer(t, p, e.URL, 2, 2, 2)
			paid := []*paymux.Payment{s.buy("cut-1"), s.buy("cut-2"), s.buy("cut-3")}
			s.await("each tried once", 10*time.Second, func() bool { return len(e.attempts()) >= 3 })
			p.kill()
			tried := len(e.attempts())
			p.start()
			seen := map[string]int{}
			for _, b := range paid {
				s.await(string(b.ID)+" told", 20*time.Second, func() bool { return e.has(string(b.ID)) })
			}
			for _, id := range e.attempts() {
				seen[id]++
			}
			if len(seen) != len(paid) {
				t.Errorf("%d different notifications of %d payments, %d attempts before the power cut: %v", len(seen), len(paid), tried, seen)
			}
		})
	}
}
