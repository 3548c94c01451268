package access

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/paymux/paymux"
)

// schema says what a JSON value may be. The same schema checks requests and is
// written into the OpenAPI document, so that the two cannot disagree. It is
// derived once from a Go struct whose tags say the rest:
//
//	json      the member's name; omitempty and omitzero make it optional in answers
//	need      "true": the member must be there
//	doc       what it means
//	example   what it looks like, as JSON or as text
//	len       lengths of a string or of a list: "1-64"
//	range     bounds of a whole number: "1-999"
//	format    one of the names in formats
//	also      one whole number more that is allowed: "-1"
//	null      "true": null is accepted and clears the member
//	secret    "true": never shown in an error
type schema struct {
	kind     kind
	name     string // of the component in the OpenAPI document; empty: written in place
	doc      string
	example  string
	fields   []field // of an object
	any      bool    // of an object: free members, looked at elsewhere
	entries  *schema // of an object: what its free members are
	items    *schema // of an array
	min, max int64   // of a whole number, or of lengths
	also     int64   // of a whole number: allowed beside its bounds; 0: none
	enum     []string
	format   string
	null     bool
	secret   bool
}

// field is a named member of an object.
type field struct {
	name string
	need bool
	*schema
}

// enums lists the words of types that have a closed vocabulary.
func enums(t reflect.Type) []string {
	switch t {
	case reflect.TypeFor[paymux.MethodType]():
		return words(paymux.MethodTypes())
	case reflect.TypeFor[paymux.MethodFlow]():
		return words(paymux.MethodFlows())
	case reflect.TypeFor[paymux.Interval]():
		return words(paymux.Intervals())
	case reflect.TypeFor[paymux.Dimension]():
		return words(paymux.Dimensions())
	case reflect.TypeFor[paymux.RolloutAction]():
		return words(paymux.RolloutActions())
	case reflect.TypeFor[paymux.PaymentStatus]():
		return words(paymux.PaymentStatuses())
	case reflect.TypeFor[paymux.RefundStatus]():
		return words(paymux.RefundStatuses())
	case reflect.TypeFor[paymux.OperationState]():
		return words(paymux.OperationStates())
	case reflect.TypeFor[paymux.ServiceType]():
		return words(paymux.ServiceTypes())
	case reflect.TypeFor[paymux.KeyKind]():
		return words(paymux.KeyKinds())
	case reflect.TypeFor[paymux.EventType]():
		return words(paymux.EventTypes())
	case reflect.TypeFor[paymux.CaptureMethod]():
		return []string{string(paymux.CaptureAutomatic), string(paymux.CaptureManual)}
	case reflect.TypeFor[paymux.EndpointStatus]():
		return words([]paymux.EndpointStatus{paymux.EndpointEnabled, paymux.EndpointDisabled, paymux.EndpointPull})
	case reflect.TypeFor[paymux.SignatureScheme]():
		return words([]paymux.SignatureScheme{paymux.SignHMAC, paymux.SignEd25519})
	case reflect.TypeFor[paymux.DeliveryOrder]():
		return words([]paymux.DeliveryOrder{paymux.OrderObject, paymux.OrderLatest})
	case reflect.TypeFor[paymux.ExhaustedAction]():
		return words([]paymux.ExhaustedAction{paymux.DeadLetter, paymux.SlowProbe, paymux.PullInstead, paymux.DisableEndpoint})
	case reflect.TypeFor[paymux.NotificationStatus]():
		return words(notificationStatuses)
	case reflect.TypeFor[paymux.AttemptResult]():
		return words([]paymux.AttemptResult{paymux.AttemptDelivered, paymux.AttemptFailed, paymux.AttemptDead, paymux.AttemptDropped})
	case reflect.TypeFor[paymux.ReplayOnly]():
		return words([]paymux.ReplayOnly{paymux.ReplayAll, paymux.ReplayUndelivered})
	case reflect.TypeFor[paymux.ReplayStatus]():
		return words([]paymux.ReplayStatus{paymux.ReplayRunning, paymux.ReplayFinished, paymux.ReplayCanceled})
	case reflect.TypeFor[paymux.LinkStatus]():
		return []string{string(paymux.LinkActive), string(paymux.LinkCanceled)}
	case reflect.TypeFor[paymux.BatchPolicy]():
		return []string{string(paymux.BatchAny), string(paymux.BatchAll)}
	case reflect.TypeFor[paymux.LatePolicy]():
		return []string{string(paymux.LateKeep), string(paymux.LateRefund)}
	case reflect.TypeFor[paymux.RouteState]():
		return words(paymux.RouteStates())
	case reflect.TypeFor[mode]():
		return []string{"live", "test"}
	case reflect.TypeFor[pinned]():
		return words([]paymux.RouteState{paymux.RouteNormal, paymux.RouteAbnormal})
	case reflect.TypeFor[paymux.RuleSetState]():
		return words([]paymux.RuleSetState{paymux.RuleSetLoaded, paymux.RuleSetRefused, paymux.RuleSetUnknown})
	case reflect.TypeFor[paymux.RuleSetSource]():
		return words([]paymux.RuleSetSource{paymux.RulesActivated, paymux.RulesConfigured, paymux.RulesNone})
	case reflect.TypeFor[paymux.FindingSeverity]():
		return words([]paymux.FindingSeverity{paymux.FindingError, paymux.FindingWarning})
	case reflect.TypeFor[paymux.Code]():
		return words(codes())
	}
	return nil
}

func words[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}

// schemaFor derives the schema of a struct. name is its component in the OpenAPI document.
func schemaFor[T any](name string) *schema {
	s := schemaOf(reflect.TypeFor[T]())
	s.name = name
	return s
}

func schemaOf(t reflect.Type) *schema {
	switch t {
	case reflect.TypeFor[time.Time]():
		return &schema{kind: kindString, format: "date-time"}
	case reflect.TypeFor[paymux.Currency]():
		return &schema{kind: kindString, format: "currency", example: "CNY"}
	case reflect.TypeFor[network]():
		return &schema{kind: kindString, min: 1, max: 50, format: "cidr", example: "203.0.113.0/24"}
	case reflect.TypeFor[second]():
		return &schema{kind: kindNumber, min: 1, max: 7 * 24 * 3600}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Bool:
		return &schema{kind: kindBool}
	case reflect.Int, reflect.Int64:
		return &schema{kind: kindNumber}
	case reflect.Float64: // in answers; no request has one
		return &schema{kind: kindNumber, format: "double"}
	case reflect.String:
		return &schema{kind: kindString, enum: enums(t)}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 || t.Elem().Kind() == reflect.Interface {
			return &schema{kind: kindObject, any: true} // json.RawMessage
		}
		return &schema{kind: kindArray, items: schemaOf(t.Elem())}
	case reflect.Map:
		return &schema{kind: kindObject, entries: schemaOf(t.Elem())}
	case reflect.Struct:
		s := &schema{kind: kindObject}
		s.structure(t)
		return s
	}
	return &schema{kind: kindObject, any: true}
}

func (s *schema) structure(t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			s.structure(f.Type)
			continue
		}
		if name == "-" || name == "" {
			continue
		}
		member := schemaOf(f.Type)
		member.tags(f.Tag)
		need := !strings.Contains(options, "omit")
		if told, ok := f.Tag.Lookup("need"); ok {
			need = told == "true"
		}
		s.fields = append(s.fields, field{name: name, need: need, schema: member})
	}
}

func (s *schema) tags(tag reflect.StructTag) {
	s.doc = tag.Get("doc")
	if e, ok := tag.Lookup("example"); ok {
		s.example = e
	}
	if f, ok := tag.Lookup("format"); ok {
		s.format = f
	}
	s.null = tag.Get("null") == "true"
	s.secret = tag.Get("secret") == "true"
	if a, ok := tag.Lookup("also"); ok {
		s.also = whole(a)
	}
	for _, name := range []string{"len", "range"} {
		if bounds, ok := tag.Lookup(name); ok {
			s.min, s.max = span(bounds)
		}
	}
}

// span reads "1-64". What it cannot read is a mistake in a tag, seen by every test.
func span(bounds string) (low, high int64) {
	a, b, _ := strings.Cut(bounds, "-")
	return whole(a), whole(b)
}

func whole(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("access: a tag has %q where a whole number has to be", text))
	}
	return n
}

// field finds a member's schema by name.
func (s *schema) field(name []byte) *field {
	for i := range s.fields {
		if s.fields[i].name == string(name) {
			return &s.fields[i]
		}
	}
	return nil
}
