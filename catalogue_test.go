package paymux_test

import (
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/paymux/paymux"
)

// speakOf is where an institution may be named beside its own folder, the catalogue
// and tests. The sandbox is more than an institution: it is served, switched and driven by commands.
var speakOf = map[string][]string{
	"sandbox": {"cmd/paymux", "client", "bench", "store/storetest"},
}

// Adding a channel is one folder and one line in the catalogue: no other code knows an
// institution by name. Comments may, to tell where something comes from.
func TestInstitutionsAreNamedInTheirFoldersOnly(t *testing.T) {
	t.Parallel()
	names := institutions(t)
	if !slices.Contains(names, "sandbox") || len(names) < 2 {
		t.Fatalf("the folders of channel are %v", names)
	}
	eachGoFile(t, func(file string, text []byte) {
		room := path.Dir(file)
		if strings.HasSuffix(file, "_test.go") || room == "channel/all" || room == "test" || strings.HasPrefix(room, "test/") {
			return
		}
		for _, name := range names {
			if strings.HasPrefix(room+"/", "channel/"+name+"/") || slices.Contains(speakOf[name], room) {
				continue
			}
			if line := lineWith(file, text, betrayal(name)); line > 0 {
				t.Errorf("%s:%d names the institution %q", file, line, name)
			}
		}
	})
}

// betrayal is the text that code which knows an institution has in it: its name. A name that is a
// way of paying, too, belongs to everybody, for other institutions serve that method and pages speak of it;
// such an institution betrays itself by the import of its folder.
func betrayal(name string) string {
	for _, method := range paymux.MethodTypes() {
		if strings.ReplaceAll(string(method), "_", "") == name {
			return "channel/" + name
		}
	}
	return name
}

// lineWith finds a name in the code, comments aside; 0 where it is not.
func lineWith(file string, text []byte, name string) int {
	set := token.NewFileSet()
	var s scanner.Scanner
	s.Init(set.AddFile(file, -1, len(text)), text, nil, 0)
	for {
		at, kind, literal := s.Scan()
		if kind == token.EOF {
			return 0
		}
		if strings.Contains(strings.ToLower(literal), name) {
			return set.Position(at).Line
		}
	}
}

// Every package opens with what it does and where to start reading.
func TestEveryPackageHasAComment(t *testing.T) {
	t.Parallel()
	commented := map[string]bool{}
	eachGoFile(t, func(file string, text []byte) {
		if strings.Contains(file, "/testdata/") {
			return
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			return
		}
		commented[path.Dir(file)] = commented[path.Dir(file)] || parsed.Doc.Text() != ""
	})
	for room, ok := range commented {
		if !ok {
			t.Errorf("package %s has no comment", room)
		}
	}
}

// institutions are the folders of channel with a driver in them.
func institutions(t *testing.T) []string {
	t.Helper()
	folders, err := os.ReadDir("channel")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range folders {
		if f.IsDir() && f.Name() != "all" && f.Name() != "channeltest" && f.Name() != "channelrpc" {
			names = append(names, f.Name())
		}
	}
	return names
}

func eachGoFile(t *testing.T, see func(file string, text []byte)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("."), ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != "." || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if d.IsDir() || path.Ext(file) != ".go" {
			return nil
		}
		text, err := os.ReadFile(file)
		if err == nil {
			see(file, text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
