package rulebook

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/routing"
)

// MaxDocument is how long a rule set may be, in bytes as it is written: ten thousand rules fit.
const MaxDocument = 1 << 20

// rules are a version that can be routed by.
type rules struct {
	version paymux.RuleSetVersion
	source  paymux.RuleSetSource
	set     *routing.RuleSet
	program *routing.Program
}

// kept is a version, or a draft, as the registry's settings have it. Who, why and when are the registry's own.
type kept struct {
	Version     int64                   `json:"version,omitempty"`
	Name        string                  `json:"name,omitempty"`
	Fingerprint string                  `json:"fingerprint"`
	From        string                  `json:"from,omitempty"`
	Document    string                  `json:"document"`
	Findings    []paymux.RuleSetFinding `json:"findings,omitempty"`
}

// readActive reads the version in force. It may be of a number that is known although the rest is not.
func readActive(d registry.Document) (paymux.RuleSetVersion, error) {
	var k kept
	if err := json.Unmarshal(d.Value, &k); err != nil {
		return paymux.RuleSetVersion{}, fmt.Errorf("%s cannot be read: %w", d.Key, err)
	}
	v := paymux.RuleSetVersion{
		Version: k.Version, Name: k.Name, Fingerprint: k.Fingerprint, Document: k.Document, From: k.From, Who: d.Who, Why: d.Why, At: d.When,
	}
	if k.Version <= 0 || k.Fingerprint == "" || k.Document == "" {
		return v, fmt.Errorf("%s lacks its version, its fingerprint or its document: it was not written by an activation", d.Key)
	}
	return v, nil
}

// compile makes a version ready to route by. The error is of what is wrong with its document.
func compile(v paymux.RuleSetVersion) (*rules, error) {
	set, err := routing.Parse([]byte(v.Document))
	if err != nil {
		return nil, err
	}
	set.Version = v.Version
	program, err := routing.Compile(set)
	if err != nil {
		return nil, err
	}
	return &rules{v, paymux.RulesActivated, set, program}, nil
}

// configured are the rules while nothing was ever activated.
func configured(file string) (*rules, error) {
	source := paymux.RulesConfigured
	var set *routing.RuleSet
	if file == "" {
		source, set = paymux.RulesNone, &routing.RuleSet{Name: "default", Fallback: routing.Fallback{All: true}}
	} else {
		var err error
		if set, err = routing.Parse([]byte(file)); err != nil {
			return nil, err
		}
	}
	program, err := routing.Compile(set)
	if err != nil {
		return nil, err
	}
	return &rules{paymux.RuleSetVersion{Name: set.Name, Fingerprint: routing.Fingerprint(set), Document: file}, source, set, program}, nil
}

// findings are what is wrong, or doubtful, with a document; set is nil where nobody could route by it.
func findings(document string, known []routing.Account) (set *routing.RuleSet, all []paymux.RuleSetFinding) {
	set, found := routing.LintDocument([]byte(document), known)
	for _, f := range found {
		all = append(all, paymux.RuleSetFinding{
			Severity: paymux.FindingSeverity(f.Severity), Code: f.Code, Path: f.Path, Line: f.Line, Message: f.Message, Remedy: f.Remedy,
		})
	}
	if set == nil {
		return nil, all
	}
	if _, err := routing.Compile(set); err != nil {
		return nil, append(all, faults(err)...)
	}
	return set, all
}

func faults(err error) []paymux.RuleSetFinding {
	var list routing.Faults
	if !errors.As(err, &list) {
		return []paymux.RuleSetFinding{{Severity: paymux.FindingError, Message: err.Error()}}
	}
	var all []paymux.RuleSetFinding
	for _, f := range list {
		all = append(all, paymux.RuleSetFinding{Severity: paymux.FindingError, Code: f.Code, Path: f.Path, Line: f.Line, Message: f.Message, Remedy: f.Remedy})
	}
	return all
}

// wrong reports whether there are errors among findings.
func wrong(all []paymux.RuleSetFinding) bool {
	for _, f := range all {
		if f.Severity == paymux.FindingError {
			return true
		}
	}
	return false
}

// refusal tells an operator all that is wrong with a document.
func refusal(all []paymux.RuleSetFinding) error {
	e := paymux.Errorf(paymux.InvalidRequest, "The rule set cannot come into force; errors lists what is wrong with it.").At("document")
	for _, f := range all {
		if f.Severity == paymux.FindingError {
			e.Fields = append(e.Fields, paymux.FieldError{Location: "body.document", Message: routing.Fault{Path: f.Path, Line: f.Line, Message: f.Message, Remedy: f.Remedy}.Error()})
		}
	}
	return e
}
