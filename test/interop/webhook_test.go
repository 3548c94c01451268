package interop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/webhook"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/queue"
)

// delivery is one captured notification, as webhook.mjs reads it.
type delivery struct {
	Name    string            `json:"name"`
	Secret  string            `json:"secret"`
	Headers map[string]string `json:"headers"`
	Body    []byte            `json:"body"`
}

// TestOthersVerifyNotifications delivers real notifications to a sink and has npm
// svix and standardwebhooks judge what arrived, untouched and tampered with.
func TestOthersVerifyNotifications(t *testing.T) {
	t.Parallel()
	needModules(t, "svix", "standardwebhooks")
	newest, before := webhook.NewSecret(), webhook.NewSecret()

	good := deliver(t, 0, newest, before)
	rotated := good
	rotated.Name, rotated.Secret = "signed with the former secret, too", before
	cases := []delivery{good, rotated}
	tamper := func(name string, change func(*delivery)) {
		d := deliver(t, 0, newest, before)
		d.Name = name
		change(&d)
		cases = append(cases, d)
	}
	tamper("body", func(d *delivery) { d.Body = bytes.Replace(d.Body, []byte("1250"), []byte("1"), 1) })
	tamper("body, white space only", func(d *delivery) { d.Body = append(d.Body, '\n') })
	tamper("id", func(d *delivery) { d.Headers["webhook-id"] += "X" })
	tamper("timestamp", func(d *delivery) { d.Headers["webhook-timestamp"] = strconv.FormatInt(time.Now().Unix()+30, 10) })
	tamper("signature", func(d *delivery) { d.Headers["webhook-signature"] = "v1," + strings.Repeat("A", 43) + "=" })
	tamper("no signature", func(d *delivery) { delete(d.Headers, "webhook-signature") })
	tamper("another endpoint's secret", func(d *delivery) { d.Secret = webhook.NewSecret() })
	for name, off := range map[string]time.Duration{"stale": -10 * time.Minute, "from the future": 10 * time.Minute} {
		d := deliver(t, off, newest, before)
		d.Name = name
		cases = append(cases, d)
	}

	for i, v := range judge(t, cases) {
		want := i < 2
		if (v.Svix == "ok") != want || (v.Standard == "ok") != want {
			t.Errorf("%s: svix says %q, standardwebhooks %q", v.Name, v.Svix, v.Standard)
		}
		c := cases[i]
		header := http.Header{}
		for name, value := range c.Headers {
			header.Set(name, value)
		}
		if err := webhook.Diagnose(c.Secret, header, c.Body, time.Now(), before); (err == nil) != want {
			t.Errorf("%s: our own diagnosis is %v", v.Name, err)
		}
	}
}

type judgement struct {
	Name     string `json:"name"`
	Svix     string `json:"svix"`
	Standard string `json:"standardwebhooks"`
}

func judge(t *testing.T, cases []delivery) (all []judgement) {
	t.Helper()
	input, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", "webhook.mjs")
	node.Stdin, node.Stderr = bytes.NewReader(input), os.Stderr
	output, err := node.Output()
	if err != nil {
		t.Fatalf("node webhook.mjs: %v", err)
	}
	if err := json.Unmarshal(output, &all); err != nil || len(all) != len(cases) {
		t.Fatalf("webhook.mjs answered %s: %v", output, err)
	}
	return all
}

// deliver sends an event to a sink by a clock that is off, and captures what arrives.
func deliver(t *testing.T, off time.Duration, secrets ...string) delivery {
	t.Helper()
	d := delivery{Name: "untouched", Secret: secrets[0], Headers: map[string]string{}}
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		d.Body, _ = io.ReadAll(r.Body)
		for name := range r.Header {
			d.Headers[strings.ToLower(name)] = r.Header.Get(name)
		}
	}))
	defer sink.Close()
	now := func() time.Time { return time.Now().Add(off) }
	endpoint := paymux.Endpoint{ID: "we_1", Merchant: "mer_1", URL: sink.URL, Status: paymux.EndpointEnabled}
	for _, s := range secrets {
		endpoint.Secrets = append(endpoint.Secrets, paymux.SigningSecret{Value: paymux.Secret(s)})
	}
	event := paymux.Event{
		ID: "evt_01KAN7Q8Z3V5T0M2R4W6X8Y0AB", Type: paymux.PaymentSucceeded, Timestamp: now().UTC(), APIVersion: paymux.APIVersion,
		Merchant: "mer_1", Payment: "pay_1",
		Data: paymux.EventData{Object: json.RawMessage(`{"object":"payment","amount":1250,"currency":"CNY","description":"<茶 & café>"}`), Sequence: 2},
	}
	var err error
	if event.Body, err = json.Marshal(event); err != nil {
		t.Fatal(err)
	}
	n := notify.New(notify.Config{
		Store: shelf{endpoint, event}, IDs: paymux.NewIDs([]byte("sixteen bytes or more"), 1, now), Now: now,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	defer n.Close()
	tasks, err := n.Tasks(t.Context(), event)
	if err != nil || len(tasks) != 1 {
		t.Fatalf("tasks %v, %v", tasks, err)
	}
	if v := n.Handle(t.Context(), tasks[0]); !v.Done {
		t.Fatalf("delivery failed: %s", v.Reason)
	}
	return d
}

// shelf is a notify.Store with one endpoint and one event.
type shelf struct {
	endpoint paymux.Endpoint
	event    paymux.Event
}

func (s shelf) Endpoints(context.Context, paymux.MerchantID) ([]paymux.Endpoint, error) {
	return []paymux.Endpoint{s.endpoint}, nil
}

func (s shelf) Endpoint(context.Context, paymux.MerchantID, paymux.EndpointID) (paymux.Endpoint, error) {
	return s.endpoint, nil
}

func (s shelf) UpdateEndpoint(context.Context, paymux.Endpoint, *paymux.Idempotency) error {
	return nil
}

func (s shelf) EventByID(context.Context, paymux.EventID) (paymux.Event, error) { return s.event, nil }

func (s shelf) Emit(context.Context, paymux.Event, []queue.Task) error { return nil }

func (s shelf) Revision(context.Context) (int64, error) { return 1, nil }
