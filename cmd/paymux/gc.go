package main

import (
	"os"
	"runtime/debug"
)

// collectLess lets the heap grow to five times what lives before it is collected, unless the
// environment says otherwise: what lives is small, and collecting it at every doubling costs
// a payment's latency more than the memory is worth (docs/performance.md).
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}
