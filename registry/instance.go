package registry

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Roles of instances. A deployment may have others.
const (
	RoleFrontend = "frontend"
	RoleNode     = "node"
	RoleGateway  = "gateway"
	RoleKeys     = "keys"
	RoleOperator = "operator"
)

// State is what an instance takes.
type State string

// States.
const (
	Starting State = "starting" // not yet anything
	Ready    State = "ready"    // requests
	Draining State = "draining" // nothing new; it finishes what it has
)

// Instance is one process in one role, as the others see it.
type Instance struct {
	ID      string    `json:"id"`                // unique for good, one token: letters, digits, - and _
	Role    string    `json:"role"`              // one token
	Name    string    `json:"name"`              // what it serves, one token: a gateway's channel, a node's region
	Version string    `json:"version,omitempty"` // of its program
	Weight  int       `json:"weight,omitempty"`  // its share of what instances of one name are given; zero: none
	State   State     `json:"state"`
	Trouble string    `json:"trouble,omitempty"` // why it is not well, for people; empty: it is
	Rated   int       `json:"rated,omitempty"`   // requests a second it is made for; zero: not known
	Usage   int       `json:"usage,omitempty"`   // requests a second it serves now
	Since   time.Time `json:"since"`             // when it started
	// Detail is what the role's own instances tell each other, in the schema that role declares.
	Detail json.RawMessage `json:"detail,omitempty"`
}

// Key is where the instance is in its bucket: <role>.<name>.<id>.
func (i Instance) Key() string { return i.Role + "." + i.Name + "." + i.ID }

// Subject is what requests to this very instance begin with: paymux.instance.<role>.<name>.<id>. The instance serves
// what comes below, and nobody else may.
func (i Instance) Subject() string { return "paymux.instance." + i.Key() }

// check reports what would not be a key.
func (i Instance) check() error {
	for _, part := range []string{i.Role, i.Name, i.ID} {
		if !token(part) {
			return fmt.Errorf("%w: %q in instance %q", ErrBadName, part, i.Key())
		}
	}
	if len(i.Detail) > 0 && !json.Valid(i.Detail) {
		return fmt.Errorf("registry: the detail of instance %s is not JSON", i.Key())
	}
	return nil
}

// readInstance believes the key about role, name and ID: NATS has seen to it who may write there.
func readInstance(e entry) (Instance, error) {
	var i Instance
	parts := strings.Split(e.key, ".")
	if len(parts) != 3 {
		return i, fmt.Errorf("%q is not the key of an instance", e.key)
	}
	if err := json.Unmarshal(e.body, &i); err != nil {
		return i, err
	}
	i.Role, i.Name, i.ID = parts[0], parts[1], parts[2]
	return i, nil
}

// token reports whether s can be one token of a subject.
func token(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
	return s != "" && len(s) <= 128 && strings.Trim(s, letters) == ""
}
