package routing_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cel.dev/cel-go/cel"
	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// The same conditions in two languages for such, which have the same words for what is needed here.
// A rule is an expression; the first that is true is the rule.

// facts are a payment as expressions see it.
type facts struct {
	Merchant string            `expr:"merchant"`
	Method   string            `expr:"method"`
	Currency string            `expr:"currency"`
	Amount   int               `expr:"amount"`
	Client   string            `expr:"client"`
	Network  string            `expr:"network"`
	BIN      int               `expr:"bin"` // eight digits
	Day      string            `expr:"day"`
	Minute   int               `expr:"minute"`
	Manual   bool              `expr:"manual"`
	Metadata map[string]string `expr:"metadata"`
}

func factsOf(r *routing.Request, zone *time.Location) facts {
	bin, _ := strconv.Atoi(r.BIN)
	local := r.At.In(zone)
	return facts{
		Merchant: string(r.Merchant), Method: string(r.Method), Currency: string(r.Money.Currency), Amount: int(r.Money.Amount), Client: r.Client,
		Network: r.Network, BIN: bin, Day: routing.Weekdays()[local.Weekday()], Minute: local.Hour()*60 + local.Minute(), Manual: r.Manual, Metadata: r.Metadata,
	}
}

// expression writes a condition of a shop.
func expression(s *routing.RuleSet, w *routing.Condition) string {
	var all []string
	in := func(what string, list []string) {
		if len(list) > 0 {
			all = append(all, fmt.Sprintf("%s in [%s]", what, quoted(list)))
		}
	}
	in("method", plainTexts(w.Methods))
	in("currency", plainTexts(w.Currencies))
	in("merchant", plainTexts(w.Merchants))
	for _, g := range w.Groups {
		in("merchant", plainTexts(s.Groups[g]))
	}
	var countries []string
	for _, p := range w.Client {
		if list, ok := s.Areas[p]; ok {
			countries = append(countries, list...)
		} else {
			countries = append(countries, p)
		}
	}
	in("client", countries)
	in("network", w.Networks)
	for _, b := range w.BINs {
		all = append(all, fmt.Sprintf("bin >= %s00 && bin <= %s99", b, b))
	}
	for currency, r := range w.Amounts {
		text := fmt.Sprintf("currency == %q && amount >= %d", currency, r.Min)
		if r.Max > 0 {
			text += fmt.Sprintf(" && amount <= %d", r.Max)
		}
		all = append(all, text)
	}
	if len(w.Hours) > 0 { // over midnight, on Saturday and Sunday
		all = append(all, `(day in ["sat", "sun"] && minute >= 1380 || day in ["sun", "mon"] && minute < 360)`)
	}
	for _, key := range slices.Sorted(maps.Keys(w.Metadata)) {
		all = append(all, fmt.Sprintf("%q in metadata && metadata[%q] in [%s]", key, key, quoted(w.Metadata[key])))
	}
	if w.Manual != nil {
		all = append(all, fmt.Sprintf("manual == %v", *w.Manual))
	}
	if w.Not != nil {
		all = append(all, "!("+expression(s, w.Not)+")")
	}
	return strings.Join(all, " && ")
}

func plainTexts[S ~string](list []S) (out []string) {
	for _, s := range list {
		out = append(out, string(s))
	}
	return out
}

func quoted(list []string) string {
	var out []string
	for _, s := range list {
		out = append(out, strconv.Quote(s))
	}
	return strings.Join(out, ", ")
}

// byExpr finds the first rule by expr-lang/expr.
func byExpr(t testing.TB, s *routing.RuleSet) func(facts) int {
	var programs []*vm.Program
	for i := range s.Static {
		p, err := expr.Compile(expression(s, &s.Static[i].When), expr.Env(facts{}), expr.AsBool())
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, p)
	}
	var machine vm.VM
	return func(f facts) int {
		env := any(f)
		for i, p := range programs {
			if yes, err := machine.Run(p, env); err != nil {
				t.Fatal(err)
			} else if yes.(bool) {
				return i
			}
		}
		return -1
	}
}

// byCEL finds the first rule by google/cel-go.
func byCEL(t testing.TB, s *routing.RuleSet) func(facts) int {
	env, err := cel.NewEnv(
		cel.Variable("merchant", cel.StringType), cel.Variable("method", cel.StringType), cel.Variable("currency", cel.StringType), cel.Variable("amount", cel.IntType),
		cel.Variable("client", cel.StringType), cel.Variable("network", cel.StringType), cel.Variable("bin", cel.IntType), cel.Variable("day", cel.StringType),
		cel.Variable("minute", cel.IntType), cel.Variable("manual", cel.BoolType), cel.Variable("metadata", cel.MapType(cel.StringType, cel.StringType)),
	)
	if err != nil {
		t.Fatal(err)
	}
	var programs []cel.Program
	for i := range s.Static {
		ast, problems := env.Compile(expression(s, &s.Static[i].When))
		if problems.Err() != nil {
			t.Fatal(problems.Err())
		}
		p, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize))
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, p)
	}
	return func(f facts) int {
		given := map[string]any{
			"merchant": f.Merchant, "method": f.Method, "currency": f.Currency, "amount": f.Amount, "client": f.Client, "network": f.Network,
			"bin": f.BIN, "day": f.Day, "minute": f.Minute, "manual": f.Manual, "metadata": f.Metadata,
		}
		for i, p := range programs {
			if yes, _, err := p.Eval(given); err != nil {
				t.Fatal(err)
			} else if yes.Value().(bool) {
				return i
			}
		}
		return -1
	}
}

// Whoever evaluates the conditions finds the same rule.
func TestOtherLanguagesFindTheSameRule(t *testing.T) {
	t.Parallel()
	s := shop(100, routing.OrderListed)
	v, others := compiled(t, s), map[string]func(facts) int{"expr": byExpr(t, s), "cel": byCEL(t, s)}
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for i := range 400 {
		r := bought()
		r.At = r.At.Add(time.Duration(i) * 25 * time.Minute)
		r.Money.Amount = int64(i) * 60_000
		r.Client = []string{"CN", "CN", "CN", "DE", "HK", "US"}[i%6]
		r.BIN = fmt.Sprint(500_000+i%120, "42")
		r.Merchant = paymux.MerchantID(fmt.Sprint("mer_", 1000+i%150))
		r.Manual = i%7 == 0
		r.Metadata = map[string]string{"store": fmt.Sprint("store-", i%110)}
		d := v.Decide(&r)
		found[d.Rule] = true
		for name, first := range others {
			want := "best" // the dynamic rule, where no static one matches
			if n := first(factsOf(&r, zone)); n >= 0 {
				want = s.Static[n].Name
			}
			if d.Rule != want {
				t.Errorf("%s finds %s for %+v, and the engine %s", name, want, r, d.Rule)
			}
		}
	}
	if len(found) < 20 {
		t.Errorf("only %d rules were found: %v", len(found), found)
	}
}

// Only the search for the rule is compared: a decision of the engine has its accounts chosen, too.
func BenchmarkFirstRule(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		s, r := shop(n, routing.OrderListed), bought()
		zone, err := time.LoadLocation(s.TimeZone)
		if err != nil {
			b.Fatal(err)
		}
		v := compiled(b, s)
		run := func(name string, first func() int) {
			b.Run(fmt.Sprintf("rules=%d/%s", n, name), func(b *testing.B) {
				b.ReportAllocs()
				defer spent(b)()
				for b.Loop() {
					if got := first(); got != n-1 {
						b.Fatal(got)
					}
				}
			})
		}
		last := s.Static[n-1].Name
		run("paymux", func() int {
			if v.Decide(&r).Rule != last {
				return -1
			}
			return n - 1
		})
		byExpr, byCEL := byExpr(b, s), byCEL(b, s)
		run("expr", func() int { return byExpr(factsOf(&r, zone)) })
		run("cel", func() int { return byCEL(factsOf(&r, zone)) })
	}
}
