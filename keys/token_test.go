//go:build pkcs11

package keys_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paymux/paymux/keys"
)

// softHSM makes a token of the SoftHSM that is installed and returns the URI of a master on it.
func softHSM(t *testing.T) string {
	t.Helper()
	tool, err := exec.LookPath("softhsm2-util")
	if err != nil {
		t.Skip("SoftHSM is not installed")
	}
	module := ""
	for _, path := range []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so"} {
		if _, err := os.Stat(path); err == nil {
			module = path
		}
	}
	dir := t.TempDir()
	conf, pin := filepath.Join(dir, "softhsm2.conf"), filepath.Join(dir, "pin")
	if err := errors.Join(os.WriteFile(conf, fmt.Appendf(nil, "directories.tokendir = %s\n", dir), 0o600), os.WriteFile(pin, []byte("4321\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOFTHSM2_CONF", conf)
	if out, err := exec.Command(tool, "--init-token", "--free", "--label", "paymux", "--so-pin", "87654321", "--pin", "4321").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return "pkcs11:token=paymux;object=master?module-path=" + module + "&pin-source=file:" + pin
}

func TestAMasterOnAToken(t *testing.T) {
	uri := softHSM(t)
	if _, _, err := keys.OpenMaster(uri, false); err == nil || !strings.Contains(err.Error(), "there are 0 keys master") {
		t.Errorf("before it is made: %v", err)
	}
	m, done, err := keys.OpenMaster(uri, true)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{dir: t.TempDir(), master: m}
	s := h.open(t)
	made(t, s, "mac", kindHMAC)
	signature, err := s.As("gateway").Sign(t.Context(), "mac", "", []byte("m"))
	if err != nil {
		t.Fatal(err)
	}
	shut(t, s)
	if err := done(); err != nil {
		t.Fatal(err)
	}
	if h.master, done, err = keys.OpenMaster(uri, false); err != nil {
		t.Fatal(err)
	}
	s = h.open(t)
	if err := s.As("gateway").Verify(t.Context(), "mac", []byte("m"), signature); err != nil {
		t.Errorf("after the token was opened anew: %v", err)
	}
	if err := s.By("operator").Rewrap(t.Context(), openMaster(t, h.dir+"/file.key")); err != nil {
		t.Error(err)
	}
	shut(t, s)
	if err := done(); err != nil {
		t.Error(err)
	}
	wrong := strings.Replace(uri, "object=master", "object=other", 1)
	other, done, err := keys.OpenMaster(wrong, true)
	if err != nil {
		t.Fatal(err)
	}
	h.master = other
	if _, err := keys.Open(t.Context(), h.config()); !errors.Is(err, keys.ErrMaster) {
		t.Errorf("another key of the token: %v", err)
	}
	if err := done(); err != nil {
		t.Error(err)
	}
}

func TestAPINIsPrivate(t *testing.T) {
	uri := softHSM(t)
	_, pin, _ := strings.Cut(uri, "pin-source=file:")
	if err := os.Chmod(pin, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := keys.OpenMaster(uri, true); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("error %v", err)
	}
}
