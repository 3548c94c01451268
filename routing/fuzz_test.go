package routing_test

import (
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/paymux/paymux/routing"
)

// Whatever is written, Parse says what is wrong with it, or Lint, Compile and Write take it.
func FuzzParse(f *testing.F) {
	text, err := os.ReadFile("../examples/routing.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	for _, cases := range []map[string]lintCase{lintCases, accountCases} {
		for _, c := range cases {
			f.Add(c.text)
		}
	}
	for _, text := range []string{
		"", "null", "{}", "? [a]\n: b", "<<: {name: a}", "name: !!binary x", "a: &x [*x]", "fallback: {all: !!bool maybe}", "--- a\n--- b",
		`{"fallback":{"all":true},"name":"\ud83d\ude00","static":[{"name":"s","use":["a"],"when":{"amounts":{"CNY":{"min":1e2}},"manual":false}}]}`,
		one + "{bins: [0123456, 4.2e5], metadata: {k: [1.50, 0x10, ~, 2020-01-01]}}}]\n", all + "health: {window: 1.5s, latency: 0.001s}\n",
	} {
		f.Add(text)
	}
	accounts := configured()
	f.Fuzz(func(t *testing.T, text string) {
		s, err := routing.Parse([]byte(text))
		if err != nil {
			faulty(t, err)
			return
		}
		if _, err := routing.Compile(s); err != nil {
			t.Fatalf("accepted, and it cannot be compiled: %v", err)
		}
		for _, f := range append(routing.Lint(s, accounts), routing.Lint(s, nil)...) {
			if f.Message == "" || f.Remedy == "" || f.Code == "" || f.Severity == "" {
				t.Fatalf("%+v lacks something", f)
			}
		}
		written, err := routing.Write(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := routing.Parse(written)
		if err != nil {
			t.Fatalf("what was accepted is refused when it is written again: %v\n%s", err, written)
		}
		if diff := cmp.Diff(s, again, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s\n%s", diff, written)
		}
	})
}

func faulty(t *testing.T, err error) {
	t.Helper()
	var faults routing.Faults
	if !errors.As(err, &faults) || len(faults) == 0 {
		t.Fatalf("%v is no list of faults", err)
	}
	for _, f := range faults {
		if f.Line < 1 || f.Message == "" || f.Remedy == "" || f.Code == "" {
			t.Fatalf("%+v lacks something", f)
		}
	}
}

// Sets that were not read from a document do not crash Check, Lint, Compile and Write either, whatever is in them.
func FuzzSet(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) {
		s := drawDocument(t)
		word := rapid.SampledFrom([]string{"", "\xff", "x\ny", "CN", "west", "  "})
		for i := range s.Static {
			if rapid.Bool().Draw(t, "spoil") {
				s.Static[i].Name, s.Static[i].When.Client = word.Draw(t, "name"), []string{word.Draw(t, "client")}
				s.Static[i].When.Hours = []routing.Window{{From: word.Draw(t, "from"), To: "25:00"}}
				s.Static[i].When.BINs = []routing.BINRange{routing.BINRange(word.Draw(t, "bin")), "999999999"}
			}
		}
		s.TimeZone = rapid.SampledFrom([]string{"", "Local", "../x", "UTC"}).Draw(t, "zone")
		s.Fallback.All = rapid.Bool().Draw(t, "all")
		faults := routing.Check(s)
		for _, f := range faults {
			if f.Message == "" || f.Remedy == "" || f.Code == "" {
				t.Fatalf("%+v lacks something", f)
			}
		}
		routing.Lint(s, nil)
		if _, err := routing.Compile(s); err != nil && len(faults) == 0 {
			t.Fatalf("nothing is wrong with it, and it cannot be compiled: %v", err)
		}
		if text, err := routing.Write(s); err == nil && len(faults) == 0 {
			if _, err := routing.Parse(text); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
		}
	}))
}
