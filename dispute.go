package paymux

import "time"

// Dispute is a payer's claim for money back through the institution (a chargeback).
type Dispute struct {
	ID        DisputeID     `json:"id"`
	Object    string        `json:"object"` // always "dispute"
	Livemode  bool          `json:"livemode"`
	Status    DisputeStatus `json:"status"`
	Payment   PaymentID     `json:"payment"`
	Amount    int64         `json:"amount"`
	Currency  Currency      `json:"currency"`
	Reason    string        `json:"reason,omitempty"` // the institution's words
	ChannelID string        `json:"channel_id"`       // the institution's ID of the case; unique per account
	Account   string        `json:"account"`
	CreatedAt time.Time     `json:"created_at"`
	UpdatedAt time.Time     `json:"updated_at"`
	Version   int64         `json:"version"`
	Merchant  MerchantID    `json:"merchant"`
}

// DisputeStatus is where a dispute stands.
type DisputeStatus string

const (
	DisputeOpened DisputeStatus = "opened"
	DisputeWon    DisputeStatus = "won"  // the merchant keeps the money
	DisputeLost   DisputeStatus = "lost" // the payer has it back
)

// DisputeStatuses lists every status.
func DisputeStatuses() []DisputeStatus {
	return []DisputeStatus{DisputeOpened, DisputeWon, DisputeLost}
}
