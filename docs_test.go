package paymux_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/paymux/paymux"
)

var update = flag.Bool("update", false, "write generated documents instead of comparing them")

// docs/state-machine.md is written from the tables, so it cannot say anything else.
func TestStateMachineDocument(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# State machines

Generated from the tables in payment.go, operation.go and refund.go (` + "`go test . -run StateMachine -update`" + `).
A state may always stay as it is. SQL CHECKs repeat the lists of states.

## Payment

Amounts (received, refunded, disputed) are fields, never states. The arrows out of failed, canceled and expired are late
money: it is proven, so it is recorded, with late=true, one notification, and the merchant's policy (keep or refund).

`)
	diagram(&b, paymux.PaymentStatuses(), paymux.PaymentStatus.CanBecome)
	b.WriteString(`
## Operation

One thing asked of an institution: pay, capture, cancel or refund. sent is committed before the call leaves. unknown ends only by a
query, an authenticated callback, a statement or a named person, never by time. not_sent is proof that nothing happened there.

`)
	diagram(&b, paymux.OperationStates(), paymux.OperationState.CanBecome)
	b.WriteString("\n## Refund\n\nFollows its operation. succeeded to failed is a refund that bounced later.\n\n")
	diagram(&b, paymux.RefundStatuses(), paymux.RefundStatus.CanBecome)
	golden(t, "docs/state-machine.md", b.String())
}

func diagram[S ~string](b *strings.Builder, states []S, can func(S, S) bool) {
	b.WriteString("```mermaid\nstateDiagram-v2\n")
	for _, from := range states {
		for _, to := range states {
			if from != to && can(from, to) {
				fmt.Fprintf(b, "    %s --> %s\n", from, to)
			}
		}
	}
	b.WriteString("```\n")
}

func golden(t *testing.T, file, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the tables say (%v): run go test . -run %s -update", file, err, t.Name())
	}
}
