// Package document reads documents that people write, in YAML or JSON, and says of everything that is wrong where it
// stands and what to do about it. It knows nothing of what a document is about.
//
// There are two ways to say what a document may have: by calls to a Reader (relay does), or by a table of Values,
// from which the document is read, written and described as JSON Schema alike (routing does). Start at Open and Value.
package document

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/paymux/paymux/internal/spelling"
)

// maxFaults is how many faults are told: who has a hundred does not read on.
const maxFaults = 100

// Reader reads a document and remembers where its parts stood.
type Reader struct {
	Faults  Faults
	lines   map[string]int  // by path
	percent map[string]bool // paths of weights written as percent
	depth   int             // of values within themselves
}

// Open reads the text of a document of at most so many bytes, YAML or JSON. Where root is nil, the reader's faults say
// why; empty is what to do about a document without anything in it.
func Open(text []byte, most int, empty string) (r *Reader, root *yaml.Node) {
	r = NewReader()
	if len(text) > most {
		r.Faults = Faults{{Message: fmt.Sprintf("It has %d bytes.", len(text)), Remedy: fmt.Sprintf("At most %d are read.", most)}}
		return r, nil
	}
	if json.Valid(text) {
		return r, nodeOf(text)
	}
	whole, faults := decode(text)
	if len(faults) == 0 && len(whole.Content) == 0 {
		faults = Faults{{Line: 1, Message: "It is empty.", Remedy: empty}}
	}
	if len(faults) > 0 {
		r.Faults = faults
		return r, nil
	}
	return r, whole.Content[0]
}

func decode(text []byte) (whole yaml.Node, faults Faults) {
	in := yaml.NewDecoder(bytes.NewReader(text))
	if err := in.Decode(&whole); err != nil && !errors.Is(err, io.EOF) {
		return whole, Faults{{Message: strings.TrimPrefix(err.Error(), "yaml: ") + ".", Remedy: "Write YAML or JSON."}}
	}
	var more yaml.Node
	if err := in.Decode(&more); err == nil {
		return whole, Faults{{Line: more.Line, Message: "There is a second document.", Remedy: "Keep one of them: remove what follows the line ---."}}
	}
	return whole, nil
}

// NewReader returns a reader of a document that is there already.
func NewReader() *Reader { return &Reader{lines: map[string]int{}, percent: map[string]bool{}} }

// Fault notes that something is wrong at a path.
func (r *Reader) Fault(path, remedy, format string, args ...any) {
	if !r.full() {
		r.Faults = append(r.Faults, Fault{Path: path, Line: r.lines[path], Message: fmt.Sprintf(format, args...), Remedy: remedy})
	}
}

// full reports whether nobody wants to hear more.
func (r *Reader) full() bool { return len(r.Faults) >= maxFaults }

// Line is where a path stood; 0: nowhere.
func (r *Reader) Line(path string) int { return r.lines[path] }

// Nearest is where a path stood, or else the innermost part around it that stood somewhere; 0: nowhere.
func (r *Reader) Nearest(path string) int {
	for path != "" && r.lines[path] == 0 {
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return r.lines[path]
}

// Percent reports whether the weight at a path was written as percent.
func (r *Reader) Percent(path string) bool { return r.percent[path] }

// Fields are what a mapping may have.
type Fields map[string]func(n *yaml.Node, path string)

// Fields reads a mapping of known members.
func (r *Reader) Fields(n *yaml.Node, path string, known Fields) {
	r.Each(n, path, func(name string, n *yaml.Node, at string) {
		if read, ok := known[name]; ok {
			read(n, at)
			return
		}
		if !r.full() {
			r.Fault(at, "Known are "+among(name, slices.Collect(maps.Keys(known)))+".", "There is no %q here.", Clip(name))
		}
	})
}

// among lists what is known, what may have been meant first.
func among(name string, known []string) string {
	slices.SortFunc(known, func(a, b string) int {
		return cmp.Or(cmp.Compare(spelling.Distance(Clip(name), a), spelling.Distance(Clip(name), b)), strings.Compare(a, b))
	})
	return strings.Join(known, ", ")
}

// Each reads a mapping whose members have any names, each once.
func (r *Reader) Each(n *yaml.Node, path string, read func(name string, n *yaml.Node, path string)) {
	r.lines[path] = n.Line
	if n.Kind != yaml.MappingNode {
		r.Fault(path, "Write name: value pairs.", "It has to be a mapping.")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i].Value
		at := strings.TrimPrefix(path+"."+Clip(name), ".")
		r.lines[at] = n.Content[i].Line
		if seen[name] {
			r.Fault(at, "Keep one of them.", "It is there twice.")
		}
		seen[name] = true
		read(name, n.Content[i+1], at)
	}
}

// Items reads a list.
func (r *Reader) Items(n *yaml.Node, path string, read func(n *yaml.Node, path string)) {
	if n.Kind != yaml.SequenceNode {
		r.Fault(path, "Write a list.", "It has to be a list.")
		return
	}
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		r.lines[at] = item.Line
		read(item, at)
	}
}

// Texts reads a list of words that must not be empty.
func Texts[S ~string](r *Reader, n *yaml.Node, path string) []S {
	out := []S{}
	r.Items(n, path, func(n *yaml.Node, path string) { out = append(out, S(r.Text(n, path))) })
	if len(out) == 0 {
		r.Fault(path, "Leave it out, or name something.", "It is empty: nothing would ever match.")
	}
	return out
}

// Text reads a word, or whatever else is written in one piece.
func (r *Reader) Text(n *yaml.Node, path string) string {
	if n.Kind != yaml.ScalarNode || n.Value == "" || n.Tag == "!!null" {
		r.Fault(path, "Write a word.", "It has to be text.")
		return ""
	}
	return n.Value
}

// Number reads a number between two others, which it may be.
func (r *Reader) Number(n *yaml.Node, path string, least, most float64) float64 {
	x, err := strconv.ParseFloat(n.Value, 64)
	if n.Kind != yaml.ScalarNode || err != nil || !(x >= least && x <= most) {
		r.Fault(path, fmt.Sprintf("Write a number from %g to %g.", least, most), "%q will not do.", Clip(n.Value))
		return least
	}
	return x
}

// Weight reads 3, 0.5 or 30%.
func (r *Reader) Weight(n *yaml.Node, path string) float64 {
	plain := *n
	if text, ok := strings.CutSuffix(n.Value, "%"); ok {
		plain.Value = text
		r.percent[path] = true
	}
	return r.Number(&plain, path, 0, 1e6)
}

// Clip keeps a word of the document short.
func Clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}
