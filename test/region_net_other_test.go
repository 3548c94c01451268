//go:build !linux

package test_test

import "testing"

// namespace is a network of its own, which Linux alone has.
type namespace struct{}

func (n *namespace) do(act func() error) error { return act() }

type internet struct{}

func newInternet(t *testing.T, _ ...string) (*internet, map[string]*place) {
	t.Helper()
	t.Skip("network namespaces are Linux's")
	return nil, nil
}

func (i *internet) partition(_, _ string)         {}
func (i *internet) heal(_, _ string)              {}
func (i *internet) isolate(_ string, _ ...string) {}
func (i *internet) rejoin(_ string)               {}
