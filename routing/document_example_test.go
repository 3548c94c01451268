package routing_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/paymux/paymux/routing"
)

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// TestDocumentsExamples: what the documents show can be read as it stands, but for the fallback that a part lacks, and nothing in it is wrong.
func TestDocumentsExamples(t *testing.T) {
	t.Parallel()
	for file, least := range map[string]int{"../docs/routing.md": 5, "../docs/routing.zh-CN.md": 1} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		blocks := yamlBlock.FindAllStringSubmatch(string(text), -1)
		if len(blocks) < least {
			t.Errorf("%s has %d examples", file, len(blocks))
		}
		for _, b := range blocks {
			document := b[1]
			if !strings.Contains(document, "fallback:") {
				document += "fallback: {all: true}\n"
			}
			set, findings := routing.LintDocument([]byte(document), nil)
			for _, f := range findings {
				if set == nil || f.Severity == routing.SeverityError {
					t.Errorf("%s: %s, line %d: %s %s\n%s", file, f.Path, f.Line, f.Message, f.Remedy, document)
				}
			}
		}
	}
}

// TestDocumentHasEveryCode: the document lists the words of what excludes an account.
func TestDocumentHasEveryCode(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/routing.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range routing.DropCodes() {
		if !strings.Contains(string(text), code) {
			t.Errorf("docs/routing.md does not have %s", code)
		}
	}
}
