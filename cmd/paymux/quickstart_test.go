package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/paymux/paymux/internal/pgcluster"
)

// TestQuickStart runs the documents' lines as they stand, in both stores. The ports of
// the documents may be in use here, so free ones are taken; nothing else differs.
func TestQuickStart(t *testing.T) {
	t.Parallel()
	stores := map[string]func(*testing.T) map[string]string{
		"sqlite":   func(*testing.T) map[string]string { return nil },
		"postgres": postgresEnv,
	}
	for _, document := range []string{"../../README.md", "../../docs/quickstart.zh-CN.md"} {
		for engine, env := range stores {
			t.Run(engine+strings.ReplaceAll(document, "../", "/"), func(t *testing.T) {
				t.Parallel()
				quickStart(t, quickStartLines(t, document), env(t))
			})
		}
	}
}

func quickStart(t *testing.T, lines [][]string, env map[string]string) {
	t.Helper()
	d := newDesk(t, env)
	var shop *transcript
	for _, line := range lines {
		switch line[0] {
		case "dev":
			d.begin(line...).await(t, "paymux pay 12.50 CNY")
		case "listen":
			shop = d.begin(line...)
			shop.await(t, "whsec_")
		case "timeline":
			for _, hop := range []string{"api", "relay", "route", "channel", "callback"} {
				if out := d.do(line...); !strings.Contains(out, hop) {
					t.Errorf("the timeline has no %s:\n%s", hop, out)
				}
			}
		default:
			d.do(line...)
		}
	}
	for _, event := range []string{"payment.succeeded", "refund.succeeded"} {
		shop.await(t, event)
	}
	shop.await(t, " ok\n")
	if strings.Contains(shop.String(), "wrong_signature") {
		t.Errorf("a notification did not verify:\n%s", shop)
	}
}

// quickStartLines reads the commands between the document's marks, as arguments of paymux.
func quickStartLines(t *testing.T, document string) (lines [][]string) {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "<!-- quickstart: begin -->")
	part, _, _ := strings.Cut(rest, "<!-- quickstart: end -->")
	for line := range strings.Lines(part) {
		if command, ok := strings.CutPrefix(line, "$ paymux "); ok {
			lines = append(lines, strings.Fields(strings.ReplaceAll(command, "127.0.0.1:3000", "127.0.0.1:0")))
		}
	}
	if len(lines) < 6 {
		t.Fatalf("%s has %d commands", document, len(lines))
	}
	return lines
}

// postgresEnv starts a PostgreSQL that lives as long as the test.
func postgresEnv(t *testing.T) map[string]string {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	cluster, err := pgcluster.New(ctx, pgcluster.Config{})
	if errors.Is(err, pgcluster.ErrMissing) && os.Getenv("PAYMUX_CHECK") != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Remove(); err != nil {
			t.Error(err)
		}
	})
	if err := cluster.CreateDatabase(ctx, "paymux", ""); err != nil {
		t.Fatal(err)
	}
	return map[string]string{"PAYMUX_STORE_ENGINE": "postgres", "PAYMUX_STORE_URL": cluster.URL("paymux")}
}

// TestFirstCommand is the README's first: it takes a payment by itself.
func TestFirstCommand(t *testing.T) {
	t.Parallel()
	out := newDesk(t, nil).begin("dev", "--first-payment")
	out.await(t, "succeeded  CNY 12.50  pay_")
	out.await(t, "callback")
}
