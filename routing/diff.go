package routing

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Change is one difference between two rule sets.
type Change struct {
	What   ChangeWhat `json:"what"`
	Of     string     `json:"of,omitempty"`     // static, dynamic, designated, accounts, groups or areas; empty: the set itself
	Name   string     `json:"name,omitempty"`   // of the rule or account; #3 is the third where it has none
	Member string     `json:"member,omitempty"` // what of it: when.amounts.CNY.max; empty: all of it
	From   string     `json:"from,omitempty"`   // as JSON; of what moved: its place, from 1
	To     string     `json:"to,omitempty"`
}

// ChangeWhat is the kind of a Change.
type ChangeWhat string

const (
	Added   ChangeWhat = "added"
	Removed ChangeWhat = "removed"
	Moved   ChangeWhat = "moved" // rules are asked in order: it is before or after others than it was
	Changed ChangeWhat = "changed"
)

// Diff is what a rule set says otherwise than another, by the names of rules and accounts, in the order of documents.
// Two sets that differ in their versions alone do not differ.
func Diff(from, to *RuleSet) ([]Change, error) {
	a, err := treeOf(from)
	if err != nil {
		return nil, err
	}
	b, err := treeOf(to)
	if err != nil {
		return nil, err
	}
	d := differ{}
	for _, member := range []string{"name", "time_zone"} {
		d.walk("", "", member, a[member], b[member])
	}
	for _, of := range []string{"groups", "areas"} {
		d.named(of, mapped(a[of]), mapped(b[of]))
	}
	for _, of := range []string{"accounts", "designated", "static", "dynamic"} {
		d.rules(of, elements(a[of]), elements(b[of]))
	}
	for _, member := range []string{"fallback", "health"} {
		d.walk("", "", member, a[member], b[member])
	}
	return d.changes, nil
}

// treeOf is a rule set as its document says it.
func treeOf(s *RuleSet) (tree map[string]any, err error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("write rule set %s: %w", s.Name, err)
	}
	read := json.NewDecoder(bytes.NewReader(text))
	read.UseNumber()
	return tree, read.Decode(&tree)
}

func mapped(v any) map[string]any {
	m, _ := v.(map[string]any) // what is not there is empty
	return m
}

func elements(v any) []any {
	l, _ := v.([]any)
	return l
}

// members are what groups and areas consist of.
var members = map[string]string{"groups": "merchants", "areas": "countries"}

type differ struct{ changes []Change }

func (d *differ) add(what ChangeWhat, of, name, member, from, to string) {
	d.changes = append(d.changes, Change{What: what, Of: of, Name: name, Member: member, From: from, To: to})
}

// named compares what has names and no order.
func (d *differ) named(of string, a, b map[string]any) {
	for _, name := range bothKeys(a, b) {
		if list, ok := b[name].([]any); ok && a[name] != nil {
			d.lists(of, name, members[of], elements(a[name]), list)
			continue
		}
		d.whole(of, name, a[name], b[name])
	}
}

// whole compares a rule, an account or a group that may be in one of both alone.
func (d *differ) whole(of, name string, a, b any) {
	switch {
	case a == nil:
		d.add(Added, of, name, "", "", compact(b))
	case b == nil:
		d.add(Removed, of, name, "", compact(a), "")
	default:
		d.walk(of, name, "", a, b)
	}
}

// rules compares lists whose order decides.
func (d *differ) rules(of string, a, b []any) {
	before, after := keyed(a), keyed(b)
	was, is := map[string]int{}, map[string]int{}
	for i, key := range before {
		was[key] = i
	}
	for i, key := range after {
		is[key] = i
	}
	for i, key := range before {
		if _, ok := is[key]; !ok {
			d.whole(of, key, a[i], nil)
		}
	}
	stay := ascending(after, was)
	for i, key := range after {
		old, ok := was[key]
		if !ok {
			d.whole(of, key, nil, b[i])
			continue
		}
		if !stay[key] && of != "accounts" { // of accounts' rules none comes before another
			d.add(Moved, of, key, "", fmt.Sprint(old+1), fmt.Sprint(i+1))
		}
		d.whole(of, key, a[old], b[i])
	}
}

// keyed names each rule of a list; one without a name, or whose name another has, goes by its number.
func keyed(list []any) []string {
	keys := make([]string, len(list))
	taken := map[string]bool{}
	for i, rule := range list {
		name, _ := mapped(rule)["name"].(string)
		if name == "" || taken[name] {
			name = fmt.Sprintf("#%d", i+1)
		}
		keys[i], taken[name] = name, true
	}
	return keys
}

// ascending is a longest run of keys that are in the order they were in: all others have moved past them.
func ascending(keys []string, was map[string]int) map[string]bool {
	type run struct{ length, before int }
	runs := make([]run, len(keys))
	best := -1
	for i, key := range keys {
		at, ok := was[key]
		if !ok {
			continue
		}
		runs[i] = run{1, -1}
		for j := range i {
			if old, ok := was[keys[j]]; ok && old < at && runs[j].length >= runs[i].length {
				runs[i] = run{runs[j].length + 1, j}
			}
		}
		if best < 0 || runs[i].length > runs[best].length {
			best = i
		}
	}
	stay := map[string]bool{}
	for ; best >= 0; best = runs[best].before {
		stay[keys[best]] = true
	}
	return stay
}

// walk compares two values down to what differs.
func (d *differ) walk(of, name, member string, a, b any) {
	before, isMap := a.(map[string]any)
	after, isMapToo := b.(map[string]any)
	list, isList := a.([]any)
	listToo, isListToo := b.([]any)
	switch {
	case isMap && isMapToo:
		for _, key := range bothKeys(before, after) {
			d.walk(of, name, strings.TrimPrefix(member+"."+key, "."), before[key], after[key])
		}
	case isList && isListToo:
		d.lists(of, name, member, list, listToo)
	case a == nil && b == nil, compact(a) == compact(b):
	case a == nil:
		d.add(Added, of, name, member, "", compact(b))
	case b == nil:
		d.add(Removed, of, name, member, compact(a), "")
	default:
		d.add(Changed, of, name, member, compact(a), compact(b))
	}
}

// lists compares what a member lists: one by one where as many are listed, otherwise by what came and what went.
func (d *differ) lists(of, name, member string, a, b []any) {
	before, after := compacts(a), compacts(b)
	gone := slices.DeleteFunc(slices.Clone(before), func(s string) bool { return slices.Contains(after, s) })
	come := slices.DeleteFunc(slices.Clone(after), func(s string) bool { return slices.Contains(before, s) })
	switch {
	case slices.Equal(before, after):
	case len(gone) == 0 && len(come) == 0:
		d.add(Changed, of, name, member, compact(a), compact(b))
	case len(a) == len(b) && !scalars(a) && !scalars(b):
		for i := range a {
			d.walk(of, name, fmt.Sprintf("%s[%d]", member, i), a[i], b[i])
		}
	default:
		if len(gone) > 0 {
			d.add(Removed, of, name, member, strings.Join(gone, ", "), "")
		}
		if len(come) > 0 {
			d.add(Added, of, name, member, "", strings.Join(come, ", "))
		}
		if kept := common(before, after); !slices.Equal(kept, common(after, before)) {
			d.add(Changed, of, name, member, compact(a), compact(b))
		}
	}
}

// common is what of a is in b, too, in the order of a.
func common(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return !slices.Contains(b, s) })
}

func scalars(list []any) bool {
	return !slices.ContainsFunc(list, func(v any) bool {
		switch v.(type) {
		case map[string]any, []any:
			return true
		}
		return false
	})
}

func bothKeys(a, b map[string]any) []string {
	keys := map[string]bool{}
	for key := range a {
		keys[key] = true
	}
	for key := range b {
		keys[key] = true
	}
	// What a payment has to be comes before what is done with it.
	return slices.SortedFunc(maps.Keys(keys), func(x, y string) int {
		if x == "when" || y == "when" {
			return cmp.Compare(btoi(y == "when"), btoi(x == "when"))
		}
		return cmp.Compare(x, y)
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func compacts(list []any) []string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = compact(v)
	}
	return texts
}

// compact is a value as JSON, a text without its quotes.
func compact(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	var b bytes.Buffer
	write := json.NewEncoder(&b)
	write.SetEscapeHTML(false)
	_ = write.Encode(v) // it was read from JSON
	return strings.TrimSuffix(b.String(), "\n")
}
