package sandbox_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/paymux/paymux/channel/sandbox"
)

var update = flag.Bool("update", false, "write the table into the document instead of comparing it")

const (
	document   = "../../docs/sandbox.md"
	tableBegin = "-update -->\n"
	tableEnd   = "<!-- end -->\n"
)

// TestDocument holds the document's table against the code and the outcomes that TestEveryMisbehaviour requires.
func TestDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), tableBegin)
	_, after, found := strings.Cut(rest, tableEnd)
	if !ok || !found {
		t.Fatalf("%s has no place for the table", document)
	}
	want := before + tableBegin + behaviourTable() + tableEnd + after
	if *update {
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(text) {
		t.Errorf("%s is not what the code does: run go test ./channel/sandbox -run Document -update", document)
	}
}

func behaviourTable() string {
	var b strings.Builder
	b.WriteString("| amount ends in | name | what happens | the channel says | notifications say | a query says |\n|---|---|---|---|---|---|\n")
	for _, row := range sandbox.Behaviours() {
		r := required[row.Behaviour]
		says := r.do
		if r.money != "" {
			says += ", " + r.money
		}
		if r.http != "" {
			says += " (over HTTP: " + r.http + ")"
		}
		told := strings.ReplaceAll(r.news, " ", ", ")
		if r.told != "" {
			told += ", " + r.told
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s | %s |\n", row.LastDigits, row.Behaviour, row.HelpEN, says, told, r.query)
	}
	return b.String()
}

// Every name and every pair of digits means one thing.
func TestBehavioursAreTold(t *testing.T) {
	t.Parallel()
	names, digits := map[sandbox.Behaviour]bool{}, map[string]bool{}
	for _, b := range sandbox.Behaviours() {
		if names[b.Behaviour] || digits[b.LastDigits] || len(b.LastDigits) != 2 || b.HelpEN == "" || b.HelpZH == "" {
			t.Errorf("%+v", b)
		}
		names[b.Behaviour], digits[b.LastDigits] = true, true
	}
	for _, f := range sandbox.CallbackFaults() {
		if name := sandbox.Behaviour("callbacks_" + f); f != sandbox.CallbacksNormal && !names[name] {
			t.Errorf("%s is no behaviour", name)
		}
	}
}
