package keys_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/keyring"
	"github.com/paymux/paymux/keys"
)

// forms are how a secret could be written somewhere.
func forms(secret []byte) map[string][]byte {
	all := map[string][]byte{
		"raw": secret, "hex": []byte(hex.EncodeToString(secret)), "HEX": bytes.ToUpper([]byte(hex.EncodeToString(secret))),
		"base64": []byte(base64.StdEncoding.EncodeToString(secret)), "base64url": []byte(base64.RawURLEncoding.EncodeToString(secret)),
	}
	for name, form := range all {
		all[name] = form[:len(form)*3/4] // the end depends on padding and on what follows
	}
	return all
}

// secretsOf are the bytes that a key's text keeps secret: for PEM the DER's second half, which holds the private numbers, and lines of its own.
func secretsOf(t *testing.T, text string) [][]byte {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "base64:"))
		if err != nil {
			raw = []byte(text)
		}
		return [][]byte{raw}
	}
	lines := strings.Split(text, "\n")
	half := block.Bytes[len(block.Bytes)/2:]
	if len(block.Bytes) < 200 { // a curve's private number comes before its public point
		half = block.Bytes[16:48]
	}
	return [][]byte{half[:min(len(half), 32)], []byte(lines[1][16:])}
}

// search looks for secrets in every file of a directory.
func search(t *testing.T, dir string, secrets [][]byte) {
	t.Helper()
	files, err := filepath.Glob(dir + "/keys.db*")
	if err != nil || len(files) < 2 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			for form, want := range forms(secret) {
				if bytes.Contains(text, want) {
					t.Errorf("%s holds a secret as %s", file, form)
				}
			}
		}
	}
}

func TestNothingSecretIsOnDiskInLogsOrInErrors(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var logs bytes.Buffer
	c := h.config()
	c.Log = slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, err := keys.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, s)
	var secrets [][]byte
	said := &strings.Builder{}
	say := func(v any, err error) { fmt.Fprintf(said, "%v %+v %#v %v\n", v, v, v, err) }
	operator := s.By("operator")
	for _, kind := range keys.Kinds() {
		text, err := keyring.Generate(kind, 0)
		if err != nil {
			text = "hunter2-hunter2-hunter2"
		}
		secrets = append(secrets, secretsOf(t, text)...)
		d := keys.Draft{Name: keys.Name(kind), Kind: kind, Owner: "shop", Callers: []string{"gateway"}, Activate: true}
		say(operator.Import(t.Context(), d, paymux.Secret(text)))
		for _, wrong := range keys.Kinds() {
			d.Name, d.Kind = keys.Name(kind+"-"+wrong), wrong
			if wrong != kind {
				say(operator.Import(t.Context(), d, paymux.Secret(text[1:])))
			}
		}
		say(operator.Export(t.Context(), keys.Name(kind), 1))
		say(s.As("gateway").Sign(t.Context(), keys.Name(kind), "", []byte("m")))
		say(s.As("stranger").Reveal(t.Context(), keys.Name(kind)))
		say(s.As("gateway").Reveal(t.Context(), keys.Name(kind)))
		say(s.Describe(t.Context(), keys.Name(kind)))
	}
	say(s.Audit(t.Context(), keys.Filter{}))
	search(t, h.dir, secrets) // with the log that is not written back yet
	for _, secret := range secrets {
		for form, want := range forms(secret) {
			if strings.Contains(said.String()+logs.String(), string(want)) {
				t.Errorf("a secret was said as %s", form)
			}
		}
	}
	if !strings.Contains(said.String(), "PUBLIC KEY") || strings.Contains(said.String(), "PRIVATE KEY") {
		t.Error("public halves were not said, or private ones were")
	}
}

// Destroying overwrites what rested: the sealed bytes are in no file any more.
func TestWhatIsDestroyedIsGone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := h.open(t)
	made(t, s, "mac", kindHMAC)
	if _, err := s.By("operator").Rotate(t.Context(), keys.Draft{Name: "mac"}, ""); err != nil {
		t.Fatal(err)
	}
	sealed := h.sealed(t, "mac", 1)
	found := func() (places []string) {
		files, _ := filepath.Glob(h.dir + "/keys.db*")
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(text, sealed[len(sealed)-40:]) {
				places = append(places, file)
			}
		}
		return places
	}
	if len(found()) == 0 {
		t.Fatal("it is nowhere before")
	}
	if err := s.By("operator").Destroy(t.Context(), "mac", 1); err != nil {
		t.Fatal(err)
	}
	if places := found(); len(places) > 0 {
		t.Errorf("it is still in %v", places)
	}
}

func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := h.open(t)
	made(t, s, "mac", kindHMAC)
	shut(t, s)
	s = h.open(t)
	made(t, s, "mac2", kindHMAC)
	files, err := os.ReadDir(h.dir)
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", f.Name(), info.Mode())
		}
	}
}

func TestWithoutFilesNothingIsMade(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.config()
	c.Create = false
	if _, err := keys.Open(t.Context(), c); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(h.path()); err == nil {
		t.Error("it was made")
	}
}
