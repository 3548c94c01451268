package channelrpc_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/channelrpc"
)

func TestDeviations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		message, body string
		want          []string
	}{
		{"Result", `{"state":"succeeded","amount":1250,"card":{"last4":"4242"},"tomorrow":[1]}`, nil},
		{"Result", `{"state":"paid","amount":"12.50"}`, []string{`Result.amount is string, not integer`, `Result.state is "paid", none of pending, unknown, authorized, succeeded, declined, canceled`}},
		{"Result", `{"amount":12.5}`, []string{`Result.state is missing`, `Result.amount is number, not integer`}},
		{"Result", `[]`, []string{`Result is array, not object`}},
		{"Result", `{} {}`, []string{`it is not one JSON text`}},
		{"Result", ``, []string{`it is not one JSON text`}},
		{"Callback", `{"ack":{"status":200,"body":"?"},"result":null}`, []string{`Callback.ack.body is not base64`, `Callback.result is null, not object`}},
		{"Statement", `{"lines":[{"kind":"pay","amount":1,"currency":"CNY","at":"yesterday"}]}`, []string{`Statement.lines[0].at is "yesterday", no time as of RFC 3339`}},
		{"Capabilities", `{"contract":1,"name":"b","title":"B","version":"1","accounts":[{"name":"a","methods":["shells"]}],"features":{},"time_limit_ms":1,"exponents":{"JPY":"0"}}`, nil},
	} {
		got, err := channelrpc.Deviations(c.message, []byte(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.message == "Capabilities" { // too many to list
			for _, want := range []string{`Capabilities.features.refund is missing`, `Capabilities.exponents.JPY is string, not integer`} {
				if !slices.Contains(got, want) {
					t.Errorf("%q is not among %q", want, got)
				}
			}
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s %s:\n%s", c.message, c.body, diff)
		}
	}
	if _, err := channelrpc.Deviations("Nothing", []byte(`{}`)); err == nil {
		t.Error("a message that is not in the schema deviates from nothing")
	}
}

// What the types themselves make never deviates, or the schema is not of the types.
func TestTheTypesDoNotDeviate(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 8))
	statement := filled[channelrpc.Statement](r)
	statement.Lines[0].Kind, statement.Lines[1].Kind = paymux.Pay, paymux.Refunds
	callback := filled[channelrpc.Callback](r)
	callback.Result.State, callback.Result.NextAction = paymux.OpDeclined, nil
	for message, v := range map[string]any{"Statement": statement, "Callback": callback, "Fault": filled[channelrpc.Fault](r)} {
		body, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if found, err := channelrpc.Deviations(message, body); err != nil || found != nil {
			t.Errorf("%s %s: %q, %v", message, body, found, err)
		}
	}
}

// Whatever a package announces or answers is read: it must not stop who reads it.
func FuzzDeviations(f *testing.F) {
	for _, body := range []string{`{}`, `{"detail":{"accounts":[{"methods":null}],"exponents":{"":[]}}}`, `{"lines":[[]]}`, `{"result":{"next_action":{"redirect":1}}}`, `1e999`, "\xff"} {
		f.Add("Lease", body)
		f.Add("Statement", body)
		f.Add("Callback", body)
	}
	f.Fuzz(func(t *testing.T, message, body string) {
		found, err := channelrpc.Deviations(message, []byte(body))
		if err == nil && found == nil && !json.Valid([]byte(body)) {
			t.Errorf("%q is no JSON, and deviates from %s in nothing", body, message)
		}
	})
}
