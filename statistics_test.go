package paymux_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/paymux/paymux"
)

// readFacts reads what AppendFacts wrote.
func readFacts(text string) (facts []paymux.Fact, err error) {
	for line := range strings.Lines(text) {
		place, words, err := paymux.CutFacts(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, err
		}
		at, key, err := paymux.ParsePlace(place)
		if err != nil {
			return nil, err
		}
		for word := range strings.SplitSeq(words, " ") {
			f, err := paymux.ParseFact(word)
			if err != nil {
				return nil, err
			}
			f.At, f.Key = at, key
			facts = append(facts, f)
		}
	}
	return facts, nil
}

// Facts are read as they were written, whatever their words, and those of one place that follow each other are one line.
func TestFactLines(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		words := rapid.SliceOfN(rapid.String(), 1, 2).Draw(rt, "words")
		word := func(name string) string { return rapid.SampledFrom(words).Draw(rt, name) }
		want := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) paymux.Fact {
			return paymux.Fact{
				At: time.Unix(60*rapid.Int64Range(29_000_000, 29_000_001).Draw(rt, "minute"), 0).UTC(), Measure: rapid.SampledFrom(paymux.Measures()).Draw(rt, "measure"),
				Key: paymux.StatisticsKey{
					Merchant: paymux.MerchantID(word("merchant")), Mode: word("mode"), Region: word("region"), Channel: word("channel"), Account: word("account"),
					Method: paymux.MethodType(word("method")), Currency: paymux.Currency(word("currency")),
				},
				Amount: rapid.Int64Min(0).Draw(rt, "amount"), MS: rapid.Int64Min(0).Draw(rt, "ms"),
				Late: rapid.Bool().Draw(rt, "late"), Pay: rapid.Bool().Draw(rt, "pay"), Answer: rapid.SampledFrom(append(paymux.OperationStates(), "")).Draw(rt, "answer"),
			}
		}), 1, 5).Draw(rt, "facts")
		text := string(paymux.AppendFacts(nil, want))
		lines := 1
		for i := range want[1:] {
			if want[i].Key != want[i+1].Key || !want[i].At.Equal(want[i+1].At) {
				lines++
			}
		}
		if n := strings.Count(text, "\n"); n != lines || !strings.HasSuffix(text, "\n") {
			rt.Fatalf("%q has %d lines, want %d", text, n, lines)
		}
		got, err := readFacts(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			rt.Fatalf("%q: %v\n%s", text, err, diff)
		}
	})
}

// What is read is refused, or is what it says.
func FuzzParseFacts(f *testing.F) {
	fact := paymux.Fact{At: time.Unix(6000, 0), Measure: paymux.CountSucceeded, Key: paymux.StatisticsKey{Merchant: "mer_1", Account: "a\tb"}, Amount: 7, MS: 3, Late: true}
	f.Add(string(paymux.AppendFacts(nil, []paymux.Fact{fact, fact})))
	f.Add("1\t\t\t\t\t\t\t\tcreated:-1 tried:5")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := readFacts(text)
		if err != nil {
			return
		}
		for i := range got {
			if strings.ContainsAny(string(got[i].Measure), " ") || got[i].Amount < 0 || got[i].MS < 0 {
				t.Fatalf("%q is %+v", text, got[i])
			}
		}
		again, err := readFacts(string(paymux.AppendFacts(nil, got)))
		if diff := cmp.Diff(got, again); err != nil || diff != "" {
			t.Fatalf("%q: %v\n%s", text, err, diff)
		}
	})
}

// Every number has a name, and every measure counts in its own.
func TestNumbers(t *testing.T) {
	t.Parallel()
	names := paymux.NumberNames()
	for _, m := range paymux.Measures() {
		var n paymux.Numbers
		f := paymux.Fact{Measure: m, Amount: 7, MS: 1, Late: true, Pay: true, Answer: paymux.OpDeclined}
		if n.Count(&f); !f.Known() {
			t.Errorf("%s is not known", m)
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
	var none paymux.Numbers
	f := paymux.Fact{Measure: "weather", Amount: 1}
	if none.Count(&f); f.Known() || none != (paymux.Numbers{}) {
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
