package keys_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/paymux/paymux/keys"
)

// sealed is a version's material as it rests.
func (h *house) sealed(t *testing.T, name string, number int) (b []byte) {
	t.Helper()
	conn, err := sqlite.OpenConn(h.path())
	if err != nil {
		t.Fatal(err)
	}
	err = sqlitex.Execute(conn, "SELECT sealed FROM versions WHERE key = ? AND number = ?", &sqlitex.ExecOptions{Args: []any{name, number}, ResultFunc: func(s *sqlite.Stmt) error {
		b = column(s, 0)
		return nil
	}})
	if err = errors.Join(err, conn.Close()); err != nil || len(b) == 0 {
		t.Fatalf("%d bytes: %v", len(b), err)
	}
	return b
}

func TestAnotherMasterIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := h.open(t)
	made(t, s, "mac", kindHMAC)
	shut(t, s)
	c := h.config()
	c.Master = openMaster(t, h.dir+"/other.key")
	if _, err := keys.Open(t.Context(), c); !errors.Is(err, keys.ErrMaster) || !strings.Contains(err.Error(), h.master.Name()) || !strings.Contains(err.Error(), c.Master.Name()) {
		t.Errorf("error %v", err)
	}
}

func TestMasterFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte(text), mode), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	hexKey := strings.Repeat("0f", 32)
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	var tinkKey bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&tinkKey)); err != nil {
		t.Fatal(err)
	}
	for _, good := range []string{write("hex", hexKey+"\n", 0o600), write("tink", tinkKey.String(), 0o400)} {
		m, _, err := keys.OpenMaster("file:"+good, false)
		if err != nil {
			t.Errorf("%s: %v", good, err)
			continue
		}
		sealed, err := m.EncryptWithContext(t.Context(), []byte("text"), []byte("place"))
		if err != nil {
			t.Fatal(err)
		}
		if text, err := m.DecryptWithContext(t.Context(), sealed, []byte("place")); err != nil || string(text) != "text" {
			t.Errorf("%s: %q, %v", good, text, err)
		}
	}
	for path, want := range map[string]string{
		write("group", hexKey, 0o640):     "chmod 600",
		write("world", hexKey, 0o604):     "chmod 600",
		write("short", hexKey[2:], 0o600): "neither 32 bytes",
		write("empty", "", 0o600):         "neither 32 bytes",
		write("json", "{}", 0o600):        "no Tink keyset",
		filepath.Join(dir, "none"):        "no such file",
	} {
		if _, _, err := keys.OpenMaster("file:"+path, false); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "0f0f") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestOtherMastersAreNamed(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string]string{
		"":                              "it is file:PATH",
		"aws-kms://arn":                 "a client for",
		"pkcs11:token=a":                "needs token, object",
		"pkcs11:token=a;object=b;x=1":   `"x"`,
		"pkcs11:token=%zz":              "bad token",
		"pkcs11:token=a?pin-value=1234": `"pin-value"`,
	} {
		if _, _, err := keys.OpenMaster(spec, true); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "1234") {
			t.Errorf("%s: %v", spec, err)
		}
	}
}

// What was sealed for one version opens in no other's place.
func TestMaterialIsBoundToItsPlace(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	place := keys.PlaceOf("k", kindHMAC, 1)
	sealed, err := keys.Seal(t.Context(), h.master, place, []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := keys.Unseal(t.Context(), h.master, place, sealed); err != nil || string(text) != "text" {
		t.Errorf("%q, %v", text, err)
	}
	for _, other := range [][]byte{keys.PlaceOf("k", kindHMAC, 11), keys.PlaceOf("k2", kindHMAC, 1), keys.PlaceOf("k", kindOpaque, 1)} {
		if _, err := keys.Unseal(t.Context(), h.master, other, sealed); err == nil {
			t.Errorf("it opens in the place of %s", other)
		}
	}
}

// After rewrap the old master opens nothing, the new one everything, and whoever has the file open goes on.
func TestRewrap(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s, serving := h.open(t), h.open(t)
	made(t, s, "used", kindHMAC)
	made(t, s, "unused", kindHMAC)
	signature, err := serving.As("gateway").Sign(t.Context(), "used", "", []byte("m"))
	if err != nil {
		t.Fatal(err)
	}
	before := h.sealed(t, "used", 1)
	next := openMaster(t, h.dir+"/next.key")
	if err := s.By("operator").Rewrap(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(before, h.sealed(t, "used", 1)) {
		t.Error("it is sealed as before")
	}
	for _, name := range []keys.Name{"used", "unused"} {
		if _, err := serving.As("gateway").Sign(t.Context(), name, "", []byte("m")); err != nil {
			t.Errorf("%s, by a service with the old master: %v", name, err)
		}
	}
	if _, err := serving.By("operator").Rotate(t.Context(), keys.Draft{Name: "used"}, ""); !errors.Is(err, keys.ErrMaster) {
		t.Errorf("a service with the old master seals: %v", err)
	}
	made(t, s, "later", kindHMAC)
	if _, err := serving.As("gateway").Sign(t.Context(), "later", "", nil); !errors.Is(err, keys.ErrMaster) {
		t.Errorf("a service with the old master opens what was made later: %v", err)
	}
	shut(t, s)
	shut(t, serving)
	if _, err := keys.Open(t.Context(), h.config()); !errors.Is(err, keys.ErrMaster) {
		t.Errorf("the old master: %v", err)
	}
	h.master = next
	s = h.open(t)
	if err := s.As("gateway").Verify(context.Background(), "used", []byte("m"), signature); err != nil {
		t.Errorf("the new master: %v", err)
	}
	verified(t, s)
}
