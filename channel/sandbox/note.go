package sandbox

import (
	"time"

	"github.com/paymux/paymux"
)

// note is the intent to notify: it is in the book from the decision that caused
// it until every message was acknowledged, so that a restart goes on where a crash left off.
type note struct {
	ID        string             `json:"id"`
	Operation paymux.OperationID `json:"operation"`
	Account   string             `json:"account,omitempty"` // whose secret signs
	URL       string             `json:"url"`
	Due       time.Time          `json:"due"`
	Messages  []message          `json:"messages"`         // sent one after another
	Settle    bool               `json:"settle,omitempty"` // no message: end what time alone ends

	attempts int
}

// message is one notification's body.
type message struct {
	Report report `json:"report"`
	Forged bool   `json:"forged,omitempty"` // signed with a wrong key
	Stale  bool   `json:"stale,omitempty"`  // signed as of an hour ago
	Stray  bool   `json:"stray,omitempty"`  // about another account
	Replay bool   `json:"replay,omitempty"` // the message before it, byte for byte
}

// once reports whether it is not repeated, whatever is answered: it should not be believed.
func (m *message) once() bool { return m.Forged || m.Stale || m.Stray || m.Replay }

// tell notifies of the outcome of c, in the way its account and amount ask for.
func (i *Institution) tell(d *draft, c *Charge) {
	fault, ok := i.newsFault(d, c)
	if !ok {
		return
	}
	now := i.now().UTC()
	due := now
	if fault == CallbacksLate {
		due = now.Add(i.delay)
	}
	i.notify(d, c, due, i.messages(c, fault, now))
}

// newsFault is how the news of c misbehaves; ok is false where there is to be none.
func (i *Institution) newsFault(d *draft, c *Charge) (CallbackFault, bool) {
	a, err := i.customer(c.Account)
	if err != nil {
		return c.News, c.CallbackURL != "" && c.News != CallbacksLost
	}
	fault := a.switches(i.now).Callbacks
	if c.Scripted || fault == "" || fault == CallbacksNormal {
		fault = c.News
	}
	_, asked := d.charge(c.Operation) // unknown yet: the answer under way tells the outcome
	quiet := !asked && !a.notifyAnswered && (fault == "" || fault == CallbacksNormal)
	return fault, c.CallbackURL != "" && fault != CallbacksLost && !quiet
}

func (i *Institution) messages(c *Charge, fault CallbackFault, now time.Time) []message {
	r := i.report(c)
	r.ID, r.Created = "sbxn_"+unguessable(10), now
	switch fault {
	case CallbacksDuplicate:
		return []message{{Report: r}, {Report: r}}
	case CallbacksForged:
		return []message{{Report: r, Forged: true}, {Report: r}}
	case CallbacksReplayed:
		return []message{{Report: r}, {Report: r, Replay: true}}
	case CallbacksStale:
		return []message{{Report: r, Stale: true}, {Report: r}}
	case CallbacksWrongAccount:
		stray := r
		stray.Account = strangersAccount
		return []message{{Report: stray, Stray: true}, {Report: r}}
	case CallbacksWrongAmount:
		r.Amount++
	case CallbacksWrongCurrency:
		r.Currency = otherCurrency(r.Currency)
	case CallbacksUnknownCode:
		r.strange()
	case CallbacksDeclined:
		r.deny()
	case CallbacksReordered:
		before := r
		before.ID, before.Status, before.Code, before.Message = "sbxn_"+unguessable(10), statusPending, "", ""
		return []message{{Report: r}, {Report: before}}
	}
	return []message{{Report: r}}
}

// tellForgery sends word of a success that has not happened, with a wrong signature.
func (i *Institution) tellForgery(d *draft, c *Charge) {
	if fault, ok := i.newsFault(d, c); !ok || fault != CallbacksForged {
		return
	}
	r := i.report(c)
	r.ID, r.Created, r.Status, r.Step, r.Page = "sbxn_"+unguessable(10), c.CreatedAt, statusDone, "", ""
	i.notify(d, c, c.CreatedAt, []message{{Report: r, Forged: true}})
}

func (i *Institution) tellDispute(d *draft, c *Charge, delay time.Duration) {
	if c.CallbackURL == "" {
		return
	}
	now := i.now().UTC()
	r := i.report(c)
	dispute := *c.Dispute
	r.ID, r.Created, r.Dispute = "sbxn_"+unguessable(10), now, &dispute
	i.notify(d, c, now.Add(delay), []message{{Report: r}})
}

func (i *Institution) notify(d *draft, c *Charge, due time.Time, messages []message) {
	d.note(note{ID: "sbxi_" + unguessable(10), Operation: c.Operation, Account: c.Account, URL: c.CallbackURL, Due: due, Messages: messages})
}
