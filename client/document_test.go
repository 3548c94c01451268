package client_test

import (
	"os"
	"strings"
	"testing"
)

// TestDocument holds the code that docs/clients.md shows to the example, which is compiled and run.
func TestDocument(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../docs/clients.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(document), "<!-- quickstart: client/example_test.go -->\n```go\n")
	code, _, closed := strings.Cut(rest, "```\n")
	if !found || !closed || !strings.Contains(string(example), code) {
		t.Errorf("docs/clients.md does not show takePayment of example_test.go, but\n%s", code)
	}
}
