// Package nocore keeps a process from leaving its memory on disk when it dies, for it
// has secrets in clear there. It refuses nothing else: where the system has no such switch, it does nothing.
//
// Start reading at Forbid.
package nocore

// Forbid makes core files of this process impossible until it ends, whatever kills it and whoever would take the core: a file,
// a collector such as systemd-coredump, or a debugger without the rights of root. Child processes
// are not allowed core files, either. Call it first thing, before a secret is read.
//
// To debug a process, start it without: there is no way back. Only Linux has all of it.
func Forbid() error { return forbid() }
