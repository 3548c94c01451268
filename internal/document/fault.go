package document

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing wrong with a document.
type Fault struct {
	Path    string `json:"path"` // rules[2].to[0].region
	Line    int    `json:"line"` // from 1; 0 where there is none
	Message string `json:"message"`
	Remedy  string `json:"remedy"`
}

func (f Fault) Error() string {
	return fmt.Sprintf("line %d, %s: %s %s", f.Line, cmp.Or(f.Path, "the document"), f.Message, f.Remedy)
}

// Faults is all that is wrong with a document.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, 0, len(f))
	for _, one := range f {
		lines = append(lines, one.Error())
	}
	return strings.Join(lines, "\n")
}

// Sort puts faults into the order of their lines.
func (f Faults) Sort() {
	slices.SortStableFunc(f, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
}

// Located gives a line to each: what is wrong with the text as a whole stands where its message says, or on the first.
func (f Faults) Located() Faults {
	out := slices.Clone(f)
	for i := range out {
		if out[i].Line == 0 {
			out[i].Line = 1
			_, _ = fmt.Sscanf(out[i].Message, "line %d:", &out[i].Line)
		}
	}
	return out
}
