package relay

import (
	"go.yaml.in/yaml/v3"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/document"
)

// Fault is one thing wrong with an assignment list.
type Fault = document.Fault

// Faults is all that is wrong with an assignment list, in the order of its lines.
type Faults document.Faults

func (f Faults) Error() string { return "assignment list: " + document.Faults(f).Error() }

// maxDocument is how long a list may be, in bytes.
const maxDocument = 1 << 20

// ParseList reads an assignment list from YAML or JSON and refuses what could not work as it is written:
// the error is a Faults with everything that was found.
func ParseList(text []byte) (*List, error) {
	r, root := document.Open(text, maxDocument, "Give it regions and rules.")
	if root == nil {
		return nil, Faults(r.Faults)
	}
	p := &parser{r}
	l := p.list(root)
	if len(p.Faults) == 0 {
		p.lint(l)
	}
	if len(p.Faults) > 0 {
		p.Faults.Sort()
		return nil, Faults(p.Faults)
	}
	return l, nil
}

// parser reads an assignment list.
type parser struct{ *document.Reader }

func (p *parser) list(n *yaml.Node) *List {
	l := &List{Condition: DefaultCondition()}
	p.Fields(n, "", document.Fields{
		"regions": func(n *yaml.Node, path string) {
			p.Items(n, path, func(n *yaml.Node, path string) { l.Regions = append(l.Regions, p.region(n, path)) })
		},
		"areas": func(n *yaml.Node, path string) {
			l.Areas = map[string][]string{}
			p.Each(n, path, func(name string, n *yaml.Node, path string) {
				l.Areas[name] = document.Texts[string](p.Reader, n, path)
			})
		},
		"accounts": func(n *yaml.Node, path string) {
			p.Items(n, path, func(n *yaml.Node, path string) { l.Accounts = append(l.Accounts, p.account(n, path)) })
		},
		"condition": func(n *yaml.Node, path string) { p.condition(n, path, &l.Condition) },
		"rules": func(n *yaml.Node, path string) {
			p.Items(n, path, func(n *yaml.Node, path string) { l.Rules = append(l.Rules, p.rule(n, path)) })
		},
	})
	return l
}

func (p *parser) region(n *yaml.Node, path string) ListedRegion {
	g := ListedRegion{Weight: 1}
	given := false
	p.Fields(n, path, document.Fields{
		"name": func(n *yaml.Node, path string) { g.Name = p.Text(n, path) },
		"number": func(n *yaml.Node, path string) {
			given = true
			g.Number = paymux.Region(p.Number(n, path, 0, 4095))
		},
		"countries": func(n *yaml.Node, path string) { g.Countries = document.Texts[string](p.Reader, n, path) },
		"weight":    func(n *yaml.Node, path string) { g.Weight = p.Weight(n, path) },
	})
	if !given {
		p.Fault(path, "Give it the number that the region's IDs carry (region.number in its nodes' configuration).", "The region has no number.")
	}
	return g
}

func (p *parser) account(n *yaml.Node, path string) ListedAccount {
	var a ListedAccount
	p.Fields(n, path, document.Fields{
		"name":    func(n *yaml.Node, path string) { a.Name = p.Text(n, path) },
		"channel": func(n *yaml.Node, path string) { a.Channel = p.Text(n, path) },
		"country": func(n *yaml.Node, path string) { a.Country = p.Text(n, path) },
		"methods": func(n *yaml.Node, path string) { a.Methods = document.Texts[paymux.MethodType](p.Reader, n, path) },
	})
	return a
}

func (p *parser) condition(n *yaml.Node, path string, c *Condition) {
	p.Fields(n, path, document.Fields{
		"traffic_ratio":    func(n *yaml.Node, path string) { c.Ratio = p.Number(n, path, 0, 100) },
		"error_ratio":      func(n *yaml.Node, path string) { c.Errors = p.Number(n, path, 0, 1) },
		"queue_depth":      func(n *yaml.Node, path string) { c.Queue = int(p.Number(n, path, 0, 1e9)) },
		"store_latency_ms": func(n *yaml.Node, path string) { c.Latency = int(p.Number(n, path, 0, 1e6)) },
		"return":           func(n *yaml.Node, path string) { c.Return = p.Number(n, path, 0.01, 1) },
		"hold_seconds":     func(n *yaml.Node, path string) { c.Hold = int(p.Number(n, path, 0, 86400)) },
	})
}

func (p *parser) rule(n *yaml.Node, path string) Rule {
	var r Rule
	p.Fields(n, path, document.Fields{
		"name":      func(n *yaml.Node, path string) { r.Name = p.Text(n, path) },
		"merchants": func(n *yaml.Node, path string) { r.Merchants = document.Texts[paymux.MerchantID](p.Reader, n, path) },
		"services":  func(n *yaml.Node, path string) { r.Services = document.Texts[paymux.ServiceType](p.Reader, n, path) },
		"client":    func(n *yaml.Node, path string) { r.Client = document.Texts[string](p.Reader, n, path) },
		"object":    func(n *yaml.Node, path string) { r.Object = document.Texts[string](p.Reader, n, path) },
		"channels":  func(n *yaml.Node, path string) { r.Channels = document.Texts[string](p.Reader, n, path) },
		"methods":   func(n *yaml.Node, path string) { r.Methods = document.Texts[paymux.MethodType](p.Reader, n, path) },
		"by":        func(n *yaml.Node, path string) { r.By = Location(p.Text(n, path)) },
		"to": func(n *yaml.Node, path string) {
			p.Items(n, path, func(n *yaml.Node, path string) { r.To = append(r.To, p.target(n, path)) })
		},
		"rematch": func(n *yaml.Node, path string) {
			if r.Rematch = Rematch(p.Text(n, path)); r.Rematch == "any" {
				r.Rematch = RematchAny
			}
		},
	})
	return r
}

func (p *parser) target(n *yaml.Node, path string) Target {
	t := Target{Weight: 1}
	p.Fields(n, path, document.Fields{
		"region": func(n *yaml.Node, path string) { t.Region = p.Text(n, path) },
		"weight": func(n *yaml.Node, path string) { t.Weight = p.Weight(n, path) },
	})
	return t
}
