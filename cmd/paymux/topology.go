package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/relay"
	"github.com/paymux/paymux/rulebook"
)

// topologyTime is how long the registry may take to tell who is there.
const topologyTime = 10 * time.Second

func (c *cli) topologyCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:     "topology",
		Short:   c.text("topology.short"),
		Long:    c.text("topology.long"),
		Example: "  paymux topology -c operator.yaml",
		Args:    exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, _, err := loadConfig(file, c.env)
			if err != nil {
				return &usageError{err}
			}
			if conf.NATS.URL == "" {
				return usagef("%s", c.text("topology.embedded"))
			}
			return c.topology(cmd.Context(), conf.NATS)
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "", c.text("config.file"))
	return cmd
}

func (c *cli) topology(ctx context.Context, conf NATSConfig) error {
	m, err := c.connectFor(ctx, packageCheck{nats: conf})
	if err != nil {
		return err
	}
	defer m.Stop()
	r := registry.New(registry.Config{Conn: m.Conn, Log: newLogger(c.err, LogConfig{Level: "error", Format: "text"})})
	everybody := r.Watch("")
	defer everybody.Stop()
	select {
	case <-everybody.Ready():
	case <-time.After(topologyTime):
		return &outcomeError{text: c.text("topology.nobody")}
	case <-ctx.Done():
		return ctx.Err()
	}
	list := withRules(ctx, r, everybody.Instances())
	return c.show(list, func() {
		for _, i := range list {
			c.showInstance(&i)
		}
	})
}

// standingInstance is a process, and the routing rules it goes by.
type standingInstance struct {
	registry.Instance
	Routing *paymux.RuleSetNode `json:"routing,omitempty"` // of nodes
}

func withRules(ctx context.Context, r *registry.Registry, all []registry.Instance) []standingInstance {
	list := make([]standingInstance, len(all))
	for n, i := range all {
		list[n].Instance = i
		if i.Role != registry.RoleNode {
			continue
		}
		if said, err := rulebook.Said(ctx, r.Flags(), i.ID); err == nil {
			list[n].Routing = &said
		}
	}
	return list
}

func (c *cli) showInstance(i *standingInstance) {
	fmt.Fprintf(c.out, "%-9s %-12s %-10s %-9s %s  %s", i.Role, i.Name, i.Version, i.State, i.Since.Format("2006-01-02 15:04:05"), i.ID)
	if i.Usage > 0 || i.Role == registry.RoleNode {
		fmt.Fprintf(c.out, "  %s", c.textf("topology.usage", i.Usage))
	}
	if words := c.standing(&i.Instance); words != "" {
		fmt.Fprintf(c.out, "  %s", words)
	}
	if n := i.Routing; n != nil {
		fmt.Fprintf(c.out, "  %s", c.textf("topology.rules", n.Version))
		if n.State == paymux.RuleSetRefused {
			fmt.Fprintf(c.out, "  %s", c.paint(red, c.textf("topology.refused", n.Refused, n.Error)))
		}
	}
	if i.Trouble != "" {
		fmt.Fprintf(c.out, "  %s", c.paint(red, i.Trouble))
	}
	fmt.Fprintln(c.out)
}

// standing says whether a frontend is its group's primary; empty: it is in no group.
func (c *cli) standing(i *registry.Instance) string {
	var d relay.FrontendDetail
	if i.Role != registry.RoleFrontend || json.Unmarshal(i.Detail, &d) != nil || d.StandbyGroup == "" {
		return ""
	}
	if d.Primary {
		return c.textf("topology.primary", d.StandbyGroup)
	}
	return c.textf("topology.standby", d.StandbyGroup)
}
