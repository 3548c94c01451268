package metrics_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux/internal/histogram"
	"github.com/paymux/paymux/monitor/metrics"
)

// everything gives every metric a value; promtool looks at the same in the test of the whole system.
func everything(c *metrics.Scrape) {
	var h histogram.Histogram
	h.Observe(3 * time.Millisecond)
	h.Observe(time.Minute)
	for _, f := range metrics.Families() {
		if f.Name == "paymux_build_info" {
			continue // always there
		}
		labels := make([]string, len(f.Labels))
		for i, l := range f.Labels {
			labels[i] = "a \"" + l + "\"\xff"
		}
		switch f.Kind {
		case metrics.Counter:
			c.Count(f.Name, 7, labels...)
		case metrics.Gauge:
			c.Set(f.Name, 0.5, labels...)
		case metrics.Histogram:
			c.Times(f.Name, h.Counts(), labels...)
		}
	}
}

func shown(t *testing.T, s *metrics.Set) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	return w.Code, w.Body.String()
}

func TestEveryFamilyIsShown(t *testing.T) {
	t.Parallel()
	s := metrics.New(metrics.Build{Version: "1.2.3", Roles: []string{"node", "keys"}, Region: "east"})
	s.Add(everything)
	code, text := shown(t, s)
	if code != http.StatusOK {
		t.Fatalf("%d\n%s", code, text)
	}
	for _, f := range metrics.Families() {
		for _, line := range []string{"# HELP " + f.Name + " " + f.Help + "\n", "# TYPE " + f.Name + " " + string(f.Kind) + "\n"} {
			if !strings.Contains(text, line) {
				t.Errorf("there is no %s", line)
			}
		}
	}
	for _, line := range []string{
		`roles="node,keys",version="1.2.3"} 1`, `paymux_store_commit_duration_seconds_bucket{le="0.0025"} 0`, `paymux_store_commit_duration_seconds_bucket{le="0.005"} 1`,
		`paymux_store_commit_duration_seconds_bucket{le="+Inf"} 2`, `paymux_store_commit_duration_seconds_sum 60.003`, `paymux_relay_region_up{region="a \"region\"?"} 0.5`,
		"\ngo_goroutines ", "\nprocess_resident_memory_bytes ",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("there is no %s in\n%s", line, text)
		}
	}
}

// Prometheus's own rules for names, and ours for labels: nothing that grows with merchants, payments or endpoints.
func TestFamiliesKeepToTheConventions(t *testing.T) {
	t.Parallel()
	labels := []string{
		"channel", "class", "code", "go_version", "kind", "method", "mode", "operation", "outcome", "reason", "region", "role", "roles", "server", "service", "state", "use", "version",
	}
	seen := map[string]bool{}
	for _, f := range metrics.Families() {
		if !regexp.MustCompile(`^paymux(_[a-z]+)+$`).MatchString(f.Name) || seen[f.Name] {
			t.Errorf("%s is no name, or there twice", f.Name)
		}
		seen[f.Name] = true
		if total := strings.HasSuffix(f.Name, "_total"); total != (f.Kind == metrics.Counter) {
			t.Errorf("%s is a %s", f.Name, f.Kind)
		}
		if timed := strings.HasSuffix(f.Name, "_duration_seconds"); timed != (f.Kind == metrics.Histogram) {
			t.Errorf("%s is a %s", f.Name, f.Kind)
		}
		if len(f.Help) < 10 || !strings.HasSuffix(f.Help, ".") {
			t.Errorf("%s: the help is %q", f.Name, f.Help)
		}
		for _, l := range f.Labels {
			if !slices.Contains(labels, l) {
				t.Errorf("%s: label %s is not one of those that have few values", f.Name, l)
			}
		}
	}
}

// A mistake in a source spoils no scrape: what is right is shown.
func TestAMistakeSpoilsNothingElse(t *testing.T) {
	t.Parallel()
	s := metrics.New(metrics.Build{})
	s.Add(func(c *metrics.Scrape) {
		c.Count("paymux_of_nobody_total", 1)
		c.Count("paymux_http_errors_total", 1) // without its label
		c.Set("paymux_nats_connected", 1)
	})
	if _, text := shown(t, s); !strings.Contains(text, "paymux_nats_connected 1\n") || strings.Contains(text, "paymux_http_errors_total") {
		t.Error(text)
	}
}

// docs/operations.md has the table of what is registered, and no other.
func TestTheDocumentHasTheTable(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| metric | kind | told apart by | what it says |\n|---|---|---|---|\n")
	for _, f := range metrics.Families() {
		labels := ""
		if len(f.Labels) > 0 {
			labels = "`" + strings.Join(f.Labels, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Name, f.Kind, labels, f.Help)
	}
	if !strings.Contains(string(doc), b.String()) {
		t.Errorf("the table in docs/operations.md is not\n%s", b.String())
	}
}

// Rules and examples name only what there is.
func TestRulesNameWhatThereIs(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, f := range metrics.Families() {
		known[f.Name] = true
		if f.Kind == metrics.Histogram {
			known[f.Name+"_bucket"], known[f.Name+"_sum"], known[f.Name+"_count"] = true, true, true
		}
	}
	for _, file := range []string{"../../deploy/prometheus/alerts.yml", "../../docs/operations.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		names := regexp.MustCompile(`\bpaymux_[a-z_]+\b`).FindAllString(string(text), -1)
		if len(names) == 0 {
			t.Errorf("%s names no metric", file)
		}
		for _, name := range names {
			if !known[name] && name != "paymux_" {
				t.Errorf("%s: there is no metric %s", file, name)
			}
		}
	}
}
