package client_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// TestNotificationCalls holds each call to the request it makes.
func TestNotificationCalls(t *testing.T) {
	t.Parallel()
	from, to := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	none := 0
	for _, x := range []struct {
		name               string
		call               func(*client.Client) error
		method, path, body string
	}{
		{"create", func(c *client.Client) error {
			_, err := c.CreateEndpoint(t.Context(), client.EndpointRequest{PerPayment: true, Signature: paymux.SignEd25519})
			return err
		}, "POST", "/v1/webhook_endpoints", `{"per_payment":true,"signature":"ed25519"}`},
		{"update", func(c *client.Client) error {
			_, err := c.UpdateEndpoint(t.Context(), "we_1", client.EndpointRequest{
				Status: paymux.EndpointPull, Delivery: &paymux.Delivery{Window: 4, OnFailure: paymux.FailureStrategy{DisableAfterSeconds: -1}},
				Reset: []string{"events", "delivery.order", "delivery.on_failure.exhausted"},
			})
			return err
		}, "PATCH", "/v1/webhook_endpoints/we_1", `{"delivery":{"on_failure":{"disable_after_seconds":-1,"exhausted":null},"order":null,"window":4},"events":null,"status":"pull"}`},
		{"reset all", func(c *client.Client) error {
			_, err := c.UpdateEndpoint(t.Context(), "we_1", client.EndpointRequest{Reset: []string{"delivery"}})
			return err
		}, "PATCH", "/v1/webhook_endpoints/we_1", `{"delivery":null}`},
		{"rotate", func(c *client.Client) error {
			_, err := c.RotateSecret(t.Context(), "we_1", client.Rotation{})
			return err
		}, "POST", "/v1/webhook_endpoints/we_1/rotate_secret", `{}`},
		{"rotate at once", func(c *client.Client) error {
			_, err := c.RotateSecret(t.Context(), "we_1", client.Rotation{ExpireSeconds: &none})
			return err
		}, "POST", "/v1/webhook_endpoints/we_1/rotate_secret", `{"expire_seconds":0}`},
		{"attempts", func(c *client.Client) error {
			_, err := c.Attempts(t.Context(), "evt_1", "we_1")
			return err
		}, "GET", "/v1/events/evt_1/attempts?endpoint=we_1", ""},
		{"resend to one", func(c *client.Client) error {
			_, err := c.Resend(t.Context(), "evt_1", "we_1")
			return err
		}, "POST", "/v1/events/evt_1/resend", `{"endpoint":"we_1"}`},
		{"resend to all", func(c *client.Client) error {
			_, err := c.Resend(t.Context(), "evt_1", "")
			return err
		}, "POST", "/v1/events/evt_1/resend", `{}`},
		{"count", func(c *client.Client) error {
			_, err := c.CountReplay(t.Context(), "we_1", client.ReplayRequest{From: from, Only: paymux.ReplayAll})
			return err
		}, "POST", "/v1/webhook_endpoints/we_1/replays", `{"from":"2026-11-20T00:00:00Z","only":"all","count_only":true}`},
		{"replay", func(c *client.Client) error {
			_, err := c.StartReplay(t.Context(), "we_1", client.ReplayRequest{From: from, To: to, Types: []paymux.EventType{paymux.RefundDone}})
			return err
		}, "POST", "/v1/webhook_endpoints/we_1/replays", `{"from":"2026-11-20T00:00:00Z","to":"2026-11-21T00:00:00Z","types":["refund.succeeded"]}`},
		{"read replay", func(c *client.Client) error {
			_, err := c.Replay(t.Context(), "rpl_1")
			return err
		}, "GET", "/v1/replays/rpl_1", ""},
		{"cancel replay", func(c *client.Client) error {
			_, err := c.CancelReplay(t.Context(), "rpl_1")
			return err
		}, "POST", "/v1/replays/rpl_1/cancel", ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			d := open(t, answer{status: 200, body: `{}`})
			if err := x.call(d.client(t)); err != nil {
				t.Fatal(err)
			}
			if q := d.asked[0]; q.method != x.method || q.path != x.path || q.body != x.body {
				t.Errorf("asked %s %s\n%s\nwant %s %s\n%s", q.method, q.path, q.body, x.method, x.path, x.body)
			}
		})
	}
}

func TestNotificationsAndAnswers(t *testing.T) {
	t.Parallel()
	d := open(t, answer{status: 200, body: `{"data":[{"event":"evt_2","status":"dead","attempts":3}],"has_more":true,"next_cursor":"evt_2"}`},
		answer{status: 200, body: `{"data":[],"has_more":true,"next_cursor":"evt_1x"}`},
		answer{status: 200, body: `{"data":[{"event":"evt_1","status":"dead"}]}`},
		answer{status: 200, body: `{"total":7}`}, answer{status: 200, body: `{"event":"evt_1","endpoints":["we_1","we_2"]}`},
		answer{status: 200, body: `{"data":[{"id":"we_1","failing_since":"2026-11-20T00:00:00Z"}]}`})
	c := d.client(t)
	var events []paymux.EventID
	for n, err := range c.Notifications(t.Context(), "we_1", client.NotificationQuery{Status: paymux.NotificationDead, PageSize: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, n.Event)
	}
	if !slices.Equal(events, []paymux.EventID{"evt_2", "evt_1"}) || d.asked[2].path != "/v1/webhook_endpoints/we_1/notifications?cursor=evt_1x&limit=1&status=dead" {
		t.Errorf("%v by %s", events, d.asked[2].path)
	}
	if n, err := c.CountReplay(t.Context(), "we_1", client.ReplayRequest{}); n != 7 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if to, err := c.Resend(t.Context(), "evt_1", ""); len(to) != 2 || err != nil {
		t.Errorf("%v, %v", to, err)
	}
	operator, err := client.NewOperator(client.Config{BaseURL: d.URL, Key: "ops"})
	if err != nil {
		t.Fatal(err)
	}
	if failing, err := operator.FailingEndpoints(t.Context(), 5); len(failing) != 1 || err != nil || d.asked[5].path != "/ops/v1/failing_endpoints?limit=5" {
		t.Errorf("%v, %v by %s", failing, err, d.asked[5].path)
	}
}

func TestPuller(t *testing.T) {
	t.Parallel()
	body := `{"id":"evt_1","type":"payment.succeeded","data":{"object":{"id":"pay_1"},"sequence":3}}`
	d := open(t, answer{status: 200, body: `{"data":[` + body + `],"has_more":true,"next_cursor":"evt_1"}`},
		answer{status: 200, body: `{"data":[],"has_more":false,"next_cursor":"evt_1"}`}, answer{status: 404, body: `{"code":"not_found"}`})
	p := d.client(t).Pull("")
	events, more, err := p.Next(t.Context())
	if err != nil || !more || len(events) != 1 || string(events[0].Body) != body || events[0].Data.Sequence != 3 || p.After != "evt_1" {
		t.Errorf("%+v, more %v, error %v, after %s", events, more, err, p.After)
	}
	if events, more, err := p.Next(t.Context()); len(events) != 0 || more || err != nil || p.After != "evt_1" {
		t.Errorf("%+v, more %v, error %v, after %s", events, more, err, p.After)
	}
	if _, _, err := p.Next(t.Context()); err == nil || p.After != "evt_1" {
		t.Errorf("error %v, after %s", err, p.After)
	}
	var paths []string
	for _, q := range d.asked {
		paths = append(paths, strings.TrimPrefix(q.path, "/v1/events?"))
	}
	if diff := cmp.Diff([]string{"limit=100&order=oldest_first", "cursor=evt_1&limit=100&order=oldest_first", "cursor=evt_1&limit=100&order=oldest_first"}, paths); diff != "" {
		t.Error(diff)
	}
}
