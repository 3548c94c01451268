package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/paymux/paymux/registry"
)

// Roles of a process (docs/operations.md): all of them in one by default, or each in processes of its own.
const (
	roleFrontend = registry.RoleFrontend // the front door, the payers' pages
	roleNode     = registry.RoleNode     // payments, queue, notifications, on the region's database
	roleGateway  = registry.RoleGateway  // accounts at institutions
	roleKeys     = registry.RoleKeys     // the key service
)

func allRoles() []string { return []string{roleFrontend, roleNode, roleGateway, roleKeys} }

// has reports whether the process has a role.
func (c *Config) has(role string) bool { return slices.Contains(c.Roles, role) }

// whole reports whether the process has every role, and needs no other.
func (c *Config) whole() bool {
	return c.has(roleFrontend) && c.has(roleNode) && c.has(roleGateway) && c.has(roleKeys)
}

func (c *Config) checkRoles() error {
	var faults []error
	for i, r := range c.Roles {
		if !slices.Contains(allRoles(), r) || slices.Contains(c.Roles[:i], r) {
			faults = append(faults, fmt.Errorf("roles: %q must be one of %s, named once", r, strings.Join(allRoles(), ", ")))
		}
	}
	switch {
	case len(c.Roles) == 0:
		faults = append(faults, fmt.Errorf("roles: there is none; leave it out for all of %s", strings.Join(allRoles(), ", ")))
	case !c.whole() && c.NATS.URL == "":
		faults = append(faults, errors.New("nats.url: is needed where the roles are spread over processes, which find each other there"))
	}
	if len(c.Accounts) > 0 && !c.has(roleGateway) {
		faults = append(faults, errors.New("accounts: belong to processes with the role gateway"))
	}
	if c.Sandbox.Enabled && !c.has(roleGateway) {
		faults = append(faults, errors.New("sandbox.enabled: needs the role gateway in this process, and the role frontend for its pages and controls to be reached; otherwise run paymux sandbox serve and set sandbox.remote"))
	}
	if c.has(roleNode) && !c.has(roleFrontend) && c.PublicURL == "" {
		faults = append(faults, errors.New("public_url: is needed by a node without a frontend, which tells institutions where to report to"))
	}
	return errors.Join(faults...)
}
