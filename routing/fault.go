package routing

import (
	"cmp"
	"fmt"
	"strings"
)

// Fault is one thing wrong with a rule set.
type Fault struct {
	Path    string `json:"path"`           // static[2].use[0]
	Line    int    `json:"line,omitempty"` // of the document, from 1; 0 where there is none
	Code    string `json:"code,omitempty"` // the kind of fault as a word
	Message string `json:"message"`
	Remedy  string `json:"remedy"`
}

func (f Fault) Error() string {
	at := cmp.Or(f.Path, "the document")
	if f.Line > 0 {
		at = fmt.Sprintf("line %d, %s", f.Line, at)
	}
	return at + ": " + f.Message + " " + f.Remedy
}

// Faults is all that is wrong with a rule set.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, 0, len(f))
	for _, one := range f {
		lines = append(lines, one.Error())
	}
	return "rule set: " + strings.Join(lines, "\n")
}
