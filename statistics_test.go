package paymux_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/paymux/paymux"
)

// A fact is read as it was written, whatever its words, and a line is one line.
func TestFactLine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		word := func(name string) string { return rapid.String().Draw(rt, name) }
		want := paymux.Fact{
			At: time.Unix(60*rapid.Int64Range(0, 1e9).Draw(rt, "minute"), 0).UTC(), Measure: rapid.SampledFrom(paymux.Measures()).Draw(rt, "measure"),
			Key: paymux.StatisticsKey{
				Merchant: paymux.MerchantID(word("merchant")), Mode: word("mode"), Region: word("region"), Channel: word("channel"), Account: word("account"),
				Method: paymux.MethodType(word("method")), Currency: paymux.Currency(word("currency")),
			},
			Amount: rapid.Int64Min(0).Draw(rt, "amount"), MS: rapid.Int64Min(0).Draw(rt, "ms"),
			Late: rapid.Bool().Draw(rt, "late"), Pay: rapid.Bool().Draw(rt, "pay"), Answer: rapid.SampledFrom(paymux.OperationStates()).Draw(rt, "answer"),
		}
		line, ended := strings.CutSuffix(string(want.Append(nil)), "\n")
		if !ended || strings.Contains(line, "\n") {
			rt.Fatalf("%q is not one line", line)
		}
		got, err := paymux.ParseFact(line)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			rt.Fatalf("%q: %v\n%s", line, err, diff)
		}
	})
}

// What is read is refused, or is what it says.
func FuzzParseFact(f *testing.F) {
	fact := paymux.Fact{At: time.Unix(6000, 0), Measure: paymux.CountSucceeded, Key: paymux.StatisticsKey{Merchant: "mer_1", Account: "a\tb"}, Amount: 7, MS: 3, Late: true}
	f.Add(strings.TrimSuffix(string(fact.Append(nil)), "\n"))
	f.Add("1\tcreated\t\t\t\t\t\t\t\t-1\t0\t\t")
	f.Fuzz(func(t *testing.T, line string) {
		got, err := paymux.ParseFact(line)
		if err != nil {
			return
		}
		if got.Amount < 0 || got.MS < 0 {
			t.Fatalf("%q has %d and %d", line, got.Amount, got.MS)
		}
		again, err := paymux.ParseFact(strings.TrimSuffix(string(got.Append(nil)), "\n"))
		if diff := cmp.Diff(got, again); err != nil || diff != "" && got.At.Unix() < 1e12 {
			t.Fatalf("%q: %v\n%s", line, err, diff)
		}
	})
}

// Every number has a name, and every measure counts in its own.
func TestNumbers(t *testing.T) {
	t.Parallel()
	names := paymux.NumberNames()
	for _, m := range paymux.Measures() {
		var n paymux.Numbers
		if !n.Count(&paymux.Fact{Measure: m, Amount: 7, MS: 1, Late: true, Pay: true, Answer: paymux.OpDeclined}) {
			t.Fatalf("%s is not counted", m)
		}
		got := map[string]int64{}
		for i, field := range n.Fields() {
			if *field != 0 {
				got[names[i]] = *field
			}
		}
		want := map[string]int64{string(m): 1, string(m) + "_amount": 7}
		switch m {
		case paymux.CountAnswered:
			want = map[string]int64{"declined": 1, "answer_0": 1}
		case paymux.CountSucceeded:
			want["late"], want["success_0"] = 1, 1
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", m, diff)
		}
	}
	if len(names) != len(new(paymux.Numbers).Fields()) {
		t.Errorf("%d names", len(names))
	}
	if new(paymux.Numbers).Count(&paymux.Fact{Measure: "weather"}) {
		t.Error("an unknown measure was counted")
	}
}

// Sums do not depend on how facts are divided.
func TestNumbersAdd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var whole, a, b paymux.Numbers
		for range rapid.IntRange(0, 20).Draw(rt, "facts") {
			f := paymux.Fact{
				Measure: rapid.SampledFrom(paymux.Measures()).Draw(rt, "measure"), Amount: rapid.Int64Range(0, 1e6).Draw(rt, "amount"),
				MS: rapid.Int64Range(0, 1e8).Draw(rt, "ms"), Answer: rapid.SampledFrom(paymux.OperationStates()).Draw(rt, "answer"),
			}
			whole.Count(&f)
			if rapid.Bool().Draw(rt, "first") {
				a.Count(&f)
			} else {
				b.Count(&f)
			}
		}
		a.Add(&b)
		if diff := cmp.Diff(whole, a); diff != "" {
			rt.Fatal(diff)
		}
	})
}

// An estimate lies in the bucket in which the true quantile lies.
func TestQuantile(t *testing.T) {
	t.Parallel()
	bounds := paymux.AnswerBounds()
	rapid.Check(t, func(rt *rapid.T) {
		all := rapid.SliceOfN(rapid.Int64Range(1, 30_000), 1, 200).Draw(rt, "durations")
		var h paymux.Histogram
		for _, ms := range all {
			h.Count(ms, bounds)
		}
		for _, q := range []float64{0.5, 0.95, 0.99} {
			got, reached := h.Quantile(q, bounds), 0
			var low, high int64
			for i, c := range h {
				if reached += int(c); float64(reached) >= q*float64(len(all)) {
					high = bounds[i]
					if i > 0 {
						low = bounds[i-1]
					}
					break
				}
			}
			if got < low || got > high {
				rt.Fatalf("%v: %d is not in %d to %d", q, got, low, high)
			}
		}
	})
	var even paymux.Histogram
	even[3] = 100 // 50 to 100 ms
	for q, want := range map[float64]int64{0.5: 75, 0.99: 100, 0.01: 51} {
		if got := even.Quantile(q, bounds); got != want {
			t.Errorf("%v: %d, want %d", q, got, want)
		}
	}
	var long, none paymux.Histogram
	long.Count(1e9, bounds)
	if got := long.Quantile(0.5, bounds); got != 30_000 || none.Quantile(0.5, bounds) != 0 {
		t.Errorf("%d, %d", got, none.Quantile(0.5, bounds))
	}
}
