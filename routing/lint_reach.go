package routing

import (
	"fmt"
	"slices"
	"strings"

	"github.com/paymux/paymux/internal/boxes"
)

// before is a rule that is asked before another.
type before struct {
	name string
	extent
}

// queue is rules in the order they are asked. Most large sets have rules of single merchants, which have nothing to do with each other.
type queue struct {
	rules []before
	of    map[string][]int // by merchant, those that are for some merchants only
	any   []int            // the others
}

func queued[R any](rules []R, where []extent, name func(*R) string) *queue {
	q := &queue{of: map[string][]int{}}
	for i := range rules {
		q.rules = append(q.rules, before{name(&rules[i]), where[i]})
		merchants, some := where[i].merchants()
		if !some {
			q.any = append(q.any, i)
		}
		for _, m := range merchants {
			q.of[m] = append(q.of[m], i)
		}
	}
	return q
}

// merchants are those it is all about; some is false where they are many, or there is no end to them.
func (e extent) merchants() (list []string, some bool) {
	const few = 20
	for _, b := range e.boxes {
		words, ok := b.Words(aboutMerchant)
		if !ok || len(list)+len(words) > few {
			return nil, false
		}
		list = append(list, words...)
	}
	slices.Sort(list)
	return slices.Compact(list), true
}

// first are the rules before one that may have something in common with it.
func (q *queue) first(many int, e extent) (out []before) {
	merchants, some := e.merchants()
	if !some {
		return q.rules[:many]
	}
	near := slices.Clone(q.any)
	for _, m := range merchants {
		near = append(near, q.of[m]...)
	}
	slices.Sort(near)
	for _, i := range slices.Compact(near) {
		if i < many {
			out = append(out, q.rules[i])
		}
	}
	return out
}

// queues are the rules of each kind.
type queues struct{ designated, static, dynamic *queue }

func (l *linter) queues() queues {
	return queues{
		queued(l.set.Designated, l.designated, func(d *Designation) string { return d.Name }),
		queued(l.set.Static, l.static, func(s *StaticRule) string { return s.Name }),
		queued(l.set.Dynamic, l.dynamic, func(d *DynamicRule) string { return d.Name }),
	}
}

// reach looks for rules that others leave nothing to.
func (l *linter) reach() {
	q := l.queues()
	designations := len(q.designated.rules)
	for i, e := range l.designated {
		l.reached(at("designated", i), e, q.designated.first(i, e))
	}
	for i, e := range l.static {
		l.reached(at("static", i), e, slices.Concat(q.designated.first(designations, e), q.static.first(i, e)))
	}
	for i, e := range l.dynamic {
		earlier := slices.Concat(q.designated.first(designations, e), q.dynamic.first(i, e))
		if l.reached(at("dynamic", i), e, earlier) {
			l.reachedThroughStatic(at("dynamic", i), e, earlier, q.static)
		}
	}
}

// reached reports a rule that earlier ones leave nothing to, and says so to its caller, too.
func (l *linter) reached(path string, e extent, earlier []before) bool {
	if len(e.boxes) == 0 { // reported by itself
		return false
	}
	left, by := l.left(e.boxes, earlier)
	if len(left) == 0 {
		l.unreachable(path, by)
	}
	return len(left) > 0
}

// reachedThroughStatic reports a dynamic rule that static ones, in whose own order their accounts stay, leave nothing to.
func (l *linter) reachedThroughStatic(path string, e extent, earlier []before, static *queue) {
	left, by := l.left(e.boxes, slices.Concat(earlier, static.first(len(static.rules), e)))
	if len(left) > 0 {
		return
	}
	for j := range l.static {
		if l.set.Static[j].Order != OrderDynamic {
			continue
		}
		ranked := boxes.Shared(e.boxes, l.static[j].boxes)
		if left, _ := l.left(ranked, slices.Concat(earlier, static.first(j, e))); len(left) > 0 {
			return
		}
	}
	l.unreachable(path, by)
}

func (l *linter) unreachable(path string, by []string) {
	if len(by) == 1 {
		l.add(SeverityError, LintUnreachable, path, fmt.Sprintf("Move it before %q, narrow that one, or remove this one.", by[0]),
			"It is never reached: the rule %q before it matches whatever this one would.", by[0])
		return
	}
	l.add(SeverityError, LintUnreachable, path, "Move it up, narrow one of those, or remove this one.",
		"It is never reached: the rules %s before it match whatever this one would.", someOfNames(by))
}

// someOfNames names some of the rules.
func someOfNames(names []string) string {
	const few = 4
	quoted := make([]string, 0, few)
	for _, n := range names[:min(few, len(names))] {
		quoted = append(quoted, fmt.Sprintf("%q", n))
	}
	if len(names) > few {
		return fmt.Sprintf("%s and %d others", strings.Join(quoted, ", "), len(names)-few)
	}
	return strings.Join(quoted, ", ")
}

// left is what earlier rules leave of some payments, and which of them take something. It may be more than there
// is: of what becomes too complicated, only what a single rule takes whole is seen.
func (l *linter) left(whole []boxes.Box, earlier []before) (left []boxes.Box, by []string) {
	const costly = 16 // what it takes to cut pieces away, to what it takes to see whether there are any
	left = whole
	all := extent{boxes: whole, weight: boxes.Weight(whole)}
	for _, e := range earlier {
		if !l.spend(all, e.extent, 1) {
			return whole, nil
		}
		if !e.exact || !boxes.Cross(whole, e.boxes) {
			continue
		}
		if !l.spend(all, e.extent, costly*(1+len(left))) {
			return whole, nil
		}
		if rest, _ := boxes.Without(whole, e.boxes, mostLeft); len(rest) == 0 {
			return nil, []string{e.name}
		}
		if len(left) > mostLeft || !boxes.Cross(left, e.boxes) {
			continue
		}
		if left, _ = boxes.Without(left, e.boxes, mostLeft); len(left) == 0 {
			return nil, append(by, e.name)
		}
		by = append(by, e.name)
	}
	return left, by
}

// overlaps looks for designations that disagree about a payment: which of them decides is a matter of their order.
func (l *linter) overlaps() {
	q := l.queues().designated
	byName := map[string]*Designation{}
	for i, e := range l.designated {
		later := &l.set.Designated[i]
		byName[later.Name] = later
		for _, b := range q.first(i, e) {
			if !l.spend(e, b.extent, 1) {
				return
			}
			if earlier := byName[b.name]; earlier.Account != later.Account && e.exact && b.exact && boxes.Cross(b.boxes, e.boxes) {
				l.overlap(i, earlier, later, b, e)
			}
		}
	}
}

func (l *linter) overlap(i int, earlier, later *Designation, b before, e extent) {
	if left, _ := boxes.Without(e.boxes, b.boxes, mostLeft); len(left) == 0 {
		return // it is unreachable, which is reported
	}
	l.add(SeverityWarning, LintOverlap, at("designated", i), fmt.Sprintf("Let their conditions exclude each other. As it is, %q decides.", clip(earlier.Name)),
		"The designations %q and %q match the same payments, %s, and name different accounts.", clip(earlier.Name), clip(later.Name), l.common(earlier, later))
}

// common is an example of what two designations match.
func (l *linter) common(a, b *Designation) string {
	in := func(d *Designation) map[string]bool {
		all := map[string]bool{}
		for _, m := range append(l.set.members(d.When.Groups), d.When.Merchants...) {
			all[string(m)] = true
		}
		return all
	}
	others := in(b)
	for _, m := range sortedKeys(in(a)) {
		if others[m] {
			return "such as those of " + clip(m)
		}
	}
	return "of any merchant that both allow"
}
