package access_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

var update = flag.Bool("update", false, "write golden files anew")

// golden compares with a file, or writes it with -update.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is out of date (go test ./access -run Golden -update writes it):\n%s", file, diff)
	}
}

func TestGoldenOpenAPI(t *testing.T) {
	t.Parallel()
	golden(t, "../api/openapi.json", []byte(newFront(t).ask(t, "GET", "/openapi.json", "").body+"\n"))
}

func TestGoldenErrors(t *testing.T) {
	t.Parallel()
	golden(t, "../docs/errors.md", access.ErrorsDoc())
}

// TestCatalogue holds the catalogue to the codes that error.go declares.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	source, err := parser.ParseFile(token.NewFileSet(), "../error.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []paymux.Code
	kind := ""
	for _, d := range source.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			if id, ok := v.Type.(*ast.Ident); ok {
				kind = id.Name
			}
			if kind == "Code" {
				text, _ := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				codes = append(codes, paymux.Code(text))
			}
		}
	}
	if len(codes) < 25 {
		t.Fatalf("only %d codes found in error.go", len(codes))
	}
	doc := string(access.ErrorsDoc())
	f := newFront(t)
	for _, code := range codes {
		if n := strings.Count(doc, "| `"+string(code)+"` |"); n != 1 {
			t.Errorf("%s is %d times in the catalogue", code, n)
		}
		if status := access.StatusOf(code); status < 400 || status > 599 {
			t.Errorf("%s has status %d", code, status)
		}
		for _, lang := range []string{"en", "zh"} {
			page := f.ask(t, "GET", "/errors/"+string(code)+"?lang="+lang, "")
			if page.status != 200 || !strings.Contains(page.body, "<code>"+string(code)+"</code>") {
				t.Errorf("the page of %s: %d", code, page.status)
			}
		}
	}
}

// TestReferences follows every $ref of the OpenAPI document.
func TestReferences(t *testing.T) {
	t.Parallel()
	var doc map[string]any
	if err := json.Unmarshal([]byte(newFront(t).ask(t, "GET", "/openapi.json", "").body), &doc); err != nil {
		t.Fatal(err)
	}
	refs := map[string]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if r, ok := v["$ref"].(string); ok {
				refs[r] = true
			}
			for _, inner := range v {
				walk(inner)
			}
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		}
	}
	walk(doc)
	if len(refs) < 30 {
		t.Errorf("only %d references", len(refs))
	}
	for _, r := range slices.Sorted(maps.Keys(refs)) {
		at := any(doc)
		for _, step := range strings.Split(strings.TrimPrefix(r, "#/"), "/") {
			inner, _ := at.(map[string]any)
			at = inner[step]
		}
		if at == nil {
			t.Errorf("%s leads nowhere", r)
		}
	}
}

func TestReferencePage(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	for lang, words := range map[string]string{"en": "Paymux API reference", "zh": "Paymux 接口参考"} {
		got := f.ask(t, "GET", "/docs?lang="+lang, "")
		if got.status != 200 || !strings.Contains(got.body, words) || !strings.Contains(got.body, "/v1/payments/{id}/capture") {
			t.Errorf("%s: %d without %q", lang, got.status, words)
		}
		if csp := got.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("policy %q", csp)
		}
		if strings.Contains(got.body, "<script") || strings.Contains(got.body, "src=") || strings.Contains(got.body, `href="http`) {
			t.Error("the page loads something from elsewhere, or runs a script")
		}
		if !bytes.Contains([]byte(got.body), []byte("</html>")) {
			t.Error("the page is cut short")
		}
	}
	if got := f.ask(t, "GET", "/docs", "", "Accept-Language", "zh-CN,zh;q=0.9"); !strings.Contains(got.body, "接口参考") {
		t.Error("the browser's language is passed over")
	}
	if got := f.ask(t, "GET", "/docs.css", ""); !strings.Contains(got.body, "light-dark") {
		t.Error("no style sheet")
	}
}

// TestExamples sends every example of a body in the document to the route it is for.
func TestExamples(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	targets := map[string]exchange{}
	for _, x := range furnish(f) {
		targets[x.id] = x
	}
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string
			RequestBody struct {
				Content map[string]struct{ Example json.RawMessage }
			}
		}
	}
	if err := json.Unmarshal([]byte(f.ask(t, "GET", "/openapi.json", "").body), &doc); err != nil {
		t.Fatal(err)
	}
	sent := 0
	for _, methods := range doc.Paths {
		for method, op := range methods {
			body := op.RequestBody.Content["application/json"].Example
			if len(body) == 0 {
				continue
			}
			sent++
			got := f.ask(t, strings.ToUpper(method), targets[op.OperationID].target, string(body), "Idempotency-Key", op.OperationID)
			// IDs in examples were not issued by this deployment.
			if got.status >= 300 && !strings.Contains(got.body, `"code":"invalid_id"`) {
				t.Errorf("the example of %s: %d %s\n%s", op.OperationID, got.status, got.body, body)
			}
		}
	}
	if sent < 15 {
		t.Errorf("only %d examples", sent)
	}
}
