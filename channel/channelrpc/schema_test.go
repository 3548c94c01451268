package channelrpc_test

import (
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/channelrpc"
)

var update = flag.Bool("update", false, "write docs/channel-contract.schema.json anew")

const schemaFile = "../../docs/channel-contract.schema.json"

// TestSchemaIsOfTheWire holds the published schema to the types that are sent.
func TestSchemaIsOfTheWire(t *testing.T) {
	t.Parallel()
	s := schemas{defs: map[string]any{}}
	for _, message := range []any{
		channelrpc.DoRequest{}, channelrpc.QueryRequest{}, channelrpc.Result{}, channelrpc.CallbackRequest{}, channelrpc.Callback{},
		channelrpc.StatementRequest{}, channelrpc.Statement{}, channelrpc.Capabilities{},
	} {
		s.of(reflect.TypeOf(message))
	}
	got, err := json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:paymux:channel-contract:1",
		"title": "Paymux channel contract, version 1", "$defs": s.defs,
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
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
		t.Errorf("%s is not of the wire's types; go test ./channel/channelrpc -update writes it anew:\n%s", schemaFile, diff)
	}
}

// schemas makes JSON Schemas of Go types.
type schemas struct{ defs map[string]any }

// enums are the words of types that have a closed list.
var enums = map[reflect.Type]any{
	reflect.TypeFor[paymux.MethodType]():     paymux.MethodTypes(),
	reflect.TypeFor[paymux.MethodFlow]():     paymux.MethodFlows(),
	reflect.TypeFor[paymux.OperationState](): []paymux.OperationState{paymux.OpPending, paymux.OpUnknown, paymux.OpAuthorized, paymux.OpSucceeded, paymux.OpDeclined, paymux.OpCanceled},
	reflect.TypeFor[paymux.OperationKind]():  []paymux.OperationKind{paymux.Pay, paymux.Capture, paymux.Cancel, paymux.Refunds},
	reflect.TypeFor[paymux.NextActionType](): []paymux.NextActionType{paymux.ActionRedirect, paymux.ActionDisplayQR, paymux.ActionInvokeSDK, paymux.ActionInstructions, paymux.ActionWait},
}

func (s schemas) of(t reflect.Type) map[string]any {
	switch {
	case t.Kind() == reflect.Pointer:
		return s.of(t.Elem())
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[[]byte]():
		return map[string]any{"type": "string", "contentEncoding": "base64"}
	case enums[t] != nil:
		return map[string]any{"type": "string", "enum": enums[t]}
	}
	switch t.Kind() {
	case reflect.Struct:
		return s.object(t)
	case reflect.Slice:
		return map[string]any{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	}
	return map[string]any{"type": "string"}
}

func (s schemas) object(t reflect.Type) map[string]any {
	ref := map[string]any{"$ref": "#/$defs/" + t.Name()}
	if s.defs[t.Name()] != nil {
		return ref
	}
	properties, required := map[string]any{}, []string{}
	s.defs[t.Name()] = properties // ends recursion
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || name == "" {
			continue
		}
		property := s.of(f.Type)
		if doc := f.Tag.Get("doc"); doc != "" {
			property["description"] = doc
		}
		properties[name] = property
		if options == "" {
			required = append(required, name)
		}
	}
	s.defs[t.Name()] = map[string]any{"type": "object", "properties": properties, "required": required}
	return ref
}
