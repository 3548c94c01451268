package interop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/webhook"
	"github.com/paymux/paymux/notify"
)

// delivery is one captured notification and the secret its receiver has, as webhook.mjs reads it.
type delivery struct {
	Name    string            `json:"name"`
	Secret  string            `json:"secret"`
	Headers map[string]string `json:"headers"`
	Body    []byte            `json:"body"`
}

// with is the delivery as another receiver has it.
func (d delivery) with(name, secret string) delivery {
	d.Name, d.Secret, d.Headers = name, secret, maps.Clone(d.Headers)
	return d
}

func (d delivery) header() http.Header {
	header := http.Header{}
	for name, value := range d.Headers {
		header.Set(name, value)
	}
	return header
}

// TestOthersVerifyNotifications delivers real notifications to a sink, through rotations of the secret within and
// between the two schemes, and has outsiders judge what arrived, untouched and tampered with.
func TestOthersVerifyNotifications(t *testing.T) {
	t.Parallel()
	needModules(t, "svix", "standardwebhooks")
	old, newest, stranger := webhook.NewSecret(), webhook.NewSecret(), webhook.NewSecret()
	key, former := webhook.NewSigningKey(), webhook.NewSigningKey()
	hour, past := time.Now().Add(time.Hour), time.Now().Add(-time.Second)

	before := deliver(t, 0, live(old))
	during := deliver(t, 0, live(newest), until(old, hour))
	after := deliver(t, 0, live(newest), until(old, past))
	across := deliver(t, 0, live(key), until(newest, hour)) // from a shared secret to a key
	keys := deliver(t, 0, live(key), until(former, hour))
	good := []delivery{
		before.with("before the rotation, old secret", old),
		during.with("during the rotation, old secret", old),
		during.with("during the rotation, new secret", newest),
		after.with("after the rotation, new secret", newest),
		across.with("from secret to key, secret", newest),
		across.with("from secret to key, key", public(t, key)),
		keys.with("rotation of keys, former key", public(t, former)),
		keys.with("rotation of keys, new key", public(t, key)),
	}
	bad := []delivery{
		before.with("before the rotation, new secret", newest),
		after.with("after the rotation, old secret", old),
		during.with("another endpoint's secret", stranger),
		keys.with("another endpoint's key", public(t, webhook.NewSigningKey())),
	}
	for _, d := range []delivery{during.with("secret", newest), keys.with("key", public(t, key)), across.with("key beside a secret", public(t, key))} {
		bad = append(bad, tampered(d)...)
	}
	for _, off := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
		bad = append(bad, deliver(t, off, live(newest)).with("off by "+off.String(), newest), deliver(t, off, live(key)).with("off by "+off.String(), public(t, key)))
	}
	for i, v := range judge(t, append(good, bad...)) {
		d, want := append(good, bad...)[i], i < len(good)
		if len(v.Verdicts) == 0 {
			t.Errorf("%s: nobody has judged", d.Name)
		}
		v.Verdicts["Go library"] = goLibrary(d)
		for name, says := range v.Verdicts {
			if (says == "ok") != want {
				t.Errorf("%s: %s says %q", d.Name, name, says)
			}
		}
		if err := webhook.Diagnose(d.Secret, d.header(), d.Body, time.Now()); (err == nil) != want {
			t.Errorf("%s: our own diagnosis is %v", d.Name, err)
		}
	}
}

// tampered is what somebody on the way could make of a delivery.
func tampered(d delivery) (all []delivery) {
	change := func(name string, f func(*delivery)) {
		bad := d.with(d.Name+": "+name, d.Secret)
		f(&bad)
		all = append(all, bad)
	}
	change("body", func(d *delivery) { d.Body = bytes.Replace(d.Body, []byte("1250"), []byte("1"), 1) })
	change("body, white space only", func(d *delivery) { d.Body = append(bytes.Clone(d.Body), '\n') })
	change("id", func(d *delivery) { d.Headers["webhook-id"] += "X" })
	change("timestamp", func(d *delivery) { d.Headers["webhook-timestamp"] = strconv.FormatInt(time.Now().Unix()+30, 10) })
	change("signature", func(d *delivery) {
		d.Headers["webhook-signature"] = "v1," + strings.Repeat("A", 43) + "= v1a," + strings.Repeat("A", 86) + "=="
	})
	change("no signature", func(d *delivery) { delete(d.Headers, "webhook-signature") })
	change("stripped of the receiver's entry", func(d *delivery) {
		entries := strings.Fields(d.Headers["webhook-signature"])
		d.Headers["webhook-signature"] = entries[len(entries)-1] // the newest key's comes first
	})
	change("renamed entries", func(d *delivery) {
		d.Headers["webhook-signature"] = strings.NewReplacer("v1,", "v2,", "v1a,", "v2a,").Replace(d.Headers["webhook-signature"])
	})
	return all
}

func live(secret string) paymux.SigningSecret {
	return paymux.SigningSecret{Value: paymux.Secret(secret)}
}

func until(secret string, expires time.Time) paymux.SigningSecret {
	return paymux.SigningSecret{Value: paymux.Secret(secret), Expires: expires}
}

func public(t *testing.T, key string) string {
	t.Helper()
	public, err := webhook.PublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return public
}

// goLibrary is the verdict of the specification's own library for Go, which knows shared secrets only; of
// a key, ours stands in.
func goLibrary(d delivery) string {
	verify := func() error { return webhook.Verify(d.Secret, d.header(), d.Body, time.Now()) }
	if strings.HasPrefix(d.Secret, "whsec_") {
		library, err := standardwebhooks.NewWebhook(d.Secret)
		if err != nil {
			return err.Error()
		}
		verify = func() error { return library.Verify(d.Body, d.header()) }
	}
	if err := verify(); err != nil {
		return err.Error()
	}
	return "ok"
}

type judgement struct {
	Name     string            `json:"name"`
	Verdicts map[string]string `json:"verdicts"` // by judge
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
func deliver(t *testing.T, off time.Duration, secrets ...paymux.SigningSecret) delivery {
	t.Helper()
	d := delivery{Headers: map[string]string{}}
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		d.Body, _ = io.ReadAll(r.Body)
		for name := range r.Header {
			d.Headers[strings.ToLower(name)] = r.Header.Get(name)
		}
	}))
	defer sink.Close()
	now := func() time.Time { return time.Now().Add(off) }
	endpoint := paymux.Endpoint{ID: "we_1", Merchant: "mer_1", URL: sink.URL, Status: paymux.EndpointEnabled, Secrets: secrets}
	event := paymux.Event{
		ID: "evt_01KAN7Q8Z3V5T0M2R4W6X8Y0AB", Type: paymux.PaymentSucceeded, Timestamp: now().UTC(), APIVersion: paymux.APIVersion,
		Merchant: "mer_1", Payment: "pay_1", ObjectID: "pay_1",
		Data: paymux.EventData{Object: json.RawMessage(`{"object":"payment","amount":1250,"currency":"CNY","description":"<茶 & café>"}`), Sequence: 2},
	}
	event.Body = event.AppendJSON(nil)
	n := notify.New(notify.Config{
		Store: shelf{endpoint: endpoint}, IDs: paymux.NewIDs([]byte("sixteen bytes or more"), 1, now), Now: now,
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

// shelf is the part of a notify.Store that a delivery that succeeds asks for.
type shelf struct {
	notify.Store
	endpoint paymux.Endpoint
}

func (s shelf) Endpoints(context.Context, paymux.MerchantID) ([]paymux.Endpoint, error) {
	return []paymux.Endpoint{s.endpoint}, nil
}

func (s shelf) Revision(context.Context) (int64, error) { return 1, nil }
