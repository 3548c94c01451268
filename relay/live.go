package relay

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/registry"
)

// Detail is what a node's instance says of its region in the registry, beside Rated and Usage: the schema
// of [registry.Instance.Detail] for the role node, whose Name is the region's.
type Detail struct {
	Number    paymux.Region       `json:"number"`
	Frontend  bool                `json:"frontend,omitempty"` // it is one, too
	Accounts  []string            `json:"accounts,omitempty"`
	Channels  []string            `json:"channels,omitempty"`
	Methods   []paymux.MethodType `json:"methods,omitempty"`
	Errors    float64             `json:"error_ratio,omitempty"`
	Queue     int                 `json:"queue_depth,omitempty"`
	LatencyUS int64               `json:"store_latency_us,omitempty"`
}

// Metered is how much a node has been asked lately.
type Metered struct {
	Requests int     // a second
	Errors   float64 // share that failed by the node's own fault
}

// Announce puts the detail and what was metered into an instance.
func (d Detail) Announce(i *registry.Instance, m Metered) error {
	d.Errors = m.Errors
	body, err := json.Marshal(d)
	if err != nil {
		return err
	}
	i.Detail, i.Usage = body, m.Requests
	return nil
}

// FrontendDetail is the schema of [registry.Instance.Detail] for the role frontend.
type FrontendDetail struct {
	Assignment   uint64 `json:"assignment,omitempty"`    // version of the list it goes by; 0: none
	StandbyGroup string `json:"standby_group,omitempty"` // it is ready while it is this group's primary; empty: by itself
	Primary      bool   `json:"primary,omitempty"`       // of the group
}

// Dial reaches a region's node. here: it is in this process.
type Dial func(region string) (n Node, here bool, err error)

// Registered is a Directory of the regions whose nodes are in the registry. A region whose nodes have all gone
// stays, as down: its payments are still its own.
type Registered struct {
	of   Instances
	dial Dial
	log  *slog.Logger

	mu    sync.Mutex // guards what follows
	read  []registry.Instance
	stale bool // was what was read
	shown []Region
	nodes map[string]reached
	known map[string]Region              // as last seen alive
	parts map[string][]registry.Instance // of those in known: what they were made of
}

// Instances are what Registered asks of a [registry.Directory] of nodes.
type Instances interface {
	Instances() []registry.Instance
	Changed() <-chan struct{}
	Stale() (time.Time, bool)
}

type reached struct {
	node Node
	here bool
}

// NewRegistered returns the regions of the nodes in a directory. Those in configured, of which Name and Number are looked at, are
// known before any node of theirs is, and while nobody can say whether there is one, they are asked.
func NewRegistered(of Instances, dial Dial, log *slog.Logger, configured ...Region) *Registered {
	r := &Registered{of: of, dial: dial, log: log, nodes: map[string]reached{}, known: map[string]Region{}, parts: map[string][]registry.Instance{}}
	for _, g := range configured {
		if n, ok := r.reach(g.Name); ok {
			r.known[g.Name] = Region{Name: g.Name, Number: g.Number, Weight: 1, Node: n.node, Here: n.here}
		}
	}
	return r
}

// Changed implements Directory.
func (r *Registered) Changed() <-chan struct{} { return r.of.Changed() }

// Stale implements Directory.
func (r *Registered) Stale() (time.Time, bool) { return r.of.Stale() }

// Regions implements Directory.
func (r *Registered) Regions() []Region {
	all := r.of.Instances()
	_, stale := r.of.Stale()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shown != nil && stale == r.stale && len(all) == len(r.read) && (len(all) == 0 || &all[0] == &r.read[0]) {
		return r.shown
	}
	replicas := map[string][]registry.Instance{}
	for _, i := range all {
		replicas[i.Name] = append(replicas[i.Name], i)
	}
	for name, list := range replicas {
		if !slices.EqualFunc(list, r.parts[name], saysTheSame) { // among a thousand nodes, news is of a few
			r.see(name, list)
		}
	}
	shown := []Region{}
	for name, g := range r.known {
		if len(replicas[name]) == 0 && !stale {
			g.Down = "none of its nodes is registered"
		}
		shown = append(shown, g)
	}
	slices.SortFunc(shown, func(a, b Region) int { return int(a.Number) - int(b.Number) })
	r.read, r.stale, r.shown = all, stale, shown
	return shown
}

// see makes one region of its replicas.
func (r *Registered) see(name string, replicas []registry.Instance) {
	n, ok := r.reach(name)
	if !ok {
		return
	}
	g := Region{Name: name, Weight: 1, Node: n.node, Here: n.here, Down: "none of its nodes takes anything new"}
	var rated, usage int
	var failed float64
	read := false
	for _, i := range replicas {
		var d Detail
		if err := json.Unmarshal(i.Detail, &d); err != nil {
			r.log.Error("a node's detail cannot be read", "instance", i.Key(), "error", err)
			continue
		}
		if read && d.Number != g.Number {
			r.log.Error("nodes of one region have different numbers", "region", name, "instance", i.Key(), "number", d.Number, "other", g.Number)
			continue
		}
		g.Number, read = d.Number, true
		if i.State != registry.Ready {
			continue
		}
		g.Down = ""
		rated, usage, failed = rated+i.Rated, usage+i.Usage, failed+d.Errors*float64(i.Usage)
		g.Usage.Queue = max(g.Usage.Queue, d.Queue) // replicas share one queue and one store
		g.Usage.Latency = max(g.Usage.Latency, time.Duration(d.LatencyUS)*time.Microsecond)
		g.Accounts, g.Channels, g.Methods = union(g.Accounts, d.Accounts), union(g.Channels, d.Channels), union(g.Methods, d.Methods)
	}
	if rated > 0 {
		g.Usage.Ratio = float64(usage) / float64(rated)
	}
	if usage > 0 {
		g.Usage.Errors = failed / float64(usage)
	}
	if read {
		r.known[name], r.parts[name] = g, replicas
	}
}

// saysTheSame compares instances by what see reads.
func saysTheSame(a, b registry.Instance) bool {
	return a.State == b.State && a.Rated == b.Rated && a.Usage == b.Usage && bytes.Equal(a.Detail, b.Detail)
}

func (r *Registered) reach(name string) (reached, bool) {
	if n, ok := r.nodes[name]; ok {
		return n, true
	}
	node, here, err := r.dial(name)
	if err != nil {
		r.log.Error("a region cannot be reached", "region", name, "error", err)
		return reached{}, false
	}
	r.nodes[name] = reached{node, here}
	return r.nodes[name], true
}

func union[T comparable](a, b []T) []T {
	for _, x := range b {
		if !slices.Contains(a, x) {
			a = append(a, x)
		}
	}
	return a
}

// ListKey is the document of the registry's settings that is the assignment list.
const ListKey = "assignment"

// Documents are what Followed asks of a [registry.View].
type Documents interface {
	Get(key string) (registry.Document, bool)
	Changed() <-chan struct{}
}

// Followed is the assignment list in the registry's settings. A version that cannot be used is logged and passed over:
// what was in force stays.
type Followed struct {
	of  Documents
	log *slog.Logger

	mu      sync.Mutex // guards what follows
	version uint64     // that was looked at
	list    *List
}

// NewFollowed returns the list in a view of ListKey.
func NewFollowed(of Documents, log *slog.Logger) *Followed { return &Followed{of: of, log: log} }

// Changed implements Lists.
func (f *Followed) Changed() <-chan struct{} { return f.of.Changed() }

// List implements Lists. A deleted list stays in force: who has none after all says so by a list.
func (f *Followed) List() *List {
	d, ok := f.of.Get(ListKey)
	f.mu.Lock()
	defer f.mu.Unlock()
	if !ok || d.Version == f.version {
		return f.list
	}
	f.version = d.Version
	l, err := ParseList(d.Value)
	if err != nil {
		f.log.Error("the assignment list cannot be used; the one in force stays", "version", d.Version, "error", err)
		return f.list
	}
	l.Version, l.Since = d.Version, d.When
	f.list = l
	return l
}
