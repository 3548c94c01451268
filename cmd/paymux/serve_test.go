package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// TestServe is production's way: a configuration file, an operator who makes a merchant
// and its signing key, and signed requests from then on. Bearer keys are refused.
func TestServe(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	file := filepath.Join(t.TempDir(), "paymux.yaml")
	conf := "sandbox: {enabled: true}\nops_token: env:OPS\naccounts: [{name: cards, channel: sandbox, methods: [card]}]\n"
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	d.env["OPS"] = "ops-not-to-be-logged"
	out := d.begin("serve", "-c", file)
	out.await(t, `"msg":"ready"`)
	base := publicURLIn(t, out.String())
	d.env["PAYMUX_BASE_URL"] = base
	d.do("healthcheck")

	signed, merchant := enrolled(t, base, "ops-not-to-be-logged")
	p, err := signed.CreatePayment(t.Context(), client.PaymentRequest{
		Amount: 1250, Currency: "CNY", MerchantOrderID: "A-1",
		PaymentMethod: &client.PaymentMethod{Type: paymux.Card, Card: &client.Card{Number: "4242424242424242", ExpMonth: 1, ExpYear: 2090}},
	})
	if err != nil || p.Status != paymux.Succeeded || p.Merchant != merchant || p.Account != "cards" {
		t.Fatalf("payment %+v, error %v", p, err)
	}
	out.await(t, string(merchant)) // the request's line in the log
	for _, secret := range []string{"ops-not-to-be-logged", "4242424242424242"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("the log has a secret:\n%s", out)
		}
	}
}

// enrolled makes a merchant and a client that signs for it.
func enrolled(t *testing.T, base string, token paymux.Secret) (*client.Client, paymux.MerchantID) {
	t.Helper()
	operator, err := client.NewOperator(client.Config{BaseURL: base, Key: token})
	if err != nil {
		t.Fatal(err)
	}
	m, err := operator.CreateMerchant(t.Context(), client.MerchantRequest{Name: "Tea shop"})
	if err != nil {
		t.Fatal(err)
	}
	key, err := operator.CreateKey(t.Context(), m.ID, client.KeyRequest{Kind: paymux.KeyHMAC})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := client.SignHMAC(key.ID, key.Secret, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := client.New(client.Config{BaseURL: base, Signer: signer})
	if err != nil {
		t.Fatal(err)
	}
	return signed, m.ID
}

// publicURLIn reads where the server is from its log.
func publicURLIn(t *testing.T, log string) string {
	t.Helper()
	for line := range strings.Lines(log) {
		var ready struct {
			Msg    string `json:"msg"`
			Listen string `json:"listen"`
		}
		if json.Unmarshal([]byte(line), &ready) == nil && ready.Msg == "ready" {
			return "http://" + ready.Listen
		}
	}
	t.Fatalf("no line says ready:\n%s", log)
	return ""
}

// That a signal ended a command is known to whoever sent it; whatever else went wrong is told all the same.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	ended, end := context.WithCancel(t.Context())
	end()
	for words, told := range map[string]string{"healthcheck": "", "serve -c missing.yaml": "missing.yaml"} {
		var out, errOut strings.Builder
		code := newDesk(t, nil).cli(&out, &errOut).run(ended, strings.Fields(words))
		if said := errOut.String(); code != exitInterrupted || (said == "") != (told == "") || !strings.Contains(said, told) {
			t.Errorf("paymux %s ended with %d and said %q", words, code, said)
		}
	}
}

// What went wrong beside the interruption is told, and the interruption alone is not.
func TestEndedBy(t *testing.T) {
	t.Parallel()
	ctx, end := context.WithCancelCause(t.Context())
	why, other := errors.New("SIGTERM"), errors.New("the store cannot be closed")
	end(why)
	wrapped := fmt.Errorf("check the system: %w", context.Canceled)
	for err, want := range map[error]bool{
		why: true, wrapped: true, errors.Join(wrapped, why): true, errors.Join(errors.Join(wrapped), nil): true,
		other: false, errors.Join(wrapped, other): false, errors.Join(wrapped, errors.Join(nil, other)): false,
	} {
		if got := endedBy(ctx, err); got != want {
			t.Errorf("%q says no more than the interruption: %t", err, got)
		}
	}
}
