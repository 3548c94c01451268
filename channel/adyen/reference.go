package adyen

import (
	"slices"
	"strings"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// What a reference of ours is of. Adyen repeats the reference in webhooks, under its
// signature, and in reports; it is all that a channel without a memory needs.
const (
	refPay     = "pay"  // a card by token
	refPage    = "page" // a payment link, where a failed attempt is not the end
	refCapture = "capture"
	refCancel  = "cancel"
	refRefund  = "refund"
)

// reference names an operation, and says what it was: op_…-pay, op_…-page-manual, op_…-refund.
type reference struct {
	operation paymux.OperationID
	kind      string
	manual    bool // a payment that waits for its capture
}

func referenceOf(op channel.Operation, page bool) reference {
	r := reference{operation: op.ID, kind: string(op.Kind)}
	if op.Kind == paymux.Pay {
		r.manual = op.Manual
		if page {
			r.kind = refPage
		}
	}
	return r
}

func (r reference) String() string {
	text := string(r.operation) + "-" + r.kind
	if r.manual {
		text += "-manual"
	}
	return text
}

func (r reference) isPayment() bool { return r.kind == refPay || r.kind == refPage }

// parseReference reads a reference. ok is false for what is not ours: other programs may
// use the same merchant account.
func parseReference(text string) (r reference, ok bool) {
	operation, rest, _ := strings.Cut(text, "-")
	kind, manual, cut := strings.Cut(rest, "-")
	r = reference{operation: paymux.OperationID(operation), kind: kind, manual: cut}
	known := slices.Contains([]string{refPay, refPage, refCapture, refCancel, refRefund}, kind)
	return r, known && strings.HasPrefix(operation, paymux.PrefixOperation) && (!cut || manual == "manual" && r.isPayment())
}

// A transaction's ID at Adyen takes three forms; a pspReference is what is neither of these.
func isLink(id string) bool         { return strings.HasPrefix(id, "PL") && len(id) > 16 }
func isOurReference(id string) bool { return strings.HasPrefix(id, paymux.PrefixOperation) }

// isTransaction reports whether a pspReference is known by which money can be moved.
func isTransaction(id string) bool {
	return id != "" && !isLink(id) && !isOurReference(id) && !strings.ContainsAny(id, "/?#:\\")
}
