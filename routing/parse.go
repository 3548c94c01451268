package routing

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/paymux/paymux/internal/document"
)

// faultDocument is the code of what the structure of a document says by itself; check has codes of its own.
const faultDocument = "document"

// Parse reads a rule set from YAML or JSON and refuses what could not work as it is written: the error is a Faults
// with everything that was found, in the order of its lines. What works and is hardly meant is found by [Lint].
func Parse(text []byte) (*RuleSet, error) {
	s, _, faults := read(text)
	if len(faults) > 0 {
		return nil, faults
	}
	return s, nil
}

// read is Parse with the places of what was read.
func read(text []byte) (*RuleSet, *document.Reader, Faults) {
	r, s := structure(text)
	if s == nil || len(r.Faults) > 0 {
		return nil, r, faulted(r)
	}
	faults := append(check(s), percents(s, r)...)
	for i := range faults {
		faults[i].Line = max(1, r.Nearest(faults[i].Path))
	}
	byLine(faults)
	return s, r, faults
}

// structure reads what each part of a document says by itself: as much as its JSON Schema knows.
func structure(text []byte) (*document.Reader, *RuleSet) {
	r, root := document.Open(text, maxDocument, "Give it rules and a fallback.")
	if root == nil {
		return r, nil
	}
	s := newTable().ruleSet().Read(r, root, "")
	return r, &s
}

// Check is what Parse would say of a set that was not read from a document.
func Check(s *RuleSet) Faults {
	if faults := check(s); len(faults) > 0 {
		return faults
	}
	text, err := json.Marshal(s)
	if err != nil {
		return Faults{{Code: faultDocument, Message: err.Error() + ".", Remedy: "Use numbers and text that can be written."}}
	}
	if bytes.Contains(text, []byte(`\ufffd`)) {
		return Faults{{Code: faultDocument, Message: "It has text that is no UTF-8.", Remedy: "Write UTF-8."}}
	}
	r, _ := structure(text)
	faults := faulted(r)
	for i := range faults {
		faults[i].Line = 0 // there is no document
	}
	return faults
}

// faulted are the faults of a structure.
func faulted(r *document.Reader) Faults {
	var faults Faults
	for _, f := range r.Faults.Located() {
		faults = append(faults, Fault{Path: f.Path, Line: f.Line, Code: faultDocument, Message: f.Message, Remedy: f.Remedy})
	}
	byLine(faults)
	return faults
}

// percents holds splits that are written in percent to what they say.
func percents(s *RuleSet, r *document.Reader) (faults Faults) {
	for i := range s.Dynamic {
		rule, path := &s.Dynamic[i], at("dynamic", i)+".split"
		written, sum := 0, 0.0
		for name, share := range rule.Split {
			if sum += share; r.Percent(path + "." + document.Clip(name)) {
				written++
			}
		}
		switch {
		case written == 0:
		case written < len(rule.Split):
			faults = append(faults, Fault{Path: path, Code: "bad_weight", Message: "Some weights are percent and some are not.", Remedy: "Write all of them in percent, or none."})
		case math.Abs(sum-100) > 0.01:
			faults = append(faults, Fault{Path: path, Code: "bad_weight", Message: fmt.Sprintf("The weights add up to %g %%.", sum), Remedy: "Make them add up to 100 %."})
		}
	}
	return faults
}

func byLine(faults Faults) {
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Path, b.Path))
	})
}
