package document_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/paymux/paymux/internal/document"
)

func TestReader(t *testing.T) {
	t.Parallel()
	r, root := document.Open([]byte("a: 1\nlist:\n- x\n- {w: 30%, n: 7}\n"), 100, "")
	var words []string
	weight := 0.0
	r.Fields(root, "", document.Fields{
		"a": func(n *yaml.Node, path string) { r.Number(n, path, 2, 3) },
		"list": func(n *yaml.Node, path string) {
			r.Items(n, path, func(n *yaml.Node, path string) {
				if n.Kind == yaml.ScalarNode {
					words = append(words, r.Text(n, path))
					return
				}
				r.Fields(n, path, document.Fields{"w": func(n *yaml.Node, path string) { weight = r.Weight(n, path) }, "m": nil})
			})
		},
	})
	if len(words) != 1 || words[0] != "x" || weight != 30 || !r.Percent("list[1].w") || r.Percent("a") {
		t.Errorf("%v, %v", words, weight)
	}
	want := document.Faults{
		{Path: "a", Line: 1, Message: `"1" will not do.`, Remedy: "Write a number from 2 to 3."},
		{Path: "list[1].n", Line: 4, Message: `There is no "n" here.`, Remedy: "Known are m, w."},
	}
	if !reflect.DeepEqual(r.Faults, want) {
		t.Errorf("%v", r.Faults)
	}
	for path, line := range map[string]int{"list[1].w": 4, "list[1].w.x[3].y": 4, "list[7].b": 2, "nowhere": 1, "": 1} {
		if got := r.Nearest(path); got != line {
			t.Errorf("%q is nearest to line %d, want %d", path, got, line)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                      "It is empty. Write it.",
		strings.Repeat("x", 41): "At most 40 are read.",
		"a: [":                  "Write YAML or JSON.",
		"a\n---\nb":             "There is a second document.",
	} {
		r, root := document.Open([]byte(text), 40, "Write it.")
		if root != nil || len(r.Faults) != 1 || !strings.Contains(r.Faults.Error(), want) {
			t.Errorf("%q: %v", text, r.Faults)
		}
		if f := r.Faults.Located()[0]; f.Line < 1 {
			t.Errorf("%q: %v has no line", text, f)
		}
	}
}

// JSON is read as JSON, and every part of it has its line.
func FuzzOpenJSON(f *testing.F) {
	for _, text := range []string{`{"a":[1,2.5e3,"\ud83d\ude00\/\t",true,null],"b":{}}`, "[\n1,\n\"x\"\n]", `"a"`, "{\"\u007f\":\"\u0085\"}", "[[[[]]]]"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !json.Valid(text) {
			t.Skip()
		}
		var want any
		in := json.NewDecoder(bytes.NewReader(text))
		in.UseNumber()
		if err := in.Decode(&want); err != nil {
			t.Skip()
		}
		_, root := document.Open(text, len(text), "")
		if got := plain(t, root, 1+bytes.Count(text, []byte("\n"))); !reflect.DeepEqual(got, want) {
			t.Errorf("read as %v, want %v", got, want)
		}
	})
}

func plain(t *testing.T, n *yaml.Node, most int) any {
	if n.Line < 1 || n.Line > most {
		t.Errorf("%q is on line %d of %d", n.Value, n.Line, most)
	}
	switch n.Kind {
	case yaml.SequenceNode:
		list := []any{}
		for _, one := range n.Content {
			list = append(list, plain(t, one, most))
		}
		return list
	case yaml.MappingNode:
		all := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			all[n.Content[i].Value] = plain(t, n.Content[i+1], most)
		}
		return all
	}
	switch n.Tag {
	case "!!str":
		return n.Value
	case "!!bool":
		return n.Value == "true"
	case "!!null":
		return nil
	}
	return json.Number(n.Value)
}
