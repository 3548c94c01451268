package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/relay"
)

const (
	regionsTime = 10 * time.Second // for the registry to answer
	heardTime   = 5 * time.Second  // for frontends to say that they go by a new list
)

// regions is the assignment list as an operator's command reaches it.
type regions struct {
	*cli
	flags    *regionsFlags
	registry *registry.Registry
	settings *registry.Settings
}

// withRegions connects to the registry.
func (c *cli) withRegions(ctx context.Context, f *regionsFlags, do func(context.Context, *regions) error) error {
	conf, _, err := loadConfig(f.config, c.env)
	if err != nil {
		return &usageError{err}
	}
	if conf.NATS.URL == "" {
		return usagef("%s", c.text("regions.embedded"))
	}
	m, err := c.connectFor(ctx, packageCheck{nats: conf.NATS})
	if err != nil {
		return err
	}
	defer m.Stop()
	ctx, cancel := context.WithTimeout(ctx, regionsTime+heardTime)
	defer cancel()
	r := registry.New(registry.Config{
		Conn: m.Conn, Creates: true, Cluster: conf.NATS.StateCluster, Replicas: conf.NATS.Replicas, Now: c.now,
		Log: newLogger(c.err, LogConfig{Level: "error", Format: "text"}),
	})
	defer func() { _ = r.Stop(context.WithoutCancel(ctx)) }() // views of this process alone
	return do(ctx, &regions{cli: c, flags: f, registry: r, settings: r.Settings()})
}

// current is the list in force; nil and an empty document: there is none.
func (r *regions) current(ctx context.Context) (*relay.List, registry.Document, error) {
	d, err := r.settings.Get(ctx, relay.ListKey)
	if errors.Is(err, registry.ErrNotFound) {
		return nil, registry.Document{Key: relay.ListKey}, nil
	}
	if err != nil {
		return nil, d, err
	}
	l, err := relay.ParseList(d.Value)
	if err != nil {
		return nil, d, fmt.Errorf("version %d: %w", d.Version, err)
	}
	return l, d, nil
}

// change edits the list and waits until all frontends go by it.
func (r *regions) change(ctx context.Context, edit func(*relay.List) (*relay.List, error)) error {
	if strings.TrimSpace(r.flags.reason) == "" && !r.flags.dry {
		return usagef("%s", r.text("regions.why"))
	}
	l, d, err := r.current(ctx)
	if err != nil {
		return err
	}
	if l == nil {
		l = &relay.List{}
	}
	next, err := edit(l)
	if err != nil {
		return err
	}
	if d.Value, err = next.Document(); err != nil {
		return err
	}
	if _, err := relay.ParseList(d.Value); err != nil { // the edited list may send nowhere
		return &usageError{err}
	}
	if r.flags.dry {
		return r.print(d)
	}
	d.Who, d.Why, d.When = userName(r.flags.by), r.flags.reason, time.Time{}
	written, err := r.settings.Put(ctx, d)
	if errors.Is(err, registry.ErrConflict) {
		return &outcomeError{text: r.text("regions.conflict")}
	}
	if err != nil {
		return err
	}
	return r.heard(ctx, written.Version)
}

// frontend is how far a frontend is with a list.
type frontend struct {
	ID      string `json:"id"`
	Region  string `json:"region"`
	Version uint64 `json:"version"`
}

// heard waits until every frontend there is goes by a version, and tells who does not.
func (r *regions) heard(ctx context.Context, version uint64) error {
	began := r.now()
	front := r.registry.Watch(registry.RoleFrontend)
	late, cancel := context.WithTimeout(ctx, heardTime)
	defer cancel()
	select {
	case <-front.Ready():
	case <-late.Done():
	}
	var all, behind []frontend
	for {
		changed := front.Changed()
		if all, behind = frontends(front.Instances(), version); len(behind) == 0 {
			break
		}
		select {
		case <-changed:
			continue
		case <-late.Done():
		}
		break
	}
	err := r.cli.show(map[string]any{"version": version, "frontends": all, "behind": behind}, func() {
		r.say("regions.done", version, len(all)-len(behind), r.now().Sub(began).Round(time.Millisecond))
	})
	if len(behind) > 0 {
		return &outcomeError{text: r.textf("regions.behind", len(behind), heardTime, behind)}
	}
	return err
}

// frontends are those there are, and of them those that do not go by a version yet.
func frontends(list []registry.Instance, version uint64) (all, behind []frontend) {
	for _, i := range list {
		var d relay.FrontendDetail
		_ = json.Unmarshal(i.Detail, &d) // who says nothing goes by none
		f := frontend{ID: i.ID, Region: i.Name, Version: d.Assignment}
		all = append(all, f)
		if d.Assignment < version {
			behind = append(behind, f)
		}
	}
	return all, behind
}

func (r *regions) show(ctx context.Context, version ...string) error {
	if len(version) > 0 {
		d, err := r.version(ctx, version[0])
		if err != nil {
			return err
		}
		return r.print(d)
	}
	l, d, err := r.current(ctx)
	if err != nil {
		return err
	}
	if l == nil {
		return &outcomeError{text: r.text("regions.none")}
	}
	return r.print(d)
}

// version is one of the kept ones.
func (r *regions) version(ctx context.Context, text string) (registry.Document, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return registry.Document{}, usagef("%s", r.textf("regions.version.bad", text))
	}
	all, err := r.settings.History(ctx, relay.ListKey)
	for _, d := range all {
		if d.Version == n {
			return d, nil
		}
	}
	if err == nil {
		err = usagef("%s", r.textf("regions.version.none", n))
	}
	return registry.Document{}, err
}

func (r *regions) history(ctx context.Context) error {
	all, err := r.settings.History(ctx, relay.ListKey)
	if err != nil {
		return err
	}
	type change struct {
		Version uint64    `json:"version"`
		When    time.Time `json:"when"`
		Who     string    `json:"who"`
		Why     string    `json:"why"`
	}
	list := make([]change, 0, len(all))
	for _, d := range all {
		list = append(list, change{d.Version, d.When, d.Who, d.Why})
	}
	return r.cli.show(list, func() {
		for _, h := range list {
			fmt.Fprintf(r.out, "%6d  %s  %-16s %s\n", h.Version, h.When.Format(time.RFC3339), h.Who, h.Why)
		}
	})
}

// draft prints a list of the regions that have nodes, to begin with.
func (r *regions) draft(ctx context.Context) error {
	nodes := r.registry.Watch(registry.RoleNode)
	late, cancel := context.WithTimeout(ctx, regionsTime)
	defer cancel()
	select {
	case <-nodes.Ready():
	case <-late.Done():
		return &outcomeError{text: r.text("topology.nobody")}
	}
	l := &relay.List{}
	rest := relay.Rule{Name: "rest"}
	seen := map[string]bool{}
	for _, i := range nodes.Instances() {
		var d relay.Detail
		if json.Unmarshal(i.Detail, &d) != nil || seen[i.Name] {
			continue
		}
		seen[i.Name] = true
		l.Regions = append(l.Regions, relay.ListedRegion{Name: i.Name, Number: d.Number, Weight: 1})
		rest.To = append(rest.To, relay.Target{Region: i.Name, Weight: 1})
	}
	l.Rules = []relay.Rule{rest}
	l.Condition = relay.DefaultCondition()
	value, err := l.Document()
	if err != nil {
		return err
	}
	return r.print(registry.Document{Value: value})
}

// print writes a list as YAML, or as it is kept with -o json.
func (r *regions) print(d registry.Document) error {
	text, err := blockYAML(d.Value)
	if err != nil {
		return err
	}
	return r.cli.show(d.Value, func() {
		if d.Version > 0 {
			fmt.Fprintf(r.out, "# %s\n", r.textf("regions.in.force", d.Version, d.When.Format(time.RFC3339), d.Who, d.Why))
		}
		fmt.Fprint(r.out, text)
	})
}

// blockYAML writes JSON as people write YAML.
func blockYAML(value []byte) (string, error) {
	var n yaml.Node
	if err := yaml.Unmarshal(value, &n); err != nil {
		return "", err
	}
	plainStyle(&n, 0)
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	err := enc.Encode(&n)
	return b.String(), err
}

// plainStyle lays mappings and lists out in blocks, but for those that have no more inside.
func plainStyle(n *yaml.Node, depth int) {
	flat := depth > 2
	for _, inner := range n.Content {
		plainStyle(inner, depth+1)
		flat = flat && inner.Kind == yaml.ScalarNode
	}
	if n.Style = 0; flat && n.Kind != yaml.ScalarNode {
		n.Style = yaml.FlowStyle
	}
}
