package ref_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paymux/paymux/internal/ref"
)

func TestASettingIsReadFromWhereItPoints(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("from a file\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(name string) string { return map[string]string{"SECRET": "from the environment"}[name] }
	for r, want := range map[ref.Ref]string{
		"": "", "itself": "itself", "env:SECRET": "from the environment", ref.Ref("file:" + file): "from a file",
	} {
		if got, err := r.Read(env); err != nil || got.Reveal() != want {
			t.Errorf("%s: %q, %v", r, got.Reveal(), err)
		}
	}
	for _, r := range []ref.Ref{"env:NOBODY", "file:/nowhere/at/all", "key:wechat-main"} {
		if got, err := r.Read(env); err == nil {
			t.Errorf("%s reads %q", r, got.Reveal())
		}
	}
}

func TestOnlyPointersAreShown(t *testing.T) {
	t.Parallel()
	for _, r := range []ref.Ref{"hush", "hush:env:", " key:hush"} {
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if shown := fmt.Sprintf("%s %v %#v %s", r, r, r, text); strings.Contains(shown, "hush") {
			t.Errorf("shown: %s", shown)
		}
	}
	for _, r := range []ref.Ref{"", "env:NAME", "file:PATH", "key:NAME"} {
		if r.String() != string(r) {
			t.Errorf("%q is shown as %q", string(r), r.String())
		}
	}
	if ref.Ref("key:wechat-main").Key() != "wechat-main" || ref.Ref("wechat-main").Key() != "" {
		t.Error("the name of a key is not told apart")
	}
}
