package relay_test

import (
	"os"
	"strings"
	"testing"

	"github.com/paymux/paymux/relay"
)

// The document's example is a list that is accepted.
func TestTheDocumentedListIsAccepted(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/regions.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), "```yaml\n")
	if len(parts) != 2 {
		t.Fatalf("%d examples", len(parts)-1)
	}
	example, _, _ := strings.Cut(parts[1], "```")
	l := list(t, example)
	d := relay.PlanOf(l).Decide(relay.Request{Merchant: "mer_1", Service: "pay", Country: "DE", Method: "wechat_pay"}, well)
	if d.To != "cn-1" || l.Condition.Queue != 50_000 {
		t.Errorf("%+v", d)
	}
}
