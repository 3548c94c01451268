//go:build !race

package test_test

var buildFlags []string
