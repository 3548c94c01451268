// Package paymux holds the nouns of an aggregate payment system: what a
// payment, an operation, a refund, a dispute, a merchant and an event are, which
// state may follow which, and which errors exist.
//
// It does no I/O, knows no HTTP, no SQL and no institution, and imports only
// the standard library. The verbs live in rooms below it: [payment] is the life
// of a payment, [access] the front door, [channel] the contract of an
// institution. Start reading at payment.go and operation.go here, then at
// payment/create.go.
//
// JSON tags spell a noun as merchants see it; a field tagged "-" never
// leaves the house.
package paymux
