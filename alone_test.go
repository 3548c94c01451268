package paymux_test

import (
	"bytes"
	"errors"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// notLinked is what an institution's own program has no use for: rooms, and other people's modules, by their prefixes.
var notLinked = []string{
	module + "/channel/all", module + "/channel/channeltest",
	module + "/access", module + "/relay", module + "/payment", module + "/routing", module + "/queue", module + "/notify", module + "/cashier",
	module + "/store", module + "/rollout", module + "/console", module + "/client", module + "/cmd", module + "/bench", module + "/test",
	"zombiezen.com/go/sqlite",        // it keeps nothing
	"modernc.org/sqlite",             // nor by another driver
	"github.com/jackc/pgx",           // nor elsewhere
	"github.com/tink-crypto",         // keys rest in the key service, which is another process
	"github.com/nats-io/nats-server", // it connects, and embeds nobody's server
	"github.com/danielgtaylor/huma",  // it answers no merchants
	"github.com/spf13/cobra",         // it has five flags
}

// Every institution has a program of its own, which builds alone and links what it needs:
// no other institution, none of their SDKs, none of the rooms that handle orders.
func TestProgramsOfInstitutionsStandAlone(t *testing.T) {
	t.Parallel()
	eachGoFile(t, func(string, []byte) {}) // so that the test cache sees an edit anywhere: the go command reads behind its back
	names := institutions(t)
	sdks := map[string][]string{}
	for _, name := range names {
		sdks[name] = outside(t, "channel/"+name)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := "./channel/" + name + "/paymux-" + name
			if _, err := os.Stat(program + "/main.go"); err != nil {
				t.Fatalf("institution %s has no program: %v", name, err)
			}
			goCommand(t, "build", program, "./channel/"+name) // of several packages the go command keeps nothing
			told := map[string]bool{}
			for _, dep := range strings.Fields(goCommand(t, "list", "-deps", program)) {
				if why := stranger(name, dep, names, sdks); why != "" && !told[why] {
					t.Errorf("paymux-%s links %s: %s", name, dep, why)
					told[why] = true
				}
			}
		})
	}
}

// stranger says why a program of an institution must not link a package; empty: it may.
func stranger(name, dep string, names []string, sdks map[string][]string) string {
	for _, prefix := range notLinked {
		if dep == prefix || strings.HasPrefix(dep, prefix+"/") {
			return "it has no use for " + prefix
		}
	}
	for _, other := range names {
		if other == name {
			continue
		}
		if dep == module+"/channel/"+other || strings.HasPrefix(dep, module+"/channel/"+other+"/") {
			return "that is another institution"
		}
		if slices.Contains(sdks[other], dep) && !slices.Contains(sdks[name], dep) {
			return "that is of " + other + " alone"
		}
	}
	return ""
}

// outside are other people's packages that a room imports.
func outside(t *testing.T, room string) (all []string) {
	t.Helper()
	files, err := os.ReadDir(room)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if path.Ext(f.Name()) != ".go" || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		for _, name := range importsOf(t, path.Join(room, f.Name())) {
			if first, _, _ := strings.Cut(name, "/"); strings.Contains(first, ".") && !strings.HasPrefix(name, module) {
				all = append(all, name)
			}
		}
	}
	return all
}

func importsOf(t *testing.T, file string) (names []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range parsed.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		names = append(names, name)
	}
	return names
}

func goCommand(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", args...).Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		t.Fatalf("go %s: %s", strings.Join(args, " "), bytes.TrimSpace(failed.Stderr))
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// The catalogue alone imports institutions, and the institutions' own programs. The sandbox is served,
// switched and driven by commands, too: it is more than an institution.
func TestOnlyTheCatalogueImportsInstitutions(t *testing.T) {
	t.Parallel()
	names := institutions(t)
	eachGoFile(t, func(file string, _ []byte) {
		room := path.Dir(file)
		if strings.HasSuffix(file, "_test.go") || room == "channel/all" || room == "test" || strings.HasPrefix(room, "test/") {
			return
		}
		for _, imported := range importsOf(t, file) {
			for _, name := range names {
				own := strings.HasPrefix(room+"/", "channel/"+name+"/")
				commands := name == "sandbox" && (room == "cmd/paymux" || room == "bench")
				if imported == module+"/channel/"+name && !own && !commands {
					t.Errorf("%s imports the institution %s; channel/all does that", file, name)
				}
			}
		}
	})
}
