package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.yaml.in/yaml/v3"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/internal/webhook"
)

// shopServer is a merchant's server that keeps what it is sent.
type shopServer struct {
	*httptest.Server
	got chan got
}

type got struct {
	header http.Header
	body   []byte
}

func newShopServer(status int) *shopServer {
	s := &shopServer{got: make(chan got, 16)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.got <- got{r.Header.Clone(), body}
		w.WriteHeader(status)
	}))
	return s
}

// receiverKey is where a script keeps its receiver.
type receiverKey struct{}

// receive starts a merchant's server and registers it as an endpoint, ENDPOINT; its secret goes to secret.txt.
func receive(ts *testscript.TestScript, _ bool, _ []string) {
	text, err := os.ReadFile(filepath.Join(ts.Getenv("PAYMUX_CONFIG_DIR"), "config.yaml"))
	ts.Check(err)
	var p profile
	ts.Check(yaml.Unmarshal(text, &p))
	api, err := client.New(client.Config{BaseURL: p.BaseURL, Key: paymux.Secret(p.Key)})
	ts.Check(err)
	s := newShopServer(http.StatusOK)
	ts.Defer(s.Close)
	*ts.Value(receiverKey{}).(**shopServer) = s
	e, err := api.CreateEndpoint(context.Background(), client.EndpointRequest{URL: s.URL, Events: []paymux.EventType{paymux.PaymentSucceeded}})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("secret.txt"), []byte(e.Secret.Reveal()), 0o600))
	ts.Setenv("ENDPOINT", string(e.ID))
}

// received writes the next delivery to headers.txt, body.json and, re-serialised, pretty.json, and sets EVENT to its ID.
func received(ts *testscript.TestScript, _ bool, _ []string) {
	s := *ts.Value(receiverKey{}).(**shopServer)
	select {
	case d := <-s.got:
		ts.Setenv("EVENT", d.header.Get("webhook-id"))
		var header, pretty bytes.Buffer
		ts.Check(d.header.Write(&header))
		ts.Check(json.Indent(&pretty, d.body, "", "  "))
		ts.Check(os.WriteFile(ts.MkAbs("headers.txt"), header.Bytes(), 0o600))
		ts.Check(os.WriteFile(ts.MkAbs("body.json"), d.body, 0o600))
		ts.Check(os.WriteFile(ts.MkAbs("pretty.json"), pretty.Bytes(), 0o600))
	case <-time.After(patience):
		ts.Fatalf("no delivery within %s", patience)
	}
}

// TestListenForwards: what is forwarded verifies at the merchant's server, too, and the
// merchant's answer is what Paymux hears.
func TestListenForwards(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	d.begin("dev").await(t, "paymux pay 12.50 CNY")
	s := newShopServer(http.StatusTeapot)
	t.Cleanup(s.Close)
	out := d.begin("listen", "--forward-to", s.URL, "--events", "payment.succeeded")
	out.await(t, "whsec_")
	secret := secretIn(out.String())
	d.do("pay", "12.50", "CNY", "--method", "card", "--order", "A-1")
	select {
	case got := <-s.got:
		if err := webhook.Verify(secret, got.header, got.body, time.Now()); err != nil {
			t.Errorf("what was forwarded does not verify: %v", err)
		}
	case <-time.After(patience):
		t.Fatal("nothing was forwarded")
	}
	out.await(t, "[418]")
}

var secretPattern = regexp.MustCompile(`whsec_[A-Za-z0-9+/=]+`)

func secretIn(text string) string { return secretPattern.FindString(text) }
