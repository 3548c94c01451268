//go:build !linux

package nocore

func forbid() error { return nil }
