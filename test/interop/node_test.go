// Package interop has outsiders' libraries, in their own language, check what Paymux
// accepts and sends: HTTP message signatures, digests and webhooks.
package interop_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// needModules skips a test where Node or one of its modules is not installed; in the check script, which
// installs them, it fails instead. `npm ci` in this folder installs them.
func needModules(t *testing.T, modules ...string) {
	t.Helper()
	missing := ""
	if _, err := exec.LookPath("node"); err != nil {
		missing = "node"
	}
	for _, m := range modules {
		if _, err := os.Stat(filepath.Join("node_modules", m, "package.json")); err != nil {
			missing = "npm module " + m + " (npm ci in test/interop)"
		}
	}
	switch {
	case missing == "":
	case os.Getenv("PAYMUX_CHECK") == "1":
		t.Fatal("missing: " + missing)
	default:
		t.Skip("missing: " + missing)
	}
}
