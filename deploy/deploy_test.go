// Package deploy_test holds what is in this folder to the program: every example configuration
// is loaded by it, every secret that one names is made by secrets.sh, and what files say of each other is true.
package deploy_test

import (
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Made once by TestMain: the program, and what secrets.sh makes with it, for machines and for Kubernetes.
var binary, secretsDir, clusterDir string

// clusterHost is what README.md gives secrets.sh as NATS_HOST for Kubernetes.
const clusterHost = "paymux-nats-%n.paymux-nats.paymux-%r.svc.cluster.local"

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "paymux-deploy-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary, secretsDir, clusterDir = filepath.Join(dir, "paymux"), filepath.Join(dir, "secrets"), filepath.Join(dir, "cluster")
	for _, args := range [][]string{
		{"go", "build", "-o", binary, "../cmd/paymux"}, {"./secrets.sh", secretsDir, "stripe", "sandbox"},
		{"env", "NATS_HOST=" + clusterHost, "./secrets.sh", clusterDir, "stripe"},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = append(cmd.Environ(), "PAYMUX="+binary)
		if out, err := cmd.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%v: %v: %s\n", args, err, out)
			return 1
		}
	}
	// Of the collector of traces, by whoever runs it.
	if err := os.WriteFile(filepath.Join(clusterDir, "trace_headers"), []byte("authorization=Bearer%20a\n"), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// paymux runs the program with no environment but this.
func paymux(t *testing.T, env []string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = append([]string{"HOME=" + t.TempDir(), "LANG=C"}, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// object is a mapping of YAML.
type object = map[string]any

// at walks down mappings; nil where there is nothing.
func at(v any, path ...string) any {
	for _, name := range path {
		o, _ := v.(object)
		v = o[name]
	}
	return v
}

func list(v any) []any { l, _ := v.([]any); return l }

func text(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func texts(v any) (all []string) {
	for _, item := range list(v) {
		all = append(all, text(item))
	}
	return all
}

// documents reads YAML with any number of documents; empty ones are left out.
func documents(t *testing.T, name, in string) (all []object) {
	t.Helper()
	dec := yaml.NewDecoder(strings.NewReader(in))
	for {
		var o object
		err := dec.Decode(&o)
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, in)
		}
		if o != nil {
			all = append(all, o)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, file, content string) string {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// pinned reports whether an image is named by a version that does not move.
func pinned(image string) bool {
	_, tag, ok := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	return ok && tag != "" && tag != "latest"
}

func sorted(all []string) []string { return slices.Sorted(slices.Values(all)) }

// secretTexts are all secrets that secrets.sh has made, by the files they are in.
func secretTexts(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, pattern := range []string{"*", "*/*", "*/*/*"} {
		files, err := filepath.Glob(filepath.Join(secretsDir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			public := strings.HasSuffix(file, ".pem") || strings.HasSuffix(file, ".pub") || strings.HasSuffix(file, ".conf")
			if !info.IsDir() && !public {
				found[strings.TrimPrefix(file, secretsDir+"/")] = strings.TrimSpace(read(t, file))
			}
		}
	}
	return found
}

// What secrets.sh makes is nobody else's to read, is made once, and is not the same twice.
func TestSecretsAreMadeOnce(t *testing.T) {
	t.Parallel()
	made := secretTexts(t)
	if len(made) < 10 {
		t.Fatalf("secrets.sh has made %v", slices.Sorted(maps.Keys(made)))
	}
	seen := map[string]string{}
	for file, secret := range made {
		info, err := os.Stat(filepath.Join(secretsDir, file))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
		if other := seen[secret]; other != "" || len(secret) < 16 {
			t.Errorf("%s has %d characters, the same as %q", file, len(secret), other)
		}
		seen[secret] = file
	}
	again := exec.CommandContext(t.Context(), "./secrets.sh", secretsDir, "stripe", "sandbox")
	again.Env = append(again.Environ(), "PAYMUX="+binary)
	if out, err := again.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("a second run says %q, %v", out, err)
	}
	if now := secretTexts(t); !maps.Equal(now, made) {
		t.Error("a second run made other secrets")
	}
}
