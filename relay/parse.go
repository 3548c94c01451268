package relay

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/spelling"
)

// Fault is one thing wrong with an assignment list.
type Fault struct {
	Path    string `json:"path"` // rules[2].to[0].region
	Line    int    `json:"line"` // from 1; 0 where there is none
	Message string `json:"message"`
	Remedy  string `json:"remedy"`
}

func (f Fault) Error() string {
	return fmt.Sprintf("line %d, %s: %s %s", f.Line, cmp.Or(f.Path, "the document"), f.Message, f.Remedy)
}

// Faults is all that is wrong with an assignment list, in the order of its lines.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, 0, len(f))
	for _, one := range f {
		lines = append(lines, one.Error())
	}
	return "assignment list: " + strings.Join(lines, "\n")
}

// maxDocument is how long a list may be, in bytes.
const maxDocument = 1 << 20

// ParseList reads an assignment list from YAML or JSON and refuses what could not work as it is written:
// the error is a Faults with everything that was found.
func ParseList(text []byte) (*List, error) {
	if len(text) > maxDocument {
		return nil, Faults{{Message: fmt.Sprintf("It has %d bytes.", len(text)), Remedy: fmt.Sprintf("At most %d are read.", maxDocument)}}
	}
	if json.Valid(text) {
		text = bytes.ReplaceAll(text, []byte("\t"), []byte(" ")) // YAML takes no tabs; inside JSON's strings there are none
	}
	var whole yaml.Node
	if err := yaml.Unmarshal(text, &whole); err != nil {
		return nil, Faults{{Message: strings.TrimPrefix(err.Error(), "yaml: ") + ".", Remedy: "Write YAML or JSON."}}
	}
	if len(whole.Content) == 0 {
		return nil, Faults{{Line: 1, Message: "It is empty.", Remedy: "Give it regions and rules."}}
	}
	p := &parser{lines: map[string]int{}}
	l := p.list(whole.Content[0])
	if len(p.faults) == 0 {
		p.lint(l)
	}
	if len(p.faults) > 0 {
		slices.SortStableFunc(p.faults, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
		return nil, p.faults
	}
	return l, nil
}

// parser reads a document and remembers where its parts stood.
type parser struct {
	faults  Faults
	lines   map[string]int // by path
	percent []string       // paths of weights written as percent
}

func (p *parser) fault(path, remedy, format string, args ...any) {
	p.faults = append(p.faults, Fault{Path: path, Line: p.lines[path], Message: fmt.Sprintf(format, args...), Remedy: remedy})
}

func (p *parser) list(n *yaml.Node) *List {
	l := &List{Condition: DefaultCondition()}
	p.fields(n, "", fields{
		"regions": func(n *yaml.Node, path string) {
			p.items(n, path, func(n *yaml.Node, path string) { l.Regions = append(l.Regions, p.region(n, path)) })
		},
		"areas": func(n *yaml.Node, path string) {
			l.Areas = map[string][]string{}
			p.each(n, path, func(name string, n *yaml.Node, path string) { l.Areas[name] = texts[string](p, n, path) })
		},
		"accounts": func(n *yaml.Node, path string) {
			p.items(n, path, func(n *yaml.Node, path string) { l.Accounts = append(l.Accounts, p.account(n, path)) })
		},
		"condition": func(n *yaml.Node, path string) { p.condition(n, path, &l.Condition) },
		"rules": func(n *yaml.Node, path string) {
			p.items(n, path, func(n *yaml.Node, path string) { l.Rules = append(l.Rules, p.rule(n, path)) })
		},
	})
	return l
}

func (p *parser) region(n *yaml.Node, path string) ListedRegion {
	g := ListedRegion{Weight: 1}
	given := false
	p.fields(n, path, fields{
		"name": func(n *yaml.Node, path string) { g.Name = p.text(n, path) },
		"number": func(n *yaml.Node, path string) {
			given = true
			g.Number = paymux.Region(p.number(n, path, 0, 4095))
		},
		"countries": func(n *yaml.Node, path string) { g.Countries = texts[string](p, n, path) },
		"weight":    func(n *yaml.Node, path string) { g.Weight = p.weight(n, path) },
	})
	if !given {
		p.fault(path, "Give it the number that the region's IDs carry (region.number in its nodes' configuration).", "The region has no number.")
	}
	return g
}

func (p *parser) account(n *yaml.Node, path string) ListedAccount {
	var a ListedAccount
	p.fields(n, path, fields{
		"name":    func(n *yaml.Node, path string) { a.Name = p.text(n, path) },
		"channel": func(n *yaml.Node, path string) { a.Channel = p.text(n, path) },
		"country": func(n *yaml.Node, path string) { a.Country = p.text(n, path) },
		"methods": func(n *yaml.Node, path string) { a.Methods = texts[paymux.MethodType](p, n, path) },
	})
	return a
}

func (p *parser) condition(n *yaml.Node, path string, c *Condition) {
	p.fields(n, path, fields{
		"traffic_ratio":    func(n *yaml.Node, path string) { c.Ratio = p.number(n, path, 0, 100) },
		"error_ratio":      func(n *yaml.Node, path string) { c.Errors = p.number(n, path, 0, 1) },
		"queue_depth":      func(n *yaml.Node, path string) { c.Queue = int(p.number(n, path, 0, 1e9)) },
		"store_latency_ms": func(n *yaml.Node, path string) { c.Latency = int(p.number(n, path, 0, 1e6)) },
		"return":           func(n *yaml.Node, path string) { c.Return = p.number(n, path, 0.01, 1) },
		"hold_seconds":     func(n *yaml.Node, path string) { c.Hold = int(p.number(n, path, 0, 86400)) },
	})
}

func (p *parser) rule(n *yaml.Node, path string) Rule {
	var r Rule
	p.fields(n, path, fields{
		"name":      func(n *yaml.Node, path string) { r.Name = p.text(n, path) },
		"merchants": func(n *yaml.Node, path string) { r.Merchants = texts[paymux.MerchantID](p, n, path) },
		"services":  func(n *yaml.Node, path string) { r.Services = texts[paymux.ServiceType](p, n, path) },
		"client":    func(n *yaml.Node, path string) { r.Client = texts[string](p, n, path) },
		"object":    func(n *yaml.Node, path string) { r.Object = texts[string](p, n, path) },
		"channels":  func(n *yaml.Node, path string) { r.Channels = texts[string](p, n, path) },
		"methods":   func(n *yaml.Node, path string) { r.Methods = texts[paymux.MethodType](p, n, path) },
		"by":        func(n *yaml.Node, path string) { r.By = Location(p.text(n, path)) },
		"to": func(n *yaml.Node, path string) {
			p.items(n, path, func(n *yaml.Node, path string) { r.To = append(r.To, p.target(n, path)) })
		},
		"rematch": func(n *yaml.Node, path string) {
			if r.Rematch = Rematch(p.text(n, path)); r.Rematch == "any" {
				r.Rematch = RematchAny
			}
		},
	})
	return r
}

func (p *parser) target(n *yaml.Node, path string) Target {
	t := Target{Weight: 1}
	p.fields(n, path, fields{
		"region": func(n *yaml.Node, path string) { t.Region = p.text(n, path) },
		"weight": func(n *yaml.Node, path string) { t.Weight = p.weight(n, path) },
	})
	return t
}

// fields are what a mapping may have.
type fields map[string]func(n *yaml.Node, path string)

// fields reads a mapping of known members.
func (p *parser) fields(n *yaml.Node, path string, known fields) {
	p.each(n, path, func(name string, n *yaml.Node, at string) {
		if read, ok := known[name]; ok {
			read(n, at)
			return
		}
		p.fault(at, "Known are "+among(name, known)+".", "There is no %q here.", clip(name))
	})
}

// among lists what is known, what may have been meant first.
func among(name string, known fields) string {
	names := make([]string, 0, len(known))
	for n := range known {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(spelling.Distance(clip(name), a), spelling.Distance(clip(name), b)), strings.Compare(a, b))
	})
	return strings.Join(names, ", ")
}

// each reads a mapping whose members have any names, each once.
func (p *parser) each(n *yaml.Node, path string, read func(name string, n *yaml.Node, path string)) {
	p.lines[path] = n.Line
	if n.Kind != yaml.MappingNode {
		p.fault(path, "Write name: value pairs.", "It has to be a mapping.")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i].Value
		at := strings.TrimPrefix(path+"."+clip(name), ".")
		p.lines[at] = n.Content[i].Line
		if seen[name] {
			p.fault(at, "Keep one of them.", "It is there twice.")
		}
		seen[name] = true
		read(name, n.Content[i+1], at)
	}
}

func (p *parser) items(n *yaml.Node, path string, read func(n *yaml.Node, path string)) {
	if n.Kind != yaml.SequenceNode {
		p.fault(path, "Write a list.", "It has to be a list.")
		return
	}
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		p.lines[at] = item.Line
		read(item, at)
	}
}

func texts[S ~string](p *parser, n *yaml.Node, path string) []S {
	out := []S{}
	p.items(n, path, func(n *yaml.Node, path string) { out = append(out, S(p.text(n, path))) })
	if len(out) == 0 {
		p.fault(path, "Leave it out, or name something.", "It is empty: nothing would ever match.")
	}
	return out
}

func (p *parser) text(n *yaml.Node, path string) string {
	if n.Kind != yaml.ScalarNode || n.Value == "" || n.Tag == "!!null" {
		p.fault(path, "Write a word.", "It has to be text.")
		return ""
	}
	return n.Value
}

func (p *parser) number(n *yaml.Node, path string, least, most float64) float64 {
	x, err := strconv.ParseFloat(n.Value, 64)
	if n.Kind != yaml.ScalarNode || err != nil || !(x >= least && x <= most) {
		p.fault(path, fmt.Sprintf("Write a number from %g to %g.", least, most), "%q will not do.", clip(n.Value))
		return least
	}
	return x
}

// weight reads 3, 0.5 or 30%.
func (p *parser) weight(n *yaml.Node, path string) float64 {
	plain := *n
	if text, ok := strings.CutSuffix(n.Value, "%"); ok {
		plain.Value = text
		p.percent = append(p.percent, path)
	}
	return p.number(&plain, path, 0, 1e6)
}

// clip keeps a word of the document short.
func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}
