package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/paymux/paymux/routing"
)

// RoutingConfig is where payments go while no operator has brought a rule set into force.
type RoutingConfig struct {
	File string `yaml:"file" help:"a rule set, in YAML or JSON, that this node routes by while none was ever activated (paymux routing activate): the same for all nodes; empty: all accounts, in their configured order"`
}

func (c *Config) checkRouting() error {
	if c.Routing.File != "" && !c.has(roleNode) {
		return errors.New("routing.file: belongs to processes with the role node, which decide where payments go")
	}
	return nil
}

// read reads the rule set and makes sure that it can be routed by; empty: there is none.
func (c *RoutingConfig) read() (string, error) {
	if c.File == "" {
		return "", nil
	}
	text, err := os.ReadFile(c.File)
	if err != nil {
		return "", fmt.Errorf("routing.file: %w", err)
	}
	set, err := routing.Parse(text)
	if err == nil {
		_, err = routing.Compile(set)
	}
	if err == nil {
		return string(text), nil
	}
	var list routing.Faults
	if !errors.As(err, &list) {
		return "", fmt.Errorf("routing.file: %s: %w", c.File, err)
	}
	faults := make([]error, len(list))
	for i, f := range list {
		faults[i] = fmt.Errorf("routing.file: %s: %w", c.File, f)
	}
	return "", errors.Join(faults...)
}
