package test_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// What merchants can choose and do about notifications, through the interface they have.
func TestMerchantsNotifications(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			p := newProcess(t, engine)
			p.start()
			for name, play := range map[string]func(*testing.T, *process){
				"dead and replayed": deadAndReplayed, "a payment's own URL": ownURL, "pulled and streamed": pulledAndStreamed,
				"alerted of a disabled endpoint": alerted, "pulled after the last attempt": pulledAfterwards,
				"in order": inObjectOrder, "slow probe": slowProbe, "signed with Ed25519": signedWithEd25519,
			} {
				t.Run(name, func(t *testing.T) { t.Parallel(); play(t, p) })
			}
		})
	}
}

// customerOf is a merchant whose one endpoint is as r says, at a scripted URL.
func customerOf(t *testing.T, p *process, e *scripted, r client.EndpointRequest) (*scene, *client.EndpointWithSecret) {
	t.Helper()
	s := &scene{t: t, p: p, account: "cards"}
	s.Client, s.bearer = p.merchant(nil)
	if r.URL = e.URL; r.PerPayment {
		r.URL = ""
	}
	made, err := s.CreateEndpoint(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return s, made
}

// standing waits until the notification of an object's only event at an endpoint has a status.
func (s *scene) standing(endpoint paymux.EndpointID, object string, want paymux.NotificationStatus) paymux.Notification {
	s.t.Helper()
	var last paymux.Notification
	s.await(fmt.Sprintf("notification of %s %s", object, want), 20*time.Second, func() bool {
		for n, err := range s.Notifications(s.t.Context(), endpoint, client.NotificationQuery{}) {
			if err != nil {
				s.t.Fatal(err)
			}
			if n.ObjectID == object {
				last = n
			}
		}
		return last.Status == want
	})
	return last
}

func deadAndReplayed(t *testing.T, p *process) {
	e := newScripted(t, 500, 500, 200)
	s, made := customerOf(t, p, e, client.EndpointRequest{Delivery: &paymux.Delivery{RetrySeconds: []int{1}}})
	began := time.Now().Add(-time.Minute)
	paid := s.buy("replayed")
	n := s.standing(made.ID, string(paid.ID), paymux.NotificationDead)
	wanted := client.ReplayRequest{From: began}
	if total, err := s.CountReplay(t.Context(), made.ID, wanted); err != nil || total != 1 {
		t.Fatalf("a replay would send %d, %v", total, err)
	}
	if _, err := s.StartReplay(t.Context(), made.ID, wanted); err != nil {
		t.Fatal(err)
	}
	s.standing(made.ID, string(paid.ID), paymux.NotificationDelivered)
	attempts, err := s.Attempts(t.Context(), n.Event, made.ID)
	if err != nil || len(attempts) != 3 || attempts[0].Status != 500 || attempts[0].Result != paymux.AttemptFailed ||
		attempts[1].Result != paymux.AttemptDead || attempts[2].Result != paymux.AttemptDelivered {
		t.Errorf("attempts %+v, %v", attempts, err)
	}
	if ids := e.attempts(); len(ids) != 3 || ids[0] != ids[1] || ids[1] != ids[2] {
		t.Errorf("webhook-ids %q", ids)
	}
	if total, err := s.CountReplay(t.Context(), made.ID, wanted); err != nil || total != 0 {
		t.Errorf("what was delivered would be sent again: %d, %v", total, err)
	}
}

func ownURL(t *testing.T, p *process) {
	e := newScripted(t, 200)
	s, made := customerOf(t, p, e, client.EndpointRequest{PerPayment: true})
	r := s.wish(1000, paymux.Card, goodCard)
	r.MerchantOrderID, r.NotifyURL = "own-url", e.URL+"/orders/own-url"
	paid := s.pay(r, http.StatusCreated, paymux.Succeeded)
	s.await("told at its own URL", 10*time.Second, func() bool { return e.has(string(paid.ID)) })
	s.standing(made.ID, string(paid.ID), paymux.NotificationDelivered)
	back, err := s.CreateRefund(t.Context(), client.RefundRequest{Payment: paid.ID})
	if err != nil {
		t.Fatal(err)
	}
	s.await("told of the refund, too", 10*time.Second, func() bool { return e.has(string(back.ID)) })
	other := s.buy("no-url")
	s.standing(made.ID, string(paid.ID), paymux.NotificationDelivered)
	if e.has(string(other.ID)) {
		t.Error("another payment's event went there")
	}
}

func pulledAndStreamed(t *testing.T, p *process) {
	s := &scene{t: t, p: p, account: "cards"}
	s.Client, s.bearer = p.merchant(nil)
	first := s.buy("pulled-1")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var streamed []string
	for event, err := range s.Stream(ctx, client.StreamQuery{Kept: true}) {
		if err != nil {
			t.Fatal(err)
		}
		streamed = append(streamed, string(event.ID))
		if len(streamed) == 1 {
			s.buy("pulled-2") // while the stream is open
		}
		if len(streamed) == 2 {
			break
		}
	}
	var ids []string
	s.await("both pulled", 10*time.Second, func() bool { ids = pulled(t, s.Client, ""); return len(ids) == 2 })
	if !slices.Equal(ids, streamed) {
		t.Errorf("streamed %q, pulled %q; the first payment is %s", streamed, ids, first.ID)
	}
	if rest := pulled(t, s.Client, ids[0]); !slices.Equal(rest, ids[1:]) {
		t.Errorf("behind the first: %q", rest)
	}
}

func alerted(t *testing.T, p *process) {
	broken, well := newScripted(t, http.StatusGone), newScripted(t, 200)
	s, made := customerOf(t, p, broken, client.EndpointRequest{})
	if _, err := s.CreateEndpoint(t.Context(), client.EndpointRequest{URL: well.URL, Events: []paymux.EventType{paymux.EndpointWasDisabled}}); err != nil {
		t.Fatal(err)
	}
	s.buy("alerted")
	s.await("the other endpoint told", 20*time.Second, func() bool { return well.has(string(made.ID)) })
	if n := len(well.attempts()); n != 1 {
		t.Errorf("told %d times", n)
	}
}

func pulledAfterwards(t *testing.T, p *process) {
	e := newScripted(t, 500)
	s, made := customerOf(t, p, e, client.EndpointRequest{Delivery: &paymux.Delivery{
		RetrySeconds: []int{1}, OnFailure: paymux.FailureStrategy{Exhausted: paymux.PullInstead},
	}})
	paid := s.buy("pull-instead")
	s.standing(made.ID, string(paid.ID), paymux.NotificationDead)
	now, err := s.Endpoint(t.Context(), made.ID)
	if err != nil || now.Status != paymux.EndpointPull || now.Reason == "" {
		t.Fatalf("%+v, %v", now, err)
	}
	s.buy("pull-instead-2")
	s.await("both pulled", 10*time.Second, func() bool { return len(pulled(t, s.Client, "")) >= 2 })
	if n := len(e.attempts()); n != 2 {
		t.Errorf("%d attempts", n)
	}
}

func slowProbe(t *testing.T, p *process) {
	e := newScripted(t, 500, 500, 200)
	s, made := customerOf(t, p, e, client.EndpointRequest{Delivery: &paymux.Delivery{
		RetrySeconds: []int{1}, OnFailure: paymux.FailureStrategy{Exhausted: paymux.SlowProbe, ProbeSeconds: 60},
	}})
	paid := s.buy("probed")
	s.await("its schedule over", 20*time.Second, func() bool { return len(e.attempts()) == 2 })
	n := s.standing(made.ID, string(paid.ID), paymux.NotificationPending)
	s.await("a probe put down", 10*time.Second, func() bool {
		n = s.standing(made.ID, string(paid.ID), paymux.NotificationPending)
		return time.Until(n.NextAt) > 30*time.Second
	})
	if until := time.Until(n.NextAt); until > 75*time.Second {
		t.Errorf("probed in %v", until)
	}
}

// inObjectOrder: the second event of an object waits until the first has ended.
func inObjectOrder(t *testing.T, p *process) {
	e := newScripted(t, 500, 200)
	s, made := customerOf(t, p, e, client.EndpointRequest{Delivery: &paymux.Delivery{RetrySeconds: []int{2, 2}, Order: paymux.OrderObject}})
	r := s.wish(1000, paymux.Card, goodCard)
	r.MerchantOrderID, r.CaptureMethod = "ordered", paymux.CaptureManual
	reserved := s.pay(r, http.StatusCreated, paymux.Authorized)
	s.await("the first tried", 10*time.Second, func() bool { return len(e.attempts()) == 1 })
	if _, err := s.CapturePayment(t.Context(), reserved.ID, client.CaptureRequest{}); err != nil {
		t.Fatal(err)
	}
	s.await("both told", 20*time.Second, func() bool { return len(e.attempts()) >= 3 })
	if ids := e.attempts(); len(ids) != 3 || ids[0] != ids[1] || ids[1] == ids[2] {
		t.Errorf("webhook-ids %q: the second did not wait for the first", ids)
	}
	s.standing(made.ID, string(reserved.ID), paymux.NotificationDelivered)
}

func signedWithEd25519(t *testing.T, p *process) {
	s := &scene{t: t, p: p, account: "cards"}
	s.Client, s.bearer = p.merchant(nil)
	r := newReceiver(t)
	made, err := s.CreateEndpoint(t.Context(), client.EndpointRequest{URL: r.URL, Signature: paymux.SignEd25519})
	if err != nil || made.Secret != "" || len(made.PublicKeys) != 1 {
		t.Fatalf("%+v, %v", made, err)
	}
	r.trust(made.PublicKeys[0])
	paid := s.buy("ed25519")
	n := s.standing(made.ID, string(paid.ID), paymux.NotificationDelivered)
	if repeats := r.check(t, map[string]bool{string(n.Event): true}); repeats != 0 {
		t.Errorf("%d repeats", repeats)
	}
}
