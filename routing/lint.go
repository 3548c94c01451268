package routing

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/paymux/paymux/internal/boxes"
	"github.com/paymux/paymux/internal/document"
)

// Severity is how bad a finding is.
type Severity string

const (
	SeverityError   Severity = "error"   // something can never do what it is written for
	SeverityWarning Severity = "warning" // something is hardly meant as it is written
)

// Finding is something about a rule set that a person should see before it decides payments.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`
	Path     string   `json:"path"`
	Line     int      `json:"line,omitempty"` // of the document, from 1; 0 where there is none
	Message  string   `json:"message"`
	Remedy   string   `json:"remedy"`
}

// Codes of findings. What Parse or Compile refuses has the codes of their faults.
const (
	LintUnreachable    = "unreachable"         // rules before it match whatever it would
	LintNeverMatches   = "never_matches"       // its condition contradicts itself
	LintNoEffect       = "no_effect"           // a part of a condition that changes nothing
	LintOverlap        = "overlap"             // designations that disagree about a payment
	LintUnknownAccount = "unknown_account"     // no such account is configured
	LintUnknownChannel = "unknown_channel"     // no account of it is configured
	LintDisabled       = "disabled_account"    // a rule names what the rules disable
	LintAccountNever   = "account_never_takes" // its restrictions leave nothing
	LintCandidateNever = "candidate_never"     // the account takes nothing of what the rule matches
	LintShares         = "shares"              // a split that does not add up
	LintNoRanker       = "no_ranker"           // order: dynamic, and no dynamic rule matches
	LintNoFee          = "no_fee"              // cost is weighed and not known
	LintUnreachableFee = "unreachable_fee"     // fees before it apply to whatever it would
	LintNoChoice       = "no_choice"           // exploring or scoring with one account
	LintQuota          = "quota_never_fits"    // a quota below what one payment takes
	LintUnused         = "unused"              // a group or an area
	LintRefusesAll     = "refuses_all"         // no rules, and a fallback that refuses
	LintTooMuch        = "too_much"            // there was too much to look at all of it
)

// LintCodes lists the codes of findings in documents that Parse accepts.
func LintCodes() []string {
	return []string{
		LintUnreachable, LintNeverMatches, LintNoEffect, LintOverlap, LintUnknownAccount, LintUnknownChannel, LintDisabled, LintAccountNever, LintCandidateNever,
		LintShares, LintNoRanker, LintNoFee, LintUnreachableFee, LintNoChoice, LintQuota, LintUnused, LintRefusesAll, LintTooMuch,
	}
}

// What is worth the work.
const (
	mostFindings = 200
	mostWork     = 100_000_000 // a second or so: [boxes.Weight] says of what
	mostLeft     = 64          // boxes of a condition that others have cut pieces from
)

// Lint looks for what can be compiled and is hardly meant, and for what cannot be compiled: then only that. accounts
// are those there are; nil: nobody knows. What it calls unreachable or never is so; what it finds too
// complicated to tell it says nothing of.
func Lint(s *RuleSet, accounts []Account) []Finding {
	if faults := Check(s); len(faults) > 0 {
		return refused(faults)
	}
	return lint(s, accounts, func(string) int { return 0 })
}

// LintDocument is Lint of a document, with the lines it is about. The set is nil where Parse refuses it.
func LintDocument(text []byte, accounts []Account) (*RuleSet, []Finding) {
	s, r, faults := read(text)
	if len(faults) > 0 {
		return nil, refused(faults)
	}
	return s, lint(s, accounts, r.Nearest)
}

func refused(faults Faults) (out []Finding) {
	for _, f := range faults {
		out = append(out, Finding{Severity: SeverityError, Code: f.Code, Path: f.Path, Line: f.Line, Message: f.Message, Remedy: f.Remedy})
	}
	return out
}

// linter is a rule set being looked at.
type linter struct {
	set      *ground
	accounts map[string]*known // by name: those of the rules and those there are
	complete bool              // it is known which accounts there are
	work     int               // what is left of it
	line     func(path string) int
	found    []Finding

	designated, static, dynamic []extent // where the rules match
}

func lint(s *RuleSet, accounts []Account, line func(string) int) []Finding {
	l := &linter{set: &ground{s, map[string]boxes.Words{}}, complete: accounts != nil, work: mostWork, line: line}
	l.measure()
	l.conditions()
	l.know(accounts)
	l.unused()
	l.accountRules()
	l.reach()
	l.overlaps()
	l.candidates()
	l.splits()
	l.fallback()
	slices.SortStableFunc(l.found, func(a, b Finding) int { return cmp.Compare(a.Line, b.Line) })
	return l.found
}

func (l *linter) add(severity Severity, code, path, remedy, format string, args ...any) {
	if len(l.found) < mostFindings {
		l.found = append(l.found, Finding{Severity: severity, Code: code, Path: path, Line: l.line(path), Message: fmt.Sprintf(format, args...), Remedy: remedy})
	}
}

// measure finds out where every rule matches.
func (l *linter) measure() {
	where := func(c *Condition) extent {
		e := l.set.extentOf(c)
		e.weight = boxes.Weight(e.boxes)
		return e
	}
	for i := range l.set.Designated {
		l.designated = append(l.designated, where(&l.set.Designated[i].When))
	}
	for i := range l.set.Static {
		l.static = append(l.static, where(&l.set.Static[i].When))
	}
	for i := range l.set.Dynamic {
		l.dynamic = append(l.dynamic, where(&l.set.Dynamic[i].When))
	}
}

// spend takes from what work there is to compare a with b, so often, and says once when there is no more.
func (l *linter) spend(a, b extent, times int) bool {
	had := l.work > 0
	if l.work -= times * (a.weight*len(b.boxes) + b.weight*len(a.boxes) + 1); had && l.work <= 0 {
		l.add(SeverityWarning, LintTooMuch, "", "Split the rule set up, or look at the rest yourself.", "There are too many rules to compare all of them with each other.")
	}
	return l.work > 0
}

// unused looks for names that nobody uses.
func (l *linter) unused() {
	groups, areas := l.set.names()
	for _, name := range sortedKeys(l.set.Groups) {
		if !groups[name] {
			l.add(SeverityWarning, LintUnused, "groups."+document.Clip(name), "Remove it, or use it in a condition.", "Nothing uses the group %s.", document.Clip(name))
		}
	}
	for _, name := range sortedKeys(l.set.Areas) {
		if !areas[name] {
			l.add(SeverityWarning, LintUnused, "areas."+document.Clip(name), "Remove it, or use it in a condition.", "Nothing uses the area %s.", document.Clip(name))
		}
	}
}

// fallback looks at who is asked last.
func (l *linter) fallback() {
	f := l.set.Fallback
	if f.Refuse && len(l.set.Designated)+len(l.set.Static)+len(l.set.Dynamic) == 0 {
		l.add(SeverityError, LintRefusesAll, "fallback.refuse", "Write rules, or use or all in the fallback.", "There are no rules, and the fallback refuses: every payment is refused.")
	}
	l.listed(extentOfAll(), nil, "fallback.use", f.Use, "the fallback")
}
