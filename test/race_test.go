//go:build race

package test_test

// buildFlags of the program under test: it is watched for races when its tests are.
var buildFlags = []string{"-race"}
