package sealed_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/store/sealed"
)

// A method that takes or returns something with a secret in it must not go straight through to the engine.
func TestEveryMethodWithASecretIsWrapped(t *testing.T) {
	t.Parallel()
	own := methodsOfStore(t)
	var with []string
	backing := reflect.TypeFor[sealed.Backing]()
	for m := range backing.Methods() {
		if hasSecret(m.Type, map[reflect.Type]bool{}) {
			with = append(with, m.Name)
		}
	}
	for _, known := range []string{"CreateKey", "Key", "CreateEndpoint", "Endpoints"} {
		if !slices.Contains(with, known) {
			t.Errorf("the search does not find that %s has a secret", known)
		}
	}
	for _, name := range with {
		if !slices.Contains(own, name) {
			t.Errorf("%s has a secret and goes straight through to the engine", name)
		}
	}
}

// hasSecret reports whether a value of a type can have a paymux.Secret.
func hasSecret(typ reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[typ] {
		return false
	}
	seen[typ] = true
	if typ == reflect.TypeFor[paymux.Secret]() {
		return true
	}
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Chan:
		return hasSecret(typ.Elem(), seen)
	case reflect.Map:
		return hasSecret(typ.Key(), seen) || hasSecret(typ.Elem(), seen)
	case reflect.Struct:
		for i := range typ.NumField() {
			if hasSecret(typ.Field(i).Type, seen) {
				return true
			}
		}
	case reflect.Func:
		for in := range typ.Ins() {
			if hasSecret(in, seen) {
				return true
			}
		}
		for out := range typ.Outs() {
			if hasSecret(out, seen) {
				return true
			}
		}
	}
	return false
}

// methodsOfStore lists the methods this package itself gives Store.
func methodsOfStore(t *testing.T) (names []string) {
	t.Helper()
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Clean(file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil {
				if star, ok := f.Recv.List[0].Type.(*ast.StarExpr); ok && star.X.(*ast.Ident).Name == "Store" {
					names = append(names, f.Name.Name)
				}
			}
		}
	}
	return names
}
