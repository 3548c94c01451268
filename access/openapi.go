package access

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/paymux/paymux"
)

// object is a JSON object in the making. encoding/json writes its members sorted,
// so that the document is the same every time.
type object = map[string]any

// openAPI writes the OpenAPI 3.1 document from the routes that are served and the
// schemas that check them.
func openAPI(routes []route, publicURL string) ([]byte, error) {
	d := document{schemas: object{}}
	paths := object{}
	for i := range routes {
		r := &routes[i]
		at, _ := paths[r.path].(object)
		if at == nil {
			at = object{}
			paths[r.path] = at
		}
		at[strings.ToLower(r.method)] = d.operation(r)
	}
	return json.MarshalIndent(object{
		"openapi":    "3.1.0",
		"info":       object{"title": "Paymux", "version": paymux.APIVersion, "description": about},
		"servers":    []object{{"url": publicURL}},
		"tags":       tags(routes),
		"paths":      paths,
		"webhooks":   d.webhooks(),
		"components": object{"schemas": d.schemas, "responses": d.problems(), "headers": headers(), "parameters": sharedParameters(), "securitySchemes": security()},
	}, "", " ")
}

const about = "One interface to many payment institutions. Amounts are whole numbers in the currency's minor unit, times RFC 3339 in UTC, " +
	"lists are paged by cursor, unknown fields are refused with their path. Every request that changes something carries an Idempotency-Key; " +
	"its repeat gets the first answer and never a second effect. Errors are problem documents (RFC 9457) with a code; see /errors/{code}."

func tags(routes []route) []object {
	var out []object
	var seen []string
	for i := range routes {
		if t := routes[i].tag; !slices.Contains(seen, t) {
			seen = append(seen, t)
			out = append(out, object{"name": t, "description": tagDocs[t]})
		}
	}
	return append(out, object{"name": "Notifications", "description": "What Paymux sends to webhook endpoints (Standard Webhooks)."})
}

var tagDocs = map[string]string{
	"Payments":          "From the request to the money.",
	"Refunds":           "Money back, all or part.",
	"Payment links":     "Pages a payer can be sent to.",
	"Events":            "What happened, as notifications tell it.",
	"Webhook endpoints": "Where notifications go.",
	"Replays":           "Events sent once more.",
	"Batches":           "Several requests in one.",
	"Statistics":        "Counts, amounts, success rates and latencies.",
	"Merchant":          "The merchant and the platform's public keys.",
	"Keys":              "The merchant's credentials.",
	"Operators":         "For those who run the platform, with their own token.",
}

// document collects the components that operations refer to.
type document struct {
	schemas object
	request bool // a request's body is being written
}

func (d *document) operation(r *route) object {
	op := object{
		"operationId": r.id, "tags": []string{r.tag}, "summary": r.summary,
		"responses": d.responses(r), "parameters": d.parameters(r), "security": securityOf(r.who),
	}
	if r.doc != "" {
		op["description"] = r.doc
	}
	if r.service != "" {
		op["x-service-type"] = r.service
	}
	if r.body != nil {
		d.request = true
		op["requestBody"] = object{
			"required": !r.bodyOK,
			"content":  object{"application/json": object{"schema": d.schema(r.body), "example": sample(r.body)}},
		}
		d.request = false
	}
	return op
}

func (d *document) parameters(r *route) []object {
	list := []object{}
	for name := range strings.SplitSeq(r.path, "/") {
		if inner, ok := strings.CutPrefix(name, "{"); ok {
			list = append(list, object{"name": strings.TrimSuffix(inner, "}"), "in": "path", "required": true, "schema": object{"type": "string"}})
		}
	}
	for _, p := range r.query {
		s := d.schema(p.schema)
		delete(s, "description")
		one := object{"name": p.name, "in": "query", "schema": s, "description": p.doc}
		if p.many {
			one["schema"] = object{"type": "array", "items": s}
		}
		list = append(list, one)
	}
	if r.media == eventStreamed {
		list = append(list, object{"name": lastEventID, "in": "header", "schema": object{"type": "string"}, "description": "the last event the reader has; start: none yet, and all that are kept are wanted"})
	}
	if r.who == merchants {
		list = append(list, ref("parameters", "API-Version"), ref("parameters", "traceparent"))
	}
	if r.key == keyRequired {
		list = append(list, ref("parameters", "Idempotency-Key"))
	}
	return list
}

func ref(kind, name string) object { return object{"$ref": "#/components/" + kind + "/" + name} }

func (d *document) responses(r *route) object {
	ok := object{
		"description": http.StatusText(r.success()), "headers": responseHeaders(r),
		"content": object{r.mediaType(): object{"schema": d.schema(r.reply)}},
	}
	out := object{strconv.Itoa(r.success()): ok}
	if r.counted != nil {
		out[strconv.Itoa(http.StatusOK)] = object{"description": "Nothing was kept", "content": object{"application/json": object{"schema": d.schema(r.counted)}}}
	}
	if r.pending {
		later := object{"description": "Pending or unknown: the notification, or a look at the object, tells the outcome", "headers": responseHeaders(r), "content": ok["content"]}
		out[strconv.Itoa(http.StatusAccepted)] = later
	}
	for _, code := range r.refusals() {
		status := strconv.Itoa(StatusOf(code))
		out[status] = ref("responses", "Problem"+status)
	}
	return out
}

// refusals are codes whose statuses a route may answer with.
func (r *route) refusals() []paymux.Code {
	codes := []paymux.Code{paymux.InvalidRequest, paymux.Internal, paymux.Unavailable}
	if r.who != everyone {
		codes = append(codes, paymux.Unauthenticated)
	}
	if r.who == merchants {
		codes = append(codes, paymux.Forbidden, paymux.RateLimited)
	}
	if r.prefix != "" || r.payer {
		codes = append(codes, paymux.NotFound)
	}
	if r.body != nil {
		codes = append(codes, paymux.PayloadTooLarge, paymux.UnsupportedMedia, paymux.RequestTimeout)
	}
	if r.key == keyRequired {
		codes = append(codes, paymux.KeyReused, paymux.KeyInFlight)
	}
	if r.payer {
		codes = append(codes, paymux.PaymentDeclined, paymux.NotSent, paymux.OutcomeUnknown, paymux.Unsupported)
	}
	return codes
}

// problems are one response a status, with the codes that have it and an example each.
func (d *document) problems() object {
	out := object{}
	body := d.schema(schemaFor[problem]("Problem"))
	for i := range catalogue {
		e := &catalogue[i]
		name := "Problem" + strconv.Itoa(e.Status)
		r, _ := out[name].(object)
		if r == nil {
			r = object{
				"description": e.Title, "headers": object{"Request-Id": ref("headers", "Request-Id")},
				"content": object{"application/problem+json": object{"schema": body, "examples": object{}}},
			}
			out[name] = r
		} else {
			r["description"] = fmt.Sprintf("%s; %s", r["description"], e.Title)
		}
		examples := r["content"].(object)["application/problem+json"].(object)["examples"].(object)
		examples[string(e.Code)] = object{"summary": e.Title, "value": object{
			"type": "/errors/" + string(e.Code), "title": e.Title, "status": e.Status, "code": e.Code,
			"detail": e.Help, "request_id": "req_01KAN7PQ3Z8T5V6W7X8Y9ZABCD", "doc_url": "/errors/" + string(e.Code),
		}}
	}
	return out
}

// webhooks are the notifications merchants receive (Standard Webhooks).
func (d *document) webhooks() object {
	out := object{}
	event := d.schema(schemaFor[paymux.Event]("Event"))
	for _, t := range paymux.EventTypes() {
		out[string(t)] = object{"post": object{
			"security": []object{}, "operationId": "on_" + strings.ReplaceAll(string(t), ".", "_"), "tags": []string{"Notifications"}, "summary": string(t),
			"parameters": []object{
				webhookHeader("webhook-id", "the event's ID; discard what was seen"),
				webhookHeader("webhook-timestamp", "seconds since 1970 of this attempt"),
				webhookHeader("webhook-signature", "v1,<base64 HMAC-SHA256 over id.timestamp.body> or, with signature ed25519, v1a,<base64 Ed25519 over the same>; several, separated by spaces, while a secret is rotated"),
			},
			"requestBody": object{"required": true, "content": object{"application/json": object{"schema": event}}},
			"responses":   object{"2XX": object{"description": "Received; anything else is sent again"}},
		}}
	}
	return out
}

func webhookHeader(name, doc string) object {
	return object{"name": name, "in": "header", "required": true, "description": doc, "schema": object{"type": "string"}}
}
