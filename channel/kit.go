package channel

import (
	"context"

	"github.com/paymux/paymux"
)

// Kit is what an account offers beside [Channel] so that the suite can test it from outside: it
// plays the payer, throws switches and counts. It is for institutions that only pretend; an account with
// which anybody could be charged has none. What it does is confined to the account.
//
// Asked for what it has not described, it returns ErrUnsupported.
type Kit interface {
	Drive(ctx context.Context, q KitRequest) (KitReply, error)
}

// KitOf finds the kit of a channel, beneath whatever wraps it with an Unwrap method.
func KitOf(c Channel) (Kit, bool) {
	for {
		if kit, ok := c.(Kit); ok {
			return kit, true
		}
		outer, ok := c.(interface{ Unwrap() Channel })
		if !ok {
			return nil, false
		}
		c = outer.Unwrap()
	}
}

// KitVerb is what a kit can be asked for.
type KitVerb string

// Verbs of a kit.
const (
	KitDescribe KitVerb = "describe" // what there is to test with
	KitComplete KitVerb = "complete" // do what the payer of a pay operation has to do
	KitDecline  KitVerb = "decline"  // refuse in the payer's place
	KitNotify   KitVerb = "notify"   // make a notification, and send it nowhere
	KitEffects  KitVerb = "effects"  // how often an operation took effect
	KitLine     KitVerb = "line"     // break the line to the institution, or mend it
)

// KitVerbs lists them.
func KitVerbs() []KitVerb {
	return []KitVerb{KitDescribe, KitComplete, KitDecline, KitNotify, KitEffects, KitLine}
}

// Notice is a kind of notification that a kit makes.
type Notice string

// Kinds of notifications.
const (
	NoticeSuccess   Notice = "success"   // authentic: the operation has succeeded
	NoticeStale     Notice = "stale"     // the same, authentically signed long ago
	NoticeMalformed Notice = "malformed" // authentic, and not of the documented form
	NoticeUnknown   Notice = "unknown"   // authentic, with a code nobody knows
)

// Notices lists them.
func Notices() []Notice {
	return []Notice{NoticeSuccess, NoticeStale, NoticeMalformed, NoticeUnknown}
}

// Line is how the line to the institution is.
type Line string

// Lines.
const (
	LineGood    Line = "good"
	LineRefused Line = "refused" // connections are refused: nothing arrives
	LineBroken  Line = "broken"  // requests arrive, the answer is a server error
	LineSilent  Line = "silent"  // requests arrive, no answer comes
)

// Lines lists them.
func Lines() []Line { return []Line{LineGood, LineRefused, LineBroken, LineSilent} }

// KitRequest asks a kit for one thing.
type KitRequest struct {
	Verb      KitVerb            `json:"verb"`
	Operation paymux.OperationID `json:"operation,omitempty" doc:"complete, decline, notify: the pay operation meant; effects: any"`
	Notice    Notice             `json:"notice,omitempty" doc:"notify: which"`
	Line      Line               `json:"line,omitempty" doc:"line: how it is to be from now on; a broken one mends itself after a minute"`
}

// KitReply is its answer.
type KitReply struct {
	Kit          *KitDescription `json:"kit,omitempty" doc:"describe"`
	Notification *Notification   `json:"notification,omitempty" doc:"notify: as it would arrive"`
	Effects      int             `json:"effects,omitempty" doc:"effects: 0 for what never took any"`
}

// KitDescription is what a kit can do.
type KitDescription struct {
	Payers   []KitPayer   `json:"payers" doc:"ways to pay that succeed"`
	Declines []KitRefusal `json:"declines,omitempty" doc:"payments that are refused"`
	Unknown  *KitPayment  `json:"unknown_code,omitempty" doc:"a payment that the institution answers with a code nobody knows"`
	Notices  []Notice     `json:"notices,omitempty" doc:"notifications it makes"`
	Unsigned bool         `json:"unsigned,omitempty" doc:"the body of a notification is covered by no signature: the package asks back"`
	Lines    []Line       `json:"lines,omitempty" doc:"lines it can break"`
	Effects  bool         `json:"effects,omitempty" doc:"it counts effects"`
}

// KitPayment is a payment to be made.
type KitPayment struct {
	Name     string          `json:"name,omitempty" doc:"for the report; absent: the method"`
	Method   paymux.Method   `json:"method"`
	Card     *KitCard        `json:"card,omitempty"`
	Amount   int64           `json:"amount,omitempty" doc:"absent: any, such as 1250"`
	Currency paymux.Currency `json:"currency,omitempty" doc:"of amount"`
}

// KitCard is a card of the pretending institution, in clear: it is nobody's.
type KitCard struct {
	Token    string `json:"token,omitempty"`
	Number   string `json:"number,omitempty"`
	CVC      string `json:"cvc,omitempty"`
	ExpMonth int    `json:"exp_month,omitempty"`
	ExpYear  int    `json:"exp_year,omitempty"`
}

// KitPayer is a way to pay that succeeds.
type KitPayer struct {
	Payment    KitPayment            `json:"payment"`
	State      paymux.OperationState `json:"state" doc:"what do answers: pending or succeeded"`
	NextAction paymux.NextActionType `json:"next_action,omitempty" doc:"what a pending answer asks for"`
	Complete   bool                  `json:"complete,omitempty" doc:"the payer has a part: the suite asks to complete"`
	Manual     bool                  `json:"manual,omitempty" doc:"it can reserve, too"`
}

// KitRefusal is a payment that is refused.
type KitRefusal struct {
	Payment     KitPayment         `json:"payment"`
	DeclineCode paymux.DeclineCode `json:"decline_code"`
	Retryable   bool               `json:"retryable,omitempty"`
	Decline     bool               `json:"decline,omitempty" doc:"it is pending until the suite asks to decline"`
}

// Notification is an institution's notification as it would arrive.
type Notification struct {
	Method string              `json:"method"`
	URL    string              `json:"url"`
	Header map[string][]string `json:"header"`
	Body   []byte              `json:"body" doc:"base64"`
}
