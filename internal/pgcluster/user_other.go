//go:build !linux

package pgcluster

import "syscall"

// Elsewhere the server runs as the current user, who must not be root, and is
// not ended when we are killed.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }

func boundAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }

func giveFolder(string) error { return nil }
