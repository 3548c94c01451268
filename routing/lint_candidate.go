package routing

import (
	"slices"
	"strings"

	"github.com/paymux/paymux/internal/boxes"
	"github.com/paymux/paymux/internal/document"
	"github.com/paymux/paymux/internal/spelling"
)

// likeness is how far a name is from another.
func likeness(a, b string) int { return spelling.Distance(document.Clip(a), document.Clip(b)) }

// candidates looks at the accounts that rules name.
func (l *linter) candidates() {
	for i := range l.set.Designated {
		d := &l.set.Designated[i]
		l.listed(l.designated[i], nil, at("designated", i)+".account", []string{d.Account}, d.Name)
	}
	for i := range l.set.Static {
		s, path := &l.set.Static[i], at("static", i)
		if l.channels(s, path, l.static[i]) == 0 {
			l.listed(l.static[i], s.Needs, path+".use", s.Use, s.Name)
		} else {
			l.each(l.static[i], s.Needs, path+".use", s.Use, s.Name, SeverityWarning)
		}
		if s.Order == OrderDynamic && !slices.ContainsFunc(l.dynamic, func(d extent) bool { return boxes.Cross(l.static[i].boxes, d.boxes) }) {
			l.add(SeverityWarning, LintNoRanker, path+".order", "Write a dynamic rule for these payments, or order: listed.", "No dynamic rule matches what this rule matches, so the accounts stay in the order they are listed in.")
		}
	}
	for i := range l.set.Dynamic {
		d, path := &l.set.Dynamic[i], at("dynamic", i)
		l.listed(l.dynamic[i], d.Needs, path+".among", d.Among, d.Name)
		if len(d.Among) == 0 {
			l.listed(l.dynamic[i], d.Needs, path+".split", sortedKeys(d.Split), d.Name)
		}
	}
}

// channels looks at the channels of a rule, and says how many of their accounts may take something of it.
func (l *linter) channels(s *StaticRule, path string, where extent) (able int) {
	if !l.complete {
		return len(s.Channels)
	}
	for i, channel := range s.Channels {
		found := 0
		for _, name := range sortedKeys(l.accounts) {
			k := l.accounts[name]
			if k.open == nil || k.open.Channel != channel {
				continue
			}
			found++
			if code, _ := l.excluded(k, where, s.Needs); code == "" {
				able++
			}
		}
		if found == 0 {
			l.add(SeverityError, LintUnknownChannel, at(path+".channels", i), "Configure one, or remove the channel.", "There is no account of the channel %s.", clip(channel))
		}
	}
	return able
}

// listed looks at accounts that something names, and is severe where none of them can take anything of it.
func (l *linter) listed(where extent, needs []Feature, path string, names []string, who string) {
	able := 0
	for _, name := range names {
		if code, _ := l.excluded(l.accounts[name], where, needs); code == "" {
			able++
		}
	}
	severity := SeverityWarning
	if able == 0 {
		severity = SeverityError
	}
	l.each(where, needs, path, names, who, severity)
}

// each reports the accounts that can take nothing of what a rule matches. One that is not configured is an error in any case.
func (l *linter) each(where extent, needs []Feature, path string, names []string, who string, severity Severity) {
	for i, name := range names {
		code, why := l.excluded(l.accounts[name], where, needs)
		here := at(path, i)
		switch {
		case strings.HasSuffix(path, ".account"):
			here = path
		case strings.HasSuffix(path, ".split"):
			here = path + "." + clip(name)
		}
		switch code {
		case "":
		case LintUnknownAccount:
			l.add(SeverityError, code, here, l.configured(name), "There is no account %s.", clip(name))
		case LintDisabled:
			l.add(severity, code, here, "Enable the account, or take it out of here.", "The account %s is disabled.", clip(name))
		default:
			l.add(severity, code, here, "Take it out of here, or widen its restrictions.", "The account %s can take nothing of what %q matches: %s.", clip(name), clip(who), why)
		}
	}
}

// excluded says why an account can take nothing of some payments; no code: it may.
func (l *linter) excluded(k *known, where extent, needs []Feature) (code, why string) {
	switch {
	case k == nil || k.open == nil:
		if l.complete {
			return LintUnknownAccount, ""
		}
		if k == nil {
			return "", ""
		}
	}
	if k.rule != nil && k.rule.Disabled {
		return LintDisabled, ""
	}
	if len(k.takes) == 0 || len(where.boxes) == 0 {
		return "", "" // the account, or the condition, is reported by itself
	}
	for _, f := range needs {
		if k.open != nil && !k.open.Features.Has(f) {
			return LintCandidateNever, "it has no " + string(f)
		}
	}
	if !boxes.Cross(where.boxes, k.takes) {
		return LintCandidateNever, "the rule's conditions and the account's restrictions and quotas have nothing in common"
	}
	return "", ""
}
