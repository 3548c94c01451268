package accessregions_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access/accessrpc"
)

// where is which regions answer a question about what region 2 has, of which region 1 is the frontend's own.
var where = map[string]string{
	"Queries.Payment": "r2", "Queries.Operations": "r2", "Queries.Timeline": "r2", "Queries.RefundByID": "r2",
	"Queries.Payments": "all", "Queries.Refunds": "all",
	"Directory.Key": "r1 r2", "Directory.KeyByDigest": "all", "Directory.Revision": "r1",
	"Merchants.CreateMerchant": "r2", "Merchants.UpdateMerchant": "r2", "Merchants.Merchant": "r2", "Merchants.Merchants": "all",
	"Merchants.CreateKey": "r2", "Merchants.RevokeKey": "r2", "Merchants.Keys": "r2",
	"Endpoints.CreateEndpoint": "r2", "Endpoints.UpdateEndpoint": "r2", "Endpoints.DeleteEndpoint": "r2", "Endpoints.Endpoint": "r2", "Endpoints.Endpoints": "r2",
	"Endpoints.FailingEndpoints": "all",
	"Links.CreateLink":           "r2", "Links.UpdateLink": "r2", "Links.Link": "r2", "Links.Links": "all",
	"Events.Event": "r2", "Events.Events": "all", "Events.Newest": "all",
	"Notifications.Test": "r2", "Notifications.Resend": "r2", "Notifications.CountReplay": "all", "Notifications.StartReplay": "all",
	"Notifications.Replay": "all", "Notifications.CancelReplay": "all",
	"NotificationLog.Notifications": "all", "NotificationLog.Attempts": "r2",
	"Answers.Idempotency": "all", "Tasks.BuriedTasks": "all", "Channels.Statuses": "all", "Channels.Decide": "r1",
	"RuleSets.RuleSetStatus": "r1", "RuleSets.RuleSetVersions": "all", "RuleSets.RuleSetVersion": "all", "RuleSets.RuleSetDrafts": "r1", "RuleSets.RuleSetDraft": "r1",
	"RuleSets.PutRuleSetDraft": "r1", "RuleSets.DeleteRuleSetDraft": "r1", "RuleSets.ActivateRuleSet": "r1",
	"RuleSetTrials.LintRuleSet": "r1", "RuleSetTrials.SimulateRouting": "r1", "RuleSetTrials.ReplayRouting": "r2",
	"Routes.ExplainRouting": "r2", "Routes.RoutingHealth": "r1", "Routes.PinRoute": "r1", "Routes.RoutingQuotas": "all",
	"Statistics.Statistics": "all", "Payers.Find": "r2", "Payers.Methods": "r1",
}

// argument is one of a type, with IDs of region 2 in it.
func (h *house) argument(of reflect.Type) reflect.Value {
	v := reflect.New(of).Elem()
	prefixes := map[string]string{
		"PaymentID": paymux.PrefixPayment, "RefundID": paymux.PrefixRefund, "MerchantID": paymux.PrefixMerchant, "KeyID": paymux.PrefixKey,
		"EndpointID": paymux.PrefixEndpoint, "LinkID": paymux.PrefixLink, "EventID": paymux.PrefixEvent, "ReplayID": paymux.PrefixReplay,
	}
	switch prefix := prefixes[of.Name()]; {
	case prefix != "":
		v.SetString(h.id(2, prefix))
	case of == reflect.TypeFor[*paymux.Idempotency]():
		v.Set(reflect.ValueOf(&paymux.Idempotency{Key: "k"}))
	case of == reflect.TypeFor[time.Time]():
	case of.Kind() == reflect.Struct && !strings.HasSuffix(of.Name(), "Filter") && of.Name() != "StatisticsKey":
		for i := range of.NumField() {
			v.Field(i).Set(h.argument(of.Field(i).Type))
		}
	}
	return v
}

// Every port of a node is asked where what it is about is, and nowhere else.
func TestEveryPortIsRouted(t *testing.T) {
	t.Parallel()
	node, found := reflect.TypeFor[accessrpc.Node](), map[string]bool{}
	for i := range node.NumField() {
		port := node.Field(i)
		if port.Type.Kind() != reflect.Interface {
			if port.Name != "Ready" {
				t.Errorf("%s is routed by nobody", port.Name)
			}
			continue
		}
		for m := range port.Type.NumMethod() {
			what := port.Name + "." + port.Type.Method(m).Name
			found[what] = true
			want, ok := where[what]
			if !ok {
				t.Errorf("%s has no place in the table", what)
				continue
			}
			h := newHouse(t, 3)
			n := h.Node()
			method := reflect.ValueOf(n).Field(i).Elem().MethodByName(port.Type.Method(m).Name)
			args := []reflect.Value{reflect.ValueOf(ctx())}
			for a := 1; a < method.Type().NumIn(); a++ {
				args = append(args, h.argument(method.Type().In(a)))
			}
			if what == "Directory.Key" {
				k := paymux.Key{ID: args[1].Interface().(paymux.KeyID), Merchant: "mer_1"}
				h.rooms["r2"].keys, h.rooms["r2"].merchants = []paymux.Key{k}, []paymux.Merchant{{ID: "mer_1"}}
			}
			method.Call(args)
			asked := h.heard()
			for region, questions := range asked {
				if slices.ContainsFunc(questions, func(q string) bool { return q != port.Type.Method(m).Name }) {
					t.Errorf("%s: %s was asked %v", what, region, questions)
				}
			}
			if want == "all" {
				want = "r1 r2 r3"
			}
			var got []string
			for _, name := range h.names() {
				if len(asked[name]) > 0 {
					got = append(got, name)
				}
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s went to %v, want %s", what, got, want)
			}
			one := newHouse(t, 1)
			n = one.Node()
			reflect.ValueOf(n).Field(i).Elem().MethodByName(port.Type.Method(m).Name).Call(args)
			if got := fmt.Sprint(one.heard()); got != fmt.Sprintf("map[r1:[%s]]", port.Type.Method(m).Name) {
				t.Errorf("%s, with one region: asked %s", what, got)
			}
		}
	}
	if len(found) != len(where) {
		t.Errorf("the table has %d ports, the node %d", len(where), len(found))
	}
}

// A frontend whose own region is down still serves the others.
func TestReady(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	for _, step := range []struct {
		away  string
		ready bool
	}{{"", true}, {"r1", true}, {"r2", true}, {"r3", false}} {
		if step.away != "" {
			h.away(step.away)
		}
		if err := h.Ready(ctx()); (err == nil) != step.ready {
			t.Errorf("with %q away, too: %v", step.away, err)
		}
	}
}
