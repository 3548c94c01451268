package routing_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/paymux/paymux/routing"
)

var update = flag.Bool("update", false, "write docs/routing.schema.json anew")

const schemaFile = "../docs/routing.schema.json"

// TestSchemaIsOfTheParser holds the published schema to the table that Parse reads by.
func TestSchemaIsOfTheParser(t *testing.T) {
	t.Parallel()
	got := routing.Schema()
	if *update {
		if err := os.WriteFile(schemaFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not what documents are read by; go test ./routing -update writes it anew:\n%s", schemaFile, diff)
	}
}

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := jsonschema.UnmarshalJSON(bytes.NewReader(routing.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("routing.schema.json", text); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("routing.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Whatever is done to a document, an editor that goes by the schema and the parser say the same of its structure.
func TestSchemaAndParserAgree(t *testing.T) {
	t.Parallel()
	schema := compiledSchema(t)
	good, bad := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		text, err := json.Marshal(drawDocument(t))
		if err != nil {
			t.Fatal(err)
		}
		var document any
		if err := json.Unmarshal(text, &document); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			document = spoiled(t, document)
		}
		text, _ = json.Marshal(document)
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		refused, faults := schema.Validate(instance), routing.Structure(text)
		if (refused != nil) != (len(faults) > 0) {
			t.Fatalf("schema: %v\nparser: %v\n%s", refused, faults, text)
		}
		if refused == nil {
			good++
		} else {
			bad++
		}
	})
	if good == 0 || bad == 0 {
		t.Errorf("%d good documents and %d bad ones show nothing", good, bad)
	}
}

// spoiled changes a part of a document that is drawn.
func spoiled(t *rapid.T, document any) any {
	strange := rapid.SampledFrom([]any{
		nil, true, false, 0, 1, -1, 1.5, 100.5, 424242, 1e15, "", " ", "x", " x", "x\ty", "CN", "UK", "USD", "card", "mer_1", "mer_", "visa", "08:00", "24:00", "8:00", "50%", "100.5%", "120%", "90s", "1.5s", "s",
		"4242", "424242-424243", "424242-4242439", "2m0s", "Asia/Shanghai", "Local", "manual_capture", "mon", "dynamic", []any{}, []any{"a"}, []any{"a", "a"}, []any{1}, map[string]any{}, map[string]any{"min": 1}, map[string]any{"x": []any{"CN"}},
	})
	switch v := document.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		switch what := rapid.IntRange(0, 9).Draw(t, "what"); {
		case what == 0:
			v[rapid.SampledFrom([]string{"min", "when", "name", "methods", "nobody", "AB", "x", "", "final", "client", "currencies", "bins", "priority", "order"}).Draw(t, "name")] = strange.Draw(t, "strange")
		case what == 1 && len(names) > 0:
			delete(v, rapid.SampledFrom(names).Draw(t, "gone"))
		case len(names) > 0:
			name := rapid.SampledFrom(names).Draw(t, "member")
			v[name] = spoiled(t, v[name])
		}
		return v
	case []any:
		switch what := rapid.IntRange(0, 9).Draw(t, "what"); {
		case what == 0:
			return append(v, strange.Draw(t, "more"))
		case what == 1 && len(v) > 0:
			return append(v, v[0])
		case len(v) > 0:
			i := rapid.IntRange(0, len(v)-1).Draw(t, "item")
			v[i] = spoiled(t, v[i])
		}
		return v
	}
	return strange.Draw(t, "instead")
}
