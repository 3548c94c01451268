package channelrpc

import (
	"reflect"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// Schema is the contract for programs: a JSON Schema (draft 2020-12) with one definition a
// message, named as the types of this package are.
func Schema() map[string]any {
	s := schemas{defs: map[string]any{}}
	for _, message := range []any{
		DoRequest{}, QueryRequest{}, Result{}, CallbackRequest{}, Callback{}, StatementRequest{}, Statement{},
		Lease{}, channel.KitRequest{}, channel.KitReply{}, Fault{},
	} {
		s.of(reflect.TypeOf(message))
	}
	return map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:paymux:channel-contract:1",
		"title": "Paymux channel contract, version 1", "$defs": s.defs,
	}
}

// schemas makes JSON Schemas of Go types.
type schemas struct{ defs map[string]any }

// words are those of types that have a closed list.
var words = map[reflect.Type]any{
	reflect.TypeFor[paymux.MethodType]():     paymux.MethodTypes(),
	reflect.TypeFor[paymux.MethodFlow]():     paymux.MethodFlows(),
	reflect.TypeFor[paymux.OperationState](): []paymux.OperationState{paymux.OpPending, paymux.OpUnknown, paymux.OpAuthorized, paymux.OpSucceeded, paymux.OpDeclined, paymux.OpCanceled},
	reflect.TypeFor[paymux.OperationKind]():  []paymux.OperationKind{paymux.Pay, paymux.Capture, paymux.Cancel, paymux.Refunds},
	reflect.TypeFor[channel.KitVerb]():       channel.KitVerbs(),
	reflect.TypeFor[channel.Notice]():        channel.Notices(),
	reflect.TypeFor[channel.Line]():          channel.Lines(),
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
	case words[t] != nil:
		return map[string]any{"type": "string", "enum": words[t]}
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
