package sandbox

// The institution's own codes, as its documentation, which does not exist, would list them.
const (
	codeDeclined     = "card_declined"
	codeInsufficient = "insufficient_funds"
	codeLost         = "lost_card"
	codeStolen       = "stolen_card"
	codeExpiredCard  = "expired_card"
	codeCVC          = "incorrect_cvc"
	codeNumber       = "incorrect_number"
	codeProcessing   = "processing_error"
	codeRealCard     = "test_mode_live_card"
	codeAuth         = "authentication_failed"
	codePayer        = "canceled_by_payer"
	codeMethod       = "method_not_enabled"
	codeNoCharge     = "no_such_charge"
	codeCapture      = "capture_not_possible"
	codeRefund       = "refund_not_possible"
	codePaid         = "already_paid"
	codeClosed       = "order_closed"
	codeOrderExpired = "order_expired"
	codeNobodyKnows  = "SBX-4711"
)

var messages = map[string]string{
	codeDeclined:     "Your card was declined.",
	codeInsufficient: "There is not enough money.",
	codeLost:         "The card is reported lost.",
	codeStolen:       "The card is reported stolen.",
	codeExpiredCard:  "The card has expired.",
	codeCVC:          "The security code is wrong.",
	codeNumber:       "The card number is wrong.",
	codeProcessing:   "An error occurred while processing the card.",
	codeRealCard:     "This is not a test card. Never use real cards here.",
	codeAuth:         "The holder of the card was not authenticated.",
	codePayer:        "The payer refused.",
	codeMethod:       "This account does not take the method.",
	codeNoCharge:     "There is no such charge.",
	codeCapture:      "More than what is reserved cannot be captured.",
	codeRefund:       "More than what was captured cannot be refunded.",
	codePaid:         "The order is paid; refund it.",
	codeClosed:       "The order is closed.",
	codeOrderExpired: "The payer's time is over.",
	codeNobodyKnows:  "Nobody knows what this means.",
}
