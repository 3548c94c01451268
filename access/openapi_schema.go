package access

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/paymux/paymux"
)

// schema writes a schema as JSON Schema 2020-12. One with a name becomes a component.
func (d *document) schema(s *schema) object {
	if s.name == "" {
		return d.inline(s)
	}
	if _, done := d.schemas[s.name]; !done {
		d.schemas[s.name] = object{} // against recursion
		d.schemas[s.name] = d.inline(s)
	}
	return ref("schemas", s.name)
}

func (d *document) inline(s *schema) object {
	var o object
	switch s.kind {
	case kindBool:
		o = object{"type": "boolean"}
	case kindNumber:
		o = object{"type": "integer", "format": "int64"}
		switch {
		case s.format == "double":
			o = object{"type": "number", "format": "double"}
		case s.also == 0:
			bounds(o, s, "minimum", "maximum")
		default:
			o["anyOf"] = []object{{"minimum": s.min, "maximum": s.max}, {"const": s.also}}
		}
	case kindString:
		o = d.text(s)
	case kindArray:
		o = object{"type": "array", "items": d.schema(s.items)}
		bounds(o, s, "minItems", "maxItems")
	default:
		o = d.members(s)
	}
	if s.null {
		o["type"] = []any{o["type"], "null"}
		if len(s.enum) > 0 {
			o["enum"] = orNull(s.enum)
		}
	}
	if s.doc != "" {
		o["description"] = s.doc
	}
	if s.secret {
		o["writeOnly"] = true
	}
	if s.example != "" {
		o["examples"] = []any{example(s)}
	}
	return o
}

func orNull(words []string) []any {
	var all []any
	for _, w := range words {
		all = append(all, w)
	}
	return append(all, nil)
}

func bounds(o object, s *schema, low, high string) {
	if s.max > 0 {
		o[low], o[high] = s.min, s.max
	}
}

func (d *document) text(s *schema) object {
	o := object{"type": "string"}
	bounds(o, s, "minLength", "maxLength")
	if len(s.enum) > 0 {
		o["enum"] = s.enum
	}
	switch s.format {
	case "", "text":
	case "currency":
		o["pattern"] = "^[A-Z]{3}$"
	case "country":
		o["pattern"] = "^[A-Z]{2}$"
	case "card":
		o["pattern"] = "^[0-9]{12,19}$"
	case "cvc":
		o["pattern"] = "^[0-9]{3,4}$"
	case "ip":
		o["anyOf"] = []object{{"format": "ipv4"}, {"format": "ipv6"}}
	case "uri", "date-time":
		o["format"] = s.format
	default:
		o["x-format"] = s.format
	}
	return o
}

func (d *document) members(s *schema) object {
	o := object{"type": "object"}
	if s.any {
		return o
	}
	if s.entries != nil {
		o["additionalProperties"] = d.schema(s.entries)
		return o
	}
	properties, required := object{}, []string{}
	for i := range s.fields {
		f := &s.fields[i]
		properties[f.name] = d.schema(f.schema)
		if f.need {
			required = append(required, f.name)
		}
	}
	o["properties"] = properties
	if d.request {
		o["additionalProperties"] = false // answers may grow
	}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

// example reads a tag's example: as JSON where the value is no text.
func example(s *schema) any {
	if s.kind == kindString {
		return s.example
	}
	var v any
	if err := json.Unmarshal([]byte(s.example), &v); err != nil {
		return s.example
	}
	return v
}

// sample is a body made of its fields' examples.
func sample(s *schema) any {
	switch {
	case s.example != "":
		return example(s)
	case s.kind == kindArray:
		return []any{sample(s.items)}
	case s.kind == kindObject:
		o := object{}
		for i := range s.fields {
			if f := &s.fields[i]; f.need || f.example != "" || f.name == "payment_method" {
				o[f.name] = sample(f.schema)
			}
		}
		return o
	case len(s.enum) > 0:
		return s.enum[0]
	case s.kind == kindNumber:
		return max(s.min, 1)
	}
	return s.kind == kindBool
}

func headers() object {
	text := func(doc, sample string) object {
		return object{"description": doc, "schema": object{"type": "string"}, "example": sample}
	}
	return object{
		"Request-Id":          text("names this request in logs and in a payment's timeline", "req_01KAN7PQ3Z8T5V6W7X8Y9ZABCD"),
		"RateLimit":           text("what is left of the merchant's threshold, and the seconds until it resets", `"default";r=99;t=60`),
		"RateLimit-Policy":    text("the threshold: requests and seconds", `"default";q=100;w=60`),
		"Idempotent-Replayed": text("true when this is the answer of an earlier request with the same key", "true"),
		"Location":            text("where the new object is", "/v1/payments/pay_01KAN7PQ4E9C3H7B1D5F8G2J6K"),
	}
}

func responseHeaders(r *route) object {
	names := []string{"Request-Id"}
	if r.who == merchants {
		names = append(names, "RateLimit", "RateLimit-Policy")
	}
	if r.key == keyRequired {
		names = append(names, "Idempotent-Replayed")
	}
	if r.success() == http.StatusCreated {
		names = append(names, "Location")
	}
	out := object{}
	for _, name := range names {
		out[name] = ref("headers", name)
	}
	return out
}

func sharedParameters() object {
	header := func(name, doc, sample string, required bool) object {
		return object{"name": name, "in": "header", "required": required, "description": doc, "schema": object{"type": "string"}, "example": sample}
	}
	return object{
		"Idempotency-Key": header("Idempotency-Key", "1 to 255 printable characters, the same on every repeat of the request; as a structured string or bare", `"A-1001-1"`, true),
		"API-Version":     header("API-Version", "the date of the interface's shape the client was written for", paymux.APIVersion, false),
		"traceparent":     header("traceparent", "W3C trace context; kept on the payment's timeline", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
	}
}

func security() object {
	return object{
		"signature": object{"type": "apiKey", "in": "header", "name": "Signature", "description": strings.Join([]string{
			"HTTP message signature (RFC 9421) with Signature-Input beside it, over @method, @target-uri, content-digest (RFC 9530, with a body) and idempotency-key (when sent),",
			"with created, nonce, keyid and alg hmac-sha256, ed25519 or rsa-pss-sha512. The rule for live merchants.",
		}, " ")},
		"bearer":   object{"type": "http", "scheme": "bearer", "description": "a secret key sk_test_… or sk_live_…, where the merchant's policy accepts it"},
		"operator": object{"type": "http", "scheme": "bearer", "description": "the operators' own token"},
	}
}

func securityOf(who audience) []object {
	switch who {
	case merchants:
		return []object{{"signature": []string{}}, {"bearer": []string{}}}
	case operators:
		return []object{{"operator": []string{}}}
	}
	return []object{}
}
