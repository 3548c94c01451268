package routing

import (
	"fmt"
	"strings"

	"github.com/paymux/paymux/internal/boxes"
)

// before is a rule that is asked before another.
type before struct {
	name string
	extent
}

func named[R any](rules []R, where []extent, name func(*R) string) (out []before) {
	for i := range rules {
		out = append(out, before{name(&rules[i]), where[i]})
	}
	return out
}

// reach looks for rules that others leave nothing to.
func (l *linter) reach() {
	designated := named(l.set.Designated, l.designated, func(d *Designation) string { return d.Name })
	static := named(l.set.Static, l.static, func(s *StaticRule) string { return s.Name })
	dynamic := named(l.set.Dynamic, l.dynamic, func(d *DynamicRule) string { return d.Name })
	for i := range designated {
		l.reached("designated", i, designated[i], designated[:i])
	}
	for i := range static {
		l.reached("static", i, static[i], append(designated[:len(designated):len(designated)], static[:i]...))
	}
	for i := range dynamic {
		earlier := append(designated[:len(designated):len(designated)], dynamic[:i]...)
		if l.reached("dynamic", i, dynamic[i], earlier) {
			l.reachedThroughStatic(i, dynamic[i], earlier, static)
		}
	}
}

// reached reports a rule that earlier ones leave nothing to, and says so to its caller, too.
func (l *linter) reached(kind string, i int, rule before, earlier []before) bool {
	if len(rule.boxes) == 0 { // reported by itself
		return false
	}
	left, by := l.left(rule.boxes, earlier)
	if len(left) == 0 {
		l.unreachable(at(kind, i), by)
	}
	return len(left) > 0
}

// reachedThroughStatic reports a dynamic rule that static ones, in whose own order their accounts stay, leave nothing to.
func (l *linter) reachedThroughStatic(i int, rule before, earlier, static []before) {
	left, by := l.left(rule.boxes, append(earlier, static...))
	if len(left) > 0 {
		return
	}
	for j := range static {
		if l.set.Static[j].Order != OrderDynamic {
			continue
		}
		ranked := boxes.Shared(rule.boxes, static[j].boxes)
		if left, _ := l.left(ranked, append(earlier[:len(earlier):len(earlier)], static[:j]...)); len(left) > 0 {
			return
		}
	}
	l.unreachable(at("dynamic", i), by)
}

func (l *linter) unreachable(path string, by []string) {
	if len(by) == 1 {
		l.add(SeverityError, LintUnreachable, path, fmt.Sprintf("Move it before %q, narrow that one, or remove this one.", by[0]),
			"It is never reached: the rule %q before it matches whatever this one would.", by[0])
		return
	}
	l.add(SeverityError, LintUnreachable, path, "Move it up, narrow one of those, or remove this one.",
		"It is never reached: the rules %s before it match whatever this one would.", fewOf(by))
}

// fewOf names some of the rules.
func fewOf(names []string) string {
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
	left = whole
	for _, e := range earlier {
		if !l.spend(len(whole) * len(e.boxes)) {
			return whole, nil
		}
		if !e.exact || !boxes.Cross(whole, e.boxes) {
			continue
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
	for i := range l.designated {
		later := &l.set.Designated[i]
		for j := range i {
			earlier := &l.set.Designated[j]
			if !l.spend(1) {
				return
			}
			if earlier.Account == later.Account || !l.designated[j].exact || !l.designated[i].exact || !boxes.Cross(l.designated[j].boxes, l.designated[i].boxes) {
				continue
			}
			if left, _ := boxes.Without(l.designated[i].boxes, l.designated[j].boxes, mostLeft); len(left) == 0 {
				continue // unreachable, which is reported
			}
			l.add(SeverityWarning, LintOverlap, at("designated", i), fmt.Sprintf("Let their conditions exclude each other. As it is, %q decides.", clip(earlier.Name)),
				"The designations %q and %q match the same payments, %s, and name different accounts.", clip(earlier.Name), clip(later.Name), l.common(earlier, later))
		}
	}
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
