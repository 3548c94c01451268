package boxes_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/paymux/paymux/internal/boxes"
)

// point is one thing: two words, a number, and a number by word.
type point struct {
	a, b   string
	n      int64
	word   string
	amount int64
}

var all = boxes.Stretch{Low: 0, High: 9}

// drawn is a box and, written the long way, whether a point is in it.
type drawn struct {
	box boxes.Box
	has func(point) bool
}

func drawWords(t *rapid.T, label string) (boxes.Words, func(string) bool) {
	list := rapid.SliceOfN(rapid.SampledFrom([]string{"p", "q", "r"}), 1, 3).Draw(t, label)
	if rapid.Bool().Draw(t, label+" but") {
		return boxes.But(list...), func(s string) bool { return !slices.Contains(list, s) }
	}
	return boxes.WordsOf(list), func(s string) bool { return slices.Contains(list, s) }
}

func drawNumbers(t *rapid.T, label string) (boxes.Numbers, func(int64) bool) {
	list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) boxes.Stretch {
		low := rapid.Int64Range(0, 9).Draw(t, "low")
		return boxes.Stretch{Low: low, High: rapid.Int64Range(low, 9).Draw(t, "high")}
	}), 1, 3).Draw(t, label)
	return boxes.NumbersOf(all, list), func(n int64) bool {
		return slices.ContainsFunc(list, func(s boxes.Stretch) bool { return s.Low <= n && n <= s.High })
	}
}

func drawBox(t *rapid.T) drawn {
	d := drawn{box: boxes.Box{}, has: func(point) bool { return true }}
	narrow := func(of string, p boxes.Part, has func(point) bool) {
		before := d.has
		next, ok := d.box.With(of, p)
		if !ok {
			return // it would be void
		}
		d = drawn{next, func(x point) bool { return before(x) && has(x) }}
	}
	if rapid.Bool().Draw(t, "has a") {
		w, has := drawWords(t, "a")
		narrow("a", w, func(x point) bool { return has(x.a) })
	}
	if rapid.Bool().Draw(t, "has b") {
		w, has := drawWords(t, "b")
		narrow("b", w, func(x point) bool { return has(x.b) })
	}
	if rapid.Bool().Draw(t, "has n") {
		n, has := drawNumbers(t, "n")
		narrow("n", n, func(x point) bool { return has(x.n) })
	}
	if rapid.Bool().Draw(t, "has money") {
		p, inP := drawNumbers(t, "p's")
		rest, inRest := drawNumbers(t, "others'")
		narrow("money", boxes.KeyedOf(map[string]boxes.Numbers{"p": p}, rest), func(x point) bool {
			if x.word == "p" {
				return inP(x.amount)
			}
			return inRest(x.amount)
		})
	}
	return d
}

func drawPoint(t *rapid.T) point {
	word := rapid.SampledFrom([]string{"p", "q", "r", "s"})
	number := rapid.Int64Range(0, 9)
	return point{word.Draw(t, "x.a"), word.Draw(t, "x.b"), number.Draw(t, "x.n"), word.Draw(t, "x.word"), number.Draw(t, "x.amount")}
}

// in reports whether a point is in one of some boxes, by asking whether the box of that point alone crosses them.
func in(list []boxes.Box, x point) bool {
	only, _ := boxes.Box{}.Meet(boxes.Box{
		{Of: "a", Part: boxes.WordsOf([]string{x.a})}, {Of: "b", Part: boxes.WordsOf([]string{x.b})},
		{Of: "n", Part: boxes.NumbersOf(all, []boxes.Stretch{{Low: x.n, High: x.n}})},
		{Of: "money", Part: boxes.KeyedOf(map[string]boxes.Numbers{x.word: boxes.NumbersOf(all, []boxes.Stretch{{Low: x.amount, High: x.amount}})}, boxes.NumbersOf(all, nil))},
	})
	return boxes.Cross(list, []boxes.Box{only})
}

func TestBoxesAreSets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, x := drawBox(t), drawBox(t), drawPoint(t)
		as, bs := []boxes.Box{a.box}, []boxes.Box{b.box}
		if in(as, x) != a.has(x) {
			t.Fatalf("%+v in %+v: %v", x, a.box, in(as, x))
		}
		if got := in(boxes.Shared(as, bs), x); got != (a.has(x) && b.has(x)) {
			t.Errorf("%+v in both %+v and %+v: %v", x, a.box, b.box, got)
		}
		left, ok := boxes.Without(as, bs, 100)
		if got := in(left, x); !ok || got != (a.has(x) && !b.has(x)) {
			t.Errorf("%+v in %+v and not in %+v: %v", x, a.box, b.box, got)
		}
		if back, ok := boxes.Without(as, append(left, bs...), 100); !ok || len(back) > 0 {
			t.Errorf("%+v has something that is neither in it without %+v nor in that: %+v", a.box, b.box, back)
		}
		if boxes.Cross(as, bs) != (len(boxes.Shared(as, bs)) > 0) {
			t.Errorf("%+v and %+v cross, and share nothing", a.box, b.box)
		}
	})
}

// What becomes too complicated is more than there is, never less.
func TestGivingUpKeepsEverything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		whole, others := drawBox(t), rapid.SliceOfN(rapid.Custom(drawBox), 1, 6).Draw(t, "others")
		x, most := drawPoint(t), rapid.IntRange(1, 4).Draw(t, "most")
		var list []boxes.Box
		taken := false
		for _, o := range others {
			list, taken = append(list, o.box), taken || o.has(x)
		}
		left, ok := boxes.Without([]boxes.Box{whole.box}, list, most)
		if whole.has(x) && !taken && !in(left, x) {
			t.Fatalf("%+v is lost", x)
		}
		if ok && taken && in(left, x) {
			t.Fatalf("%+v is left, and was taken", x)
		}
	})
}
